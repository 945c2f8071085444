"""What a host prints of a failed migration: QEMU's log as libvirt 11.3 and QEMU 10.0 write it, and denials."""

import base64

UUID = "0054f024-25aa-4e37-867f-6da151e2b201"
BEGAN = 1795914840  # 2026-11-29 01:14:00 UTC

OLDER = "2026-11-28 09:00:00.000+0000: starting up libvirt version: 11.3.0, qemu version: 10.0.2\n"
STARTED = """2026-11-29 01:14:01.100+0000: starting up libvirt version: 11.3.0, qemu version: 10.0.2
LC_ALL=C \\
PATH=/usr/bin:/bin \\
/usr/bin/qemu-system-x86_64 \\
-name guest=guest1,debug-threads=on \\
-msg timestamp=on
"""
NO_VGA = (
    '2026-11-29T01:14:01.200000Z qemu-system-x86_64: -device {"driver":"virtio-vga"}: '
    "'virtio-vga' is not a valid device model name\n"
)
KILLED = "2026-11-29T01:14:02.000000Z qemu-system-x86_64: terminating on signal 15 from pid 612 (/usr/sbin/libvirtd)\n"
SHUT = "2026-11-29 01:14:02.400+0000: shutting down, reason=failed\n"

APPARMOR = (
    f'audit: type=1400 audit({BEGAN + 1}.123:45): apparmor="DENIED" operation="open" class="file" '
    f'profile="libvirt-{UUID}" name="/srv/images/guest1.qcow2" pid=4711 comm="qemu-system-x86" requested_mask="r" '
    'denied_mask="r" fsuid=64055 ouid=64055\n'
)
SELINUX = (
    f'type=AVC msg=audit({BEGAN + 1}.200:46): avc:  denied  {{ read write }} for  pid=4712 comm="qemu-kvm" '
    'name="guest1.qcow2" dev="0:45" ino=12 scontext=system_u:system_r:svirt_t:s0:c1,c2 '
    "tcontext=system_u:object_r:nfs_t:s0 tclass=file permissive=0\n"
)


def printed(*, now: int = BEGAN + 10, **parts: str | tuple[int, str]) -> str:
    """The output of SCRIPT with these parts; a tuple has the status of the command, too."""
    found: dict[str, str | tuple[int, str]] = {
        "now": str(now),
        "path": "/var/log/libvirt/qemu/guest1.log",
        "log": "",
        "active": "",
        "journal": "",
    }
    lines = []
    for name, part in (found | parts).items():
        status, text = part if isinstance(part, tuple) else (0, part)
        lines.append(f"{name} {status} {base64.b64encode(text.encode(errors='surrogateescape')).decode()}")
    return "\n".join(["A greeting of the login", *lines, ""])

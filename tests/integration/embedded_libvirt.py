"""Asks libvirt, embedded in this process and without a daemon, which running VMs it refuses to save; prints JSON.

A process of its own, because an embedded driver replaces the drivers that connect to daemons.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import libvirt

from tui.adapters.libvirt import events
from tui.adapters.libvirt.hypervisor import LibvirtHypervisor
from tui.vm.model.blockers import blockers
from tui.vm.model.domain import parse
from tui.vm.model.offer import Offer

QEMU = "/usr/bin/qemu-system-x86_64"
DOMAIN = """<domain type='qemu'><name>guest1</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices><emulator>{qemu}</emulator>{devices}</devices></domain>"""
DISK = """<disk type='file' device='disk'><driver name='qemu' type='qcow2'{cache}/><source file='{folder}/disk.qcow2'/>
  <target dev='vda' bus='virtio'/>{inside}</disk>"""
COPY = "<disk type='file'><driver type='qcow2'/><source file='{folder}/copy.qcow2'/></disk>"
SHMEM = "<shmem name='vmlm-test-{name}'{role}><model type='ivshmem-plain'/><size unit='M'>1</size></shmem>"
# Without security drivers and control groups, so that it also runs in a container.
CONF = """stdio_handler = "file"
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
user = "+{}"
group = "+{}"
"""
PLAIN, COPYING = "plain", "copying"
CASES = {
    PLAIN: DISK,
    "cached": DISK.replace("{cache}", " cache='writeback'"),
    "transient": DISK.replace("{inside}", "<transient/>"),
    COPYING: DISK,
    "shmem": SHMEM.format(name="none", role=""),
    "shmem of a peer": SHMEM.format(name="peer", role=" role='peer'"),
    "shmem of a master": SHMEM.format(name="master", role=" role='master'"),
    "user network": "<interface type='user'/>",
    "vmdk": DISK.replace("qcow2", "vmdk"),
    "USB serial port": "<serial type='pty'><target type='usb-serial' port='0'/></serial>",
}


def judged(connection: libvirt.virConnect, folder: Path, case: str) -> dict[str, bool | int]:
    """libvirt's error code (0: saved), whether a rule blocks, and whether a block job was found."""
    for form in ("qcow2", "vmdk"):
        subprocess.run(["qemu-img", "create", "-q", "-f", form, folder / f"disk.{form}", "16M"], check=True, timeout=60)
    devices = CASES[case].format(folder=folder, cache="", inside="")
    domain = connection.createXML(DOMAIN.format(qemu=QEMU, devices=devices))
    try:
        if case == COPYING:
            domain.blockCopy("vda", COPY.format(folder=folder), {}, 0)
        read = LibvirtHypervisor("qemu:///embed", connection)
        jobs = read.vm_facts("guest1", ("vda",)).block_jobs if "vda" in devices else ()
        daemon = read.daemon()
        known = replace(daemon, hypervisor_version=min(daemon.hypervisor_version, (10, 0, 99)))  # as the rules know it
        found = blockers(parse(read.definition("guest1")), str(folder), "target", None, Offer(known))
        code = 0
        try:
            domain.save(str(folder / "saved"))
        except libvirt.libvirtError as error:
            code = error.get_error_code()
        return {"code": code, "blocked": any(each.blocks for each in found), "job": bool(jobs)}
    finally:
        for each in connection.listAllDomains():  # none if it was saved
            each.destroy()


def main() -> None:
    folder = Path(sys.argv[1])
    (folder / "root" / "etc").mkdir(parents=True)
    (folder / "root" / "etc" / "qemu.conf").write_text(CONF.format(os.getuid(), os.getgid()))
    events.start_loop()
    connection = libvirt.open(f"qemu:///embed?root={folder}/root")
    try:
        print(json.dumps({case: judged(connection, folder, case) for case in CASES}))
    finally:
        connection.close()
        for path in Path("/dev/shm").glob("vmlm-test-*"):
            path.unlink()


if __name__ == "__main__":
    main()

"""The guest's disk: in the folder that all hosts see or, for an older libvirt, served by the storage host over NBD."""

from tui.lab.inventory import GUEST, STORAGE
from tui.lab.place import SHARED_FOLDER, STORAGE_FOLDER

SHARED_SINCE = (10, 8)  # the first libvirt that takes our word for it that a folder is shared (shared_filesystems)
IMAGE = f"{GUEST.name}.qcow2"

# True when qemu-nbd has the image open that is there now, and not one that was deleted meanwhile.
IS_SERVED = f"""
pid=$(cat /run/qemu-nbd.pid) || exit 1
for file in "/proc/$pid/fd/"*; do [ ! "$file" -ef {STORAGE_FOLDER}/{IMAGE} ] || exit 0; done
exit 1
"""
# What one host writes the other one reads at once, because it all goes through this one process. Two clients are there
# during a migration; more are let in because a host that is killed leaves its connection behind. Nothing is held back
# (writethrough): a guest can't know that its server was killed, and would miss what it had not flushed (tried).
# Before 8.1 it keeps the stderr it was started with (QEMU's commit 5c56dd2): a pipe there would never come to its end.
SERVE = f"""
if pid=$(cat /run/qemu-nbd.pid) && [ "$(cat "/proc/$pid/comm")" = qemu-nbd ]; then
  kill -9 "$pid"
  tail --pid="$pid" --sleep-interval=0.01 --follow /dev/null
fi
qemu-nbd --fork --pid-file=/run/qemu-nbd.pid --persistent --shared=64 --cache=writethrough --format=qcow2 \\
  --export-name={GUEST.name} {STORAGE_FOLDER}/{IMAGE} 2> /run/qemu-nbd.log || {{ cat /run/qemu-nbd.log >&2; exit 1; }}
"""


def in_folder(*, direct_io: bool) -> str:
    """The disk as a file that every host opens itself."""
    return f"""<disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='{"none" if direct_io else "writeback"}'/>
      <source file='{SHARED_FOLDER}/{IMAGE}'/>
      <target dev='vda' bus='virtio'/>
    </disk>"""


def over_nbd() -> str:
    """The disk on the network, which every libvirt migrates as safe.

    A guest whose server is away waits for it, or is paused (libvirt 9.0 knows no reconnect); it never sees an error.
    """
    return f"""<disk type='network' device='disk'>
      <driver name='qemu' type='raw' cache='none' error_policy='stop' rerror_policy='stop'/>
      <source protocol='nbd' name='{GUEST.name}'>
        <host name='{STORAGE.name}'/>
        <reconnect delay='300'/>
      </source>
      <target dev='vda' bus='virtio'/>
    </disk>"""

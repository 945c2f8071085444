"""A guest's disk: a file in the shared folder or, with an older libvirt, served by the storage host over NBD."""

import tempfile
from pathlib import Path

from tui.lab.command import run
from tui.lab.inventory import GUEST, STORAGE, Guest
from tui.lab.place import SHARED_FOLDER, STORAGE_FOLDER

SHARED_SINCE = (10, 8)  # the first libvirt with shared_filesystems, which declares a folder as shared

# One server process for both hosts, so that each reads at once what the other has written. A migration needs two
# clients; the limit is higher because a killed host leaves its connection open. cache=writethrough because the guest
# does not notice a killed server, and would lose what it had not flushed (tested).
# stderr goes to a file because qemu-nbd before 8.1 keeps it open (QEMU commit 5c56dd2): a pipe would never end.
SERVE = """
if pid=$(cat {daemon}.pid) && [ "$(cat "/proc/$pid/comm")" = qemu-nbd ]; then
  kill -9 "$pid"
  tail --pid="$pid" --sleep-interval=0.01 --follow /dev/null
fi
qemu-nbd --fork --pid-file={daemon}.pid --persistent --shared=64 --cache=writethrough --format=qcow2 --port={port} \\
  --export-name={name} {image} 2> {daemon}.log || {{ cat {daemon}.log >&2; exit 1; }}
"""
# Succeeds if qemu-nbd has the present image open, not a deleted one.
IS_SERVED = """
pid=$(cat {daemon}.pid) || exit 1
for file in "/proc/$pid/fd/"*; do [ ! "$file" -ef {image} ] || exit 0; done
exit 1
"""

BUILD_LIMIT_S = 300.0


def write_disk(root: Path, size_mib: int, disk: Path, *, journal_mib: int) -> None:
    """Writes a qcow2 image with one ext4 file system that holds everything below `root`."""
    options = ["-O", "^metadata_csum", "-J", f"size={journal_mib}", "-E", "lazy_itable_init=0,lazy_journal_init=0"]
    with tempfile.NamedTemporaryFile(prefix="raw-", dir=disk.parent) as raw:
        raw.truncate(size_mib * 2**20)
        argv = ["mke2fs", "-q", "-F", "-t", "ext4", *options, "-m", "0", "-d", str(root), raw.name]
        run(argv, limit_s=BUILD_LIMIT_S)
        run(["qemu-img", "convert", "-O", "qcow2", raw.name, str(disk)], limit_s=BUILD_LIMIT_S)


def serve(guest: Guest) -> str:
    """The script for the storage host that serves this guest's disk, in place of an earlier server."""
    return SERVE.format(**_served(guest))


def is_served(guest: Guest) -> str:
    """The script for the storage host that succeeds if it serves this guest's present disk."""
    return IS_SERVED.format(**_served(guest))


def _served(guest: Guest) -> dict[str, object]:
    daemon = "/run/qemu-nbd" if guest == GUEST else f"/run/qemu-nbd-{guest.name}"
    image = STORAGE_FOLDER / guest.image
    return {"daemon": daemon, "image": image, "name": guest.name, "port": guest.nbd_port}


def in_folder(guest: Guest = GUEST, *, direct_io: bool) -> str:
    """The XML of the disk as a file that every host opens."""
    return f"""<disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='{"none" if direct_io else "writeback"}'/>
      <source file='{SHARED_FOLDER}/{guest.image}'/>
      <target dev='vda' bus='virtio'/>
    </disk>"""


def over_nbd(guest: Guest = GUEST, server: str = STORAGE.name) -> str:
    """The XML of the disk as a network disk of the host `server`, which every libvirt accepts as safe to migrate.

    While the server is down the guest waits, or is paused (libvirt 9.0 has no reconnect); it never gets an error.
    """
    return f"""<disk type='network' device='disk'>
      <driver name='qemu' type='raw' cache='none' error_policy='stop' rerror_policy='stop'/>
      <source protocol='nbd' name='{guest.name}'>
        <host name='{server}' port='{guest.nbd_port}'/>
        <reconnect delay='300'/>
      </source>
      <target dev='vda' bus='virtio'/>
    </disk>"""

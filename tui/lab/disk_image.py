"""Disk images with a file system, built without a mount."""

import tempfile
from pathlib import Path

from tui.lab.command import run

BUILD_LIMIT_S = 300.0


def write_disk(root: Path, size_mib: int, disk: Path, *, journal_mib: int) -> None:
    """Writes a qcow2 image with one ext4 file system that holds everything below `root`."""
    options = ["-O", "^metadata_csum", "-J", f"size={journal_mib}", "-E", "lazy_itable_init=0,lazy_journal_init=0"]
    with tempfile.NamedTemporaryFile(prefix="raw-", dir=disk.parent) as raw:
        raw.truncate(size_mib * 2**20)
        argv = ["mke2fs", "-q", "-F", "-t", "ext4", *options, "-m", "0", "-d", str(root), raw.name]
        run(argv, limit_s=BUILD_LIMIT_S)
        run(["qemu-img", "convert", "-O", "qcow2", raw.name, str(disk)], limit_s=BUILD_LIMIT_S)

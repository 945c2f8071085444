"""Builds a cloud image like Debian's, which the tests cannot download: cloud-init, ssh, a partition, and GRUB."""

import hashlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

from tui.lab.cache import kept
from tui.lab.command import run
from tui.lab.debian import BUILD_LIMIT_S, LEFT_OUT, RELEASE, sources
from tui.lab.domain import KERNEL_OPTIONS

RECIPE = "1"  # increment it when the result changes but the inputs of prepare() do not
FURNISH = Path(__file__).with_name("cloud-furnish")
PACKAGES = (
    "systemd-sysv", "udev", "dbus", "linux-image-cloud-amd64", "grub-pc-bin", "grub-common", "cloud-init",
    "cloud-guest-utils", "fdisk", "eatmydata", "netplan.io", "openssh-server", "sudo", "iproute2", "procps", "netbase",
    "binutils", "cpp", "libgcc-12-dev",
)  # fmt: skip
FILE = "cloud.qcow2"
SECTOR = 512
PARTITION_AT = 1 << 20  # in bytes, the usual place of the first partition
DISK_MIB = 2048


def prepare(on_progress: Callable[[str], None]) -> Path:
    """Returns the image, a qcow2 file, and builds it first if it does not exist."""
    recipe = repr((RECIPE, RELEASE, PACKAGES, LEFT_OUT, DISK_MIB, KERNEL_OPTIONS, FURNISH.read_text()))
    name = f"cloud-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    return (
        kept(name, "the cloud image", lambda work, result: _build(work, result / FILE, on_progress), on_progress) / FILE
    )


def _build(work: Path, image: Path, on_progress: Callable[[str], None]) -> None:
    on_progress("cloud image: installing Debian into a folder (once)")
    root, listed = work / "root", work / "sources.list"
    listed.write_text(sources())
    where = [str(listed)] if listed.stat().st_size else []  # else mmdebstrap uses its default mirror
    without = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    furnish = f'--customize-hook="{FURNISH}" "$1"'
    argv = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}", *without, furnish]
    argv += ["--skip=cleanup/apt/lists"]  # keep the lists of the image's own repository
    # In its own mount namespace: no mount below the folder remains when the folder is removed.
    alone = ["unshare", "--mount", "--"]
    environment = {**os.environ, "KERNEL_OPTIONS": KERNEL_OPTIONS}
    run([*alone, *argv, RELEASE, str(root), *where], env=environment, limit_s=BUILD_LIMIT_S)
    on_progress("cloud image: writing its disk (once)")
    raw = work / "disk.raw"
    with raw.open("wb") as disk:
        disk.truncate(DISK_MIB << 20)
        grub = root / "boot/grub"
        disk.write((grub / "boot.img").read_bytes()[:440])
        disk.write(_partition_table().rjust(SECTOR - disk.tell(), b"\0"))
        core = (grub / "core.img").read_bytes()
        assert disk.tell() == SECTOR
        assert SECTOR + len(core) <= PARTITION_AT
        disk.write(core)
    options = ["-L", "root", "-E", f"offset={PARTITION_AT},lazy_itable_init=0"]
    blocks = str((DISK_MIB << 10) - PARTITION_AT // 1024) + "k"
    run(["mke2fs", "-q", "-F", "-t", "ext4", *options, "-m", "0", "-d", str(root), str(raw), blocks], limit_s=300)
    run(["qemu-img", "convert", "-O", "qcow2", str(raw), str(image)], limit_s=300)


def _partition_table() -> bytes:
    """One bootable Linux partition up to the end of the disk; the other entries are empty."""
    first = PARTITION_AT // SECTOR
    count = (DISK_MIB << 20) // SECTOR - first
    cylinders = b"\xfe\xff\xff"  # means: use the sector numbers
    one = struct.pack("<B3sB3sII", 0x80, cylinders, 0x83, cylinders, first, count)
    return one + bytes(3 * 16) + b"\x55\xaa"

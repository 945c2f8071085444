"""Checks that a guest really runs on KVM; an existing /dev/kvm does not prove it."""

import subprocess
import tempfile
from pathlib import Path

from tui.lab.command import SYSTEM_PATH
from tui.lab.place import CACHE

LIMIT_S = 3.0
RAN = 33  # QEMU's exit status when the guest writes 0x10 to the debug port: (0x10 << 1) | 1
# mov dx, 0xf4; mov al, 0x10; out dx, al; hlt - padded to a boot sector
BOOT_SECTOR = bytes.fromhex("baf400b010eef4").ljust(510, b"\0") + b"\x55\xaa"


def usable() -> bool:
    """Whether a guest runs on KVM here; tested once per boot of the machine."""
    if not Path("/dev/kvm").exists():
        return False
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    result = CACHE / f"kvm-{boot}"
    if not result.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        for old in CACHE.glob("kvm-*"):
            old.unlink(missing_ok=True)
        result.write_text("yes" if runs("kvm") else "no")
    return result.read_text() == "yes"


def runs(accelerator: str) -> bool:
    """Runs a guest of seven bytes on this QEMU accelerator; True if its output arrives within LIMIT_S."""
    with tempfile.NamedTemporaryFile(prefix="vmlm-lab-boot") as disk:
        disk.write(BOOT_SECTOR + bytes(1440 * 1024 - len(BOOT_SECTOR)))
        disk.flush()
        argv = ["qemu-system-x86_64", "-accel", accelerator, "-m", "32"]
        argv += ["-nodefaults", "-no-user-config", "-display", "none"]
        argv += ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
        argv += ["-drive", f"file={disk.name},format=raw,if=floppy"]
        try:
            ended = subprocess.run(argv, capture_output=True, timeout=LIMIT_S, check=False, env={"PATH": SYSTEM_PATH})
        except subprocess.TimeoutExpired:
            return False
        return ended.returncode == RAN

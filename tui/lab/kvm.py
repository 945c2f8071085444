"""Checks that a guest really runs on KVM; an existing /dev/kvm does not prove it."""

import subprocess
import tempfile
from pathlib import Path

from tui.core.trial_guest import BOOT_SECTOR, DEVICE, DISK_BYTES, RAN
from tui.lab.command import SYSTEM_PATH
from tui.lab.place import CACHE

LIMIT_S = 3.0


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
    """Runs the trial guest on this QEMU accelerator; True if its output arrives within LIMIT_S."""
    with tempfile.NamedTemporaryFile(prefix="vmlm-lab-boot") as disk:
        disk.write(BOOT_SECTOR + bytes(DISK_BYTES - len(BOOT_SECTOR)))
        disk.flush()
        argv = ["qemu-system-x86_64", "-accel", accelerator, "-m", "32"]
        argv += ["-nodefaults", "-no-user-config", "-display", "none", *DEVICE]
        argv += ["-drive", f"file={disk.name},format=raw,if=floppy"]
        try:
            ended = subprocess.run(argv, capture_output=True, timeout=LIMIT_S, check=False, env={"PATH": SYSTEM_PATH})
        except subprocess.TimeoutExpired:
            return False
        return ended.returncode == RAN

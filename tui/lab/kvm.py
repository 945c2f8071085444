"""Whether KVM works on this machine; asked once a boot."""

import subprocess
import tempfile
from pathlib import Path

from tui.lab.command import SYSTEM_PATH
from tui.lab.place import CACHE
from tui.model.kvm_trial import FLOPPY, LIMIT_S, RAN, argv


def works() -> bool:
    """Runs a guest of seven bytes on KVM and sees whether it gets as far as its first output."""
    if not Path("/dev/kvm").exists():
        return False
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    answer = CACHE / f"kvm-{boot}"
    if not answer.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        for old in CACHE.glob("kvm-*"):
            old.unlink(missing_ok=True)
        answer.write_text("yes" if runs("kvm") else "no")
    return answer.read_text() == "yes"


def runs(accelerator: str) -> bool:
    """Whether a guest executes on this accelerator of QEMU within a few seconds."""
    with tempfile.NamedTemporaryFile(prefix="vmlm-lab-boot") as disk:
        disk.write(FLOPPY)
        disk.flush()
        command = argv("qemu-system-x86_64", accelerator, disk.name)
        try:
            done = subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=False, env={"PATH": SYSTEM_PATH})
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == RAN


if __name__ == "__main__":
    print("yes" if works() else "no")

"""A machine of the Debian image in QEMU: its disk, its command line, and the wait until it is up."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tui.core.failure import Failure
from tui.lab import kvm
from tui.lab.command import run
from tui.lab.debian import Image

BOOT_LIMIT_S = 600.0  # three at once take two minutes on an idle computer
PAUSE_S = 0.2  # between two attempts while a machine starts
NETMASK = "255.255.255.0"


def accelerator() -> list[str]:
    """The options of QEMU for KVM, or for emulation if KVM is not usable."""
    return ["-accel", "kvm", "-cpu", "host"] if kvm.usable() else ["-accel", "tcg,thread=multi", "-cpu", "qemu64"]


@dataclass(frozen=True)
class Qemu:
    """One machine; its files are in `folder`, and the tap device `port` is its link to the network."""

    name: str
    folder: Path
    image: Image
    address: str
    mac: str
    port: str
    memory_mib: int

    def file(self, kind: str) -> Path:
        """Its file of a kind: `qcow2` its disk, `console` what it printed there, `log` what QEMU printed."""
        return self.folder / f"{self.name}.{kind}"

    def make_disk(self, base: Path, size: str = "") -> None:
        """Makes its disk, an overlay of `base`; with a size such as `16G`, larger than that."""
        new = self.file("qcow2.new")
        argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(base), str(new)]
        run([*argv, size] if size else argv)
        new.replace(self.file("qcow2"))

    def argv(self) -> list[str]:
        """The command line that boots it from its disk."""
        line = f"root=/dev/vda rw quiet net.ifnames=0 console=ttyS0 ip={self.address}:::{NETMASK}::eth0:none"
        line += " no_timer_check"  # Linux panics if an emulator on a busy computer misses the ticks that it waits for
        argv = ["qemu-system-x86_64", "-name", self.name, "-machine", "pc", *accelerator(), "-m", str(self.memory_mib)]
        argv += ["-nodefaults", "-no-user-config", "-display", "none", "-serial", f"file:{self.file('console')}"]
        argv += ["-kernel", str(self.image.kernel), "-initrd", str(self.image.initrd), "-append", line]
        # The disk need not survive a power failure of this computer.
        argv += ["-drive", f"file={self.file('qcow2')},if=virtio,cache=unsafe"]
        argv += ["-netdev", f"tap,id=lan,ifname={self.port},script=no,downscript=no"]
        return [*argv, "-device", f"virtio-net-pci,netdev=lan,mac={self.mac}", "-device", "virtio-rng-pci"]

    def wait(self, answers: Callable[[], bool], runs: Callable[[], bool]) -> None:
        """Waits until it answers; Failure with what it printed if QEMU ends or BOOT_LIMIT_S pass."""
        end = time.monotonic() + BOOT_LIMIT_S
        while not answers():
            if not runs():
                raise self.ended()
            if time.monotonic() > end:
                raise Failure(f"{self.name} is not up after {BOOT_LIMIT_S:.0f} s", self._printed("console")[-2000:])
            time.sleep(PAUSE_S)

    def ended(self) -> Failure:
        """The Failure that its QEMU has ended."""
        return Failure(f"QEMU of {self.name} ended", (self._printed("log") or self._printed("console"))[-2000:].strip())

    def _printed(self, kind: str) -> str:
        file = self.file(kind)
        return file.read_text(errors="replace") if file.exists() else ""

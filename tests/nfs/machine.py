"""One Debian machine: a QEMU in the machines' network, and how to run something on it."""

import shlex
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.nfs.image import Image
from tests.nfs.inventory import MEMORY_MIB, NETMASK, Site
from tests.nfs.monitor import Monitor
from tests.nfs.network import Network, port
from tests.nfs.traces import TRACES, parse_traces
from tui.adapters.ssh.shell import SshShell
from tui.core.failure import Failure
from tui.lab import kvm
from tui.lab.command import SYSTEM_PATH, run, succeeds
from tui.lab.namespaces import MARK

BOOT_LIMIT_S = 600.0  # three at once take two minutes where nothing else runs
COMMAND_LIMIT_S = 300.0
INSTALL_LIMIT_S = 900.0
PAUSE_S = 0.2  # between two questions to a machine that is not up yet
# The time in a state is that of its writing; the hardware's clock goes on meanwhile.
SET_CLOCK = 'date -s "@$(cat /sys/class/rtc/rtc0/since_epoch)"'
BOOT_ID = "/proc/sys/kernel/random/boot_id"


def accelerator() -> list[str]:
    """What makes the machines fast, where KVM works, or possible, where it does not."""
    return ["-accel", "kvm", "-cpu", "host"] if kvm.usable() else ["-accel", "tcg,thread=multi", "-cpu", "qemu64"]


class Machine:
    """One of the three; `folder` is that of all of them, with ssh's files in `folder/ssh`."""

    def __init__(self, site: Site, folder: Path, image: Image, network: Network) -> None:
        self.name = site.name
        self.address = site.address
        self._site = site
        self._folder = folder
        self._image = image
        self._network = network
        self._qemu: subprocess.Popen[bytes] | None = None
        self._monitor: Monitor | None = None

    # -- what a test does with it --

    def shell(self, user: str = "root") -> SshShell:
        """The app's own way to this machine."""
        return SshShell(f"{user}@{self.address}", folder=self._folder / "ssh", connect_limit_s=60)

    def ssh(self, *argv: str, user: str = "root", stdin: str = "", limit_s: float = COMMAND_LIMIT_S) -> str:
        """Standard output of a program on this machine, which must succeed."""
        return run(self._ssh(user, argv), stdin=stdin, limit_s=limit_s)

    def succeeds(self, *argv: str, user: str = "root", limit_s: float = COMMAND_LIMIT_S) -> bool:
        """Whether a program on this machine says yes by its exit status."""
        return succeeds(self._ssh(user, argv), limit_s=limit_s)

    def install(self, package: str) -> None:
        self.ssh("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", package, limit_s=INSTALL_LIMIT_S)

    def files(self) -> dict[str, str]:
        """What setting up and undoing may leave behind: see tests.nfs.traces."""
        return parse_traces(self.ssh("sh", "-c", TRACES))

    def reboot(self) -> None:
        """Boots it again, and waits until it has."""
        before = self.ssh("cat", BOOT_ID)
        succeeds(self._ssh("root", ["systemctl", "reboot"]))  # which may end the connection before it answers
        self._await(["sh", "-c", f'[ "$(cat {BOOT_ID})" != "$0" ]', before.strip()])

    def power_off(self) -> None:
        """Takes it off the mains."""
        if self._qemu:
            self._qemu.kill()
            self._qemu.wait()
            self._qemu = None
        if self._monitor:
            self._monitor.close()
            self._monitor = None

    def power_on(self) -> None:
        """Boots it from the disk as it was left, and waits until it has."""
        self._launch([])
        self._await(["true"])

    def unplug(self) -> None:
        """Pulls its cable: it runs on, and nobody reaches it."""
        self._network.unplug(self._site)

    def network(self) -> None:
        self._network.network(self._site)

    def freeze(self) -> None:
        """Stops its processor: the cable is in, and nothing answers."""
        self._order().execute("stop")

    def thaw(self) -> None:
        self._order().execute("cont")

    # -- what brings it up --

    def start(self, base: Path, state: Path | None = None) -> None:
        """Switches it on with an untouched disk, and waits; with a state it goes on from there instead of booting."""
        self.power_off()
        self.network()
        run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(base), str(self._file("qcow2"))])
        self._launch(["-incoming", "defer"] if state else [])
        if state:
            self._order().read_state(state)
        self._await(["sh", "-c", SET_CLOCK])

    def save(self, folder: Path) -> None:
        """Moves its disk and its state to a folder, as NAME.qcow2 and NAME.state; it is off then."""
        self.ssh("sync")
        self._order().write_state(folder / f"{self.name}.state")
        self.power_off()
        self._file("qcow2").rename(folder / f"{self.name}.qcow2")

    def _launch(self, more: list[str]) -> None:
        ours, theirs = socket.socketpair()
        line = f"root=/dev/vda rw quiet net.ifnames=0 console=ttyS0 ip={self.address}:::{NETMASK}::eth0:none"
        argv = ["qemu-system-x86_64", "-name", self.name, "-machine", "pc", *accelerator(), "-m", str(MEMORY_MIB)]
        argv += ["-nodefaults", "-no-user-config", "-display", "none", "-serial", f"file:{self._file('console')}"]
        argv += ["-chardev", f"socket,id=monitor,fd={theirs.fileno()}", "-mon", "chardev=monitor,mode=control"]
        argv += ["-kernel", str(self._image.kernel), "-initrd", str(self._image.initrd), "-append", line]
        argv += ["-drive", f"file={self._file('qcow2')},if=virtio,cache=unsafe"]  # nobody needs it after a power cut
        argv += ["-netdev", f"tap,id=lan,ifname={port(self._site)},script=no,downscript=no"]
        argv += ["-device", f"virtio-net-pci,netdev=lan,mac={self._site.mac}", "-device", "virtio-rng-pci", *more]
        with theirs, self._file("log").open("wb") as log:
            self._qemu = subprocess.Popen(
                self._network.argv(argv),
                env={"PATH": SYSTEM_PATH, MARK: str(self._folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl+C is for the tests, which then take it down
            )
        try:
            self._monitor = Monitor(ours)
        except Failure as failure:
            raise self._ended() from failure

    def _await(self, argv: Sequence[str]) -> None:
        """Waits until this succeeds on the machine."""
        end = time.monotonic() + BOOT_LIMIT_S
        while not succeeds(self._ssh("root", argv), limit_s=60):
            if self._qemu is None or self._qemu.poll() is not None:
                raise self._ended()
            if time.monotonic() > end:
                console = self._file("console").read_text(errors="replace")
                raise Failure(f"{self.name} is not up after {BOOT_LIMIT_S:.0f} s", console[-2000:])
            time.sleep(PAUSE_S)

    def _ended(self) -> Failure:
        return Failure(f"QEMU of {self.name} ended", self._file("log").read_text(errors="replace").strip())

    def _order(self) -> Monitor:
        if self._monitor is None:
            raise Failure(f"{self.name} is switched off")
        return self._monitor

    def _ssh(self, user: str, argv: Sequence[str]) -> list[str]:
        config = str(self._folder / "ssh/config")
        return self._network.argv(["ssh", "-F", config, f"{user}@{self.address}", "--", shlex.join(argv)])

    def _file(self, kind: str) -> Path:
        return self._folder / f"{self.name}.{kind}"

"""One Debian machine: a QEMU in the machines' network, and commands on it."""

import shlex
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.nfs.inventory import MEMORY_MIB, Site
from tests.nfs.monitor import Monitor
from tests.nfs.network import Network, port
from tests.nfs.traces import TRACES, parse_traces
from tui.adapters.ssh.shell import SshShell
from tui.core.failure import Failure
from tui.lab.command import SYSTEM_PATH, run, succeeds
from tui.lab.debian import Image
from tui.lab.namespaces import MARK
from tui.lab.qemu import Qemu

COMMAND_LIMIT_S = 300.0
INSTALL_LIMIT_S = 900.0
# A restored system has the time of its saved state, but its hardware clock is current.
SET_CLOCK = 'date -s "@$(cat /sys/class/rtc/rtc0/since_epoch)"'
BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Machine:
    """One machine; all share `folder`, with the ssh configuration in `folder/ssh`."""

    def __init__(self, site: Site, folder: Path, image: Image, network: Network) -> None:
        self.name = site.name
        self.address = site.address
        self._site = site
        self._folder = folder
        self._network = network
        self._made = Qemu(site.name, folder, image, site.address, site.mac, port(site), MEMORY_MIB)
        self._qemu: subprocess.Popen[bytes] | None = None
        self._monitor: Monitor | None = None

    # -- for tests --

    def shell(self, user: str = "root") -> SshShell:
        """The app's shell on this machine."""
        return SshShell(f"{user}@{self.address}", folder=self._folder / "ssh", connect_limit_s=60)

    def ssh(self, *argv: str, user: str = "root", stdin: str = "", limit_s: float = COMMAND_LIMIT_S) -> str:
        """Runs a command, which must succeed; returns its standard output."""
        return run(self._ssh(user, argv), stdin=stdin, limit_s=limit_s)

    def succeeds(self, *argv: str, user: str = "root", limit_s: float = COMMAND_LIMIT_S) -> bool:
        """Whether a command succeeds."""
        return succeeds(self._ssh(user, argv), limit_s=limit_s)

    def login(self, user: str, *argv: str) -> "subprocess.Popen[str]":
        """Starts a command in a session with a terminal; to kill the process drops the line, without a logout."""
        return subprocess.Popen(
            self._ssh(user, argv, "-tt"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # so that Ctrl+C reaches only the tests, which then end it
        )

    def send(self, file: Path, to: str) -> None:
        """Writes a file of this computer to the machine, as root."""
        with file.open("rb") as content:
            argv = self._ssh("root", ["sh", "-c", 'cat > "$0"', to])
            subprocess.run(argv, stdin=content, check=True, capture_output=True, timeout=COMMAND_LIMIT_S)

    def terminal(self, user: str, *argv: str) -> list[str]:
        """The command line of an ssh session with a terminal."""
        return self._ssh(user, argv, "-tt")

    def install(self, package: str) -> None:
        """Installs a package."""
        self.ssh("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", package, limit_s=INSTALL_LIMIT_S)

    def files(self) -> dict[str, str]:
        """The traces of setup and undo, see tests.nfs.traces."""
        return parse_traces(self.ssh("sh", "-c", TRACES))

    def reboot(self) -> None:
        """Reboots the machine and waits until it is up."""
        before = self.ssh("cat", BOOT_ID)
        succeeds(self._ssh("root", ["systemctl", "reboot"]))  # may break the connection before it returns
        self._await(["sh", "-c", f'[ "$(cat {BOOT_ID})" != "$0" ]', before.strip()])

    def power_off(self) -> None:
        """Ends QEMU, as a power failure would."""
        if self._qemu:
            self._qemu.kill()
            self._qemu.wait()
            self._qemu = None
        if self._monitor:
            self._monitor.close()
            self._monitor = None

    def power_on(self) -> None:
        """Boots from the disk as it was left, and waits until the machine is up."""
        self._launch([])
        self._await(["true"])

    def unplug(self) -> None:
        """Disconnects the machine from the network; it keeps running."""
        self._network.unplug(self._site)

    def plug_in(self) -> None:
        """Connects the machine to the network."""
        self._network.plug_in(self._site)

    def freeze(self) -> None:
        """Pauses the machine; it stays in the network and does not reply."""
        self._running_monitor().execute("stop")

    def thaw(self) -> None:
        """Resumes the machine."""
        self._running_monitor().execute("cont")

    # -- start and end --

    def start(self, base: Path, state: Path | None = None) -> None:
        """Boots from a copy of the disk, or resumes from a state, and waits until the machine is up."""
        self.power_off()
        self.plug_in()
        self._made.make_disk(base)
        self._launch(["-incoming", "defer"] if state else [])
        if state:
            self._running_monitor().read_state(state)
        self._await(["sh", "-c", SET_CLOCK])

    def save(self, folder: Path) -> None:
        """Moves the disk and the state to a folder, as NAME.qcow2 and NAME.state; the machine is then off."""
        self.ssh("sync")
        self._running_monitor().write_state(folder / f"{self.name}.state")
        self.power_off()
        self._made.file("qcow2").rename(folder / f"{self.name}.qcow2")

    def _launch(self, more: list[str]) -> None:
        ours, theirs = socket.socketpair()
        argv = [*self._made.argv(), "-chardev", f"socket,id=monitor,fd={theirs.fileno()}"]
        argv += ["-mon", "chardev=monitor,mode=control", *more]
        with theirs, self._made.file("log").open("wb") as log:
            self._qemu = subprocess.Popen(
                self._network.argv(argv),
                env={"PATH": SYSTEM_PATH, MARK: str(self._folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # so that Ctrl+C reaches only the tests, which then end it
            )
        try:
            self._monitor = Monitor(ours)
        except Failure as failure:
            raise self._made.ended() from failure

    def _await(self, argv: Sequence[str]) -> None:
        """Waits until the command succeeds on the machine."""
        runs = lambda: self._qemu is not None and self._qemu.poll() is None  # noqa: E731
        self._made.wait(lambda: succeeds(self._ssh("root", argv), limit_s=60), runs)

    def _running_monitor(self) -> Monitor:
        if self._monitor is None:
            raise Failure(f"{self.name} is switched off")
        return self._monitor

    def _ssh(self, user: str, argv: Sequence[str], *options: str) -> list[str]:
        config = str(self._folder / "ssh/config")
        return self._network.argv(["ssh", "-F", config, *options, f"{user}@{self.address}", "--", shlex.join(argv)])

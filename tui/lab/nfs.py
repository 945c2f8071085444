"""A lab with --nfs: its storage host is a Debian machine in QEMU, whose own kernel has an NFS server.

QEMU runs in the namespace that is the storage host of other labs. That namespace then has an address of its own (BOX)
and keeps what no user of the lab has to see: the DHCP server and the disks of the guests, which it serves over NBD.
"""

import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.core.failure import Failure
from tui.lab import debian, network, size, userland
from tui.lab.command import SYSTEM_PATH, run, succeeds
from tui.lab.inventory import STORAGE
from tui.lab.machine import Machine
from tui.lab.place import Place
from tui.lab.qemu import Qemu

DAEMON = "qemu-system-x86"  # the name of its process, cut at 15 characters
PORT = "lan"  # the tap device between QEMU and the bridge of its namespace
MEMORY_MIB = 512
DISK = "16G"  # room for images of VMs; it takes only what is written
LIMIT_S = 60.0  # of a login while the machine boots
SET_UP_LIMIT_S = 300.0
NO_CLIENT = (
    "this kernel has no NFS client: source and destination can't mount; page 2 shows storage's part. "
    "With `modprobe nfs`, or on a kernel that has it, they mount, too"
)

PLUG = '[ -e "/sys/class/net/$1" ] || ip tuntap add dev "$1" mode tap; ip link set "$1" master br0 up'
# $1 the host's name, $2 the text of /etc/hosts, $3 the public key of the lab; on stdin the private host key. The new
# host key counts from the last line on; until then, and with the image's key also later, this can be repeated.
SET_UP = """
echo "$1" > /etc/hostname
hostname "$1"
printf %s "$2" > /etc/hosts
resize2fs /dev/vda
! getent passwd libvirt-qemu || userdel libvirt-qemu
key=/etc/ssh/ssh_host_ed25519_key
cat > "$key"
ssh-keygen -y -f "$key" > "$key.pub"
grep -qxF -- "$3" /root/.ssh/authorized_keys || echo "$3" >> /root/.ssh/authorized_keys
systemctl restart ssh
"""


def client_known(filesystems: str) -> bool:
    """Whether the text of /proc/filesystems has NFS; a module shows there only once it is loaded."""
    return any(line.split()[-1:] in (["nfs"], ["nfs4"]) for line in filesystems.splitlines())


def mountable() -> bool:
    """Whether this kernel has an NFS client, or can load one."""
    known = client_known(Path("/proc/filesystems").read_text())
    return known or succeeds(["sh", "-c", f"PATH={SYSTEM_PATH} modprobe -n -q nfs"])


def choose(place: Place, on_progress: Callable[[str], None], *, exists: bool) -> None:
    """Makes a new lab one with NFS, for this and the next starts; Failure if it exists without, or can't have it."""
    client = mountable()
    if not place.nfs.exists():
        if exists:
            raise Failure(
                f"lab {place.name!r} exists, and its storage host is no NFS server",
                "it keeps its storage host",
                place.way_out,
            )
        if suites := userland.chosen(place):
            raise Failure(
                f"a lab with {userland.described(suites)} can't have NFS",
                "the trees of other releases have no NFS client",
                "Use --nfs without --userland.",
            )
        if client and not shutil.which("mount.nfs", path=SYSTEM_PATH):
            raise Failure(
                "mount.nfs is not installed",
                "source and destination use the programs of this machine",
                "Run: apt-get install nfs-common",
            )
        place.nfs.write_text(str(debian.prepare(on_progress).folder))
    if not client:
        on_progress(NO_CLIENT)


@dataclass(frozen=True)
class Server:
    """The machine that is the storage host; `box` is the namespace that QEMU runs in."""

    box: Machine

    @property
    def qemu(self) -> Qemu:
        """Its QEMU; the image is the one that its disk was made from."""
        image = debian.Image(Path(self.box.place.nfs.read_text()))
        return Qemu(STORAGE.name, self.box.folder, image, STORAGE.address, STORAGE.mac, PORT, MEMORY_MIB)

    def runs(self) -> bool:
        """Whether QEMU runs."""
        return self.box.daemon_runs(DAEMON)

    def answers(self) -> bool:
        """Whether it accepts the lab's login."""
        return self.box.succeeds(self._ssh(["true"], "-o", "BatchMode=yes", "-o", "ConnectTimeout=20"), limit_s=LIMIT_S)

    def state(self) -> str:
        """Its state in words, `up` if it is."""
        if not self.runs():
            return "its machine in QEMU is down"
        return "up" if self.answers() else "its machine in QEMU does not answer"

    def argv(self, words: Sequence[str]) -> list[str]:
        """The command line that runs a command on it, with a terminal if there is one."""
        return self.box.argv(self._ssh(words, *(["-t"] if sys.stdin.isatty() else [])))

    def launch(self) -> bool:
        """Plugs it into the network and boots it unless it runs; returns whether it boots."""
        self.box.run(["sh", "-ec", PLUG, "sh", PORT])
        if self.runs():
            return False
        qemu = self.qemu
        if not qemu.file("qcow2").exists():
            qemu.make_disk(qemu.image.disk, DISK)
        self.box.run([*qemu.argv(), "-daemonize", "-pidfile", f"/run/{DAEMON}.pid"])
        return True

    def set_up(self) -> None:
        """Waits until it is up and, at its first boot, gives it the lab's keys and names."""
        self.qemu.wait(lambda: self.answers() or succeeds(self._first_login(["true"]), limit_s=LIMIT_S), self.runs)
        if self.answers():
            return
        place = self.box.place
        names = network.hosts_file(size.hosts(place))
        script = ["sh", "-ec", SET_UP, "sh", STORAGE.name, names, place.key.with_suffix(".pub").read_text().strip()]
        key = place.host_key(STORAGE.name).read_text()
        run(self._first_login(script), stdin=key, limit_s=SET_UP_LIMIT_S)
        self.qemu.wait(self.answers, self.runs)

    def _ssh(self, words: Sequence[str], *options: str) -> list[str]:
        return ["ssh", *options, f"root@{STORAGE.name}", "--", shlex.join(words)]

    def _first_login(self, words: Sequence[str]) -> list[str]:
        """The command line for a login with the key of the image."""
        image, known = self.qemu.image, self.box.folder / "known_hosts"
        keys = (image.host_key, self.box.place.host_key(STORAGE.name).with_suffix(".pub"))
        known.write_text("".join(f"{STORAGE.address} {key.read_text().strip()}\n" for key in keys))
        options = [f"UserKnownHostsFile={known}", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes", "BatchMode=yes"]
        settings = [word for option in (*options, "ConnectTimeout=20") for word in ("-o", option)]
        login = ["ssh", "-F", "none", "-i", str(image.key), *settings, f"root@{STORAGE.address}", "--"]
        return self.box.argv([*login, shlex.join(words)])

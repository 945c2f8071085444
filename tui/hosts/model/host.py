"""A host as the cards of the Hosts page show it: its system, its libvirt, and failures."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.core.failure import Failure
from tui.core.quantity import whole
from tui.core.vm import Daemon, Vm

READING, OK, PARTLY, UNREACHABLE, SILENT = "reading", "ok", "partly reachable", "unreachable", "no answer"


@dataclass(frozen=True)
class System:
    """The machine and its operating system; unknown fields are empty or 0."""

    hostname: str = ""
    os: str = ""
    kernel: str = ""
    cpus: int = 0
    cpu_model: str = ""
    memory_bytes: int = 0
    memory_available_bytes: int = 0
    addresses: tuple[str, ...] = ()
    disk_bytes: int = 0  # of the file system of the images
    disk_free_bytes: int = 0
    reached_from: str = ""  # the ends of the app's ssh connection, as this host sees them
    reached_at: str = ""


@dataclass(frozen=True)
class Virtualization:
    """The libvirt of a host and its VMs."""

    daemon: Daemon
    vms: tuple[Vm, ...] = ()


@dataclass(frozen=True)
class HostFacts:
    """One host; a part is None until it is read, a Failure if it can't be. Storage has no `virtualization`.

    `late` are the parts that are not answered now, `before` is what they were, `age_s` the age of the host's last
    answer in seconds, None if it never gave one.
    """

    name: str  # its role: source, destination, storage
    address: str
    hypervisor: bool
    system: System | Failure | None = None
    virtualization: Virtualization | Failure | None = None
    late: tuple[str, ...] = ()
    before: Mapping[str, object] = field(default_factory=dict)
    age_s: float | None = None

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The failures of its parts."""
        return tuple(part for part in (self.system, self.virtualization) if isinstance(part, Failure))

    @property
    def shown(self) -> tuple[object, object]:
        """System and virtualization as they are or were; a Failure or None if they never were read."""
        return self.before.get("system", self.system), self.before.get("virtualization", self.virtualization)

    @property
    def state(self) -> str:
        """READING, OK, PARTLY, UNREACHABLE, or SILENT for one that has answered before."""
        parts = {"system": self.system} | ({"virtualization": self.virtualization} if self.hypervisor else {})
        bad = [name for name, part in parts.items() if isinstance(part, Failure) or name in self.late]
        if len(bad) == len(parts):
            return UNREACHABLE if self.age_s is None else SILENT
        if any(part is None for part in parts.values()):
            return READING
        return PARTLY if bad else OK


# One line per fact, so a missing file costs one fact only. It runs on POSIX sh and busybox. $1 is the folder of the
# images. `timeout`, because df blocks on a file system whose server is gone.
SYSTEM_SCRIPT = r"""
echo "hostname $(uname -n)"
echo "kernel $(uname -r)"
echo "cpus $(getconf _NPROCESSORS_ONLN 2>/dev/null || grep -c '^processor' /proc/cpuinfo)"
sed -n 's/^model name[^:]*: */cpu_model /p' /proc/cpuinfo | head -n 1
sed -n 's/^PRETTY_NAME=/os /p' /etc/os-release
sed -n 's/^MemTotal: */memory_kib /p; s/^MemAvailable: */memory_available_kib /p' /proc/meminfo
ip -o address show up scope global 2>/dev/null | sed -n 's,^[0-9]*: *[^ ]* *inet6* \([^ /]*\).*,address \1,p'
echo "ssh $SSH_CONNECTION"
timeout -s KILL 3 df -P -B1 -- "$1" 2>/dev/null |
  sed -n '2s/^.* \([0-9]\{1,\}\) \{1,\}[0-9]\{1,\} \{1,\}\([0-9]\{1,\}\) \{1,\}[0-9]\{1,\}% .*/disk \1 \2/p'
:
"""


def parse_system(text: str) -> System:
    """Parse the output of SYSTEM_SCRIPT."""
    facts: dict[str, str] = {}
    addresses = []
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name == "address":
            addresses.append(value.strip())
        facts.setdefault(name, " ".join(value.split()).strip("\"'"))
    ends = facts.get("ssh", "").split()
    disk = facts.get("disk", "").partition(" ")
    return System(
        hostname=facts.get("hostname", ""),
        os=facts.get("os", ""),
        kernel=facts.get("kernel", ""),
        cpus=_number(facts.get("cpus", "")),
        cpu_model=facts.get("cpu_model", ""),
        memory_bytes=_number(facts.get("memory_kib", "")) * 1024,
        memory_available_bytes=_number(facts.get("memory_available_kib", "")) * 1024,
        addresses=tuple(addresses),
        disk_bytes=_number(disk[0]),
        disk_free_bytes=_number(disk[2]),
        reached_from=ends[0] if len(ends) == 4 else "",
        reached_at=ends[2] if len(ends) == 4 else "",
    )


def _number(value: str) -> int:
    return whole(value.partition(" ")[0]) or 0

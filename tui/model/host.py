"""A host as the Hosts page shows it: what its system says, what its libvirt says, and what could not be read."""

from dataclasses import dataclass

from tui.model.failure import Failure
from tui.model.vm import Daemon, Vm

READING, OK, PARTLY, UNREACHABLE = "reading", "ok", "partly reachable", "unreachable"


@dataclass(frozen=True)
class System:
    """The machine and its operating system; what it did not tell is empty or 0."""

    hostname: str = ""
    os: str = ""
    kernel: str = ""
    cpus: int = 0
    cpu_model: str = ""
    memory_bytes: int = 0
    memory_available_bytes: int = 0


@dataclass(frozen=True)
class Virtualization:
    """The libvirt of a host and the VMs it knows."""

    daemon: Daemon
    vms: tuple[Vm, ...] = ()


@dataclass(frozen=True)
class HostFacts:
    """All about one host; a part is None until it is read, a Failure where it can't be.

    `virtualization` is never asked of the storage server: `hypervisor` is False there.
    """

    name: str  # its role: source, destination, storage
    address: str
    hypervisor: bool
    system: System | Failure | None = None
    virtualization: Virtualization | Failure | None = None

    @property
    def failures(self) -> tuple[Failure, ...]:
        return tuple(part for part in (self.system, self.virtualization) if isinstance(part, Failure))

    @property
    def state(self) -> str:
        """One word for all of it: READING, OK, PARTLY or UNREACHABLE."""
        parts = [self.system, self.virtualization] if self.hypervisor else [self.system]
        if any(part is None for part in parts):
            return READING
        failed = len(self.failures)
        return OK if not failed else UNREACHABLE if failed == len(parts) else PARTLY


# One line a fact, so that a host that lacks a file still tells the others; POSIX sh and busybox suffice.
SYSTEM_SCRIPT = """
echo "hostname $(uname -n)"
echo "kernel $(uname -r)"
echo "cpus $(getconf _NPROCESSORS_ONLN 2>/dev/null || grep -c '^processor' /proc/cpuinfo)"
sed -n 's/^model name[^:]*: */cpu_model /p' /proc/cpuinfo | head -n 1
sed -n 's/^PRETTY_NAME=/os /p' /etc/os-release
sed -n 's/^MemTotal: */memory_kib /p; s/^MemAvailable: */memory_available_kib /p' /proc/meminfo
"""


def parse_system(text: str) -> System:
    """What SYSTEM_SCRIPT printed."""
    facts: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        facts.setdefault(name, " ".join(value.split()).strip("\"'"))
    return System(
        hostname=facts.get("hostname", ""),
        os=facts.get("os", ""),
        kernel=facts.get("kernel", ""),
        cpus=_number(facts, "cpus"),
        cpu_model=facts.get("cpu_model", ""),
        memory_bytes=_number(facts, "memory_kib") * 1024,
        memory_available_bytes=_number(facts, "memory_available_kib") * 1024,
    )


def _number(facts: dict[str, str], name: str) -> int:
    digits = facts.get(name, "").partition(" ")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 0

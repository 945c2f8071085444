"""The hosts and the guest of a lab, with their addresses; all labs use the same, each in its own network."""

from collections.abc import Iterable
from dataclasses import dataclass

NETWORK_BITS = 24


@dataclass(frozen=True)
class Host:
    """One lab host; a hypervisor runs libvirtd and connects its guests to a bridge."""

    name: str
    number: int
    hypervisor: bool

    @property
    def address(self) -> str:
        """The IPv4 address, without the prefix length."""
        return f"10.77.0.{self.number}"

    @property
    def mac(self) -> str:
        """The MAC address of its link."""
        return f"02:76:6d:6c:00:{self.number:02x}"


SOURCE = Host("source", 1, hypervisor=True)
DESTINATION = Host("destination", 2, hypervisor=True)
STORAGE = Host("storage", 3, hypervisor=False)
FEWEST, MOST = 2, 8  # hypervisors of a lab


def hosts_of(hypervisors: int) -> tuple[Host, ...]:
    """The hosts of a lab with so many hypervisors, the storage host last."""
    further = (Host(f"host{number}", number + 1, hypervisor=True) for number in range(3, hypervisors + 1))
    return (SOURCE, DESTINATION, *further, STORAGE)


HOSTS = hosts_of(FEWEST)


@dataclass(frozen=True)
class Guest:
    """The virtual machine of a lab."""

    name: str = "guest1"
    address: str = "10.77.0.10"
    mac: str = "52:54:00:76:6d:10"
    memory_mib: int = 1024
    vcpus: int = 2


GUEST = Guest()


def addresses(hosts: Iterable[Host]) -> dict[str, str]:
    """The addresses of these hosts and of the guest, by name."""
    return {host.name: host.address for host in hosts} | {GUEST.name: GUEST.address}

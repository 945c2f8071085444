"""The hosts and guests of a lab, with their addresses; all labs use the same, each in its own network."""

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
# The namespace that QEMU runs in where the storage host is a machine in QEMU: it needs a bridge, as a hypervisor does.
BOX = Host("storage", 99, hypervisor=True)
FEWEST, MOST = 2, 8  # hypervisors of a lab


def hosts_of(hypervisors: int) -> tuple[Host, ...]:
    """The hosts of a lab with so many hypervisors, the storage host last."""
    further = (Host(f"host{number}", number + 1, hypervisor=True) for number in range(3, hypervisors + 1))
    return (SOURCE, DESTINATION, *further, STORAGE)


HOSTS = hosts_of(FEWEST)


@dataclass(frozen=True)
class Guest:
    """A virtual machine of a lab."""

    name: str
    address: str
    mac: str
    memory_mib: int
    vcpus: int
    nbd_port: int  # of its disk, where the storage host serves the disks

    @property
    def image(self) -> str:
        """The file name of its disk in the shared folder."""
        return f"{self.name}.qcow2"


GUEST = Guest("guest1", "10.77.0.10", "52:54:00:76:6d:10", 1024, 2, 10809)
MOST_VMS = 50  # small VMs of a lab


def vms_of(count: int) -> tuple[Guest, ...]:
    """The small VMs of a lab that has so many besides its guest: vm1, vm2, ..."""
    return tuple(
        Guest(f"vm{number}", f"10.77.0.{10 + number}", f"52:54:00:76:6e:{number:02x}", 128, 1, 10809 + number)
        for number in range(1, count + 1)
    )


def addresses(hosts: Iterable[Host], vms: Iterable[Guest] = ()) -> dict[str, str]:
    """The addresses of these hosts, of the guest and of these small VMs, by name."""
    return {host.name: host.address for host in hosts} | {guest.name: guest.address for guest in (GUEST, *vms)}

"""The names and addresses of the three machines."""

from dataclasses import dataclass

MEMORY_MIB = 1024  # a VM, the app and apt beside libvirt
NETWORK_BITS = 24
OUTSIDE = "10.77.49.254"  # the address of the tests in that network
OUTSIDE_MAC = "02:76:6d:6e:00:fe"


@dataclass(frozen=True)
class Site:
    """The values that differ between the machines; all use the same image."""

    name: str
    number: int

    @property
    def address(self) -> str:
        """The IPv4 address."""
        return f"10.77.49.{self.number}"

    @property
    def mac(self) -> str:
        """The MAC address."""
        return f"02:76:6d:6e:00:{self.number:02x}"


STORAGE = Site("storage", 1)
SOURCE = Site("source", 2)
DESTINATION = Site("destination", 3)
SITES = (STORAGE, SOURCE, DESTINATION)


def hosts_file() -> str:
    """The text of /etc/hosts on all machines; no name of a machine resolves to 127.0.0.1, which QEMU would refuse."""
    return "127.0.0.1 localhost\n::1 localhost\n" + "".join(f"{site.address} {site.name}\n" for site in SITES)

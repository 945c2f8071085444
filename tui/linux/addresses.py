"""What a host's resolver says of another host's name."""

import ipaddress
from dataclasses import dataclass


@dataclass(frozen=True)
class Resolved:
    """A name, as a host finds it: its addresses, and the canonical name where there is another."""

    name: str
    addresses: tuple[str, ...] = ()
    canonical: str = ""
    others: tuple[str, ...] = ()  # names of its first address, as far as anybody knows

    @property
    def names(self) -> frozenset[str]:
        """All by which the host is known."""
        return frozenset(each.lower() for each in (self.name, self.canonical, *self.others, *self.addresses) if each)

    @property
    def first(self) -> str:
        """The address that is tried first, empty where the name means nothing."""
        return self.addresses[0] if self.addresses else ""


def parse_ahosts(name: str, text: str) -> Resolved:
    """What `getent ahosts NAME` printed; nothing where it does not know the name."""
    rows = [words for words in (line.split() for line in text.splitlines()) if len(words) >= 2 and is_address(words[0])]
    canonical = next((words[2] for words in rows if len(words) > 2), "")
    return Resolved(name, tuple(dict.fromkeys(plain(words[0]) for words in rows)), canonical)


def parse_hosts(text: str) -> tuple[str, ...]:
    """The names in what `getent hosts ADDRESS` printed: the address, then all names of it."""
    return tuple(word for line in text.splitlines() for word in line.split()[1:])


def route_device(text: str) -> tuple[str, str] | None:
    """Of what `ip -o route get ADDRESS` printed, the address and the interface that it is reached through."""
    words = text.split()
    if not words or not is_address(words[0]) or "dev" not in words[:-1]:
        return None
    return plain(words[0]), words[words.index("dev") + 1]


def is_address(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def plain(text: str) -> str:
    """An address in its one form: short, in small letters, IPv4 as such."""
    address = ipaddress.ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def within(address: str, network: str) -> bool:
    """Whether an address is one of a network, which may be an address alone; ADDRESS/BITS or ADDRESS/NETMASK."""
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False

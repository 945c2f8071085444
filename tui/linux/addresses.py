"""Names and addresses as a host's resolver returns them."""

import ipaddress
from dataclasses import dataclass


@dataclass(frozen=True)
class Resolved:
    """The result of resolving a name on a host; `canonical` is empty if it has no other canonical name."""

    name: str
    addresses: tuple[str, ...] = ()
    canonical: str = ""
    other_names: tuple[str, ...] = ()  # further names of its first address

    @property
    def names(self) -> frozenset[str]:
        """All names and addresses of the host, in small letters."""
        names = (self.name, self.canonical, *self.other_names, *self.addresses)
        return frozenset(each.lower() for each in names if each)

    @property
    def first(self) -> str:
        """The address that programs try first; empty if the name has none."""
        return self.addresses[0] if self.addresses else ""


def parse_ahosts(name: str, text: str) -> Resolved:
    """The output of `getent ahosts NAME`; no addresses if it does not know the name."""
    rows = [words for words in (line.split() for line in text.splitlines()) if len(words) >= 2 and is_address(words[0])]
    canonical = next((words[2] for words in rows if len(words) > 2), "")
    return Resolved(name, tuple(dict.fromkeys(normalized(words[0]) for words in rows)), canonical)


def parse_hosts(text: str) -> tuple[str, ...]:
    """The names in the output of `getent hosts ADDRESS`, whose lines have the address and then its names."""
    return tuple(word for line in text.splitlines() for word in line.split()[1:])


def route_device(text: str) -> tuple[str, str] | None:
    """The address and the interface to it, from the output of `ip -o route get ADDRESS`."""
    words = text.split()
    if not words or not is_address(words[0]) or "dev" not in words[:-1]:
        return None
    return normalized(words[0]), words[words.index("dev") + 1]


def is_address(text: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def normalized(text: str) -> str:
    """An address in its shortest form, in small letters; an IPv4 address mapped to IPv6 becomes IPv4."""
    address = ipaddress.ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def in_network(address: str, network: str) -> bool:
    """Whether an address is in a network: ADDRESS/BITS, ADDRESS/NETMASK, or one address."""
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False

"""The words of a kernel command line that give the guest an address of its own."""

import ipaddress
import re
from collections.abc import Iterator, Sequence

# Words about other machines, which a copy of the VM keeps.
OTHERS = frozenset({"nfsroot", "root", "nameserver", "netconsole", "rd.route", "gateway", "gw"})

IN_XML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})  # xml.sax loads an HTTP client for the same


def own_addresses(cmdline: str) -> tuple[str, ...]:
    """The words with such an address: "ip=10.0.0.2::10.0.0.1:255.255.255.0::eth0:off"."""
    pairs = (word.partition("=") for word in cmdline.split())
    return tuple(f"{key}={value}" for key, equals, value in pairs if equals and key not in OTHERS and _has(value))


def address_notes(words: Sequence[str], xml: str, owner: str) -> Iterator[str]:
    """A note for each word of the copy `xml`, with its line: the VM `owner` has that address."""
    for word in words:
        at = xml.find(word.translate(IN_XML))
        number = xml.count("\n", 0, at) + 1
        line = f"Line {number}" if at >= 0 else "The kernel's command line"
        yield f"{line}: change {word}, because {owner} has this address."


def _has(value: str) -> bool:
    """Whether a part of the value is an address: whole ("fd00::2/64"), in brackets, or an IPv4 one between colons."""
    parts = re.split(r"[,/;\"']", value)
    parts += [each for part in parts for each in part.split(":")] + re.findall(r"\[([^\]]*)\]", value)
    return any(map(_is_address, parts))


def _is_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast or address.is_reserved)

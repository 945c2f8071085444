"""The address of a host in the network of its migrations."""

import ipaddress
import re

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,252}")
ADDRESS_WORDS = 'an address or a name of that host, such as "10.20.0.3", without a port, and not of the local host'


def is_migration_address(text: str) -> bool:
    """Whether other hosts can send VMs to this address or name; one of the local host would lead them to themselves."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        numbers = all(part.isdigit() for part in text.split("."))  # such as 10.20.0, which is no name
        return NAME.fullmatch(text) is not None and not numbers and text.lower().partition(".")[0] != "localhost"
    return not (address.is_loopback or address.is_unspecified or address.is_multicast)


def uri_of(address: str) -> str:
    """The migration URI of libvirt: tcp://ADDRESS, with an IPv6 address in brackets."""
    return f"tcp://[{address}]" if ":" in address else f"tcp://{address}"

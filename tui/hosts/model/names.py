"""The addresses of names as a host resolves them, by /etc/hosts or DNS."""

import ipaddress
from collections.abc import Mapping

# "$@" are names, resolved in parallel, because each may wait for a DNS server that is down.
SCRIPT = """
for name; do
  (found=$(timeout -s KILL 6 getent ahosts "$name" | cut -d ' ' -f 1 | sort -u | tr '\\n' ' ')
   echo "$name $found") &
done
wait
"""

Names = Mapping[str, tuple[str, ...]]


def parse_names(text: str) -> Names:
    """Parse the output of SCRIPT: the addresses of each name, none if it can't be resolved."""
    lines = (line.split() for line in text.splitlines())
    return {words[0]: tuple(words[1:]) for words in lines if words}


def is_local(address: str) -> bool:
    """Whether it is a loopback address."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False

"""What names lead to on a host: by /etc/hosts or DNS, as the programs there look them up."""

import ipaddress
from collections.abc import Mapping

# "$@" are names; all at once, for each may wait for a DNS server that is gone.
SCRIPT = """
for name; do
  (found=$(timeout -s KILL 6 getent ahosts "$name" | cut -d ' ' -f 1 | sort -u | tr '\\n' ' ')
   echo "$name $found") &
done
wait
"""

Names = Mapping[str, tuple[str, ...]]


def parse_names(text: str) -> Names:
    """What SCRIPT printed: the addresses of each name, none where it is not known."""
    lines = (line.split() for line in text.splitlines())
    return {words[0]: tuple(words[1:]) for words in lines if words}


def is_local(address: str) -> bool:
    """Whether it leads a host to itself, whichever it is."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False

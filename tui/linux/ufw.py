"""ufw of a host: whether it is active, and the rule we add to let one address in to some ports."""

import re
from dataclasses import dataclass

from tui.linux.change import Move, reversible

# A row of `ufw status`, numbered or not, that allows something to one sender, and nothing besides.
ALLOWED = re.compile(r"(?:\[ *\d+\] +)?(\S+) +ALLOW(?: IN)? +(\S+)")


@dataclass(frozen=True)
class Ufw:
    """ufw of a host. Whether a connection passes is not judged by its rules: the ports are tried."""

    active: bool = False
    allowed: frozenset[tuple[str, str]] = frozenset()  # to whom from whom, as its table has it

    def moves(self, host: str, address: str, ports: tuple[int, int]) -> tuple[Move, ...]:
        """Adds the rule for tcp from this address, nothing where exactly that one is there or ufw is not active."""
        numbers = ":".join(map(str, dict.fromkeys(ports)))
        if not self.active or (f"{numbers}/tcp", address) in self.allowed:
            return ()
        rule = ("allow", "proto", "tcp", "from", address, "to", "any", "port", numbers)
        return (reversible(host, ("ufw", *rule), ("ufw", "delete", *rule)),)


def parse_ufw(status: str) -> Ufw:
    """What `ufw status` printed."""
    rows = (ALLOWED.fullmatch(line.partition(" # ")[0].strip()) for line in status.splitlines())
    return Ufw(status.startswith("Status: active"), frozenset((row[1], row[2]) for row in rows if row))

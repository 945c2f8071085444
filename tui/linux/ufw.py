"""ufw of a host: whether it is active, and the rule that opens ports to one address."""

import re
from dataclasses import dataclass

from tui.linux.change import Move, reversible

# A row of `ufw status`, numbered or not, that only allows access from one address.
ALLOWED = re.compile(r"(?:\[ *\d+\] +)?(\S+) +ALLOW(?: IN)? +(\S+)")


@dataclass(frozen=True)
class Ufw:
    """State of ufw; the app does not derive from the rules whether a connection passes."""

    active: bool = False
    allowed: frozenset[tuple[str, str]] = frozenset()  # the columns To and From

    def moves(self, host: str, address: str, ports: tuple[int, int]) -> tuple[Move, ...]:
        """Adds the rule that opens TCP ports to this address; empty if ufw has it or is not active."""
        numbers = ":".join(map(str, dict.fromkeys(ports)))
        if not self.active or (f"{numbers}/tcp", address) in self.allowed:
            return ()
        rule = ("allow", "proto", "tcp", "from", address, "to", "any", "port", numbers)
        return (reversible(host, ("ufw", *rule), ("ufw", "delete", *rule)),)


def parse_ufw(status: str) -> Ufw:
    """The state from the output of `ufw status`."""
    rows = (ALLOWED.fullmatch(line.partition(" # ")[0].strip()) for line in status.splitlines())
    return Ufw(status.startswith("Status: active"), frozenset((row[1], row[2]) for row in rows if row))

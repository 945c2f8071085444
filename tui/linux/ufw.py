"""ufw of a host: its rules as `ufw status` prints them, and the rule that opens ports to one address."""

import re
from dataclasses import dataclass

from tui.core.quantity import whole
from tui.linux.addresses import in_network, is_address
from tui.linux.change import Move, reversible

# A row of `ufw status`, numbered, verbose or neither, for incoming packets; its comment is cut off before.
ROW = re.compile(
    r"(?:\[ *\d+\] +)?(?P<to>\S.*?) +(?P<action>ALLOW|DENY|REJECT|LIMIT)(?: IN)?"
    r" +(?P<source>\S.*?)(?: +\(log[^)]*\))?"
)
V6 = " (v6)"
APPLICATION = re.compile(r" \(.*\)$")  # verbose: the application after the ports, as in "2049,111/tcp (NFS)"
ANYWHERE = {"Anywhere": 4, f"Anywhere{V6}": 6}


@dataclass(frozen=True)
class Rule:
    """One rule; `to` and `source` are the columns To and From, `text` is both and the action."""

    to: str
    action: str
    source: str

    @property
    def text(self) -> str:
        """The rule for display."""
        return f"{self.to} {self.action} {self.source}"

    def covers(self, address: str, ports: tuple[int, int], *, wholly: bool) -> bool:
        """Whether it is for packets from this address to these TCP ports: to all of them, or to at least one."""
        return self._is_for(address) and _has_ports(self.to, ports, wholly)

    def _is_for(self, address: str) -> bool:
        if self.source in ANYWHERE:
            return ANYWHERE[self.source] == (6 if ":" in address else 4)
        return in_network(address, self.source)


@dataclass(frozen=True)
class Ufw:
    """State of ufw. A connection shows whether packets pass; the rules only explain it."""

    active: bool = False
    rules: tuple[Rule, ...] = ()

    def moves(self, host: str, address: str, ports: tuple[int, int]) -> tuple[Move, ...]:
        """Adds the rule that opens TCP ports to this address; empty if a rule is about it, or ufw is not active."""
        if not self.active or self._first(address, ports) or self._same(address, ports):
            return ()
        rule = ("allow", "proto", "tcp", "from", address, "to", "any", "port", _numbers(ports))
        return (reversible(host, ("ufw", *rule), ("ufw", "delete", *rule)),)

    def refusal(self, address: str, ports: tuple[int, int]) -> str:
        """The rule that keeps the address out, as a sentence; empty if there is none.

        ufw replaces a rule that differs only in its action, and the undo would then delete it: it would be lost.
        """
        first = self._first(address, ports) or self._same(address, ports)
        if not self.active or first is None or first.action == "ALLOW":
            return ""
        return f'ufw has the rule "{first.text}", and the app does not change the rules of others'

    def _first(self, address: str, ports: tuple[int, int]) -> Rule | None:
        """The first rule that decides about packets from this address to the ports, as ufw applies them."""
        for rule in self.rules:
            if rule.action == "ALLOW" and rule.covers(address, ports, wholly=True):
                return rule
            if rule.action in ("DENY", "REJECT") and rule.covers(address, ports, wholly=False):
                return rule
        return None

    def _same(self, address: str, ports: tuple[int, int]) -> Rule | None:
        """The rule in whose place ufw would put the app's."""
        return next(
            (each for each in self.rules if (each.to, each.source) == (f"{_numbers(ports)}/tcp", address)), None
        )


def parse_ufw(status: str) -> Ufw:
    """The state from the output of `ufw status`; verbose, it has the ports of an application, too."""
    rows = (ROW.fullmatch(line.partition(" # ")[0].strip()) for line in status.splitlines())
    rules = tuple(Rule(row["to"], row["action"], row["source"]) for row in rows if row)
    return Ufw(status.startswith("Status: active"), rules)


def _numbers(ports: tuple[int, int]) -> str:
    return ":".join(map(str, dict.fromkeys(ports)))


def _has_ports(to: str, ports: tuple[int, int], wholly: bool) -> bool:
    """Whether the column To is about these TCP ports, of every address and interface of the host."""
    numbers, _, protocol = APPLICATION.sub("", to.removesuffix(V6)).removesuffix(V6).partition("/")
    if protocol not in ("", "tcp") or is_address(numbers):
        return False
    if numbers == "Anywhere":
        return True
    ranges = [_range(each) for each in numbers.split(",")]
    first, last = ports
    if wholly:
        return any(each and each[0] <= first and last <= each[1] for each in ranges)
    return any(each and each[0] <= last and first <= each[1] for each in ranges)


def _range(text: str) -> tuple[int, int] | None:
    first, colon, last = text.partition(":")
    low, high = whole(first), whole(last if colon else first)
    return None if low is None or high is None else (low, high)

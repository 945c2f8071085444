"""What ufw lets in: its rules as `ufw status numbered` prints them, and which of them a connection meets first."""

import re
from dataclasses import dataclass

from tui.linux.addresses import is_address, within

RULE = re.compile(
    r"^(?:\[ *(?P<number>\d+)\] +)?(?P<to>\S.*?)\s+(?P<action>ALLOW|DENY|REJECT|LIMIT)(?: (?P<way>IN|OUT|FWD))?"
    r"\s+(?P<from>\S.*)$"
)
PORTS = re.compile(r"(?:^|\s)([0-9][0-9,:]*)(?:/(tcp|udp))?(?: on \S+)?$")
OTHER_PROTOCOL = re.compile(r"/(?!tcp\b)[a-z]+\b")  # behind a port or an address
BESIDE = re.compile(r" \((?:v6|log|log-all|out)\)| on \S+$")  # what stands beside whom a rule is about
LOOPBACK = " on lo"
ANYWHERE = "Anywhere"


@dataclass(frozen=True)
class UfwRule:
    """One line of the table; `number` is what `ufw delete` wants: `ufw status` alone has another order."""

    number: int
    to: str
    action: str
    origin: str  # an address, a network or ANYWHERE, as it stands under "From", maybe with a port

    @property
    def sender(self) -> str:
        """The address or network alone, ANYWHERE, or empty where only some ports of the sender are meant."""
        bare = BESIDE.sub("", self.origin).strip().removesuffix("/tcp")
        return bare if bare == ANYWHERE or is_address(bare.partition("/")[0]) else ""

    def covers(self, port: int) -> bool:
        """Whether tcp to this port is meant, from whatever port; what is named after an application is not known."""
        if (
            not self.sender
            or self.to.endswith(LOOPBACK)
            or any(OTHER_PROTOCOL.search(each) for each in (self.to, self.origin))
        ):
            return False
        if self.to.startswith(ANYWHERE) or is_address(self.to.partition("/")[0]):
            return True
        found = PORTS.search(self.to)
        return found is not None and found[2] != "udp" and any(_in_range(port, each) for each in found[1].split(","))

    def from_address(self, address: str) -> bool:
        """Whether a connection from this address is meant."""
        if self.sender == ANYWHERE:
            return ("(v6)" in self.origin) == (":" in address)
        return within(address, self.sender)


@dataclass(frozen=True)
class Ufw:
    """ufw of a host; `default` is what becomes of a connection that no rule is about: "DROP", "REJECT", "ACCEPT"."""

    active: bool
    default: str = "DROP"
    rules: tuple[UfwRule, ...] = ()

    def decides(self, address: str, port: int) -> UfwRule | None:
        """The first rule about tcp from there to that port."""
        return next((rule for rule in self.rules if rule.covers(port) and rule.from_address(address)), None)

    def lets_in(self, address: str, port: int) -> bool:
        rule = self.decides(address, port)
        return rule.action in ("ALLOW", "LIMIT") if rule else self.default == "ACCEPT"


def parse_ufw(status: str, defaults: str) -> Ufw:
    """What `ufw status numbered` printed, and the text of /etc/default/ufw."""
    policy = re.search(r'^DEFAULT_INPUT_POLICY="?(\w+)', defaults, re.MULTILINE)
    rules: list[UfwRule] = []
    for line in status.splitlines():
        found = RULE.match(line.split(" # ")[0].rstrip())
        if found and found["way"] in (None, "IN"):
            number = int(found["number"] or len(rules) + 1)
            rules.append(UfwRule(number, found["to"].replace(" (v6)", ""), found["action"], found["from"]))
    return Ufw(
        active=status.startswith("Status: active"),
        default=policy[1] if policy else "DROP",
        rules=tuple(rules),
    )


def _in_range(port: int, text: str) -> bool:
    first, _, last = text.partition(":")
    return first.isdigit() and int(first) <= port <= int(last or first)

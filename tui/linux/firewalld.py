"""firewalld of a host: the zone for packets of another host, and the rich rule that the app adds there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.linux.change import Move, reversible


@dataclass(frozen=True)
class Zone:
    """One zone as `firewall-cmd --list-all-zones` prints it; `rules` are the exact texts of its rich rules."""

    name: str
    interfaces: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Firewalld:
    """State of firewalld; the app does not derive from the zones whether a connection passes."""

    running: bool = False
    now: tuple[Zone, ...] = ()
    kept: tuple[Zone, ...] = ()  # the permanent ones
    default: str = ""
    devices: Mapping[str, str] = field(default_factory=dict)  # the interface to each address

    def zone(self, address: str) -> str:
        """The zone of the interface to this address; interfaces of no zone are in the default zone."""
        device = self.devices.get(address, "")
        return next((zone.name for zone in self.now if device in zone.interfaces), self.default)

    def moves(self, host: str, address: str, ports: tuple[int, int]) -> tuple[Move, ...]:
        """Adds the rule that opens TCP ports to this address, to the runtime and the permanent rules that lack it."""
        if not self.running:
            return ()
        zone, rule, moves = self.zone(address), rich_rule(address, ports), []
        for zones, kept in ((self.now, ()), (self.kept, ("--permanent",))):
            if not any(each.name == zone and rule in each.rules for each in zones):
                words = ("firewall-cmd", *kept, f"--zone={zone}")
                add, remove = f"--add-rich-rule={rule}", f"--remove-rich-rule={rule}"
                moves.append(reversible(host, (*words, add), (*words, remove)))
        return tuple(moves)


def rich_rule(address: str, ports: tuple[int, int]) -> str:
    """The rule that opens TCP ports to one address, in the form in which firewalld lists it."""
    family, numbers = "ipv6" if ":" in address else "ipv4", "-".join(map(str, dict.fromkeys(ports)))
    return f'rule family="{family}" source address="{address}" port port="{numbers}" protocol="tcp" accept'


def parse_zones(text: str) -> tuple[Zone, ...]:
    """The zones from the output of `--list-all-zones`, which has one block per zone."""
    return tuple(_zone(block) for block in text.split("\n\n") if block.strip())


def _zone(text: str) -> Zone:
    first, *lines = (line.strip() for line in text.strip().splitlines())
    interfaces = next((line.partition(":")[2].split() for line in lines if line.startswith("interfaces:")), [])
    rules = (line for line in lines if line.startswith("rule "))
    return Zone(first.partition(" ")[0], frozenset(interfaces), frozenset(rules))

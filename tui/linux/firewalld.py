"""firewalld of a host: the zone that another host's packets come in through, and the rich rule we add there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.linux.change import Move, reversible


@dataclass(frozen=True)
class Zone:
    """One zone as `firewall-cmd --list-all-zones` prints it; its rich rules are kept word for word."""

    name: str
    interfaces: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Firewalld:
    """firewalld of a host. Whether a connection passes is not judged by its zones: the ports are tried."""

    running: bool = False
    now: tuple[Zone, ...] = ()
    kept: tuple[Zone, ...] = ()  # after its next start
    default: str = ""
    devices: Mapping[str, str] = field(default_factory=dict)  # by address, the interface it is reached through

    def zone(self, address: str) -> str:
        """The zone of the interface that leads to this address; the default one has all other interfaces."""
        device = self.devices.get(address, "")
        return next((zone.name for zone in self.now if device in zone.interfaces), self.default)

    def moves(self, host: str, address: str, ports: tuple[int, int]) -> tuple[Move, ...]:
        """Adds the rule for tcp from this address, now and as kept, wherever exactly that one is missing."""
        if not self.running:
            return ()
        zone, rule, moves = self.zone(address), rich_rule(address, ports), []
        for zones, kept in ((self.now, ()), (self.kept, ("--permanent",))):
            if not any(each.name == zone and rule in each.rules for each in zones):
                words = ("firewall-cmd", *kept, f"--zone={zone}")
                moves.append(
                    reversible(host, (*words, f"--add-rich-rule={rule}"), (*words, f"--remove-rich-rule={rule}"))
                )
        return tuple(moves)


def rich_rule(address: str, ports: tuple[int, int]) -> str:
    """The rule that lets one address alone in to these tcp ports, in the words in which firewalld lists it."""
    family, numbers = "ipv6" if ":" in address else "ipv4", "-".join(map(str, dict.fromkeys(ports)))
    return f'rule family="{family}" source address="{address}" port port="{numbers}" protocol="tcp" accept'


def parse_zones(text: str) -> tuple[Zone, ...]:
    """What `--list-all-zones` printed: a block a zone."""
    return tuple(_zone(block) for block in text.split("\n\n") if block.strip())


def _zone(text: str) -> Zone:
    first, *lines = (line.strip() for line in text.strip().splitlines())
    interfaces = next((line.partition(":")[2].split() for line in lines if line.startswith("interfaces:")), [])
    rules = (line for line in lines if line.startswith("rule "))
    return Zone(first.partition(" ")[0], frozenset(interfaces), frozenset(rules))

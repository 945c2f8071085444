"""What firewalld lets in, as `firewall-cmd --list-all-zones` prints its zones: now, and after its next start."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.linux.addresses import is_address, within

NFS = "nfs"
SERVICES = {NFS: 2049, "nfs3": 2049}  # by name, the tcp port that matters here; all others are about something else

# The parts of a rich rule (firewalld.richlanguage(5)); what comes before the next one belongs to it.
ELEMENTS = ("service", "port", "protocol", "source-port", "icmp-block", "icmp-type", "masquerade", "forward-port")
VERDICTS = ("accept", "reject", "drop")
PARTS = (*ELEMENTS, *VERDICTS, "rule", "source", "destination", "log", "nflog", "audit", "mark", "limit")


@dataclass(frozen=True)
class RichRule:
    """One rich rule, read as far as it is about tcp; what it says of the rest is passed over."""

    text: str
    accepts: bool
    priority: int = 0
    family: str = ""  # ipv4, ipv6, or both
    source: str = ""  # an address or a network; empty where it is from everywhere
    negated: bool = False  # from everywhere else
    ports: tuple[str, ...] | None = None  # as zones have them, None for all
    unclear: bool = False  # it depends on what is not known here, such as a set of addresses or a rate

    def covers(self, address: str, port: int) -> bool:
        """Whether tcp from this address to that port is surely meant."""
        if self.unclear or self.family not in ("", "ipv6" if ":" in address else "ipv4"):
            return False
        if self.source and within(address, self.source) is self.negated:
            return False
        return self.ports is None or any(has_port(each, port) for each in self.ports)


@dataclass(frozen=True)
class Zone:
    """One zone: what it lets in, and who comes through it."""

    name: str
    target: str = "default"
    interfaces: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()  # 2049/tcp, 2000-2100/udp
    protocols: tuple[str, ...] = ()
    rules: tuple[RichRule, ...] = ()

    def decides(self, address: str, port: int) -> RichRule | None:
        """The rich rule that a tcp connection meets before the zone's ports; of one priority refusals come first."""
        early = (rule for rule in sorted(self.rules, key=_order) if rule.priority <= 0)
        return next((rule for rule in early if rule.covers(address, port)), None)

    def lets_in(self, address: str, port: int) -> bool:
        """Whether a tcp connection from this address to that port passes."""
        rule = self.decides(address, port)
        if rule is not None:
            return rule.accepts
        if any(SERVICES.get(each) == port for each in self.services) or "tcp" in self.protocols:
            return True
        if any(has_port(each, port) for each in self.ports):
            return True
        late = (rule for rule in sorted(self.rules, key=_order) if rule.priority > 0 and rule.covers(address, port))
        return next((rule.accepts for rule in late), self.target == "ACCEPT")


@dataclass(frozen=True)
class Firewalld:
    """firewalld of a host: its zones as they are now, and as they are kept."""

    running: bool
    now: tuple[Zone, ...] = ()
    kept: tuple[Zone, ...] = ()
    default: str = ""
    devices: Mapping[str, str] = field(default_factory=dict)  # by address, the interface it is reached through

    def zones(self, address: str) -> tuple[Zone, Zone]:
        """Those that a packet from there comes through, now and as kept: its source counts before its interface."""
        device = self.devices.get(address, "")
        by_device = _named(self.now, next((each.name for each in self.now if device in each.interfaces), self.default))
        now = _by_source(self.now, address) or by_device
        at_start = next((each for each in self.kept if device in each.interfaces), None)
        kept = _by_source(self.kept, address) or at_start or _named(self.kept, by_device.name)
        return now, kept

    def lets_in(self, address: str, port: int) -> bool:
        """Whether a tcp connection passes now, and after a restart."""
        return all(zone.lets_in(address, port) for zone in self.zones(address))

    def refuses(self, address: str, port: int) -> str:
        """The zone and the rich rule that somebody made to keep it out, empty where there is none."""
        for zone in self.zones(address):
            rule = zone.decides(address, port)
            if rule is not None and not rule.accepts:
                return f"zone {zone.name} has `{rule.text}`"
        return ""


def parse_zones(text: str) -> tuple[Zone, ...]:
    """What `--list-all-zones` printed: a block a zone."""
    return tuple(_zone(block) for block in text.split("\n\n") if block.strip())


def parse_rule(text: str) -> RichRule | None:
    """One rich rule; None where it neither accepts nor refuses."""
    sections: dict[str, dict[str, str]] = {}
    part, rate = "rule", False
    for word in shlex.split(text):
        key, equals, value = word.partition("=")
        if not equals and word in PARTS:
            rate = rate or (word == "limit" and part in VERDICTS)
            part = word
            sections.setdefault(part, {})
        elif equals or word in ("NOT", "not"):
            sections.setdefault(part, {})[key.lower()] = value
    verdict = next((each for each in VERDICTS if each in sections), None)
    if verdict is None:
        return None
    source, rule = sections.get("source", {}), sections.get("rule", {})
    by_address = not source or is_address(source.get("address", "").partition("/")[0])
    return RichRule(
        text,
        accepts=verdict == "accept",
        priority=int(rule.get("priority", "0")),
        family=rule.get("family", ""),
        source=source.get("address", ""),
        negated="not" in source,
        ports=_ports(sections),
        unclear=rate or not by_address or "destination" in sections,
    )


def has_port(text: str, port: int) -> bool:
    """Whether a port of a zone, such as 2049/tcp or 2000-2100/tcp, is that one of tcp."""
    numbers, _, protocol = text.partition("/")
    first, _, last = numbers.partition("-")
    if protocol != "tcp" or not first.isdecimal() or not (last or first).isdecimal():
        return False
    return int(first) <= port <= int(last or first)


def rich_rule(address: str, what: str) -> str:
    """The rule that lets something in from one address alone; `what` is an element, such as `service name="nfs"`."""
    family = "ipv6" if ":" in address else "ipv4"
    return f'rule family="{family}" source address="{address}" {what} accept'


def _zone(text: str) -> Zone:
    first, *lines = text.strip("\n").splitlines()
    values = {key.strip(): value.split() for key, _, value in (line.partition(":") for line in lines)}
    rules = (parse_rule(line.strip()) for line in lines if line.strip().startswith("rule "))
    listed = {name: tuple(values.get(name, ())) for name in ("interfaces", "sources", "services", "ports", "protocols")}
    return Zone(
        name=first.partition(" ")[0],
        target="".join(values.get("target", ["default"])).strip("%"),
        rules=tuple(rule for rule in rules if rule is not None),
        **listed,
    )


def _ports(sections: Mapping[str, Mapping[str, str]]) -> tuple[str, ...] | None:
    """What its element is about: one at most, and none means everything."""
    if "service" in sections:
        port = SERVICES.get(sections["service"].get("name", ""))
        return (f"{port}/tcp",) if port else ()
    if "port" in sections:
        return (f"{sections['port'].get('port', '')}/{sections['port'].get('protocol', '')}",)
    if "protocol" in sections:
        return None if sections["protocol"].get("value") == "tcp" else ()
    return () if any(each in sections for each in ELEMENTS) else None


def _order(rule: RichRule) -> tuple[int, bool]:
    return rule.priority, rule.accepts


def _by_source(zones: tuple[Zone, ...], address: str) -> Zone | None:
    return next((zone for zone in zones if any(within(address, each) for each in zone.sources)), None)


def _named(zones: tuple[Zone, ...], name: str) -> Zone:
    return next((zone for zone in zones if zone.name == name), Zone(name))

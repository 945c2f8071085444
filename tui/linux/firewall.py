"""The firewall of a host, and how the ports of a migration are opened in it for one other host alone."""

from dataclasses import dataclass

from tui.linux.addresses import route_device
from tui.linux.change import Change, Command, Move
from tui.linux.firewalld import Firewalld, parse_zones, rich_rule
from tui.linux.script_sections import PRELUDE, file_text, parse_sections
from tui.linux.ufw import Ufw, parse_ufw

# As root. $1 is the address of the other host: firewalld's zone depends on where its packets come in.
SCRIPT = rf"""{PRELUDE}
part ufw 30 ufw status numbered
part ufw_defaults 5 cat /etc/default/ufw
[ "$(timeout 30 firewall-cmd --state 2>/dev/null)" = running ] || exit 0
part zone_default 20 firewall-cmd --get-default-zone
part zones_now 30 firewall-cmd --list-all-zones
part zones_kept 30 firewall-cmd --permanent --list-all-zones
part device 5 ip -o route get "$1"
"""

NO_FIREWALLD = Firewalld(running=False)
ELSEWHERE = "so something else holds them up: another firewall, or the network in between"


@dataclass(frozen=True)
class Firewall:
    """What may be active on a host."""

    ufw: Ufw
    firewalld: Firewalld = NO_FIREWALLD


def parse_firewall(text: str) -> Firewall:
    """What SCRIPT printed."""
    sections = {name: file_text(part) or "" for name, part in parse_sections(text).items()}
    ufw = parse_ufw(sections.get("ufw", ""), sections.get("ufw_defaults", ""))
    if "zones_now" not in sections:
        return Firewall(ufw)
    device = route_device(sections.get("device", ""))
    now, kept = parse_zones(sections["zones_now"]), parse_zones(sections["zones_kept"])
    return Firewall(ufw, Firewalld(True, now, kept, sections["zone_default"].strip(), dict([device] if device else [])))


def opened(host: str, firewall: Firewall, other: str, ports: tuple[int, int]) -> Change | str:
    """What lets the address `other` in to these TCP ports of `host`, or why the app can't."""
    if firewall.ufw.active:
        return _through_ufw(host, firewall.ufw, other, ports)
    if firewall.firewalld.running:
        return _through_firewalld(host, firewall.firewalld, other, ports)
    return f"neither ufw nor firewalld is active there, {ELSEWHERE}"


def _through_ufw(host: str, ufw: Ufw, other: str, ports: tuple[int, int]) -> Change | str:
    for rule in (ufw.decides(other, port) for port in range(ports[0], ports[1] + 1)):
        if rule is not None and rule.action in ("DENY", "REJECT"):
            return f"rule {rule.number} of ufw there refuses {rule.origin}: remove it, or put a rule before it"
    if all(ufw.lets_in(other, port) for port in range(ports[0], ports[1] + 1)):
        return f"ufw lets them in already, {ELSEWHERE}"
    rule_words = ("allow", "proto", "tcp", "from", other, "to", "any", "port", f"{ports[0]}:{ports[1]}")
    return Change((_move(host, ("ufw", *rule_words), ("ufw", "delete", *rule_words)),), f"for {other} alone")


def _through_firewalld(host: str, firewalld: Firewalld, other: str, ports: tuple[int, int]) -> Change | str:
    every = range(ports[0], ports[1] + 1)
    if refusing := next((said for port in every if (said := firewalld.refuses(other, port))), ""):
        return f"firewalld there refuses them: {refusing}. Remove that rule, if nobody needs it"
    rule = rich_rule(other, f'port port="{ports[0]}-{ports[1]}" protocol="tcp"')
    moves = []
    for zone, kept in zip(firewalld.zones(other), ((), ("--permanent",)), strict=True):
        if not all(zone.lets_in(other, port) for port in every):
            words = ("firewall-cmd", *kept, f"--zone={zone.name}")
            moves.append(_move(host, (*words, f"--add-rich-rule={rule}"), (*words, f"--remove-rich-rule={rule}")))
    if not moves:
        return f"firewalld lets them in already, {ELSEWHERE}"
    return Change(tuple(moves), f"for {other} alone, now and again after a restart")


def _move(host: str, do: tuple[str, ...], undo: tuple[str, ...]) -> Move:
    return Move(Command(host, do), (Command(host, undo),))

"""The firewall of a host, and how the ports of a migration are opened in it for one other host alone."""

from dataclasses import dataclass

from tui.model.change import Change, Command, Move
from tui.model.ufw import Ufw, parse_ufw

# As root. $1 is the address of the other host: firewalld's zone depends on where its packets come in.
SCRIPT = r"""
status=$(timeout 10 ufw status numbered 2>/dev/null)
case $status in
  "Status: active"*)
    printf '%s\n' "$status" | sed 's/^/ufw /'
    sed 's/^/ufw_default /' /etc/default/ufw
    exit 0
    ;;
esac
[ "$(timeout 10 firewall-cmd --state 2>/dev/null)" = running ] || exit 0
device=$(ip -o route get "$1" 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p')
zone=$(firewall-cmd --get-zone-of-interface="$device" 2>/dev/null) || zone=$(firewall-cmd --get-default-zone)
echo "zone $zone"
firewall-cmd --zone="$zone" --list-rich-rules | sed 's/^/rule /'
"""

ELSEWHERE = "so something else holds them up: another firewall, or the network in between"


@dataclass(frozen=True)
class Firewall:
    """What is active: ufw, or firewalld with the zone that the other host's packets come in by; or neither."""

    ufw: Ufw
    zone: str = ""
    rich_rules: tuple[str, ...] = ()  # of that zone


def parse_firewall(text: str) -> Firewall:
    """What SCRIPT printed."""
    lines = [line.partition(" ")[::2] for line in text.splitlines()]
    status, defaults = (
        "\n".join(value for name, value in lines if name == wanted) for wanted in ("ufw", "ufw_default")
    )
    rules = tuple(value.strip() for name, value in lines if name == "rule")
    return Firewall(parse_ufw(status, defaults), dict(lines).get("zone", ""), rules)


def opened(host: str, firewall: Firewall, other: str, ports: tuple[int, int]) -> Change | str:
    """What lets the address `other` in to these TCP ports of `host`, or why the app can't."""
    if firewall.ufw.active:
        return _through_ufw(host, firewall.ufw, other, ports)
    if firewall.zone:
        return _through_firewalld(host, firewall, other, ports)
    return f"neither ufw nor firewalld is active there, {ELSEWHERE}"


def _through_ufw(host: str, ufw: Ufw, other: str, ports: tuple[int, int]) -> Change | str:
    for rule in (ufw.decides(other, port) for port in ports):
        if rule is not None and rule.action in ("DENY", "REJECT"):
            return f"rule {rule.number} of ufw there refuses {rule.origin}: remove it, or put a rule before it"
    if all(ufw.lets_in(other, port) for port in ports):
        return f"ufw lets them in already, {ELSEWHERE}"
    rule_words = ("allow", "proto", "tcp", "from", other, "to", "any", "port", f"{ports[0]}:{ports[1]}")
    return Change((_move(host, ("ufw", *rule_words), ("ufw", "delete", *rule_words)),), f"for {other} alone")


def _through_firewalld(host: str, firewall: Firewall, other: str, ports: tuple[int, int]) -> Change | str:
    family = "ipv6" if ":" in other else "ipv4"
    accept = f'port port="{ports[0]}-{ports[1]}" protocol="tcp" accept'
    rule = f'rule family="{family}" source address="{other}" {accept}'
    if rule in firewall.rich_rules:
        return f"firewalld lets them in already, {ELSEWHERE}"
    commands = (("firewall-cmd", *kept, f"--zone={firewall.zone}") for kept in ((), ("--permanent",)))
    moves = (
        _move(host, (*each, f"--add-rich-rule={rule}"), (*each, f"--remove-rich-rule={rule}")) for each in commands
    )
    return Change(tuple(moves), f"for {other} alone, now and again after a restart")


def _move(host: str, do: tuple[str, ...], undo: tuple[str, ...]) -> Move:
    return Move(Command(host, do), (Command(host, undo),))

"""The firewall of a host, and how the ports of a migration are opened in it for one other host alone."""

import ipaddress
import re
from dataclasses import dataclass

from tui.model.change import Change, Command, Move

UFW, FIREWALLD, NONE = "ufw", "firewalld", ""

# As root. $1 is the address of the other host: firewalld's zone depends on where its packets come in.
SCRIPT = r"""
if ufw status 2>/dev/null | grep -q '^Status: active'; then
  echo "firewall ufw"
  ufw show added | sed -n 's/^ufw /rule /p'
elif [ "$(timeout 10 firewall-cmd --state 2>/dev/null)" = running ]; then
  echo "firewall firewalld"
  device=$(ip -o route get "$1" 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p')
  zone=$(firewall-cmd --get-zone-of-interface="$device" 2>/dev/null) || zone=$(firewall-cmd --get-default-zone)
  echo "zone $zone"
  firewall-cmd --zone="$zone" --list-rich-rules | sed 's/^/rule /'
fi
:
"""


@dataclass(frozen=True)
class Firewall:
    """Which one is active, the zone that the other host's packets come in by, and the rules that people have made."""

    kind: str = NONE
    zone: str = ""
    rules: tuple[str, ...] = ()


def parse_firewall(text: str) -> Firewall:
    """What SCRIPT printed."""
    lines = [line.partition(" ")[::2] for line in text.splitlines()]
    facts = dict(lines)
    rules = tuple(value.strip() for name, value in lines if name == "rule")
    return Firewall(facts.get("firewall", NONE), facts.get("zone", ""), rules)


def opened(host: str, firewall: Firewall, other: str, ports: tuple[int, int]) -> Change | str:
    """What lets the address `other` in to these TCP ports of `host`, or why the app can't."""
    if firewall.kind == UFW:
        rule = ("allow", "proto", "tcp", "from", other, "to", "any", "port", f"{ports[0]}:{ports[1]}")
        if any(_same(rule, each) for each in firewall.rules):
            return "ufw lets them in already, so something else is in between: another rule, or the network"
        add, remove = ("ufw", *rule, "comment", "vmlm-tui"), ("ufw", "delete", *rule)
        return Change((Move(Command(host, add), (Command(host, remove),)),))
    if firewall.kind == FIREWALLD:
        family = f"ipv{ipaddress.ip_address(other).version}"
        accept = f'port port="{ports[0]}-{ports[1]}" protocol="tcp" accept'
        rule_text = f'rule family="{family}" source address="{other}" {accept}'
        if rule_text in firewall.rules:
            return "firewalld lets them in already, so something else is in between: another rule, or the network"
        moves = (_rich(host, firewall.zone, rule_text, when) for when in ((), ("--permanent",)))
        return Change(tuple(moves), "now, and again after a restart")
    return "neither ufw nor firewalld is active there: another firewall, or the network in between, holds them up"


def _rich(host: str, zone: str, rule: str, when: tuple[str, ...]) -> Move:
    command = ("firewall-cmd", *when, f"--zone={zone}")
    add, remove = ((*command, f"--{verb}-rich-rule={rule}") for verb in ("add", "remove"))
    return Move(Command(host, add), (Command(host, remove),))


def _same(rule: tuple[str, ...], line: str) -> bool:
    """Whether a line of `ufw show added` is this rule; it writes what was typed in another order and with a comment."""
    return sorted(rule) == sorted(re.sub(r" comment '.*'$", "", line).split())

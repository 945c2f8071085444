"""The active firewall of a host, and the rules that open ports to one other host.

The app only adds a rule, finds it again by its exact text and removes it. A connection shows whether traffic passes.
"""

from dataclasses import dataclass

from tui.linux.addresses import route_device
from tui.linux.change import Change, Move
from tui.linux.firewalld import Firewalld, parse_zones
from tui.linux.script_sections import PRELUDE, file_text, parse_sections
from tui.linux.ufw import Ufw, parse_ufw

# As root, after PRELUDE. The sections device... contain the routes to other hosts.
PARTS = """
if grep -q '^ENABLED=yes' /etc/ufw/ufw.conf 2> /dev/null; then part ufw 30 ufw status verbose; fi
if [ "$(timeout 30 firewall-cmd --state 2> /dev/null)" = running ]; then
  part zone_default 20 firewall-cmd --get-default-zone
  part zones_now 30 firewall-cmd --list-all-zones
  part zones_kept 30 firewall-cmd --permanent --list-all-zones
fi
"""
# $1 is the address of the other host.
SCRIPT = f"""{PRELUDE}{PARTS}
part device 5 ip -o route get "$1"
"""

BLOCKED = "so something else blocks the connection: an earlier rule, another zone or firewall, or the network"
NO_UFW, NO_FIREWALLD = Ufw(), Firewalld()


@dataclass(frozen=True)
class Firewall:
    """The firewalls of a host, active or not."""

    ufw: Ufw = NO_UFW
    firewalld: Firewalld = NO_FIREWALLD

    @property
    def name(self) -> str:
        """The active firewalls; empty if none is."""
        return " and ".join(["ufw"] * self.ufw.active + ["firewalld"] * self.firewalld.running)

    def moves(self, host: str, address: str, ports: tuple[int, int]) -> tuple[Move, ...]:
        """Adds the missing rules that open TCP ports to this address, in each active firewall."""
        return (*self.ufw.moves(host, address, ports), *self.firewalld.moves(host, address, ports))

    def refusal(self, address: str, ports: tuple[int, int]) -> str:
        """The rule of ufw that keeps the address out, as a sentence; empty if there is none."""
        return self.ufw.refusal(address, ports)


def parse_firewall(text: str) -> Firewall:
    """The firewalls from the output of PARTS and of the device... sections; other sections are ignored."""
    sections = {name: file_text(part) or "" for name, part in parse_sections(text).items()}
    ufw = parse_ufw(sections.get("ufw", ""))
    if "zones_now" not in sections:
        return Firewall(ufw)
    now, kept = parse_zones(sections["zones_now"]), parse_zones(sections.get("zones_kept", ""))
    devices = dict(found for name in sections if name.startswith("device") and (found := route_device(sections[name])))
    return Firewall(ufw, Firewalld(True, now, kept, sections.get("zone_default", "").strip(), devices))


def opened(host: str, firewall: Firewall, other: str, ports: tuple[int, int]) -> Change | str:
    """Opens TCP ports of `host` to the address `other`; a sentence if the app can't."""
    if not firewall.name:
        return f"neither ufw nor firewalld is active there, {BLOCKED}"
    if refusal := firewall.refusal(other, ports):
        return refusal
    moves = firewall.moves(host, other, ports)
    if not moves:
        return f"{firewall.name} already has a rule for {other}, {BLOCKED}"
    return Change(moves, f"for {other} only, now and after a restart")

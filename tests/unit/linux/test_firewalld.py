"""The zone and the rule of firewalld that let a host in.

The texts below are recorded output of firewalld 1.3.3 on Debian 12 and 2.3.1 on Debian 13, without unchanged zones.
"""

import pytest

from tests.fake_hosts import answered
from tui.linux.addresses import route_device
from tui.linux.change import Change, Command
from tui.linux.firewall import opened, parse_firewall
from tui.linux.firewalld import Firewalld, Zone, parse_zones, rich_rule

PLAIN = """\
internal
  target: default
  icmp-block-inversion: no
  interfaces: 
  sources: 
  services: dhcpv6-client mdns samba-client ssh
  ports: 
  protocols: 
  forward: yes
  masquerade: no
  forward-ports: 
  source-ports: 
  icmp-blocks: 
  rich rules: 

public
  target: default
  icmp-block-inversion: no
  interfaces: 
  sources: 
  services: dhcpv6-client ssh
  ports: 
  protocols: 
  forward: yes
  masquerade: no
  forward-ports: 
  source-ports: 
  icmp-blocks: 
  rich rules: 

trusted
  target: ACCEPT
  icmp-block-inversion: no
  interfaces: 
  sources: 
  services: 
  ports: 
  protocols: 
  forward: yes
  masquerade: no
  forward-ports: 
  source-ports: 
  icmp-blocks: 
  rich rules: 
"""  # noqa: W291 - as firewall-cmd prints it
ACTIVE = """\
internal (active)
  target: default
  icmp-block-inversion: no
  interfaces: 
  sources: 203.0.113.0/24
  services: dhcpv6-client mdns samba-client ssh
  ports: 
  protocols: 
  forward: yes
  masquerade: no
  forward-ports: 
  source-ports: 
  icmp-blocks: 
  rich rules: 

public (active)
  target: default
  icmp-block-inversion: no
  interfaces: eth0
  sources: 
  services: dhcpv6-client ssh
  ports: 2000-2100/tcp 49152-49215/udp
  protocols: sctp
  forward: yes
  masquerade: no
  forward-ports: 
  source-ports: 49152/tcp
  icmp-blocks: 
  rich rules: 
\trule priority="-5" family="ipv6" source address="2001:db8::/32" service name="nfs" log prefix="x" level="info" limit value="3/m" accept
\trule family="ipv4" source address="192.0.2.8" drop
\trule family="ipv4" source address="192.0.2.7" source-port port="2049" protocol="tcp" accept
\trule family="ipv4" source address="192.0.2.9" accept
\trule family="ipv4" source address="192.0.2.1" port port="49160" protocol="udp" accept
\trule family="ipv4" destination address="192.0.2.7" port port="49152-49215" protocol="tcp" accept limit value="1/m"
\trule family="ipv4" source address="192.0.2.10" port port="2049" protocol="tcp" reject
"""  # noqa: W291, E501 - as firewall-cmd prints it
PORTS = (49152, 49215)


def test_zones_are_parsed_with_their_interfaces_and_the_exact_text_of_their_rules() -> None:
    internal, public = parse_zones(ACTIVE)
    assert (internal, public.name, public.interfaces) == (Zone("internal"), "public", {"eth0"})
    assert len(public.rules) == 7
    assert 'rule family="ipv4" source address="192.0.2.8" drop' in public.rules
    assert parse_zones(PLAIN) == (Zone("internal"), Zone("public"), Zone("trusted"))


@pytest.mark.parametrize(
    "rule", ['rule log prefix="it\'s" accept', 'rule source address="192.0.2.1', 'rule priority="²" drop']
)
def test_a_rule_with_an_odd_quote_or_number_is_kept_unchanged(rule: str) -> None:
    assert parse_zones(f"public\n  rich rules: \n\t{rule}\n") == (Zone("public", rules=frozenset({rule})),)


def test_a_zone_of_debian_13_is_parsed_the_same() -> None:
    """The output of firewalld 2.3.1."""
    text = """\
public (default)
  target: default
  ingress-priority: 0
  egress-priority: 0
  icmp-block-inversion: no
  interfaces: 
  sources: 
  services: dhcpv6-client ssh
  ports: 2000-2100/tcp
  protocols: 
  forward: yes
  masquerade: no
  forward-ports: 
  source-ports: 
  icmp-blocks: 
  rich rules: 
\trule family="ipv4" source address="192.0.2.1" service name="nfs" accept
"""  # noqa: W291 - as firewall-cmd prints it
    rule = 'rule family="ipv4" source address="192.0.2.1" service name="nfs" accept'
    assert parse_zones(text) == (Zone("public", rules=frozenset({rule})),)


def test_the_zone_of_a_host_is_that_of_the_interface_to_it() -> None:
    zones = (Zone("public", frozenset({"eth0"})), Zone("trusted", frozenset({"eth1", "br-lan"})))
    firewalld = Firewalld(True, zones, (), "public", {"192.0.2.1": "br-lan", "192.0.2.9": "br"})
    found = [firewalld.zone(address) for address in ("192.0.2.1", "192.0.2.9", "198.51.100.1")]
    assert found == ["trusted", "public", "public"]


def test_a_rule_has_the_form_in_which_firewalld_lists_it() -> None:
    assert rich_rule("192.0.2.1", (2049, 2049)) == (
        'rule family="ipv4" source address="192.0.2.1" port port="2049" protocol="tcp" accept'
    )
    assert rich_rule("2001:db8::1", PORTS) == (
        'rule family="ipv6" source address="2001:db8::1" port port="49152-49215" protocol="tcp" accept'
    )


def test_the_interface_is_that_of_the_route() -> None:
    text = "10.77.49.2 dev eth0 src 10.77.49.1 uid 0 \\    cache \n"
    assert route_device(text) == ("10.77.49.2", "eth0")
    assert route_device("RTNETLINK answers: Network is unreachable\n") is None
    assert route_device("") is None


# -- the ports of a migration --


def firewall(now: str, kept: str = PLAIN) -> str:
    route = "192.0.2.1 dev eth0 src 192.0.2.2 uid 0 \n"
    return answered(zone_default="public\n", zones_now=now, zones_kept=kept, device=route)


def test_the_runtime_and_the_permanent_rule_are_added_to_the_zone_of_the_interface_and_undone() -> None:
    made = opened("destination", parse_firewall(firewall(ACTIVE)), "192.0.2.1", PORTS)
    assert isinstance(made, Change)
    rule = rich_rule("192.0.2.1", PORTS)
    assert [(move.action, *move.undo) for move in made.moves] == [
        tuple(
            Command("destination", ("firewall-cmd", *kept, "--zone=public", f"--{verb}-rich-rule={rule}"))
            for verb in ("add", "remove")
        )
        for kept in ((), ("--permanent",))
    ]


def test_the_rule_is_added_only_where_it_is_missing() -> None:
    rule = rich_rule("192.0.2.1", PORTS)
    now = f"{ACTIVE}\t{rule}\n"
    made = opened("destination", parse_firewall(firewall(now)), "192.0.2.1", PORTS)
    assert isinstance(made, Change)
    assert ["--permanent" in action.text for action in made.actions] == [True]
    kept = f"public\n  services: ssh\n  rich rules: \n\t{rule}\n"
    why_not = opened("destination", parse_firewall(firewall(now, kept)), "192.0.2.1", PORTS)
    assert isinstance(why_not, str)
    assert why_not.startswith("firewalld already has a rule for 192.0.2.1, so something else blocks the connection")


def test_the_rule_in_another_zone_or_for_other_ports_is_another_rule() -> None:
    for zone, rule in (("internal", rich_rule("192.0.2.1", PORTS)), ("public", rich_rule("192.0.2.1", (49152, 49200)))):
        zones = f"{zone}\n  rich rules: \n\t{rule}\n"
        made = opened("destination", parse_firewall(firewall(zones, zones)), "192.0.2.1", PORTS)
        assert isinstance(made, Change)
        assert len(made.moves) == 2

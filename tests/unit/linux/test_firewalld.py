"""What firewalld lets in: zones, ports in ranges, rich rules; recorded with firewalld 1.3.3 and 2.3.1 on Debian 12, 13.

The texts below are what it printed; zones that are as they came are left out.
"""

from dataclasses import replace

import pytest

from tests.fake_hosts import answered
from tui.linux.addresses import route_device
from tui.linux.change import Change
from tui.linux.firewall import opened, parse_firewall
from tui.linux.firewalld import Firewalld, parse_rule, parse_zones, rich_rule

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
PUBLIC = Firewalld(True, parse_zones(ACTIVE), parse_zones(PLAIN), "public", {"192.0.2.1": "eth0"})


@pytest.mark.parametrize(
    ("address", "port", "passes"),
    [
        ("192.0.2.1", 2049, True),  # by the range of ports
        ("192.0.2.1", 2101, False),
        ("192.0.2.1", 49160, False),  # open to udp, and to whoever sends from 49152
        ("192.0.2.7", 49152, False),  # a rule about the sender's port
        ("192.0.2.8", 2049, False),  # refused, whatever the zone's ports are
        ("192.0.2.9", 49215, True),
        ("192.0.2.10", 2049, False),
        ("192.0.2.10", 2050, True),
        ("2001:db8::1", 2049, True),
        ("203.0.113.1", 2049, False),  # comes through the zone of its source
    ],
)
def test_a_zone_lets_in_whom_it_means(address: str, port: int, passes: bool) -> None:
    now, _kept = PUBLIC.zones(address)
    assert now.lets_in(address, port) is passes


def test_what_is_open_now_alone_is_not_open() -> None:
    assert not PUBLIC.lets_in("192.0.2.1", 2049)
    assert replace(PUBLIC, kept=PUBLIC.now).lets_in("192.0.2.1", 2049)


@pytest.mark.parametrize(
    ("rule", "passes"),
    [
        (rich_rule("192.0.2.1", 'service name="nfs"'), True),
        (rich_rule("192.0.2.1", 'port port="2000-2100" protocol="tcp"'), True),
        (rich_rule("192.0.2.1", 'port port="2049" protocol="udp"'), False),
        (rich_rule("192.0.2.2", 'service name="nfs"'), False),
        (rich_rule("2001:db8::1", 'service name="nfs"'), False),
        ('rule family="ipv4" source NOT address="192.0.2.2" service name="nfs3" accept', True),
        ('rule family="ipv4" source NOT address="192.0.2.1" service name="nfs" accept', False),
        ('rule protocol value="tcp" accept', True),
        ('rule protocol value="udp" accept', False),
        ('rule service name="ssh" accept', False),
        ('rule family="ipv4" source ipset="hosts" service name="nfs" accept', False),
        ('rule family="ipv4" source mac="02:00:00:00:00:01" service name="nfs" accept', False),
        ('rule service name="nfs" accept limit value="2/m"', False),
        ('rule service name="nfs" log limit value="2/m" accept', True),
        ('rule family="ipv6" service name="nfs" accept', False),
        ('rule service name="nfs" mark set="1"', False),
        ("rule masquerade", False),
    ],
)
def test_a_rich_rule_counts_for_what_it_says(rule: str, passes: bool) -> None:
    zones = parse_zones(f"public\n  rich rules: \n\t{rule}\n")
    assert zones[0].lets_in("192.0.2.1", 2049) is passes


def test_the_priority_of_a_rule_decides_and_then_that_it_refuses() -> None:
    refusal, let_in = "rule drop", 'rule service name="nfs" accept'

    def passes(*rules: str) -> bool:
        text = "".join(f"\t{rule}\n" for rule in rules)
        return parse_zones(f"x\n  services: nfs\n  rich rules: \n{text}")[0].lets_in("192.0.2.1", 2049)

    assert not passes(let_in, refusal)
    assert passes(let_in.replace("rule", 'rule priority="-1"', 1), refusal)
    assert passes('rule priority="1" drop')  # comes after the zone's own services


def test_a_rule_that_says_nothing_about_tcp_is_none() -> None:
    assert parse_rule("rule masquerade") is None


def test_a_zone_of_debian_13_is_read_the_same() -> None:
    """As firewalld 2.3.1 prints it there."""
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
    (zone,) = parse_zones(text)
    assert (zone.name, zone.lets_in("192.0.2.9", 2049), zone.lets_in("192.0.2.9", 2101)) == ("public", True, False)
    assert zone.rules[0].covers("192.0.2.1", 2049)


@pytest.mark.parametrize(
    ("target", "passes"), [("ACCEPT", True), ("%%REJECT%%", False), ("DROP", False), ("default", False)]
)
def test_the_target_of_a_zone_counts_last(target: str, passes: bool) -> None:
    assert parse_zones(f"x (default, active)\n  target: {target}\n")[0].lets_in("192.0.2.1", 2049) is passes


def test_a_zone_that_said_nothing_lets_nobody_in() -> None:
    assert not Firewalld(True).lets_in("192.0.2.1", 2049)


def test_the_interface_is_that_of_the_route() -> None:
    text = "10.77.49.2 dev eth0 src 10.77.49.1 uid 0 \\    cache \n"
    assert route_device(text) == ("10.77.49.2", "eth0")
    assert route_device("RTNETLINK answers: Network is unreachable\n") is None
    assert route_device("") is None


# -- the ports of a migration --


def firewall(now: str, kept: str = PLAIN) -> str:
    route = "192.0.2.1 dev eth0 src 192.0.2.2 uid 0 \n"
    return answered(ufw="", ufw_defaults="", zone_default="public\n", zones_now=now, zones_kept=kept, device=route)


def test_the_ports_are_opened_where_the_other_hosts_packets_come_in() -> None:
    made = opened("destination", parse_firewall(firewall(ACTIVE)), "192.0.2.1", (49152, 49215))
    assert isinstance(made, Change)
    rule = rich_rule("192.0.2.1", 'port port="49152-49215" protocol="tcp"')
    words = [f"--zone=public --add-rich-rule={rule}", f"--permanent --zone=public --add-rich-rule={rule}"]
    assert [action.argv for action in made.actions] == [  # type: ignore[union-attr]
        ("firewall-cmd", *each.replace(f" --add-rich-rule={rule}", "").split(), f"--add-rich-rule={rule}")
        for each in words
    ]


def test_what_is_missing_after_a_restart_alone_is_added_there() -> None:
    open_now = ACTIVE.replace("49152-49215/udp", "49152-49215/tcp")
    made = opened("destination", parse_firewall(firewall(open_now)), "192.0.2.1", (49152, 49215))
    assert isinstance(made, Change)
    assert ["--permanent" in action.text for action in made.actions] == [True]
    both = parse_firewall(firewall(open_now, PLAIN.replace("  ports: ", "  ports: 49000-50000/tcp")))
    said = opened("destination", both, "192.0.2.1", (49152, 49215))
    assert isinstance(said, str)
    assert said.startswith("firewalld lets them in already")


def test_a_rule_that_refuses_them_is_named_and_left() -> None:
    said = opened("destination", parse_firewall(firewall(ACTIVE)), "192.0.2.8", (49152, 49215))
    assert isinstance(said, str)
    assert said.startswith(
        'firewalld there refuses them: zone public has `rule family="ipv4" source address="192.0.2.8"'
    )

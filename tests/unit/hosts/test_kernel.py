"""KVM, userfaultfd, names and firewalls of a host, parsed from the output of the scripts."""

import pytest

from tests.fake_hosts import answered
from tui.hosts.model.names import is_local, parse_names
from tui.hosts.model.userfaultfd import Userfaultfd, parse_userfaultfd
from tui.linux.change import Change, Command
from tui.linux.firewall import opened, parse_firewall
from tui.vm.model.kvm import FAILS, HANGS, NO_DEVICE, NO_QEMU, RUNS, Kvm, parse_kvm

DENIED = "qemu-system-x86_64: -accel kvm: Could not access KVM kernel module: Permission denied"


@pytest.mark.parametrize(
    ("text", "kvm"),
    [
        ("runs\n", Kvm(RUNS)),
        ("hangs\n", Kvm(HANGS)),
        (f"fails\n{DENIED}\n", Kvm(FAILS, DENIED)),
        ("no device\ncpu can\n", Kvm(NO_DEVICE, "cpu can")),
        ("no device\n", Kvm(NO_DEVICE)),
        ("no QEMU\n", Kvm(NO_QEMU)),
        ("", None),
        ("mktemp: failed", None),
    ],
)
def test_the_kvm_test_is_parsed(text: str, kvm: Kvm | None) -> None:
    assert parse_kvm(text) == kvm
    assert kvm is None or kvm.words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sysctl 1\ncall granted\n", Userfaultfd("granted", False, False, "1")),  # Ubuntu 22.04, libvirt's sysctl.d
        ("sysctl 0\ncall denied\n", Userfaultfd("denied", False, False, "0")),  # without it
        ("sysctl 0\ndevice there\ncall denied\n", Userfaultfd("denied", True, False, "0")),  # Debian 12, 24.04
        ("sysctl 0\ndevice there\ncall denied\ndevice opens\n", Userfaultfd("denied", True, True, "0")),
        ("sysctl \ncall missing\n", Userfaultfd("missing", False, False, "")),
        ("sysctl 0\ncall \n", Userfaultfd("", False, False, "0")),
        ("", Userfaultfd()),
    ],
)
def test_userfaultfd_is_parsed(text: str, found: Userfaultfd) -> None:
    assert parse_userfaultfd(text) == found


def test_names_are_parsed_with_their_addresses() -> None:
    text = "kvm-b 192.0.2.2 2001:db8::2 \nnas \n\nkvm-a 127.0.1.1 \n"
    assert parse_names(text) == {"kvm-b": ("192.0.2.2", "2001:db8::2"), "nas": (), "kvm-a": ("127.0.1.1",)}


@pytest.mark.parametrize(
    ("address", "local"),
    [("127.0.1.1", True), ("::1", True), ("192.0.2.1", False), ("fe80::1%eth0", False), ("kvm-b", False)],
)
def test_loopback_addresses_are_local(address: str, local: bool) -> None:
    assert is_local(address) is local


UFW_STATUS = """Status: active

     To                         Action      From
     --                         ------      ----
[ 1] 22/tcp                     ALLOW IN    Anywhere
[ 2] 22/tcp (v6)                ALLOW IN    Anywhere (v6)
"""
PLAIN_ZONES = "public (active)\n  target: default\n  interfaces: eth0\n  services: ssh\n  rich rules: \n"


def ufw(*rules: str) -> str:
    status = UFW_STATUS + "".join(f"[ 3] {rule}\n" for rule in rules)
    return answered(ufw=status)


def zones(now: str = PLAIN_ZONES, kept: str = PLAIN_ZONES) -> str:
    return answered(zone_default="public\n", zones_now=now, zones_kept=kept, device="")


UFW_DENIES_REST = ufw()
UFW_ALLOWS = ufw("49152:49215/tcp            ALLOW IN    192.0.2.1                  # vmlm-tui")
RICH = 'rule family="ipv4" source address="192.0.2.1" port port="49152-49215" protocol="tcp" accept'
UFW_RULE = ("allow", "proto", "tcp", "from", "192.0.2.1", "to", "any", "port", "49152:49215")


def firewalld(verb: str, *kept: str) -> Command:
    return Command("destination", ("firewall-cmd", *kept, "--zone=public", f"--{verb}-rich-rule={RICH}"))


@pytest.mark.parametrize(
    ("text", "moves"),
    [
        (UFW_DENIES_REST, [
            (Command("destination", ("ufw", *UFW_RULE)), Command("destination", ("ufw", "delete", *UFW_RULE))),
        ]),
        (zones(), [
            (firewalld("add"), firewalld("remove")),
            (firewalld("add", "--permanent"), firewalld("remove", "--permanent")),
        ]),
    ],
)  # fmt: skip
def test_a_firewall_is_opened_for_the_other_host_alone_and_can_be_closed_again(
    text: str, moves: list[tuple[Command, Command]]
) -> None:
    change = opened("destination", parse_firewall(text), "192.0.2.1", (49152, 49215))
    assert isinstance(change, Change)
    assert [(move.action, *move.undo) for move in change.moves] == moves


@pytest.mark.parametrize(
    ("text", "why_not"),
    [
        ("", "neither ufw nor firewalld is active there"),
        (UFW_ALLOWS, "ufw already has a rule for 192.0.2.1, so something else blocks the connection"),
        (zones(*[f"{PLAIN_ZONES}\t{RICH}\n"] * 2), "firewalld already has a rule for 192.0.2.1"),
    ],
)
def test_a_firewall_that_is_not_the_trouble_is_left_alone(text: str, why_not: str) -> None:
    change = opened("destination", parse_firewall(text), "192.0.2.1", (49152, 49215))
    assert isinstance(change, str)
    assert change.startswith(why_not)


def test_an_ipv6_address_gets_a_rule_of_its_own_family() -> None:
    change = opened("destination", parse_firewall(zones()), "2001:db8::1", (49152, 49215))
    assert isinstance(change, Change)
    assert 'family="ipv6" source address="2001:db8::1"' in change.actions[0].text

"""Checks of the migration ports and of userfaultfd."""

from dataclasses import replace

import pytest

from tests.unit.hosts.good_hosts import change, found, good, qemu, why_not, with_host, with_way
from tui.checklist.model.check import FAILED, OK, UNKNOWN, WARNING
from tui.hosts.model.facts import Libvirt
from tui.hosts.model.host import System
from tui.hosts.model.ports import OPEN, SILENT, Tried
from tui.hosts.model.steps import all_steps
from tui.hosts.model.userfaultfd import NO_PERL, Userfaultfd
from tui.linux.change import AddLines
from tui.linux.firewall import Firewall
from tui.linux.qemu_conf import QemuConf
from tui.linux.ufw import Ufw


def test_closed_ports_of_a_wrong_address_are_not_blamed_on_a_firewall() -> None:
    tried = Tried("192.0.2.1", ((49152, "refused"),))
    facts = with_host(good(), "destination", conf=QemuConf(migration_host="source"))
    finding = found(with_way(facts, "source", "destination", ports=tried), "destination.ports")
    text = "destination reports the name source, which resolves to 192.0.2.1: not one of its addresses"
    assert (finding.state, finding.found) == (FAILED, text)
    assert "migration_host" in finding.hint


def test_closed_ports_are_opened_in_the_active_firewall() -> None:
    tried = Tried("192.0.2.2", ((49152, OPEN), (49153, SILENT)), in_use=(49154,))
    firewall = Firewall(Ufw(active=True))
    facts = with_way(good(), "source", "destination", ports=tried, firewall=firewall)
    text = "at 192.0.2.2 49153: no reply; a firewall may drop the packets; 49154 in use, not tried"
    assert found(facts, "destination.ports").found == text
    (action,) = change(facts, "destination.ports").actions
    assert action.text == "ufw allow proto tcp from 192.0.2.1 to any port 49152:49215"


def test_the_checks_are_those_of_the_migration_addresses() -> None:
    tried = Tried("10.20.0.3", ((49152, SILENT),))
    addresses = {"source": "10.20.0.1", "destination": "10.20.0.3"}
    known = replace(good().configured, migration_address=addresses)
    facts = with_way(replace(good(), configured=known), "source", "destination", ports=tried)
    step = next(each for each in all_steps(known) if each.id == "destination.ports")
    finding = step.check(facts)
    assert finding
    assert finding.found == "the migration address 10.20.0.3 of destination is not one of its addresses"
    assert finding.hint == "Correct migration_address of destination in the configuration."
    system = facts.at("destination").system
    assert isinstance(system, System)
    facts = with_host(facts, "destination", system=replace(system, addresses=("192.0.2.2", "10.20.0.3")))
    facts = with_way(facts, "source", "destination", firewall=Firewall(Ufw(active=True)))
    assert step.change
    planned = step.change(facts)
    assert not isinstance(planned, str)
    assert planned.actions[0].text == "ufw allow proto tcp from 10.20.0.1 to any port 49152:49215"
    own = next(each for each in all_steps(known) if each.id == "destination.own_name").check(facts)
    assert own
    assert own.found == "the configuration sets migration_address to 10.20.0.3"


def test_ports_that_are_all_in_use_are_unknown() -> None:
    facts = with_way(good(), "source", "destination", ports=Tried("192.0.2.2", (), (49152, 49153)))
    assert found(facts, "destination.ports").state == UNKNOWN


@pytest.mark.parametrize(
    ("tried", "libvirt", "state"),
    [
        (Userfaultfd("granted", sysctl="1"), qemu((8, 0, 0), (6, 2, 0)), OK),  # Ubuntu 22.04
        (Userfaultfd("denied", sysctl="0"), qemu((8, 0, 0), (6, 2, 0)), FAILED),
        (Userfaultfd("denied", device=True, sysctl="0"), qemu((9, 0, 0), (7, 2, 0)), FAILED),  # Debian 12
        (Userfaultfd("denied", device=True, sysctl="0"), qemu((10, 0, 0), (8, 2, 2)), FAILED),  # Ubuntu 24.04
        (Userfaultfd("denied", device=True, sysctl="0"), qemu((11, 3, 0), (10, 0, 2)), OK),  # Debian 13
        (Userfaultfd("denied", device=True, opens=True, sysctl="0"), qemu((10, 0, 0), (8, 2, 2)), OK),
        (Userfaultfd("denied", device=True, opens=True, sysctl="0"), qemu((9, 0, 0), (7, 2, 0)), FAILED),
        (Userfaultfd("missing"), qemu((8, 0, 0), (6, 2, 0)), FAILED),
        (Userfaultfd("", sysctl="1"), qemu((8, 0, 0), (6, 2, 0)), OK),
        (Userfaultfd("", sysctl="0"), qemu((8, 0, 0), (6, 2, 0)), WARNING),
    ],
)
def test_userfaultfd_is_granted_by_the_setting_the_device_or_libvirt(
    tried: Userfaultfd, libvirt: Libvirt, state: str
) -> None:
    facts = with_host(good(), "destination", userfaultfd=tried, libvirt=libvirt)
    assert found(facts, "destination.userfaultfd").state == state


def test_without_perl_userfaultfd_is_not_tried_and_the_hint_is_to_install_it() -> None:
    facts = with_host(good(), "destination", userfaultfd=Userfaultfd(NO_PERL, sysctl="0"))
    finding = found(facts, "destination.userfaultfd")
    assert (finding.state, "Perl is not installed" in finding.found) == (WARNING, True)
    assert "perl-base" in finding.hint


def test_the_sysctl_is_set_now_and_at_boot_and_restored_by_undo() -> None:
    facts = with_host(good(), "destination", userfaultfd=Userfaultfd("denied", sysctl="0"))
    now, later = change(facts, "destination.userfaultfd").moves
    assert now.action.text == "sysctl -w vm.unprivileged_userfaultfd=1"
    assert now.undo[0].text == "sysctl -w vm.unprivileged_userfaultfd=0"
    line = ("vm.unprivileged_userfaultfd = 1",)
    assert later.action == AddLines("destination", "/etc/sysctl.d/60-vmlm-tui.conf", line)


@pytest.mark.parametrize(
    ("tried", "reason"),
    [
        (Userfaultfd("missing"), ""),
        (Userfaultfd("denied", sysctl=""), "this kernel has no such setting"),
        (Userfaultfd("denied", sysctl="1"), "vm.unprivileged_userfaultfd is already 1"),
    ],
)
def test_a_sysctl_that_would_not_help_is_not_set(tried: Userfaultfd, reason: str) -> None:
    assert why_not(with_host(good(), "destination", userfaultfd=tried), "destination.userfaultfd").startswith(reason)

"""The networks of libvirt: parsed from virsh, judged, started, and stopped by the undo."""

from dataclasses import replace
from typing import Any

import pytest

from tests.fake_hosts import answered
from tests.unit.hosts.good_hosts import change, found, good, why_not
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, UNKNOWN
from tui.hosts.model.facts import HostsFacts, Libvirt
from tui.hosts.model.networks import Network, parse_networks
from tui.hosts.model.software import Software
from tui.linux.script_sections import Section, parse_sections
from tui.vm.model.domain import Nic

ALL = (" default             active     yes         yes\n"
       " lab net             inactive   no          yes\n")  # fmt: skip
NO_DRIVER = "error: Failed to list networks\nerror: this function is not supported by the connection driver: virX\n"
UP, DOWN = Network("default", active=True, autostart=True), Network("default")


def with_networks(networks: Any, nics: tuple[Nic, ...] | None = None, **sections: Any) -> HostsFacts:
    """The destination with these networks; without `nics` there is no VM."""
    facts = good()
    libvirt, software = facts.at("source").libvirt, facts.at("destination").software
    assert isinstance(libvirt, Libvirt)
    assert isinstance(software, Software)
    vm = None if nics is None or libvirt.vm is None else replace(libvirt.vm, nics=nics)
    facts = facts.with_host("source", libvirt=replace(libvirt, vm=vm))
    return facts.with_host("destination", software=replace(software, networks=networks, **sections))


def test_networks_are_read_from_virsh() -> None:
    read = parse_networks(parse_sections(answered(networks=ALL))["networks"])
    assert read == (UP, Network("lab net"))
    assert parse_networks(None) == ()
    assert str(parse_networks(Section(1, NO_DRIVER))).endswith("connection driver: virX")
    assert parse_networks(Section(124, "")) == "virsh does not respond"


@pytest.mark.parametrize(("networks", "nics", "state", "words"), [
    ((UP,), None, OK, "active: default"),
    ((Network("mine", active=True, autostart=True), DOWN), None, OK, "active: mine"),
    ((DOWN,), None, FAILED, "default is inactive, without autostart"),
    ((replace(UP, autostart=False),), None, FAILED, "default is active, without autostart"),
    ((), None, FAILED, "there is no network default"),
    ((UP,), (Nic("network", "lab"),), FAILED, "there is no network lab"),
    ((UP,), (Nic("network", "default"), Nic("bridge", "br0")), OK, "active: default"),
    ((DOWN,), (Nic("bridge", "br0"),), NOT_NEEDED, "guest1 uses no network of libvirt"),
    ("error: not supported by the connection driver: virX", None, FAILED, "its libvirt has no network driver"),
    ("error: cannot connect", None, UNKNOWN, "cannot connect"),
])  # fmt: skip
def test_the_network_of_the_vm_must_be_active(networks: Any, nics: Any, state: str, words: str) -> None:
    finding = found(with_networks(networks, nics), "destination.network")
    assert (finding.state, finding.found) == (state, words)


def test_an_inactive_network_is_started_and_the_undo_stops_it() -> None:
    moves = change(with_networks((DOWN,)), "destination.network").moves
    assert [move.action.text.partition("system ")[2] for move in moves] == [
        "net-autostart default", "net-start default",
    ]  # fmt: skip
    assert [move.undo[0].text.partition("system ")[2] for move in moves] == [
        "net-autostart --disable default", "net-destroy default",
    ]  # fmt: skip


def test_a_removed_default_network_is_defined_again_and_another_one_is_not() -> None:
    first = change(with_networks((), network_file=True), "destination.network").moves[0]
    assert "net-define /usr/share/libvirt/networks/default.xml" in first.action.text
    assert "libvirt has no network default here" in why_not(with_networks(()), "destination.network")
    lab = with_networks((UP,), (Nic("network", "lab"),), network_file=True)
    assert "libvirt has no network lab here" in why_not(lab, "destination.network")


def test_before_libvirt_is_installed_no_network_is_missed() -> None:
    facts = with_networks((), programs=())
    assert found(facts, "destination.network").found == "libvirt is not complete yet"
    assert why_not(facts, "destination.network") == "libvirt must be installed first"

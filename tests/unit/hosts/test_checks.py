"""The steps of the Hosts list: the finding for given facts, and the change."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.unit.hosts.good_hosts import (
    ADDRESSES,
    BY_ID,
    DOWN,
    MACHINES,
    all_down,
    change,
    checked_config,
    daemon,
    found,
    good,
    why_not,
    with_host,
    with_way,
)
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, UNKNOWN, WARNING
from tui.core.failure import Failure, PasswordNeeded
from tui.hosts.model.facts import HostsFacts, Libvirt
from tui.hosts.model.host import System
from tui.linux.change import AddLines, RemoveLines
from tui.linux.qemu_conf import QemuConf
from tui.vm.model.domain import Domain
from tui.vm.model.kvm import HANGS, NO_DEVICE, Kvm


@pytest.mark.parametrize("id", BY_ID)
def test_every_check_of_good_hosts_succeeds(id: str) -> None:
    assert found(good(), id).state in (OK, NOT_NEEDED)


@pytest.mark.parametrize("id", BY_ID)
def test_no_step_has_a_finding_before_the_first_read(id: str) -> None:
    assert BY_ID[id].check(HostsFacts(checked_config())) is None


@pytest.mark.parametrize("id", BY_ID)
def test_titles_have_no_full_stop_and_reasons_have_one(id: str) -> None:
    step = BY_ID[id]
    assert not step.title.endswith(".")
    assert step.why.endswith(".")
    assert set(step.needs) <= set(BY_ID)


@pytest.mark.parametrize("id", BY_ID)
def test_a_host_that_can_not_be_read_is_the_finding_and_nothing_is_changed(id: str) -> None:
    finding = found(all_down(), id)
    assert finding.state in (UNKNOWN, FAILED)
    assert (finding.found, finding.detail) == ("destination can't be reached: there was no answer", "timed out")
    assert isinstance(BY_ID[id].change(all_down()), str)


@pytest.mark.parametrize("part", [
    *(("destination", part) for part in ("system", "conf", "software", "libvirt", "kvm", "userfaultfd")),
    *((*way, part) for way in (("source", "destination"), ("storage", "source"))
      for part in ("names", "ssh", "account", "peer", "ports", "firewall")),
])  # fmt: skip
def test_a_step_about_an_unread_part_offers_no_change(part: tuple[str, ...]) -> None:
    *where, name = part
    facts = with_way(good(), *where, **{name: DOWN}) if len(where) == 2 else with_host(good(), *where, **{name: DOWN})
    for id, step in BY_ID.items():
        finding = step.check(facts)
        if finding is not None and finding.state == UNKNOWN:
            assert isinstance(step.change(facts), str), id


@pytest.mark.parametrize(
    ("conf", "state"),
    [
        (PasswordNeeded("destination", "sudo on destination wants a password", ""), FAILED),
        (Failure("Nothing can be done as root on destination", "sudo does not let this login do it"), FAILED),
    ],
)
def test_missing_root_access_is_a_finding(conf: Failure, state: str) -> None:
    finding = found(with_host(good(), "destination", conf=conf), "destination.root")
    assert (finding.state, finding.found.startswith(conf.what)) == (state, True)


@pytest.mark.parametrize(
    ("tried", "vm", "state"),
    [
        (Kvm(HANGS), Domain("guest1", kind="kvm"), FAILED),
        (Kvm(NO_DEVICE, "cpu can"), Domain("guest1", kind="kvm"), FAILED),
        (Kvm(NO_DEVICE), None, WARNING),
        (Kvm(HANGS), Domain("guest1", kind="qemu"), NOT_NEEDED),
    ],
)
def test_kvm_is_required_by_a_vm_that_uses_it(tried: Kvm, vm: Domain | None, state: str) -> None:
    facts = with_host(good(), "destination", kvm=tried)
    facts = with_host(facts, "source", libvirt=Libvirt(daemon("source"), (), MACHINES, vm))
    assert found(facts, "destination.kvm").state == state


def test_an_unknown_name_is_added_with_the_address_that_the_app_uses() -> None:
    facts = with_way(good(), "destination", "source", names={"source": ()})
    assert found(facts, "destination.names").found == "source (source) can't be resolved here"
    (move,) = change(facts, "destination.names").moves
    assert move.action == AddLines("destination", "/etc/hosts", ("192.0.2.1 source",))
    assert move.undo == (RemoveLines("destination", "/etc/hosts", ("192.0.2.1 source",)),)


def test_the_name_that_the_destination_reports_is_checked_too() -> None:
    libvirt = Libvirt(daemon("kvm-b.example"), (), MACHINES)
    facts = with_host(good(), "destination", libvirt=libvirt)
    facts = with_way(facts, "source", "destination", names={"destination": ("192.0.2.2",), "kvm-b.example": ()})
    assert found(facts, "source.names").found == "kvm-b.example (destination) can't be resolved here"
    assert change(facts, "source.names").actions[0] == AddLines("source", "/etc/hosts", ("192.0.2.2 kvm-b.example",))


def test_a_name_that_resolves_to_the_host_itself_is_left_to_the_user() -> None:
    facts = with_way(good(), "source", "destination", names={"destination": ("127.0.1.1",)})
    assert found(facts, "source.names").state == FAILED
    assert "remove it by hand" in why_not(facts, "source.names")


def test_an_end_of_a_connection_that_is_not_an_address_of_the_host_is_ignored() -> None:
    facts = good()
    for host in ("destination", "storage"):
        facts = with_host(facts, host, system=System(reached_from="198.51.100.254", reached_at=ADDRESSES[host]))
    assert facts.address("source") == "192.0.2.1"


def test_an_address_that_the_host_does_not_have_is_a_warning() -> None:
    facts = with_way(good(), "source", "storage", names={"storage": ("198.51.100.7",)})
    finding = found(facts, "source.names")
    assert (finding.state, finding.found) == (WARNING, "storage resolves to 198.51.100.7, but storage has 192.0.2.3")


def test_hosts_configured_by_address_need_only_their_own_names() -> None:
    by_address = checked_config(**{host: f"root@{address}" for host, address in ADDRESSES.items()})
    facts = replace(good(), configured=by_address)
    assert found(facts, "storage.names").state == NOT_NEEDED
    assert found(facts, "source.names").found == "destination resolves to 192.0.2.2"


@pytest.mark.parametrize(
    ("name", "names", "conf", "state"),
    [
        ("kvm-b", {"kvm-b": ("192.0.2.2",)}, QemuConf(), OK),
        ("kvm-b", {"kvm-b": ("127.0.1.1",)}, QemuConf(), WARNING),
        ("kvm-b", {"kvm-b": ()}, QemuConf(), WARNING),
        ("localhost.localdomain", {}, QemuConf(), FAILED),
        ("localhost", {}, QemuConf(migration_host="kvm-b"), OK),
    ],
)
def test_the_own_name_of_a_host_must_not_mean_localhost(
    name: str, names: Mapping[str, tuple[str, ...]], conf: QemuConf, state: str
) -> None:
    facts = with_host(good(), "destination", libvirt=Libvirt(daemon(name)), conf=conf)
    facts = with_way(facts, "destination", "destination", names=names)
    assert found(facts, "destination.own_name").state == state

"""A VM whose host does not answer: where it was seen last, and never that it is gone."""

from dataclasses import replace

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.vm import Vm
from tui.migration.backend.before.preflight import inventory_of
from tui.migration.widgets.idle import idle_lines
from tui.vm.backend.vms import Vms
from tui.vm.model.domain import Domain
from tui.vm.model.listing import Listed, Listing
from tui.vm.model.location import LastSeen, VmPlacement

AWAY = Failure("libvirt cannot be reached", "it is down")
RUNNING = guest1("running")


def where(source: Vm | Failure | None, *seen: Vm, age_s: float | None = 40.0) -> VmPlacement:
    answers = {"source": source, "destination": AWAY}
    return VmPlacement("guest1", answers, seen={"destination": LastSeen(seen, age_s)})


@pytest.mark.parametrize(
    ("placed", "sentence"),
    [
        (where(None, RUNNING), "last seen running on destination 40 s ago"),
        (where(None, guest1("paused", "post-copy")), "last seen paused (post-copy) on destination 40 s ago"),
        (where(None, guest1()), "last seen shut off on destination 40 s ago"),
        (where(guest1(), RUNNING), "last seen running on destination 40 s ago"),
        (where(guest1(), guest1()), "shut off on source"),
        (where(RUNNING, RUNNING), "running on source"),
        (where(None, replace(RUNNING, name="other")), "unknown because destination can't be reached"),
        (where(None, age_s=None), "unknown because destination can't be reached"),
        (VmPlacement("guest1", {"source": None, "destination": None}), "no host has a VM of this name"),
    ],
)
def test_a_vm_of_a_silent_host_is_where_it_was_seen_last(placed: VmPlacement, sentence: str) -> None:
    assert placed.sentence == sentence
    assert placed.active == (placed.vm is not None and placed.vm.active)  # what was seen does not count as running


def test_a_silent_host_has_no_vms_now_but_its_names_stay_listed() -> None:
    listed = {"source": (), "destination": (Listed(RUNNING, Domain("guest1")),)}
    listing = Listing(listed).with_silent({"destination": LastSeen((RUNNING,), 12.0)})
    assert listing.names == ("guest1",)
    assert listing.where("guest1").sentence == "last seen running on destination 12 s ago"
    assert str(listing.answers["destination"]) == "destination does not answer: last answer 12 s ago."
    assert listing.with_silent({}).answers == listing.answers
    assert Listing(listed).with_silent({}).where("guest1").sentence == "running on destination"


async def test_vms_that_were_listed_are_seen_while_their_host_fails() -> None:
    world = FakeHosts()
    world.destination.known["guest2"] = replace(RUNNING, name="guest2")
    vms = Vms(world.connections, world.changes.sudo)
    await vms.listing()
    assert vms.seen == {}
    world.destination.failure = AWAY
    await vms.listing()
    (seen,) = vms.seen.values()
    assert [vm.name for vm in seen.vms] == ["guest2"]


async def test_all_pages_share_what_was_seen() -> None:
    world = FakeHosts()
    world.destination.known["guest2"] = replace(RUNNING, name="guest2")
    await Vms(world.connections, world.changes.sudo).listing()
    world.destination.failure = AWAY
    inventory = await inventory_of(world.connections)
    assert [each.name for each in inventory.lost] == ["guest2"]
    lines = "\n".join(line.plain for line in idle_lines(inventory, inventory.hosts, Plan("guest1"), str))
    assert "guest2  last seen running on destination 0 s ago" in lines

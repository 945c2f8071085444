"""A VM that a host receives in a migration: where it is said to be, and that nothing waits for its lock."""

from dataclasses import replace
from itertools import permutations

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.vm import Vm
from tui.migration.widgets.idle import idle_lines
from tui.vm.backend.vms import Vms
from tui.vm.model.domain import Domain
from tui.vm.model.listing import Listed, Listing
from tui.vm.model.location import Inventory, VmOnHost, VmPlacement

RUNNING, ARRIVING = guest1("running"), guest1("paused", "migrating")
SENT, RECEIVED = guest1("paused", "post-copy"), guest1("running", "post-copy")
AWAY = Failure("libvirt cannot be reached", "it is down")


def placed(source: Vm | Failure | None, destination: Vm | Failure | None, *awaited: str) -> VmPlacement:
    answers = {"source": source, "destination": destination}
    return VmPlacement("guest1", {host: each for host, each in answers.items() if host not in awaited}, awaited)


@pytest.mark.parametrize(
    ("where", "arrival", "sentence"),
    [
        (placed(RUNNING, ARRIVING), "arriving from source", "running on source, arriving on destination"),
        (placed(ARRIVING, RUNNING), "arriving from destination", "running on destination, arriving on source"),
        (placed(SENT, RECEIVED), "arriving from source", "running (post-copy) on destination, arriving from source"),
        (
            placed(guest1("paused", "post-copy failed"), guest1("running", "post-copy failed")),
            "arriving from source",
            "running (post-copy failed) on destination, arriving from source",
        ),
        (
            placed(None, ARRIVING),
            "arriving from elsewhere",
            "paused (migrating) on destination, arriving from elsewhere",
        ),
        (placed(guest1(), ARRIVING), "arriving from elsewhere", "paused (migrating) on destination, arriving from"),
        (placed(AWAY, ARRIVING), "arriving on destination", "paused (migrating) on destination"),
        (placed(None, ARRIVING, "source"), "arriving on destination", "paused (migrating) on destination"),
        (placed(RUNNING, None), "", "running on source"),
        (placed(SENT, None), "", "paused (post-copy) on source"),  # it goes to a third host
    ],
)
def test_where_it_comes_from_is_said(where: VmPlacement, arrival: str, sentence: str) -> None:
    assert where.arrival == arrival
    assert where.sentence.startswith(sentence)


@pytest.mark.parametrize("received", [ARRIVING, RECEIVED, guest1("running", "post-copy failed")])
async def test_libvirt_is_not_asked_for_what_it_has_locked(received: Vm) -> None:
    world = FakeHosts()
    world.destination.known["guest1"] = received
    listing = await Vms(world.connections, world.changes.sudo).listing()
    assert not any("guest1" in call for call in world.destination.calls)
    assert listing.where("guest1").arrives_at == "destination"


async def test_its_definition_is_that_of_its_origin() -> None:
    world = FakeHosts()
    world.source.known["guest1"], world.destination.known["guest1"] = SENT, RECEIVED
    listing = await Vms(world.connections, world.changes.sudo).listing()
    assert listing.where("guest1").host == "destination"
    assert isinstance(listing.domain("guest1"), Domain)
    assert listing.unread == ()  # so nothing else waits for it either


def test_a_definition_that_no_host_has_read_is_a_failure() -> None:
    locked = Failure("The definition of guest1 could not be read")
    listing = Listing({"source": (), "destination": (Listed(ARRIVING, locked),)})
    assert listing.domain("guest1") is locked
    assert listing.unread == ("guest1",)


@pytest.mark.parametrize(
    ("failures", "said"), [({}, "arriving from source on destination"), ({"source": AWAY}, "arriving on destination,")]
)
def test_the_migrate_page_lists_it_as_arriving(failures: dict[str, Failure], said: str) -> None:
    found = [VmOnHost(ARRIVING, "destination")]
    found += [] if failures else [VmOnHost(replace(RUNNING), "source")]
    lines = idle_lines(
        Inventory(tuple(found), failures), ("source", "destination"), Plan("guest1"), lambda sentence: sentence
    )
    assert any(said in line.plain for line in lines)


@pytest.mark.parametrize("order", list(permutations(("a", "b", "c"))))
def test_a_vm_that_runs_twice_is_shown_on_the_first_host_of_the_configuration(order: tuple[str, ...]) -> None:
    found = Listing.of(("a", "b", "c"))
    for host in order:
        found = found.with_answer(host, () if host == "a" else (Listed(RUNNING, AWAY),))
    assert found.where("guest1").sentence.startswith("running on b")
    assert list(found.answers) == ["a", "b", "c"]

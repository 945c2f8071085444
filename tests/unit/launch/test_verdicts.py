"""The verdicts on the VMs of a list: which are computed, when, and from what."""

from dataclasses import replace

import pytest

from tests.fake_hosts import GIB, FakeHosts
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.launch.backend.verdicts import AT_ONCE, Verdicts
from tui.vm.backend.vms import Vms
from tui.vm.model.listing import Listing
from tui.vm.model.offer import Offer


class World:
    """Three hosts, so many VMs on the source, and what was read of them."""

    def __init__(self, vms: int) -> None:
        self.hosts = FakeHosts(more=("host3",))
        self.names = [f"vm{number:03}" for number in range(vms)]
        for name in self.names:
            self.hosts.source.known[name] = Vm(name, f"uuid-{name}", "running", "", 1, GIB)
        self.vms = Vms(self.hosts.connections, self.hosts.changes.sudo)
        self.verdicts = Verdicts(self.hosts.connections.config)

    async def read(self) -> Listing:
        listing = await self.vms.listing()
        self.verdicts.show(listing)
        for host, offer in (await self.vms.offers()).items():
            self.verdicts.learn(host, offer)
        return listing

    def judged(self, name: str) -> bool:
        return self.verdicts.row(name).blockers is not None


@pytest.fixture
def world() -> World:
    return World(AT_ONCE)


async def test_the_first_vm_is_judged_at_once_and_the_others_in_their_turn(world: World) -> None:
    await world.read()
    last = world.names[-1]
    world.verdicts.judge(last, world.names)
    assert world.judged(last)
    assert world.judged(world.names[0])
    assert not world.judged(world.names[-2])
    assert world.verdicts.pending
    while world.verdicts.pending:
        world.verdicts.judge(last, world.names)
    assert all(map(world.judged, world.names))


async def test_a_verdict_is_kept_while_nothing_has_changed(world: World) -> None:
    await world.read()
    world.verdicts.judge("vm000", ["vm000"])
    before = world.verdicts.row("vm000").blockers
    await world.read()
    world.verdicts.judge("vm000", ["vm000"])
    assert world.verdicts.row("vm000").blockers is before


async def test_a_verdict_follows_the_newest_offer(world: World) -> None:
    await world.read()
    world.verdicts.judge("vm000", ["vm000"])
    assert world.verdicts.row("vm000").targets == ("destination", "host3")
    offer = await world.vms.offer("host3")
    assert isinstance(offer, Offer)
    world.verdicts.learn("host3", replace(offer, machines=("pc-q35-2.4",), networks=()))
    world.verdicts.judge("vm000", ["vm000"])
    assert world.verdicts.row("vm000").targets == ("destination",)


async def test_a_host_that_falls_silent_makes_its_way_doubtful(world: World) -> None:
    listing = await world.read()
    world.verdicts.judge("vm000", ["vm000"])
    world.verdicts.show(listing.with_answer("host3", Failure("libvirt can't be reached")))
    world.verdicts.judge("vm000", ["vm000"])
    assert world.verdicts.row("vm000").targets == ("destination",)


async def test_a_definition_that_is_read_again_unchanged_is_the_same_object(world: World) -> None:
    first, second = await world.vms.listing(), await world.vms.listing()
    assert first.domain("vm000") is second.domain("vm000")
    world.hosts.source.offered_networks = ()
    changed = replace(world.hosts.source.known["vm000"], state="paused")
    world.hosts.source.known["vm000"] = changed
    third = await world.vms.listing()
    assert third.where("vm000").vm == changed


async def test_the_same_answer_of_a_host_leaves_the_listing_as_it_is(world: World) -> None:
    listing = await world.read()
    again = await world.vms.on("source", reread=True)
    assert listing.with_answer("source", again) is listing
    world.hosts.source.known.pop("vm000")
    assert "vm000" not in listing.with_answer("source", await world.vms.on("source")).names

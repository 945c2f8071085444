"""Reading the VMs of all hosts, of which one does not reply."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tests.unit.until import until
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.migration.backend import inventory
from tui.migration.backend.inventory import HostVms
from tui.vm.model.location import Inventory, VmOnHost

WEB = Vm("web", "uuid-2", "running", "", 4, 2 << 30)
PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "SOON_S", 0.05)
    monkeypatch.setattr(inventory, "LATE_S", 0.2)


def three() -> FakeHosts:
    """guest1 runs on the source, web on host3, which does not reply."""
    world = FakeHosts(more=("host3",))
    world.source.known["guest1"] = guest1("running")
    world.further["host3"].known["web"] = WEB
    world.further["host3"].released.clear()
    return world


async def host3_late(reads: HostVms, show: Callable[[Inventory], None] = lambda _: None) -> Inventory:
    """What is read once only host3 is late; on a busy machine another host may reply after LATE_S."""
    while (found := await reads.read(show)).late != {"host3"}:
        pass
    return found


async def test_a_host_that_hangs_delays_the_vms_of_no_other() -> None:
    world, shown = three(), list[Inventory]()
    reads = HostVms(world.connections)
    found = await asyncio.wait_for(host3_late(reads, shown.append), PATIENCE_S)
    for each in (next(each for each in shown if each.late == {"host3"}), found):
        assert each.found == (VmOnHost(guest1("running"), "source"),)
        assert str(each.failures["host3"]).startswith("host3 has not replied yet")
    world.further["host3"].released.set()


async def test_it_is_asked_once_and_not_awaited_again_until_it_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    world = three()
    reads, host3 = HostVms(world.connections), world.further["host3"]
    await asyncio.wait_for(host3_late(reads), PATIENCE_S)
    monkeypatch.setattr(inventory, "LATE_S", 3600.0)
    for _ in range(3):
        assert (await asyncio.wait_for(reads.read(), PATIENCE_S)).late == {"host3"}
    assert host3.calls.count("vms") == 1
    host3.released.set()
    reply = reads._late["host3"]
    await until(reply.done)
    found = await reads.read()
    assert (found.late, found.failures) == (frozenset(), {})
    assert VmOnHost(WEB, "host3") in found.found
    assert host3.calls.count("vms") == 2


async def test_a_host_that_fails_is_not_late() -> None:
    world = three()
    world.further["host3"].released.set()
    world.further["host3"].failure = Failure("libvirt can't be reached", "no route")
    found = await HostVms(world.connections).read()
    assert not found.late
    assert str(found.failures["host3"]) == "libvirt can't be reached: no route."


def test_where_a_vm_is_counts_a_late_host_as_awaited_not_as_dead() -> None:
    late = Inventory((), {"host3": Failure("host3 has not replied yet")}, ("source", "host3"), frozenset({"host3"}))
    assert late.where("web").sentence == "not known yet"
    dead = replace(late, late=frozenset())
    assert dead.where("web").sentence == "unknown because host3 can't be reached"

"""Queries of a daemon that hangs: they fail, and their threads do not pile up."""

import pytest

from tests.fake_hosts import FakeHosts, FakeHypervisor
from tests.unit.fakes import PATIENCE_S
from tests.unit.until import until
from tui.core.connections import Connections
from tui.core.failure import Failure

LIMIT_S = 0.01


async def vms(connections: Connections, about: str = "", limit_s: float = LIMIT_S) -> int:
    return len(await connections.query("source", lambda each: each.vms(), about, limit_s=limit_s))


async def fails(connections: Connections, about: str = "") -> None:
    with pytest.raises(Failure, match="libvirt of the source host did not respond within"):
        await vms(connections, about)


async def test_a_daemon_that_hangs_gets_one_call_of_a_kind() -> None:
    world = FakeHosts()
    world.source.released.clear()
    for _ in range(5):
        await fails(world.connections)
    assert world.source.calls == ["vms"]
    world.source.released.set()


async def test_a_query_of_another_kind_or_vm_is_not_refused() -> None:
    world = FakeHosts()
    world.source.released.clear()
    await fails(world.connections)
    await fails(world.connections, "two")
    with pytest.raises(Failure, match="did not respond"):
        await world.connections.query("source", lambda each: each.daemon(), limit_s=LIMIT_S)
    assert world.source.calls == ["vms", "vms", "daemon"]
    world.source.released.set()


async def test_a_daemon_that_replies_late_is_queried_again() -> None:
    world = FakeHosts()
    world.source.released.clear()
    await fails(world.connections)
    await fails(world.connections)
    world.source.released.set()
    await until(lambda: not world.connections._unanswered)
    assert await world.connections.query("source", lambda each: len(each.vms())) == len(world.source.known)
    assert world.source.calls == ["vms", "vms"]


async def test_a_new_connection_is_queried_although_the_old_one_hangs() -> None:
    world = FakeHosts()
    old = world.source
    old.released.clear()
    await fails(world.connections)
    old.broken = True
    world.source = FakeHypervisor(old.uri)
    assert await vms(world.connections, limit_s=PATIENCE_S) == 0  # it replies as soon as its thread runs
    old.released.set()

"""The Hosts list of one, three and five hypervisors: which steps it has, and which hosts they wait for."""

import asyncio
from typing import Any

import pytest

from tests.fake_hosts import TABLES, FakeHosts
from tests.unit.until import until
from tui.app import config
from tui.hosts.backend.hosts import Hosts
from tui.hosts.backend.reading import configured
from tui.hosts.model.facts import Configured
from tui.hosts.model.steps import all_steps
from tui.nfs.backend.nfs import Nfs


def known(*hosts: str, **uris: str) -> Configured:
    tables: dict[str, Any] = {name: {"ssh": f"root@{name}"} for name in hosts}
    tables |= {name: {"ssh": f"root@{name}", "libvirt": uri} for name, uri in uris.items()}
    read, problems = config.check({**TABLES, "hosts": tables})
    assert read, problems
    return configured(read)


def ids(known: Configured) -> list[str]:
    return [step.id for step in all_steps(known)]


@pytest.mark.parametrize("hosts", [("source",), ("a", "b"), ("source", "b", "c", "storage"), (*"abcdef", "storage")])
def test_each_step_is_there_once_and_needs_only_steps_that_are_there(hosts: tuple[str, ...]) -> None:
    steps = all_steps(known(*hosts))
    found = [step.id for step in steps]
    assert len(set(found)) == len(found)
    assert {needed for step in steps for needed in step.needs} <= set(found)
    assert {step.host for step in steps} <= set(hosts)


def test_two_hosts_have_the_steps_that_they_always_had() -> None:
    found = ids(known("source", "destination", "storage"))
    for step in ("source.peer", "destination.authorized_keys", "source.ports", "destination.cpu", "destination.memory"):
        assert step in found
    assert all(each.count(".") == 1 for each in found)


def test_every_way_between_three_hosts_is_checked() -> None:
    found = ids(known("source", "b", "c"))
    ports = [each for each in found if ".ports" in each]
    assert sorted(ports) == ["b.ports", "b.ports.c", "c.ports", "c.ports.b", "source.ports", "source.ports.c"]
    assert [each for each in found if ".cpu" in each] == ["b.cpu", "c.cpu", "c.cpu.b"]
    assert [each for each in found if ".key" in each and "keys" not in each] == ["source.key", "b.key", "c.key"]


def test_with_many_hosts_the_ways_from_and_to_the_host_of_the_app_are_checked() -> None:
    found = known("a", "b", "c", "d", e="qemu:///system")
    assert found.here == "e"
    assert {start for start, end in found.pairs if end != "e"} == {"e"}
    assert {end for start, end in found.pairs if start != "e"} == {"e"}
    assert len(found.pairs) == 8


def test_a_machine_that_is_none_of_the_hosts_logs_in_to_all() -> None:
    found = ids(known("a", "b"))
    assert {"a.login", "b.login", "a.clock", "b.clock"} <= set(found)
    assert "source.login" not in ids(known("source", "b"))


async def test_a_host_that_does_not_respond_delays_no_line_of_another_pair() -> None:
    world = FakeHosts(more=("host3",))
    world.further["host3"].released.clear()
    world.shells["root@host3"].released.clear()
    hosts = Hosts(world.connections, world.changes)
    reading = asyncio.ensure_future(hosts.checklist.refresh_fully())
    wanted = ("destination.libvirt", "source.peer", "destination.peer", "destination.two", "destination.qemu_user")
    await until(lambda: all(hosts.checklist[step].finding for step in wanted))
    assert hosts.checklist["host3.libvirt"].finding is None
    assert hosts.checklist["host3.two"].finding is None
    world.further["host3"].released.set()
    world.shells["root@host3"].released.set()
    await reading
    assert all(item.finding is not None for item in hosts.checklist.items)


async def test_every_hypervisor_mounts_the_share() -> None:
    world = FakeHosts(more=("host3",))
    nfs = Nfs(world.connections, world.changes)
    await nfs.checklist.refresh_fully()
    assert all(item.finding is not None for item in nfs.checklist.items)
    found = {item.id for item in nfs.checklist.items}
    assert {"host3.mount", "host3.read", "host3.lock", "destination.read", "source.write"} <= found
    assert "source.read" not in found


async def test_without_a_storage_server_no_share_is_checked() -> None:
    world = FakeHosts()
    read, problems = config.check({**TABLES, "hosts": {"source": {"ssh": "root@source"}}})
    assert read, problems
    world.connections.config = read
    nfs = Nfs(world.connections, world.changes)
    await nfs.checklist.refresh_fully()
    assert list(nfs.checklist.items) == []

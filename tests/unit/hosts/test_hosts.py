"""Facts of the hosts as the cards of the Hosts page show them."""

import asyncio
from dataclasses import replace

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.hosts.backend.hosts import Hosts
from tui.hosts.model.host import OK, PARTLY, READING, UNREACHABLE, HostFacts, System, Virtualization, parse_system

DEBIAN_12 = """hostname kvm-a
kernel 6.1.0-13-cloud-amd64
cpus 2
cpu_model AMD EPYC
os "Debian GNU/Linux 12 (bookworm)"
memory_kib 24684096
memory_available_kib 23501760
"""
UBUNTU_2204 = """hostname kvm-b
kernel 5.15.0-91-generic
cpus 16
cpu_model Intel(R) Xeon(R)  Gold 6338 CPU @ 2.00GHz
os "Ubuntu 22.04.3 LTS"
memory_kib 131890180
memory_available_kib 128001232
"""
BUSYBOX = """hostname guest1
kernel 6.1.0-13-cloud-amd64
cpus 2
cpu_model QEMU Virtual CPU version 2.5+
memory_kib 1000064
"""

GIB = 1 << 30


@pytest.mark.parametrize(
    ("text", "system"),
    [
        (DEBIAN_12, System("kvm-a", "Debian GNU/Linux 12 (bookworm)", "6.1.0-13-cloud-amd64", 2, "AMD EPYC",
                           24684096 * 1024, 23501760 * 1024)),
        (UBUNTU_2204, System("kvm-b", "Ubuntu 22.04.3 LTS", "5.15.0-91-generic", 16,
                             "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", 131890180 * 1024, 128001232 * 1024)),
        (BUSYBOX, System("guest1", "", "6.1.0-13-cloud-amd64", 2, "QEMU Virtual CPU version 2.5+", 1000064 * 1024, 0)),
        ("", System()),
        ("cpus many\nmemory_kib \nnonsense\n", System()),
    ],
)  # fmt: skip
def test_a_system_is_parsed_from_the_output_of_its_script(text: str, system: System) -> None:
    assert parse_system(text) == system


@pytest.mark.parametrize(
    ("hypervisor", "system", "virtualization", "state"),
    [
        (True, None, None, READING),
        (True, System(), None, READING),
        (True, Failure("no"), None, READING),
        (False, System(), None, OK),
        (False, Failure("no"), None, UNREACHABLE),
        (True, Failure("no"), Failure("no"), UNREACHABLE),
        (True, System(), Failure("no"), PARTLY),
    ],
)
def test_the_state_of_a_host_follows_from_its_parts(
    hypervisor: bool, system: System | Failure | None, virtualization: Failure | None, state: str
) -> None:
    assert HostFacts("source", "root@source", hypervisor, system, virtualization).state == state


async def read_all(hosts: Hosts) -> dict[str, HostFacts]:
    async def last(host: HostFacts) -> HostFacts:
        return [facts async for facts in hosts.read(host)][-1]

    return {facts.name: facts for facts in await asyncio.gather(*map(last, hosts.unread()))}


async def test_all_parts_of_all_hosts_are_read() -> None:
    world = FakeHosts()
    facts = await read_all(Hosts(world.connections, world.changes))
    assert [facts[name].state for name in ("source", "destination", "storage")] == [OK, OK, OK]
    assert isinstance(facts["source"].virtualization, Virtualization)
    assert facts["source"].virtualization.vms == (guest1(),)
    assert facts["storage"].virtualization is None


async def test_a_host_that_does_not_respond_delays_no_other() -> None:
    world = FakeHosts()
    world.destination.released.clear()
    world.shells["root@destination"].released.clear()
    hosts = Hosts(world.connections, world.changes)
    source, destination, storage = hosts.unread()
    waiting = asyncio.ensure_future(anext(hosts.read(destination)))
    async for _ in hosts.read(source):
        pass
    async for _ in hosts.read(storage):
        pass
    assert not waiting.done()
    world.destination.released.set()
    world.shells["root@destination"].released.set()
    assert await waiting


async def test_a_host_with_one_failed_part_is_partly_reachable() -> None:
    world = FakeHosts()
    world.unreachable[world.destination.uri] = Failure("libvirt can't be reached", "it is down")
    facts = (await read_all(Hosts(world.connections, world.changes)))["destination"]
    assert facts.state == PARTLY
    assert isinstance(facts.system, System)
    assert [failure.why for failure in facts.failures] == ["it is down"]


async def test_old_facts_stay_until_they_are_replaced() -> None:
    world = FakeHosts()
    hosts = Hosts(world.connections, world.changes)
    known = (await read_all(hosts))["source"]
    world.source.known["guest1"] = guest1("running")
    seen = [facts async for facts in hosts.read(known)]
    assert all(facts.state == OK for facts in seen)
    assert seen[-1] == replace(known, virtualization=replace(known.virtualization, vms=(guest1("running"),)))


async def test_a_broken_libvirt_connection_is_opened_again() -> None:
    world = FakeHosts()
    hosts = Hosts(world.connections, world.changes)
    await read_all(hosts)
    world.source.broken = True
    assert (await read_all(hosts))["source"].state == OK
    assert world.opened.count(world.source.uri) == 2


async def test_a_read_is_repeated_if_the_connection_breaks() -> None:
    world = FakeHosts()
    calls = 0

    def read(hypervisor: object) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            world.source.broken = True
            raise Failure("the connection was cut")
        return calls

    assert await world.connections.query("source", read) == 2


async def test_a_read_that_libvirt_refuses_is_not_repeated() -> None:
    world = FakeHosts()
    world.source.failure = Failure("no")
    with pytest.raises(Failure):
        await world.connections.query("source", lambda hypervisor: hypervisor.vms())
    assert world.source.calls == ["vms"]


async def test_a_change_is_never_repeated() -> None:
    world = FakeHosts()
    calls = []

    def change(hypervisor: object) -> None:
        calls.append(hypervisor)
        world.source.broken = True
        raise Failure("the connection was cut")

    with pytest.raises(Failure):
        await world.connections.command("source", change)
    assert len(calls) == 1


async def test_a_host_with_a_failed_command_is_not_shown_as_read() -> None:
    world = FakeHosts()
    world.shells["root@storage"].answers = {"uname": Completed(2, "hostname nas\n", "sh: no such file")}
    facts = (await read_all(Hosts(world.connections, world.changes)))["storage"]
    assert str(facts.system) == "storage could not be read: sh: no such file."

"""One look at all hosts: what waits for what, and what is tried from one host on another."""

import asyncio
import time

import pytest

from tests.fake_hosts import SOFTWARE, FakeHosts, FakeShell
from tui.adapters.local import LocalShell
from tui.checklist.model.check import UNKNOWN
from tui.core.command import Completed
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.hosts.backend.hosts import Hosts
from tui.hosts.backend.reading import HostReading
from tui.hosts.backend.round import Look
from tui.hosts.model.facts import HostsFacts, Libvirt
from tui.hosts.model.host import System
from tui.hosts.model.names import SCRIPT as NAMES
from tui.hosts.model.ports import OPEN
from tui.hosts.model.ssh import WORKS, Attempt

PORTS = (46000, 46003)


def answers(name: str) -> FakeShell:
    """A host that lacks nothing that is looked at here."""
    return FakeShell(
        {
            "uname -n": f"hostname {name}\nssh 192.0.2.1 50000 192.0.2.2 22\naddress 192.0.2.2\n",
            "+%s.%N": f"{time.time()}\n",
            "id\n-u": "0\n",
            NAMES: f"{name} 192.0.2.9\n",
            "ssh -T": "home /root\nstatus 0\n",
            "libvirt-clients": SOFTWARE,
            "virsh": "kvm\n",
            "kvm": "runs\n",
            "unprivileged_userfaultfd": "sysctl 1\ncall granted\n",
        }
    )


@pytest.fixture
def world() -> FakeHosts:
    hosts = FakeHosts()
    for address, name in (("", "source"), ("root@destination", "destination"), ("root@storage", "storage")):
        hosts.shells[address] = answers(name)
    return hosts


def looking(world: FakeHosts) -> Look:
    return Look(HostReading(world.connections, world.changes.root), HostsFacts(world.config))


async def last(look: Look) -> HostsFacts:
    return [facts async for facts in look.run()][-1]


async def test_every_part_of_every_host_is_read(world: FakeHosts) -> None:
    facts = await last(looking(world))
    assert all(isinstance(facts.at(host).system, System) for host in ("source", "destination", "storage"))
    assert isinstance(facts.at("destination").libvirt, Libvirt)
    assert facts.vm is not None
    assert facts.vm.machine == "pc-q35-10.0"
    assert facts.way("source", "destination").ssh == Attempt(
        WORKS, home="/root", known_hosts="/root/.ssh/known_hosts", folder=False
    )
    assert facts.way("destination", "source").peer == "kvm"


async def test_a_host_that_does_not_answer_keeps_only_what_needs_it_waiting(world: FakeHosts) -> None:
    world.shells["root@storage"].released.clear()
    look = looking(world)
    async for facts in look.run():
        if facts.cpu and facts.way("source", "destination").peer and facts.way("source", "storage").names:
            world.shells["root@storage"].released.set()
        else:
            assert facts.at("storage").system is None
    assert isinstance(facts.at("storage").system, System)


async def test_a_part_that_failed_is_the_reason_for_what_builds_on_it(world: FakeHosts) -> None:
    world.shells["root@destination"].answers = {"": Failure("destination can't be reached", "no answer")}
    facts = await last(looking(world))
    reasons = [facts.at("destination").kvm, facts.way("destination", "source").ssh, facts.at("destination").clock]
    assert {str(each) for each in reasons} == {"destination can't be reached: no answer."}
    assert isinstance(facts.way("source", "destination").ssh, Attempt)


async def test_root_is_asked_for_once_a_host_where_it_is_not_to_be_had(world: FakeHosts) -> None:
    shell = world.shells["root@destination"]
    shell.answers = {
        "id\n-u": "1000\n",
        "sudo\n-n": Completed(1, "", "sudo: a password is required"),
        **{key: answer for key, answer in shell.answers.items() if key != "id\n-u"},
    }
    await last(looking(world))
    assert sum("sudo" in command for command in shell.commands) == 1


async def test_a_qemu_conf_that_cannot_be_read_is_not_taken_for_the_default(world: FakeHosts) -> None:
    said = "cat: /etc/libvirt/qemu.conf: Input/output error\n"
    shell = world.shells["root@destination"]
    shell.answers = {"/etc/libvirt/qemu.conf": Completed(1, "", said), **shell.answers}
    facts = await last(looking(world))
    assert str(facts.at("destination").conf) == f"qemu.conf on destination can't be read: {said.strip()}."


async def test_a_look_that_is_given_up_ends_what_it_had_begun(world: FakeHosts) -> None:
    world.shells["root@storage"].released.clear()
    look = looking(world)
    run = look.run()
    await anext(run)
    await run.aclose()
    assert not [task for task in asyncio.all_tasks() if "Look." in repr(task)]


async def test_what_was_read_before_stays_until_it_is_read_again(world: FakeHosts) -> None:
    hosts = Hosts(world.connections, world.changes)
    await hosts.checklist.look_once()
    world.shells["root@storage"].released.clear()
    look = hosts.checklist.look()
    await anext(look)
    assert hosts.checklist["storage.login"].state == "ok"
    await look.aclose()


async def test_the_cards_say_what_the_newest_trial_of_kvm_has_shown(world: FakeHosts) -> None:
    hosts = Hosts(world.connections, world.changes)
    source = hosts.unread()[0]
    assert [facts.kvm async for facts in hosts.read(source)][-1] == ""
    await hosts.checklist.look_once()
    assert [facts.kvm async for facts in hosts.read(source)][-1] == "a guest runs on it"


def reading_of_this_machine(world: FakeHosts) -> HostReading:
    connections = Connections(world.config, world.open_hypervisor, lambda _address: LocalShell())
    return HostReading(connections, world.changes.root)


async def test_ports_are_tried_by_listening_on_them_and_connecting(world: FakeHosts) -> None:
    tried = await reading_of_this_machine(world).ports("source", "destination", "127.0.0.1", PORTS)
    assert tried.address == "127.0.0.1"
    assert tried.ports(OPEN) + tried.in_use == tuple(range(PORTS[0], PORTS[1] + 1))
    assert tried.closed == {}


async def test_both_ways_can_be_tried_at_once(world: FakeHosts) -> None:
    reading = reading_of_this_machine(world)
    one, other = await asyncio.gather(
        reading.ports("source", "destination", "127.0.0.1", (46010, 46013)),
        reading.ports("destination", "source", "127.0.0.1", (46020, 46023)),
    )
    assert (one.closed, other.closed) == ({}, {})


@pytest.mark.parametrize(
    ("said", "why"),
    [("neither perl nor python3 is there\n", "neither perl nor python3 is there"), ("", "nothing can listen there")],
)
async def test_without_a_program_to_listen_with_the_ports_are_unknown(world: FakeHosts, said: str, why: str) -> None:
    world.shells["root@destination"].answers = {"perl": Completed(127, "", said)}
    reading = HostReading(world.connections, world.changes.root)
    with pytest.raises(Failure, match=why) as raised:
        await reading.ports("source", "destination", "127.0.0.1", PORTS)
    assert raised.value.detail == said


async def test_an_unread_part_is_unknown_in_the_list_and_not_a_traceback(world: FakeHosts) -> None:
    world.destination.failure = Failure("CPUs could not be compared", "this daemon cannot do it")
    hosts = Hosts(world.connections, world.changes)
    await hosts.checklist.look_once()
    assert hosts.checklist["destination.cpu"].state == UNKNOWN

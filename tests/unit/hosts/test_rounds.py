"""Facts read from all hosts: dependencies, failed commands, and tests from one host to another."""

import asyncio
import gc
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.fake_hosts import PROGRAMS, QEMU_CONF, SOFTWARE, FakeHosts, FakeShell, answered, login_read
from tui.adapters.local import LocalShell
from tui.checklist.model.check import FAILED, UNKNOWN
from tui.core.command import Completed
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.hosts.backend.hosts import Hosts
from tui.hosts.backend.reading import HostReading, configured
from tui.hosts.backend.rounds import Rounds
from tui.hosts.model.facts import HostsFacts, Libvirt
from tui.hosts.model.host import System
from tui.hosts.model.names import SCRIPT as NAMES
from tui.hosts.model.ports import CONNECTOR, LISTENER, OPEN, Tried
from tui.hosts.model.ssh import WORKS, Attempt
from tui.linux import perl
from tui.linux.qemu_conf import QemuConf
from tui.vm.model.kvm import Kvm

PORTS = (46000, 46003)


def answers(name: str) -> FakeShell:
    """A host on which every part read here succeeds."""
    return FakeShell(
        {
            "uname -n": login_read(
                f"hostname {name}\nssh 192.0.2.1 50000 192.0.2.2 22\naddress 192.0.2.2\n",
                *(f"{known} 192.0.2.9" for known in ("source", "destination", "storage")),
            ),
            "+%s.%N": f"{time.time()}\n",
            "id\n-u": "0\n",
            NAMES: "host 192.0.2.8\n",
            "ssh -T": "home /root\nstatus 0\n",
            "libvirt-clients": SOFTWARE + QEMU_CONF,
            "-e /etc/libvirt/qemu.conf": QEMU_CONF,
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


def rounds(world: FakeHosts) -> Rounds:
    return Rounds(HostReading(world.connections, world.changes.sudo), HostsFacts(configured(world.config)))


async def last(reading: Rounds) -> HostsFacts:
    return [facts async for facts in reading.run()][-1]


async def test_every_part_of_every_host_is_read(world: FakeHosts) -> None:
    facts = await last(rounds(world))
    assert all(isinstance(facts.at(host).system, System) for host in ("source", "destination", "storage"))
    assert isinstance(facts.at("destination").libvirt, Libvirt)
    assert facts.vm is not None
    assert facts.vm.machine == "pc-q35-10.0"
    assert facts.way("source", "destination").ssh == Attempt(
        WORKS, home="/root", known_hosts="/root/.ssh/known_hosts", folder=False
    )
    assert facts.way("destination", "source").peer == "kvm"


async def test_a_host_that_does_not_respond_delays_only_parts_that_need_it(world: FakeHosts) -> None:
    world.shells["root@storage"].released.clear()
    async for facts in rounds(world).run():
        if (way := facts.way("source", "destination")).cpu and way.peer and facts.way("source", "storage").names:
            world.shells["root@storage"].released.set()
        else:
            assert facts.at("storage").system is None
    assert isinstance(facts.at("storage").system, System)


async def test_a_silent_hypervisor_does_not_delay_parts_of_the_other_alone(world: FakeHosts) -> None:
    destination = world.shells["root@destination"]
    destination.released.clear()
    async for facts in rounds(world).run():
        source = facts.at("source")
        alone = (source.clock, source.software, source.kvm, source.userfaultfd, facts.way("source", "source").names,
                 facts.way("source", "storage").names, facts.way("source", "destination").peer)  # fmt: skip
        if None not in alone:
            destination.released.set()
        elif not destination.released.is_set():
            assert facts.at("destination").system is None
    assert isinstance(facts.at("destination").kvm, Kvm)


async def test_the_second_round_resolves_only_names_that_are_new(world: FakeHosts) -> None:
    world.destination.hostname = "destination"
    facts = await last(rounds(world))
    assert facts.way("source", "destination").names == {"destination": ("192.0.2.9",)}
    assert facts.way("destination", "source").names == {"source": ("192.0.2.9",), "host": ("192.0.2.8",)}
    assert [command[4:] for command in world.shells[""].commands if NAMES in command] == [("host",)]


# -- commands that fail --


async def test_a_host_with_a_nologin_account_could_not_be_read(world: FakeHosts) -> None:
    shell = world.shells["root@destination"]
    shell.answers = {"": Completed(1, "This account is currently not available.\n", "")}
    hosts = Hosts(world.connections, world.changes)
    await hosts.checklist.refresh_fully()
    found = "destination could not be read: This account is currently not available"
    login = hosts.checklist["destination.login"].finding
    assert login is not None
    assert (login.state, login.found) == (FAILED, found)
    facts = hosts.checklist.facts.at("destination")
    assert {str(each) for each in (facts.system, facts.conf, facts.software, facts.kvm)} == {f"{found}."}
    assert not any("sudo" in command for command in shell.commands)


async def test_a_shell_that_ignores_the_script_is_not_a_default_qemu_conf(world: FakeHosts) -> None:
    world.shells["root@storage"].answers = {"id\n-u": "0\n"}
    facts = (await last(rounds(world))).at("storage")
    unread = "storage could not be read: the host's shell did not run the command."
    assert {str(facts.system), str(facts.conf)} == {unread}
    world.shells["root@storage"].answers = {"uname -n": login_read("hostname storage\n"), "id\n-u": "0\n"}
    conf = (await last(rounds(world))).at("storage").conf
    assert str(conf) == "qemu.conf of storage could not be read: the host's shell did not run the command."


async def test_a_failed_command_of_root_is_a_failure_with_its_output(world: FakeHosts) -> None:
    shell = world.shells["root@destination"]
    shell.answers["unprivileged_userfaultfd"] = Completed(1, "", "sh: fork: Resource unavailable\n")
    tried = (await last(rounds(world))).at("destination").userfaultfd
    assert str(tried) == "destination could not be read as root: sh: fork: Resource unavailable."


async def test_a_section_that_failed_leaves_the_others_read(world: FakeHosts) -> None:
    late = answered(programs="\n".join(PROGRAMS), systemd="", units=Completed(124, "", ""), groups="root\n")
    shell = world.shells["root@destination"]
    shell.answers["libvirt-clients"] = late + QEMU_CONF
    facts = (await last(rounds(world))).at("destination")
    assert facts.conf == QemuConf()
    assert str(facts.software) == "libvirt and QEMU could not be read (units): its command did not end in time."
    shell.answers["libvirt-clients"] = SOFTWARE + answered(qemu_conf=Completed(1, "cat: Input/output error\n", ""))
    facts = (await last(rounds(world))).at("destination")
    assert str(facts.conf) == "qemu.conf of destination could not be read: cat: Input/output error."


# -- parts that need another part --


async def test_a_failed_part_is_the_reason_for_parts_that_depend_on_it(world: FakeHosts) -> None:
    world.shells["root@destination"].answers = {"": Failure("destination can't be reached", "no answer")}
    facts = await last(rounds(world))
    reasons = [facts.at("destination").kvm, facts.way("destination", "source").ssh, facts.at("destination").clock]
    assert {str(each) for each in reasons} == {"destination can't be reached: no answer."}
    assert isinstance(facts.way("source", "destination").ssh, Attempt)


async def test_sudo_is_tried_once_per_host_if_it_is_refused(world: FakeHosts) -> None:
    shell = world.shells["root@destination"]
    shell.answers = {
        "id\n-u": "1000\n",
        "sudo\n-n": Completed(1, "", "sudo: a password is required"),
        **{key: answer for key, answer in shell.answers.items() if key != "id\n-u"},
    }
    await last(rounds(world))
    assert sum("sudo" in command for command in shell.commands) == 1


async def test_a_cancelled_pass_ends_its_tasks(world: FakeHosts) -> None:
    world.shells["root@storage"].released.clear()
    run = rounds(world).run()
    await anext(run)
    await run.aclose()
    assert not [task for task in asyncio.all_tasks() if "Rounds." in repr(task)]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of the reading that nobody ends
@pytest.mark.parametrize("steps", range(12))
def test_a_loop_that_ends_during_a_cancelled_pass_reports_no_exception(world: FakeHosts, steps: int) -> None:
    """The app quits: the tasks are cancelled, and after so many steps nobody is resumed any more."""
    reported: list[str] = []
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _, context: reported.append(f"{context['message']} {context.get('future')}"))
    world.shells["root@storage"].released.clear()
    run = rounds(world).run()
    loop.run_until_complete(anext(run))
    for task in asyncio.all_tasks(loop):
        task.cancel()
    for _ in range(steps):
        loop.call_soon(loop.stop)
        loop.run_forever()
    loop.close()
    del run, task
    gc.collect()
    assert not [each for each in reported if "never retrieved" in each]


async def test_old_facts_stay_until_they_are_read_again(world: FakeHosts) -> None:
    hosts = Hosts(world.connections, world.changes)
    await hosts.checklist.refresh_fully()
    world.shells["root@storage"].released.clear()
    reading = hosts.checklist.refresh()
    await anext(reading)
    assert hosts.checklist["storage.login"].state == "ok"
    await reading.aclose()


@pytest.mark.parametrize(("state", "reason"), [("paused", "migrating"), ("running", "post-copy")])
async def test_the_locked_definition_of_a_vm_that_is_migrated_here_is_not_read(
    world: FakeHosts, state: str, reason: str
) -> None:
    arriving = Vm("guest1", "uuid", state, reason, 2, 1 << 30)
    world.destination.known = {"guest1": arriving}
    found = await HostReading(world.connections, world.changes.sudo).libvirt("destination")
    assert (found.vms, found.vm) == ((arriving,), None)
    assert "definition guest1" not in world.destination.calls


def reading_of_this_machine(world: FakeHosts) -> HostReading:
    connections = Connections(world.config, world.open_hypervisor, lambda _address: LocalShell())
    return HostReading(connections, world.changes.sudo)


async def test_ports_are_tried_by_listening_and_connecting(world: FakeHosts) -> None:
    tried = await reading_of_this_machine(world).ports("source", "destination", "127.0.0.1", PORTS)
    assert tried.address == "127.0.0.1"
    assert tried.ports(OPEN) + tried.in_use == tuple(range(PORTS[0], PORTS[1] + 1))
    assert tried.closed == {}


@pytest.mark.parametrize(("address", "tried"), [("10.20.0.3", "10.20.0.3"), ("destination-b", "192.0.2.9")])
async def test_the_ports_are_tried_at_the_migration_address(world: FakeHosts, address: str, tried: str) -> None:
    class Listens(FakeShell):
        async def run(self, argv: Any, *, on_output: Any = None, **options: Any) -> Completed:
            if LISTENER not in argv:
                return await super().run(argv, on_output=on_output, **options)
            on_output("listening 46000\nready\n")
            return Completed(0, "", "")

    world.shells["root@destination"] = Listens(answers("destination").answers)
    world.shells[""].answers[CONNECTOR] = "46000 open\n"
    named = dict(world.config.hosts.named)
    named["destination"] = replace(named["destination"], migration_address=address)
    config = replace(world.config, hosts=replace(world.config.hosts, named=named))
    for shell in world.shells.values():
        shell.answers[NAMES] = "destination-b 192.0.2.9\n"
    connections = Connections(config, world.open_hypervisor, world.shells.__getitem__)
    facts = await last(Rounds(HostReading(connections, world.changes.sudo), HostsFacts(configured(config))))
    assert facts.way("source", "destination").ports == Tried(tried, ((46000, OPEN),))


async def test_ports_of_both_hosts_can_be_tried_at_once(world: FakeHosts) -> None:
    reading = reading_of_this_machine(world)
    one, other = await asyncio.gather(
        reading.ports("source", "destination", "127.0.0.1", (46010, 46013)),
        reading.ports("destination", "source", "127.0.0.1", (46020, 46023)),
    )
    assert (one.closed, other.closed) == ({}, {})


async def test_a_listener_that_ended_early_leaves_the_ports_unknown(world: FakeHosts) -> None:
    class Ended(FakeShell):
        async def run(self, argv: Any, *, on_output: Any = None, **_: Any) -> Completed:
            on_output("listening 46000\nready\n")
            return Completed(137, "", "Killed\n")

    world.shells["root@destination"] = Ended()
    world.shells[""].answers = {"perl": "46000 refused\n"}
    with pytest.raises(Failure, match="Killed"):
        await HostReading(world.connections, world.changes.sudo).ports("source", "destination", "192.0.2.2", PORTS)


@pytest.mark.parametrize(
    ("status", "why", "hint"),
    [(127, perl.MISSING, perl.INSTALL), (1, "nothing can listen there", "")],
    ids=["no perl", "no port"],
)
async def test_without_a_listener_the_ports_are_unknown(world: FakeHosts, status: int, why: str, hint: str) -> None:
    world.shells["root@destination"].answers = {"perl": Completed(status, "", "stopped\n")}
    reading = HostReading(world.connections, world.changes.sudo)
    with pytest.raises(Failure, match=why) as raised:
        await reading.ports("source", "destination", "127.0.0.1", PORTS)
    assert (raised.value.hint, raised.value.detail) == (hint, "stopped\n")


async def test_an_unread_part_is_unknown_in_the_list(world: FakeHosts) -> None:
    world.destination.failure = Failure("CPUs could not be compared", "this daemon cannot do it")
    hosts = Hosts(world.connections, world.changes)
    await hosts.checklist.refresh_fully()
    assert hosts.checklist["destination.cpu"].state == UNKNOWN


async def test_a_login_whose_shell_prints_text_is_named_as_the_cause_of_a_broken_libvirt(world: FakeHosts) -> None:
    error = "error: failed to connect to the hypervisor\nerror: packet 1466264671 bytes received from server too large"
    world.shells["root@destination"].answers["virsh"] = Completed(1, "", f"{error}, want 33554432\n")
    reading = HostReading(world.connections, world.changes.sudo)
    with pytest.raises(Failure, match="the shell of the login there prints text") as raised:
        await reading.peer("destination", "qemu+ssh://root@source/system")
    assert "~/.bashrc" in raised.value.hint

"""The VM's whereabouts, the workloads as values, and the Launch room with hosts in memory."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fake_agent import FakeAgent
from tests.fake_hosts import TABLES, FakeHosts, guest1
from tui.app import config
from tui.core.command import Completed
from tui.core.connections import Connections
from tui.core.failure import Failure, UntrustedHost
from tui.core.settings import IDLE
from tui.core.ssh_key import HostKey
from tui.core.vm import Vm
from tui.guest.model.agent import AGENT
from tui.guest.model.workload import (
    CPU,
    MEMORY,
    Room,
    Workload,
    WorkloadSpec,
    doubt,
    fitted,
    live_line,
    pace,
    parse_status,
    refuse,
)
from tui.launch.backend import launch as launch_module
from tui.launch.backend.launch import Launch
from tui.vm.model.location import VmPlacement

GIB = 1 << 30
AWAY = Failure("libvirt can't be reached", "it is down")

RUNNING = """name memory
options memory_intensive --threads 2 --size 150 --rate 0
running 231
line seconds=11.001 state=dirtying threads=2 working_set_mib=300 \
mib_per_s=2539.5 dirtied_mib=11737.0 passes=39.12 checked_pages=2927872 wrong_pages=0
line seconds=12.001 state=dirtying threads=2 working_set_mib=300 \
mib_per_s=2296.1 dirtied_mib=14035.0 passes=46.78 checked_pages=3516160 wrong_pages=0
"""
WRONG = """name memory
options memory_intensive --threads 2 --size 150 --rate 0
ended 1
line error=wrong_page thread=0 page=17 word=0 wrong_words=512 pass=12 expected=0x01 found=0x00 looks_like=zeros
line seconds=13.501 state=failed threads=2 working_set_mib=300 \
mib_per_s=0.0 dirtied_mib=14035.0 passes=46.78 checked_pages=3516160 wrong_pages=1
"""
REFUSED = """name memory
options memory_intensive --threads 2 --size 900 --rate 0
ended 2
line memory_intensive: 2 threads x 900 MiB is 1800 MiB, but only 805 MiB of memory can be had: try fewer --threads.
"""
DONE = """name cpu
options cpu_util --threads 2
ended 0
line seconds=5.912 state=done threads=2 additions_per_s=1198240 additions=9858000 sum=4.76758e+06
"""
STARTING = "name cpu\noptions cpu_util --threads 2\nstarting\n"
GONE = "name cpu\noptions cpu_util --threads 2\ngone\nline seconds=5.000 state=running threads=2 additions_per_s=1\n"


def silent(_text: str) -> None:
    """For calls whose progress nobody reads."""


# -- where the VM is --


@pytest.mark.parametrize(
    ("source", "destination", "host", "sentence"),
    [
        (guest1(), None, "source", "shut off on source"),
        (None, guest1("running"), "destination", "running on destination"),
        (guest1(), guest1("running"), "destination", "running on destination"),
        (guest1("running"), guest1("paused", "migrating"), "source", "running on source"),
        (guest1("paused", "post-copy"), guest1("running", "post-copy"), "destination",
         "running (post-copy) on destination"),
        (guest1("paused", "post-copy failed"), guest1("shut off"), "source", "paused (post-copy failed) on source"),
        (None, None, "", "no host has a VM of this name"),
        (None, AWAY, "", "unknown because destination can't be reached"),
        (guest1("running"), AWAY, "source", "running on source"),
    ],
)  # fmt: skip
def test_the_vm_is_where_it_runs_else_where_it_is_defined(
    source: Vm | Failure | None, destination: Vm | Failure | None, host: str, sentence: str
) -> None:
    where = VmPlacement("guest1", {"source": source, "destination": destination})
    assert (where.host, where.sentence) == (host, sentence)


def test_booting_is_doubtful_while_the_vm_might_run_where_nobody_can_look() -> None:
    where = VmPlacement("guest1", {"source": guest1(), "destination": AWAY})
    assert where.why_not_boot() == ""
    assert "destination can't be reached" in where.doubt
    assert not VmPlacement("guest1", {"source": guest1(), "destination": None}).doubt


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({}, "not located yet"),
        ({"source": guest1("running"), "destination": None}, "already running on source"),
        ({"source": None, "destination": None}, "No host has"),
        ({"source": AWAY, "destination": None}, "it is down"),
    ],
)
def test_a_vm_that_can_not_be_booted_says_why(answers: dict[str, Vm | Failure | None], reason: str) -> None:
    assert reason in VmPlacement("guest1", answers).why_not_boot()


def test_booting_waits_for_the_answers_of_both_hosts() -> None:
    unasked = VmPlacement("guest1", awaited=("source", "destination"))
    assert unasked.sentence == "not known yet"
    half = unasked.with_answer("source", guest1())
    assert (half.host, half.sentence) == ("source", "shut off on source")
    assert "destination has not answered" in half.why_not_boot()
    assert unasked.with_answer("source", None).sentence == "not known yet"
    assert half.with_answer("destination", None).why_not_boot() == ""
    assert "already running on source" in half.with_answer("source", guest1("running")).why_not_boot()


# -- workloads as values --


def test_a_workload_is_started_with_its_parameters() -> None:
    assert WorkloadSpec(CPU, 16).options == ("--threads", "16")
    assert WorkloadSpec(MEMORY, 14, 512, 100).options == ("--threads", "14", "--size", "512", "--rate", "100")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (WorkloadSpec("disk", 1), "no workload 'disk'"),
        (WorkloadSpec(CPU, 0), "0 threads"),
        (WorkloadSpec(CPU, 5000), "5000 threads"),
        (WorkloadSpec(MEMORY, 2, 0), "at least 1 MiB"),
        (WorkloadSpec(MEMORY, 14, 512), "7.0 GiB, and the VM has 1.0 GiB"),
    ],
)
def test_a_workload_that_can_not_run_is_refused_in_a_sentence(spec: WorkloadSpec, words: str) -> None:
    refusal = refuse(spec, GIB)
    assert refusal
    assert words in str(refusal)


def test_a_workload_that_fits_is_not_refused() -> None:
    assert refuse(WorkloadSpec(MEMORY, 2, 150), GIB) is None
    assert refuse(WorkloadSpec(MEMORY, 14, 512), 0) is None  # the VM's memory is not known


def test_a_running_workload_tells_what_it_does() -> None:
    status = parse_status(RUNNING)
    assert (status.current, status.running, status.pid, status.error) == (MEMORY, True, 231, "")
    assert live_line(status) == ("dirtying for 00:12, 2296 MiB/s of 300 MiB; 3.5 million pages checked, none wrong")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (WRONG, "Memory was corrupted: 1 page held something else"),
        (REFUSED, "ended with status 2: memory_intensive: 2 threads x 900 MiB is 1800 MiB"),
        (GONE, "gone without a word"),
        (RUNNING.replace("wrong_pages=0", "wrong_pages=3"), "Memory was corrupted: 3 pages"),
    ],
)
def test_what_went_wrong_with_a_workload_is_a_sentence(text: str, words: str) -> None:
    assert words in parse_status(text).error


@pytest.mark.parametrize(
    ("text", "name"), [("", IDLE), (DONE, IDLE), (WRONG, IDLE), (RUNNING, MEMORY), (STARTING, CPU)]
)
def test_idle_is_whenever_nothing_runs(text: str, name: str) -> None:
    assert parse_status(text).current == name


def test_a_workload_is_starting_until_its_process_and_its_first_word_are_known() -> None:
    assert parse_status(STARTING).starting
    assert parse_status(RUNNING.replace("running 231", "starting")).starting
    assert parse_status("\n".join(RUNNING.splitlines()[:3])).starting
    assert not parse_status(RUNNING).starting
    assert not parse_status(DONE).starting


def test_an_ended_workload_is_no_error() -> None:
    status = parse_status(DONE)
    assert (status.name, status.exit_status, status.error) == (CPU, 0, "")


def test_a_workload_that_its_guest_ended_when_it_shut_down_is_no_error() -> None:
    status = parse_status(DONE.replace("ended 0", "gone"))
    assert (status.vanished, status.exit_status, status.error) == (True, None, "")


@pytest.mark.parametrize("text", ["garbage", "name \nrunning 1\n", "name cpu\nrunning x\nline \nline =\n", "\x00"])
def test_nonsense_from_the_guest_does_no_harm(text: str) -> None:
    status = parse_status(text)
    assert status.pid == 0
    assert live_line(status)


# -- the VM's room for a workload --

SMALL, ORIGINAL = Room(2, GIB), Room(16, 8 * GIB)


@pytest.mark.parametrize(
    ("spec", "room", "small", "said"),
    [
        (WorkloadSpec(CPU, 16), ORIGINAL, WorkloadSpec(CPU, 16), ""),
        (WorkloadSpec(MEMORY, 14, 512), ORIGINAL, WorkloadSpec(MEMORY, 14, 512), ""),
        (WorkloadSpec(CPU, 16), SMALL, WorkloadSpec(CPU, 2), "Scaled down from 16 threads: the VM has 2 vCPUs."),
        (WorkloadSpec(MEMORY, 14, 512, 100), SMALL, WorkloadSpec(MEMORY, 2, 384, 100),
         "Scaled down from 14 x 512 MiB: the VM has 2 vCPUs and 1.0 GiB."),
        (WorkloadSpec(MEMORY, 2, 150), SMALL, WorkloadSpec(MEMORY, 2, 150), ""),
        (WorkloadSpec(MEMORY, 14, 512), Room(), WorkloadSpec(MEMORY, 14, 512), ""),
        (WorkloadSpec(MEMORY, 2, 99), Room(1, 2 << 20), WorkloadSpec(MEMORY, 1, 1),
         "Scaled down from 2 x 99 MiB: the VM has 1 vCPU and 2.0 MiB."),
        (WorkloadSpec("own", command=("a",)), SMALL, WorkloadSpec("own", command=("a",)), ""),
    ],
)  # fmt: skip
def test_a_workload_is_scaled_down_to_the_vm_and_says_so(
    spec: WorkloadSpec, room: Room, small: WorkloadSpec, said: str
) -> None:
    assert fitted(spec, room) == (small, said)
    assert refuse(small, room.memory_bytes) is None


def test_more_threads_than_vcpus_are_meant_but_doubtful() -> None:
    assert doubt(WorkloadSpec(CPU, 3), SMALL) == "3 threads take turns on the VM's 2 vCPUs."
    assert doubt(WorkloadSpec(CPU, 2), SMALL) == doubt(WorkloadSpec(CPU, 3), Room()) == ""


def test_working_set_and_rate_are_said_together() -> None:
    assert pace(WorkloadSpec(MEMORY, 2, 150, 100)) == "300 MiB, dirtied at 100 MiB/s: each page every 3.0 s"
    assert pace(WorkloadSpec(MEMORY, 2, 150)) == "300 MiB, dirtied as fast as it can"


# -- workloads of the user's own --

ODD = "-odd name; 'ü $(x)"
OWN = f"name {ODD}\noptions sh -c 'x y'\nrunning 7\nline begun\nline ops=12 rate=2.5\nline still at it\n"


def test_the_last_values_of_an_own_workload_are_live() -> None:
    status = parse_status(OWN)
    assert (status.current, status.own, status.starting) == (ODD, True, False)
    assert live_line(status) == "running: ops=12 rate=2.5"
    assert status.parameters == {"command": "sh -c 'x y'"}


def test_an_own_workload_that_says_nothing_runs_all_the_same() -> None:
    status = parse_status("name x\noptions sleep 9\nrunning 7\n")
    assert (status.starting, live_line(status)) == (False, "running")
    assert parse_status("name x\noptions sleep 9\nstarting\n").starting


def test_what_a_guest_prints_can_not_command_a_terminal() -> None:
    status = parse_status("name x\x1b[31m\noptions \x9b\nrunning 7\nline a\x1b]0;t\x07b\n")
    assert all(text.isprintable() for text in (status.name, status.options, *status.output))


def test_what_a_workload_was_started_with_is_known_from_the_guest_alone() -> None:
    assert parse_status(RUNNING).parameters == {
        "command": "memory_intensive --threads 2 --size 150 --rate 0",
        "threads": 2,
        "size_mib": 150,
        "rate_mib_s": 0,
        "working_set_mib": 300,
    }
    assert parse_status(DONE).parameters == {}  # it loads nothing any more


# -- the room --


def launch_of(world: FakeHosts) -> Launch:
    return Launch(world.connections, world.changes.sudo)


def test_the_configured_workloads_are_proposed() -> None:
    launch = launch_of(FakeHosts())
    assert launch.default_spec(CPU) == WorkloadSpec(CPU, 2)
    assert launch.default_spec(MEMORY) == WorkloadSpec(MEMORY, 2, 150, 0)


async def test_booting_starts_the_vm_where_it_is_and_waits_for_its_guest() -> None:
    world = FakeHosts()
    world.source.known, world.destination.known = {}, {"guest1": guest1()}
    world.guest.answers = {"true": Failure("can't be reached", "connection refused")}
    said: list[str] = []

    def on_progress(text: str) -> None:
        said.append(text)
        if "connection refused" in text:
            world.guest.answers = {}

    assert "is up" in await launch_of(world).boot(on_progress)
    assert "start guest1" in world.destination.calls
    assert "start guest1" not in world.source.calls
    assert said[0] == "starting guest1 on destination"
    assert "booting: connection refused" in said
    assert world.guest.closed  # an old connection would be of the guest before the restart


async def test_a_running_vm_is_not_booted() -> None:
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    with pytest.raises(Failure, match="already running on source"):
        await launch_of(world).boot(silent)


async def test_a_guest_with_an_unknown_host_key_is_not_waited_for() -> None:
    world = FakeHosts()
    world.guest.answers = {"true": UntrustedHost("guest1's host key is not known")}
    with pytest.raises(UntrustedHost):
        await launch_of(world).boot(silent)


async def test_a_vm_that_stops_while_it_boots_is_not_waited_for() -> None:
    world = FakeHosts()
    world.guest.answers = {"true": Failure("can't be reached", "no route")}

    def on_progress(text: str) -> None:
        if "no route" in text:
            world.source.known["guest1"] = guest1("shut off")

    with pytest.raises(Failure, match="stopped while it was booting"):
        await launch_of(world).boot(on_progress)


async def test_a_guest_that_never_answers_ends_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "BOOT_LIMIT_S", 0.0)
    with pytest.raises(Failure, match="did not answer over ssh"):
        await launch_of(FakeHosts()).boot(silent)


async def test_a_guest_that_ignores_the_shutdown_ends_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "SHUTDOWN_LIMIT_S", 0.0)
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    with pytest.raises(Failure, match="force it off"):
        await launch_of(world).shut_down(silent)


async def test_the_vm_is_shut_down_and_forced_off_where_it_runs() -> None:
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    await launch_of(world).shut_down(silent)
    world.source.known["guest1"] = guest1("running")
    await launch_of(world).force_off(silent)
    assert [call for call in world.source.calls if "guest1" in call] == ["shut_down guest1", "force_off guest1"]


async def test_a_vm_that_is_being_migrated_is_not_forced_off() -> None:
    """In post-copy one half of its memory is on each host, and both would be gone."""
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    world.source.stats = {"type": 2, "operation": 5}
    with pytest.raises(Failure, match="it is being migrated"):
        await launch_of(world).force_off(silent)
    assert "force_off guest1" not in world.source.calls


@pytest.mark.parametrize("call", [Launch.shut_down, Launch.force_off])
async def test_a_vm_that_does_not_run_can_not_be_stopped(call: Callable[..., object]) -> None:
    with pytest.raises(Failure, match="shut off on source"):
        await call(launch_of(FakeHosts()), silent)  # type: ignore[misc]


def running_world(status: str = "") -> FakeHosts:
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    world.guest.answers = {"cat what": status}
    return world


async def test_a_second_workload_is_refused() -> None:
    with pytest.raises(Failure, match="memory runs already"):
        await launch_of(running_world(RUNNING)).start_workload(WorkloadSpec(CPU, 2), silent)


async def test_a_workload_too_large_for_the_vm_never_reaches_the_guest() -> None:
    world = running_world()
    with pytest.raises(Failure, match=r"the VM has 1\.0 GiB"):
        await launch_of(world).start_workload(WorkloadSpec(MEMORY, 14, 512), silent)
    assert world.guest.commands == []


async def test_the_guests_own_compiler_output_is_the_reason() -> None:
    world = running_world()
    errors = (
        "new-cpu_util.c:26:10: fatal error: math.h: No such file\n   26 | #include <math.h>\ncompilation terminated."
    )
    world.guest.answers["new-$1.c"] = Completed(1, "", errors)
    world.guest.answers = dict(reversed(world.guest.answers.items()))
    with pytest.raises(Failure, match=r"math\.h: No such file") as caught:
        await launch_of(world).start_workload(WorkloadSpec(CPU, 2), silent)
    assert "compilation terminated" in caught.value.detail


async def test_a_workload_that_ends_at_once_tells_its_own_words() -> None:
    world = running_world()
    launch = launch_of(world)

    def on_progress(text: str) -> None:
        if text.startswith("starting"):
            world.guest.answers = {"cat what": REFUSED}

    with pytest.raises(Failure, match="only 805 MiB of memory can be had"):
        await launch.start_workload(WorkloadSpec(MEMORY, 2, 400), on_progress)


async def test_the_source_that_is_sent_is_the_programs_own() -> None:
    world = running_world()

    def on_progress(text: str) -> None:
        if text.startswith("starting"):
            world.guest.answers = {"cat what": DONE.replace("ended 0", "running 5")}

    status = await launch_of(world).start_workload(WorkloadSpec(CPU, 2), on_progress)
    assert status.running
    assert any(b"pow(sin(" in each for each in world.guest.stdin)
    started = next(argv for argv in world.guest.commands if argv[-1] == "2")
    assert started[3:] == ("sh", "", "cpu", "cpu_util --threads 2", ".", "./cpu_util", "--threads", "2")


async def test_a_workload_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "FINAL_CHECK_LIMIT_S", -1.0)
    world = running_world(RUNNING)

    def on_progress(text: str) -> None:
        assert "killed" in text
        world.guest.answers = {"cat what": GONE}

    await launch_of(world).stop_workload(on_progress)
    assert [argv[-1] for argv in world.guest.commands if 'kill -"$1"' in argv[2]] == ["TERM", "KILL"]


async def test_a_workload_that_no_kill_ends_is_named_with_its_process_and_what_to_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launch_module, "FINAL_CHECK_LIMIT_S", -1.0)
    monkeypatch.setattr(launch_module, "LOOK_EVERY_S", 0.0)
    world = running_world(RUNNING)

    def on_progress(_text: str) -> None:  # the guard of this test: without a bound it would go on for ever
        assert len(world.guest.commands) < 10 * launch_module.KILLS

    with pytest.raises(Failure, match="The workload memory still runs in guest1") as caught:
        await launch_of(world).stop_workload(on_progress)
    assert "process 231 ended neither at TERM nor at" in caught.value.why
    assert "-p 231" in caught.value.hint
    assert "force the VM off" in caught.value.hint
    signals = [argv[-1] for argv in world.guest.commands if 'kill -"$1"' in argv[2]]
    assert signals == ["TERM", *["KILL"] * launch_module.KILLS]


async def test_a_run_is_named_after_what_runs_in_the_guest() -> None:
    world = running_world(RUNNING)
    launch = launch_of(world)
    assert (await launch.current_workload("guest1")).name == "memory"
    world.guest.answers = {"cat what": DONE}
    assert (await launch.current_workload("guest1")).name == "idle"


async def test_no_run_begins_while_its_workload_is_still_being_started() -> None:
    """It would be recorded as idle, and be none: found by pressing the keys faster than the guest compiles."""
    world = running_world()
    launch = launch_of(world)
    refused: list[Failure] = []

    def on_progress(_text: str) -> None:
        world.guest.answers = {"cat what": RUNNING}
        try:
            launch.current_workload("guest1").send(None)
        except Failure as failure:
            refused.append(failure)

    await launch.start_workload(WorkloadSpec(MEMORY, 2, 150), on_progress)
    assert refused
    assert {each.what for each in refused} == {"The workload memory is still being started"}
    assert (await launch.current_workload("guest1")).name == "memory"


async def test_a_workload_that_is_being_started_in_one_vm_keeps_no_other_from_being_migrated() -> None:
    world = running_world()
    launch = launch_of(world)
    launch.choose("two")
    launch.keep_address("root@guest1")
    launch.choose("guest1")
    asked: list[asyncio.Future[Workload]] = []

    def on_progress(_text: str) -> None:
        world.guest.answers = {"cat what": RUNNING}
        asked.append(asyncio.ensure_future(launch.current_workload("two")))

    await launch.start_workload(WorkloadSpec(MEMORY, 2, 150), on_progress)
    assert {each.name for each in await asyncio.gather(*asked)} == {"memory"}


async def test_a_run_is_named_after_what_ran_last_where_the_guest_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launch_module, "NAME_LIMIT_S", 0.05)
    world = running_world(RUNNING)
    launch = launch_of(world)
    world.guest.released.clear()
    assert (await launch.current_workload("guest1")).name == "unknown"
    world.guest.released.set()
    await launch.workload_status("guest1")
    world.guest.answers = {"cat what": Failure("can't be reached")}
    assert (await launch.current_workload("guest1")).name == "memory"


async def test_both_hosts_are_asked_side_by_side() -> None:
    world = FakeHosts()
    world.destination.released.clear()
    asking = asyncio.ensure_future(launch_of(world).vm_state())
    while not (world.source.calls and world.destination.calls):  # noqa: ASYNC110
        await asyncio.sleep(0)  # the calls are on threads
    world.destination.released.set()
    assert (await asking).host == "source"


async def test_a_guest_that_can_not_be_looked_at_is_a_sentence() -> None:
    world = running_world()
    world.guest.answers = {"cat what": Completed(1, "", "sh: out of memory")}
    with pytest.raises(Failure, match="out of memory"):
        await launch_of(world).workload_status("guest1")


# -- through the guest's agent, and the user's own --


def with_config(world: FakeHosts, **vm: object) -> Launch:
    """The room under another configuration, with two workloads of the user's own."""
    own = {ODD: {"command": ["no such; program"]}, "quiet": {"command": ["sleep", "9"]}}
    tables = TABLES | {"vm": TABLES["vm"] | vm, "workload": TABLES["workload"] | own}
    read, problems = config.check(tables)
    assert read, problems
    return Launch(Connections(read, world.open_hypervisor, world.shells.__getitem__), world.changes.sudo)


async def test_the_guest_is_booted_and_asked_through_its_agent_where_the_configuration_says_so(tmp_path: Path) -> None:
    world = FakeHosts()
    world.source.agents["guest1"] = FakeAgent({"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path)})
    launch = with_config(world, reach="agent")
    assert launch.address == AGENT
    assert "its guest answered" in await launch.boot(silent)
    assert (await launch.workload_status("guest1")).current == IDLE
    assert world.guest.commands == []


async def test_an_agent_that_does_not_come_is_waited_for_and_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "BOOT_LIMIT_S", 1.0)
    said: list[str] = []
    with pytest.raises(Failure, match="did not answer through its agent within 1 s"):
        await with_config(FakeHosts(), reach="agent").boot(said.append)
    assert "booting: no guest agent is connected to its channel" in said


async def test_any_other_vm_is_reached_as_a_person_says() -> None:
    launch = launch_of(FakeHosts())
    assert launch.address_of("two") == ""
    launch.choose("two")
    launch.keep_address(AGENT)
    assert launch.address == AGENT
    by_agent = with_config(FakeHosts(), reach="agent")
    assert by_agent.address_of("two") == AGENT
    by_agent.choose("two")
    by_agent.keep_address("root@two")
    assert (by_agent.address, by_agent.address_of("guest1")) == ("root@two", AGENT)


@pytest.mark.parametrize(
    ("vm", "kept", "address"),
    [
        ({"ssh": "root@guest1"}, AGENT, AGENT),
        ({"ssh": "root@guest1"}, "ada@192.0.2.7", "ada@192.0.2.7"),
        ({"ssh": "root@guest1"}, "", "root@guest1"),
        ({"reach": "agent"}, "ada@192.0.2.7", AGENT),
    ],
)
async def test_what_was_said_of_the_configured_vm_counts_more_than_its_ssh(
    vm: dict[str, object], kept: str, address: str
) -> None:
    launch = with_config(FakeHosts(), **vm)
    launch.keep_address(kept)
    assert launch.address == address


def test_the_users_own_workloads_are_offered() -> None:
    launch = with_config(FakeHosts())
    assert launch.workload_names == (MEMORY, CPU, ODD, "quiet")
    assert launch.default_spec(ODD) == WorkloadSpec(ODD, command=("no such; program",))


async def test_an_own_workload_is_started_as_it_is_and_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "SURVIVES_S", 0.0)
    world = running_world()
    world.guest.heartbeat = ""
    launch = with_config(world)

    said: list[str] = []

    def on_progress(text: str) -> None:
        said.append(text)
        if text.startswith("starting"):
            world.guest.answers = {"cat what": "name quiet\noptions sleep 9\nrunning 7\n"}

    assert (await launch.start_workload(launch.default_spec("quiet"), on_progress)).running
    assert said == ["compiling heartbeat in the guest", "starting quiet: sleep 9"]
    (started,) = (argv for argv in world.guest.commands if argv[-1] == "9")
    assert started[3:] == ("sh", "", "quiet", "sleep 9", "", "sleep", "9")
    assert (await launch.current_workload("guest1")).name == "quiet"


async def test_an_own_workload_that_is_not_there_says_so() -> None:
    world = running_world()
    launch = with_config(world)
    gone = f"name {ODD}\noptions x\nended 127\nline sh: no such; program: not found\n"

    def on_progress(_text: str) -> None:
        world.guest.answers = {"cat what": gone}

    with pytest.raises(Failure, match=r"ended at once, with status 127: sh: no such; program: not found\. It must"):
        await launch.start_workload(launch.default_spec(ODD), on_progress)


async def test_a_run_records_what_the_workload_was_started_with() -> None:
    found = await launch_of(running_world(RUNNING)).current_workload("guest1")
    assert (found.name, found.parameters["working_set_mib"], found.parameters["rate_mib_s"]) == (MEMORY, 300, 0)


# -- cloud-init, and where a guest is found --

CLOUD = "/run/cloud-init/enabled"


async def test_booting_waits_until_cloud_init_is_done() -> None:
    world = FakeHosts()
    world.guest.answers = {CLOUD: "running\n"}
    said: list[str] = []

    def on_progress(text: str) -> None:
        said.append(text)
        if "cloud-init is at work" in text:
            world.guest.answers = {}

    assert "is up" in await launch_of(world).boot(on_progress)
    assert "booting: cloud-init is at work in the guest" in said


async def test_what_cloud_init_could_not_do_is_a_sentence() -> None:
    world = FakeHosts()
    world.guest.answers = {CLOUD: '{"v1": {"errors": ["no package gcc"]}}'}
    with pytest.raises(Failure, match=r"guest1 is up, but cloud-init did not do all .*: no package gcc"):
        await launch_of(world).boot(silent)


async def test_cloud_init_that_never_ends_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "BOOT_LIMIT_S", 0.2)
    world = FakeHosts()
    world.guest.answers = {CLOUD: "running\n"}
    with pytest.raises(Failure, match="guest1 is not set up after 0 s: cloud-init is at work"):
        await launch_of(world).boot(silent)


class Stranger:
    """An ssh server that shows a key, and whoever trusts it."""

    def __init__(self, key: HostKey) -> None:
        self.key = key
        self.trusted: list[str] = []

    async def host_key(self) -> HostKey:
        return self.key

    async def trust(self, fingerprint: str) -> None:
        self.trusted.append(fingerprint)

    async def authorize(self, password: str) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("own", [True, False])
async def test_a_host_key_is_trusted_only_where_the_guests_own_agent_has_it(
    own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = HostKey("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIGao1mvWDYHmmc2tQaakZotlwTmyfHVIeQOQdfnPuiV9")
    monkeypatch.setattr(launch_module, "HOST_KEYS", f"echo '{key.line if own else 'ssh-ed25519 AAAA'} root@guest'")
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    world.source.agents["guest1"] = FakeAgent()
    stranger = Stranger(key)
    launch = Launch(world.connections, world.changes.sudo, first_login=lambda _address: stranger)
    await launch.introduce("guest1", "ada@192.0.2.7")
    assert stranger.trusted == ([key.fingerprint] if own else [])


async def test_a_guest_is_found_only_while_it_runs() -> None:
    world = FakeHosts()
    world.source.found_addresses = ("192.0.2.7",)
    assert await launch_of(world).found_addresses("guest1") == ()
    world.source.known["guest1"] = guest1("running")
    assert await launch_of(world).found_addresses("guest1") == ("192.0.2.7",)

"""The placement of a VM, the workloads as values, and the Launch room on fake hosts."""

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
    VmCapacity,
    Workload,
    WorkloadSpec,
    live_line,
    overcommit_warning,
    parse_status,
    scale_down,
    validate_spec,
    working_set_text,
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
    """Ignores the progress of a call."""


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
def test_the_vm_is_where_it_runs_otherwise_where_it_is_defined(
    source: Vm | Failure | None, destination: Vm | Failure | None, host: str, sentence: str
) -> None:
    where = VmPlacement("guest1", {"source": source, "destination": destination})
    assert (where.host, where.sentence) == (host, sentence)


def test_booting_is_doubtful_while_the_vm_may_run_on_an_unreachable_host() -> None:
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
def test_why_a_vm_cannot_be_booted(answers: dict[str, Vm | Failure | None], reason: str) -> None:
    assert reason in VmPlacement("guest1", answers).why_not_boot()


def test_booting_waits_for_the_replies_of_both_hosts() -> None:
    unread = VmPlacement("guest1", awaited=("source", "destination"))
    assert unread.sentence == "not known yet"
    half = unread.with_answer("source", guest1())
    assert (half.host, half.sentence) == ("source", "shut off on source")
    assert "destination has not answered" in half.why_not_boot()
    assert unread.with_answer("source", None).sentence == "not known yet"
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
def test_a_workload_that_cannot_run_is_reported(spec: WorkloadSpec, words: str) -> None:
    failure = validate_spec(spec, GIB)
    assert failure
    assert words in str(failure)


def test_a_workload_that_fits_is_valid() -> None:
    assert validate_spec(WorkloadSpec(MEMORY, 2, 150), GIB) is None
    assert validate_spec(WorkloadSpec(MEMORY, 14, 512), 0) is None  # the VM's memory is unknown


def test_the_live_line_of_a_running_workload() -> None:
    status = parse_status(RUNNING)
    assert (status.current, status.running, status.pid, status.error) == (MEMORY, True, 231, "")
    assert live_line(status) == ("dirtying for 00:12, 2296 MiB/s of 300 MiB; 3.5 million pages checked, none wrong")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (WRONG, "Memory was corrupted: 1 page did not contain what the workload had written"),
        (REFUSED, "exited with status 2: memory_intensive: 2 threads x 900 MiB is 1800 MiB"),
        (GONE, "ended without an exit status"),
        (RUNNING.replace("wrong_pages=0", "wrong_pages=3"), "Memory was corrupted: 3 pages"),
    ],
)
def test_the_error_of_a_workload_is_a_sentence(text: str, words: str) -> None:
    assert words in parse_status(text).error


@pytest.mark.parametrize(
    ("text", "name"), [("", IDLE), (DONE, IDLE), (WRONG, IDLE), (RUNNING, MEMORY), (STARTING, CPU)]
)
def test_the_current_workload_is_idle_while_nothing_runs(text: str, name: str) -> None:
    assert parse_status(text).current == name


def test_a_workload_is_starting_until_its_process_and_first_line_are_known() -> None:
    assert parse_status(STARTING).starting
    assert parse_status(RUNNING.replace("running 231", "starting")).starting
    assert parse_status("\n".join(RUNNING.splitlines()[:3])).starting
    assert not parse_status(RUNNING).starting
    assert not parse_status(DONE).starting


def test_an_ended_workload_is_no_error() -> None:
    status = parse_status(DONE)
    assert (status.name, status.exit_status, status.error) == (CPU, 0, "")


def test_a_workload_ended_by_the_shutdown_of_its_guest_is_no_error() -> None:
    status = parse_status(DONE.replace("ended 0", "gone"))
    assert (status.vanished, status.exit_status, status.error) == (True, None, "")


@pytest.mark.parametrize("text", ["garbage", "name \nrunning 1\n", "name cpu\nrunning x\nline \nline =\n", "\x00"])
def test_invalid_output_of_the_guest_is_harmless(text: str) -> None:
    status = parse_status(text)
    assert status.pid == 0
    assert live_line(status)


# -- the VM's capacity for a workload --

SMALL, ORIGINAL = VmCapacity(2, GIB), VmCapacity(16, 8 * GIB)


@pytest.mark.parametrize(
    ("spec", "capacity", "small", "note"),
    [
        (WorkloadSpec(CPU, 16), ORIGINAL, WorkloadSpec(CPU, 16), ""),
        (WorkloadSpec(MEMORY, 14, 512), ORIGINAL, WorkloadSpec(MEMORY, 14, 512), ""),
        (WorkloadSpec(CPU, 16), SMALL, WorkloadSpec(CPU, 2), "Scaled down from 16 threads: the VM has 2 vCPUs."),
        (WorkloadSpec(MEMORY, 14, 512, 100), SMALL, WorkloadSpec(MEMORY, 2, 384, 100),
         "Scaled down from 14 x 512 MiB: the VM has 2 vCPUs and 1.0 GiB."),
        (WorkloadSpec(MEMORY, 2, 150), SMALL, WorkloadSpec(MEMORY, 2, 150), ""),
        (WorkloadSpec(MEMORY, 14, 512), VmCapacity(), WorkloadSpec(MEMORY, 14, 512), ""),
        (WorkloadSpec(MEMORY, 2, 99), VmCapacity(1, 2 << 20), WorkloadSpec(MEMORY, 1, 1),
         "Scaled down from 2 x 99 MiB: the VM has 1 vCPU and 2.0 MiB."),
        (WorkloadSpec("own", command=("a",)), SMALL, WorkloadSpec("own", command=("a",)), ""),
    ],
)  # fmt: skip
def test_a_workload_is_scaled_down_to_the_vm_with_a_note(
    spec: WorkloadSpec, capacity: VmCapacity, small: WorkloadSpec, note: str
) -> None:
    assert scale_down(spec, capacity) == (small, note)
    assert validate_spec(small, capacity.memory_bytes) is None


def test_more_threads_than_vcpus_give_a_warning() -> None:
    assert overcommit_warning(WorkloadSpec(CPU, 3), SMALL) == "3 threads share the VM's 2 vCPUs."
    assert (
        overcommit_warning(WorkloadSpec(CPU, 2), SMALL) == overcommit_warning(WorkloadSpec(CPU, 3), VmCapacity()) == ""
    )


def test_the_text_of_working_set_and_rate() -> None:
    assert working_set_text(WorkloadSpec(MEMORY, 2, 150, 100)) == "300 MiB, dirtied at 100 MiB/s: each page every 3.0 s"
    assert working_set_text(WorkloadSpec(MEMORY, 2, 150)) == "300 MiB, dirtied as fast as it can"


# -- custom workloads --

ODD = "-odd name; 'ü $(x)"
CUSTOM = f"name {ODD}\noptions sh -c 'x y'\nrunning 7\nline begun\nline ops=12 rate=2.5\nline still running\n"


def test_the_live_line_of_a_custom_workload_has_its_last_values() -> None:
    status = parse_status(CUSTOM)
    assert (status.current, status.is_custom, status.starting) == (ODD, True, False)
    assert live_line(status) == "running: ops=12 rate=2.5"
    assert status.parameters == {"command": "sh -c 'x y'"}


def test_a_custom_workload_without_output_is_running() -> None:
    status = parse_status("name x\noptions sleep 9\nrunning 7\n")
    assert (status.starting, live_line(status)) == (False, "running")
    assert parse_status("name x\noptions sleep 9\nstarting\n").starting


def test_control_characters_of_a_guest_are_removed() -> None:
    status = parse_status("name x\x1b[31m\noptions \x9b\nrunning 7\nline a\x1b]0;t\x07b\n")
    assert all(text.isprintable() for text in (status.name, status.options, *status.output))


def test_the_parameters_of_a_workload_are_read_from_the_guest() -> None:
    assert parse_status(RUNNING).parameters == {
        "command": "memory_intensive --threads 2 --size 150 --rate 0",
        "threads": 2,
        "size_mib": 150,
        "rate_mib_s": 0,
        "working_set_mib": 300,
    }
    assert parse_status(DONE).parameters == {}  # it has ended


# -- the room --


def launch_of(world: FakeHosts) -> Launch:
    return Launch(world.connections, world.changes.sudo)


def test_the_configured_workloads_are_proposed() -> None:
    launch = launch_of(FakeHosts())
    assert launch.default_spec(CPU) == WorkloadSpec(CPU, 2)
    assert launch.default_spec(MEMORY) == WorkloadSpec(MEMORY, 2, 150, 0)


async def test_booting_starts_the_vm_on_its_host_and_waits_for_its_guest() -> None:
    world = FakeHosts()
    world.source.known, world.destination.known = {}, {"guest1": guest1()}
    world.guest.answers = {"true": Failure("can't be reached", "connection refused")}
    progress: list[str] = []

    def on_progress(text: str) -> None:
        progress.append(text)
        if "connection refused" in text:
            world.guest.answers = {}

    assert "is up" in await launch_of(world).boot(on_progress)
    assert "start guest1" in world.destination.calls
    assert "start guest1" not in world.source.calls
    assert progress[0] == "starting guest1 on destination"
    assert "booting: connection refused" in progress
    assert world.guest.closed  # it was connected to the guest before the restart


async def test_a_running_vm_is_not_booted() -> None:
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    with pytest.raises(Failure, match="already running on source"):
        await launch_of(world).boot(silent)


async def test_booting_does_not_wait_for_a_guest_with_an_unknown_host_key() -> None:
    world = FakeHosts()
    world.guest.answers = {"true": UntrustedHost("guest1's host key is not known")}
    with pytest.raises(UntrustedHost):
        await launch_of(world).boot(silent)


async def test_booting_does_not_wait_for_a_vm_that_stopped() -> None:
    world = FakeHosts()
    world.guest.answers = {"true": Failure("can't be reached", "no route")}

    def on_progress(text: str) -> None:
        if "no route" in text:
            world.source.known["guest1"] = guest1("shut off")

    with pytest.raises(Failure, match="stopped during its boot"):
        await launch_of(world).boot(on_progress)


async def test_a_guest_that_never_replies_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "BOOT_LIMIT_S", 0.0)
    with pytest.raises(Failure, match="did not reply over ssh"):
        await launch_of(FakeHosts()).boot(silent)


async def test_a_guest_that_ignores_the_shutdown_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
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
    """In post-copy each host has a part of its memory, and both would be lost."""
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    world.source.stats = {"type": 2, "operation": 5}
    with pytest.raises(Failure, match="it is being migrated"):
        await launch_of(world).force_off(silent)
    assert "force_off guest1" not in world.source.calls


@pytest.mark.parametrize("call", [Launch.shut_down, Launch.force_off])
async def test_a_vm_that_does_not_run_cannot_be_stopped(call: Callable[..., object]) -> None:
    with pytest.raises(Failure, match="shut off on source"):
        await call(launch_of(FakeHosts()), silent)  # type: ignore[misc]


def running_world(status: str = "") -> FakeHosts:
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    world.guest.answers = {"cat what": status}
    return world


async def test_a_second_workload_is_refused() -> None:
    with pytest.raises(Failure, match="memory is already running"):
        await launch_of(running_world(RUNNING)).start_workload(WorkloadSpec(CPU, 2), silent)


async def test_a_workload_too_large_for_the_vm_never_reaches_the_guest() -> None:
    world = running_world()
    with pytest.raises(Failure, match=r"the VM has 1\.0 GiB"):
        await launch_of(world).start_workload(WorkloadSpec(MEMORY, 14, 512), silent)
    assert world.guest.commands == []


async def test_the_compiler_error_is_the_reason() -> None:
    world = running_world()
    errors = (
        "new-cpu_util.c:26:10: fatal error: math.h: No such file\n   26 | #include <math.h>\ncompilation terminated."
    )
    world.guest.answers["new-$1.c"] = Completed(1, "", errors)
    world.guest.answers = dict(reversed(world.guest.answers.items()))
    with pytest.raises(Failure, match=r"math\.h: No such file") as caught:
        await launch_of(world).start_workload(WorkloadSpec(CPU, 2), silent)
    assert "compilation terminated" in caught.value.detail


async def test_the_error_of_a_workload_that_ends_at_once_is_quoted() -> None:
    world = running_world()
    launch = launch_of(world)

    def on_progress(text: str) -> None:
        if text.startswith("starting"):
            world.guest.answers = {"cat what": REFUSED}

    with pytest.raises(Failure, match="only 805 MiB of memory can be had"):
        await launch.start_workload(WorkloadSpec(MEMORY, 2, 400), on_progress)


async def test_the_source_of_the_program_is_sent() -> None:
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


async def test_the_failure_for_a_workload_that_no_kill_ends_has_its_process_and_a_hint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launch_module, "FINAL_CHECK_LIMIT_S", -1.0)
    monkeypatch.setattr(launch_module, "POLL_EVERY_S", 0.0)
    world = running_world(RUNNING)

    def on_progress(_text: str) -> None:  # guards this test against an endless loop
        assert len(world.guest.commands) < 10 * launch_module.KILLS

    with pytest.raises(Failure, match="The workload memory still runs in guest1") as caught:
        await launch_of(world).stop_workload(on_progress)
    assert "neither TERM nor" in caught.value.why
    assert "-p 231" in caught.value.hint
    assert "force the VM off" in caught.value.hint
    signals = [argv[-1] for argv in world.guest.commands if 'kill -"$1"' in argv[2]]
    assert signals == ["TERM", *["KILL"] * launch_module.KILLS]


async def test_a_run_is_named_after_the_workload_in_the_guest() -> None:
    world = running_world(RUNNING)
    launch = launch_of(world)
    assert (await launch.current_workload("guest1")).name == "memory"
    world.guest.answers = {"cat what": DONE}
    assert (await launch.current_workload("guest1")).name == "idle"


async def test_no_run_begins_while_its_workload_is_starting() -> None:
    """Otherwise its record would be wrong: found by pressing the keys faster than the guest compiles."""
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
    assert {each.what for each in refused} == {"The workload memory is still starting"}
    assert (await launch.current_workload("guest1")).name == "memory"


async def test_a_workload_starting_in_one_vm_does_not_block_the_migration_of_another() -> None:
    world = running_world()
    launch = launch_of(world)
    launch.choose("two")
    launch.keep_address("root@guest1")
    launch.choose("guest1")
    requests: list[asyncio.Future[Workload]] = []

    def on_progress(_text: str) -> None:
        world.guest.answers = {"cat what": RUNNING}
        requests.append(asyncio.ensure_future(launch.current_workload("two")))

    await launch.start_workload(WorkloadSpec(MEMORY, 2, 150), on_progress)
    assert {each.name for each in await asyncio.gather(*requests)} == {"memory"}


async def test_a_run_is_named_after_the_last_known_workload_if_the_guest_does_not_reply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launch_module, "STATUS_LIMIT_S", 0.05)
    world = running_world(RUNNING)
    launch = launch_of(world)
    world.guest.released.clear()
    assert (await launch.current_workload("guest1")).name == "unknown"
    world.guest.released.set()
    await launch.workload_status("guest1")
    world.guest.answers = {"cat what": Failure("can't be reached")}
    assert (await launch.current_workload("guest1")).name == "memory"


async def test_both_hosts_are_read_concurrently() -> None:
    world = FakeHosts()
    world.destination.released.clear()
    reading = asyncio.ensure_future(launch_of(world).vm_state())
    while not (world.source.calls and world.destination.calls):  # noqa: ASYNC110
        await asyncio.sleep(0)  # the calls are on threads
    world.destination.released.set()
    assert (await reading).host == "source"


async def test_a_status_that_cannot_be_read_is_reported() -> None:
    world = running_world()
    world.guest.answers = {"cat what": Completed(1, "", "sh: out of memory")}
    with pytest.raises(Failure, match="out of memory"):
        await launch_of(world).workload_status("guest1")


# -- the guest agent and custom workloads --


def with_config(world: FakeHosts, **vm: object) -> Launch:
    """The room with another configuration of the VM and two custom workloads."""
    own = {ODD: {"command": ["no such; program"]}, "quiet": {"command": ["sleep", "9"]}}
    tables = TABLES | {"vm": TABLES["vm"] | vm, "workload": TABLES["workload"] | own}
    read, problems = config.check(tables)
    assert read, problems
    return Launch(Connections(read, world.open_hypervisor, world.shells.__getitem__), world.changes.sudo)


async def test_the_guest_is_reached_through_its_agent_if_configured(tmp_path: Path) -> None:
    world = FakeHosts()
    world.source.agents["guest1"] = FakeAgent({"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path)})
    launch = with_config(world, reach="agent")
    assert launch.address == AGENT
    assert "its guest replied" in await launch.boot(silent)
    assert (await launch.workload_status("guest1")).current == IDLE
    assert world.guest.commands == []


async def test_booting_waits_for_an_agent_that_is_not_connected_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "BOOT_LIMIT_S", 1.0)
    progress: list[str] = []
    with pytest.raises(Failure, match="did not reply through its agent within 1 s"):
        await with_config(FakeHosts(), reach="agent").boot(progress.append)
    assert "booting: no guest agent is connected to its channel" in progress


async def test_any_other_vm_has_the_address_that_the_user_entered() -> None:
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
async def test_a_stored_address_of_the_configured_vm_overrides_its_ssh_setting(
    vm: dict[str, object], kept: str, address: str
) -> None:
    launch = with_config(FakeHosts(), **vm)
    launch.keep_address(kept)
    assert launch.address == address


def test_custom_workloads_are_offered() -> None:
    launch = with_config(FakeHosts())
    assert launch.workload_names == (MEMORY, CPU, ODD, "quiet")
    assert launch.default_spec(ODD) == WorkloadSpec(ODD, command=("no such; program",))


async def test_a_custom_workload_is_started_without_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "MINIMUM_RUN_S", 0.0)
    world = running_world()
    world.guest.heartbeat = ""
    launch = with_config(world)

    progress: list[str] = []

    def on_progress(text: str) -> None:
        progress.append(text)
        if text.startswith("starting"):
            world.guest.answers = {"cat what": "name quiet\noptions sleep 9\nrunning 7\n"}

    assert (await launch.start_workload(launch.default_spec("quiet"), on_progress)).running
    assert progress == ["compiling heartbeat in the guest", "starting quiet: sleep 9"]
    (started,) = (argv for argv in world.guest.commands if argv[-1] == "9")
    assert started[3:] == ("sh", "", "quiet", "sleep 9", "", "sleep", "9")
    assert (await launch.current_workload("guest1")).name == "quiet"


async def test_a_custom_workload_with_a_missing_program_is_reported() -> None:
    world = running_world()
    launch = with_config(world)
    gone = f"name {ODD}\noptions x\nended 127\nline sh: no such; program: not found\n"

    def on_progress(_text: str) -> None:
        world.guest.answers = {"cat what": gone}

    with pytest.raises(Failure, match=r"ended at once with status 127: sh: no such; program: not found\. Install it"):
        await launch.start_workload(launch.default_spec(ODD), on_progress)


async def test_a_run_records_the_parameters_of_the_workload() -> None:
    found = await launch_of(running_world(RUNNING)).current_workload("guest1")
    assert (found.name, found.parameters["working_set_mib"], found.parameters["rate_mib_s"]) == (MEMORY, 300, 0)


# -- cloud-init, host keys and IP addresses --

CLOUD = "/run/cloud-init/enabled"


async def test_booting_waits_for_the_end_of_cloud_init() -> None:
    world = FakeHosts()
    world.guest.answers = {CLOUD: "running\n"}
    progress: list[str] = []

    def on_progress(text: str) -> None:
        progress.append(text)
        if "cloud-init runs" in text:
            world.guest.answers = {}

    assert "is up" in await launch_of(world).boot(on_progress)
    assert "booting: cloud-init runs in the guest" in progress


async def test_an_error_of_cloud_init_is_reported() -> None:
    world = FakeHosts()
    world.guest.answers = {CLOUD: '{"v1": {"errors": ["no package gcc"]}}'}
    with pytest.raises(Failure, match=r"guest1 is up, but cloud-init failed in part: no package gcc"):
        await launch_of(world).boot(silent)


async def test_cloud_init_that_never_ends_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "BOOT_LIMIT_S", 0.2)
    world = FakeHosts()
    world.guest.answers = {CLOUD: "running\n"}
    with pytest.raises(Failure, match="guest1 is not set up after 0 s: cloud-init runs"):
        await launch_of(world).boot(silent)


class NewGuest:
    """An ssh server with an unknown host key; records whether it is trusted."""

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
async def test_a_host_key_is_trusted_only_if_the_guest_agent_reports_it(
    own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = HostKey("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIGao1mvWDYHmmc2tQaakZotlwTmyfHVIeQOQdfnPuiV9")
    monkeypatch.setattr(launch_module, "HOST_KEYS", f"echo '{key.line if own else 'ssh-ed25519 AAAA'} root@guest'")
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    world.source.agents["guest1"] = FakeAgent()
    server = NewGuest(key)
    launch = Launch(world.connections, world.changes.sudo, first_login=lambda _address: server)
    await launch.trust_host_key("guest1", "ada@192.0.2.7")
    assert server.trusted == ([key.fingerprint] if own else [])


async def test_ip_addresses_are_read_only_while_the_vm_runs() -> None:
    world = FakeHosts()
    world.source.found_addresses = ("192.0.2.7",)
    assert await launch_of(world).found_addresses("guest1") == ()
    world.source.known["guest1"] = guest1("running")
    assert await launch_of(world).found_addresses("guest1") == ("192.0.2.7",)

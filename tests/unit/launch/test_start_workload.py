"""Starting, stopping and recording workloads."""

import asyncio

import pytest

from tests.fake_hosts import FakeHosts
from tests.unit.launch.launch_world import DONE, GONE, REFUSED, RUNNING, launch_of, running_world, silent
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.guest.backend import workloads
from tui.guest.model.workload import (
    CPU,
    MEMORY,
    Workload,
    WorkloadSpec,
)


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
    monkeypatch.setattr(workloads, "FINAL_CHECK_LIMIT_S", -1.0)
    world = running_world(RUNNING)

    def on_progress(text: str) -> None:
        assert "killed" in text
        world.guest.answers = {"cat what": GONE}

    await launch_of(world).stop_workload(on_progress)
    assert [argv[-1] for argv in world.guest.commands if 'kill -"$1"' in argv[2]] == ["TERM", "KILL"]


async def test_the_failure_for_a_workload_that_no_kill_ends_has_its_process_and_a_hint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workloads, "FINAL_CHECK_LIMIT_S", -1.0)
    monkeypatch.setattr(workloads, "POLL_EVERY_S", 0.0)
    world = running_world(RUNNING)

    def on_progress(_text: str) -> None:  # guards this test against an endless loop
        assert len(world.guest.commands) < 10 * workloads.KILLS

    with pytest.raises(Failure, match="The workload memory still runs in guest1") as caught:
        await launch_of(world).stop_workload(on_progress)
    assert "neither TERM nor" in caught.value.why
    assert "-p 231" in caught.value.hint
    assert "force the VM off" in caught.value.hint
    signals = [argv[-1] for argv in world.guest.commands if 'kill -"$1"' in argv[2]]
    assert signals == ["TERM", *["KILL"] * workloads.KILLS]


async def test_a_run_is_named_after_the_workload_in_the_guest() -> None:
    world = running_world(RUNNING)
    launch = launch_of(world)
    assert (await launch.workloads.current("guest1")).name == "memory"
    world.guest.answers = {"cat what": DONE}
    assert (await launch.workloads.current("guest1")).name == "idle"


async def test_no_run_begins_while_its_workload_is_starting() -> None:
    """Otherwise its record would be wrong: found by pressing the keys faster than the guest compiles."""
    world = running_world()
    launch = launch_of(world)
    refused: list[Failure] = []

    def on_progress(_text: str) -> None:
        world.guest.answers = {"cat what": RUNNING}
        try:
            launch.workloads.current("guest1").send(None)
        except Failure as failure:
            refused.append(failure)

    await launch.start_workload(WorkloadSpec(MEMORY, 2, 150), on_progress)
    assert refused
    assert {each.what for each in refused} == {"The workload memory is still starting"}
    assert (await launch.workloads.current("guest1")).name == "memory"


async def test_a_workload_starting_in_one_vm_does_not_block_the_migration_of_another() -> None:
    world = running_world()
    launch = launch_of(world)
    launch.choose("two")
    launch.keep_address("root@guest1")
    launch.choose("guest1")
    requests: list[asyncio.Future[Workload]] = []

    def on_progress(_text: str) -> None:
        world.guest.answers = {"cat what": RUNNING}
        requests.append(asyncio.ensure_future(launch.workloads.current("two")))

    await launch.start_workload(WorkloadSpec(MEMORY, 2, 150), on_progress)
    assert {each.name for each in await asyncio.gather(*requests)} == {"memory"}


async def test_a_run_is_named_after_the_last_known_workload_if_the_guest_does_not_reply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workloads, "STATUS_LIMIT_S", 0.05)
    world = running_world(RUNNING)
    launch = launch_of(world)
    world.guest.released.clear()
    assert (await launch.workloads.current("guest1")).name == "unknown"
    assert (await launch.workloads.current("guest1", Workload("cpu"))).name == "cpu"
    world.guest.released.set()
    await launch.workloads.status("guest1")
    assert (await launch.workloads.current("guest1", Workload("cpu"))).name == "memory"
    world.guest.answers = {"cat what": Failure("can't be reached")}
    assert (await launch.workloads.current("guest1")).name == "memory"
    assert (await launch.workloads.current("guest1", Workload("cpu"))).name == "cpu"
    known = launch.workloads.known("guest1")
    assert known is not None
    assert known.name == "memory"


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
        await launch_of(world).workloads.status("guest1")

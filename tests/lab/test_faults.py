"""Faults put to real migrations: what the page shows, what the record holds, and that the next migration works."""

import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.lab import fault_vm
from tests.lab.conftest import NAME
from tests.lab.fault import Fault, Trial, check_record
from tests.lab.fault_vm import VM
from tests.lab.fault_world import RATE, SLOW, World
from tests.lab.faults import FAULTS
from tests.lab.faults_cuts import RESUMED
from tests.lab.test_launch import on_source, result_of
from tests.lab.test_userland import NEW, lab_with
from tui.lab import network
from tui.lab.lab import Lab
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model.timeline import COMPLETED, FAILED, Timeline

HALT_S = 30.0


@pytest.fixture(scope="module")
def whole(lab: Lab) -> Iterator[World]:
    """The lab with the VM of these tests."""
    fault_vm.install(lab.place)
    world = World(lab)
    yield world
    world.restore()
    world.remove()


@pytest.fixture
def world(whole: World) -> World:
    """The VM runs on the origin, whatever the fault before was."""
    whole.restore()
    return whole


@pytest.fixture(scope="module")
def resumable(lab: Lab) -> Iterator[World]:
    """Hosts whose libvirt can resume a post-copy; `lab` only keeps other runs of these tests away."""
    with lab_with(f"{NAME}-new", {"source": NEW, "destination": NEW}) as new:
        fault_vm.install(new.place)
        yield World(new)


def cases(faults: Iterable[Fault]) -> Iterator[object]:
    for fault in faults:
        yield pytest.param(
            fault, id=fault.id.replace(" ", "-"), marks=() if fault.chosen else (pytest.mark.all_faults,)
        )


@pytest.mark.all_faults
@pytest.mark.parametrize("moment", ["setup", "pass 2", "post-copy just begun", "post-copy"])
async def test_a_killed_runner_leaves_a_gap_and_its_successor_ends_the_record(
    moment: str, world: World, tmp_path: Path
) -> None:
    world.rate(RATE if moment in ("setup", "pass 2") else SLOW)
    begun = result_of(world.lab, "kill_in", "runner", VM, moment)
    world.rate(network.UNLIMITED)
    await ended_by_successor(world, Path(begun["folder"]), tmp_path, gap=True)


@pytest.mark.all_faults
@pytest.mark.parametrize("moment", ["pass 2", "post-copy"])
async def test_a_killed_client_leaves_no_gap(moment: str, world: World, tmp_path: Path) -> None:
    world.rate(RATE if moment == "pass 2" else SLOW)
    assert on_source(world.lab, "kill_in", "client", VM, moment)[0] == -signal.SIGKILL
    world.rate(network.UNLIMITED)
    await ended_by_successor(world, None, tmp_path, gap=False)


@pytest.mark.all_faults
async def test_a_halted_runner_goes_on_and_its_client_sees_the_end(world: World, tmp_path: Path) -> None:
    world.rate(RATE)
    ended = result_of(world.lab, "halt_runner_in", VM, "pass 2", str(HALT_S))
    assert (ended["phase"], ended["sentence"]) == (
        COMPLETED,
        f"{VM} runs on {world.target} and is gone from {world.origin}.",
    )
    timeline = Timeline(read_records(Path(ended["folder"]) / "raw.jsonl"))
    check_record(Path(ended["folder"]), timeline, gap=False)
    world.restore()
    await world.migrate_again(tmp_path / "again")


async def ended_by_successor(world: World, folder: Path | None, tmp_path: Path, *, gap: bool) -> None:
    ended = result_of(world.lab, "end_by_post_copy")
    assert folder is None or ended["folder"] == str(folder)
    timeline = Timeline(read_records(Path(ended["folder"]) / "raw.jsonl"))
    if timeline.points:
        assert ended["phase"] == COMPLETED
        assert ended["sentence"] == f"{VM} runs on {world.target} and is gone from {world.origin}."
    else:  # the runner was killed before libvirt had begun the job
        assert ended["phase"] == FAILED
        assert ended["sentence"] == f"{VM} runs on {world.origin}."
        assert timeline.error["why"].startswith("libvirt reports the reason only to the program")
    check_record(Path(ended["folder"]), timeline, gap=gap)
    world.restore()
    await world.migrate_again(tmp_path / "again")


@pytest.mark.parametrize("fault", cases(FAULTS))
async def test_a_fault_is_named_and_recorded(fault: Fault, world: World, tmp_path: Path) -> None:
    await Trial(fault, world, tmp_path / "runs").run()
    world.restore()
    await world.migrate_again(tmp_path / "again")


@pytest.mark.parametrize("fault", cases(RESUMED))
async def test_a_fault_is_resumed(fault: Fault, resumable: World, tmp_path: Path) -> None:
    resumable.restore()
    await Trial(fault, resumable, tmp_path / "runs").run()
    resumable.restore()
    await resumable.migrate_again(tmp_path / "again")

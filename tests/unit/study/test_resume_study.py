"""A study after its runner has ended: nothing that is done is repeated, and nothing that was under way is lost."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
import tomli_w

from tests.unit.study.plans import changed
from tests.unit.study.study_world import CONFIG, Make, World
from tests.unit.until import until
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import JobInfo
from tui.migration.backend.recording.progress_log import PROGRESS
from tui.migration.backend.recording.recorder import SUMMARY
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.backend.running.state import Stage
from tui.runs.backend.reading import RunReader
from tui.runs.model.measure import measure
from tui.study.backend import store
from tui.study.backend.measurement import Measurement
from tui.study.backend.plan_file import read
from tui.study.backend.run_result import result_of
from tui.study.model.progress import DONE_CENSORED, DONE_OK
from tui.study.model.schedule import Step

IDLE = changed(workload={"idle": {}}, migration={"a": {"technique": "pre-copy"}})


async def second_run(world: World) -> MigrationActor:
    """Start a study, and return when its second run is under way for ever, until a key is pressed."""
    world.stage.free = 1
    await world.start(IDLE)
    await until(lambda: len(world.done()) == 1)
    await until(lambda: len(world.log()) >= 4 and world.owner.busy)
    world.stage.free = None
    assert world.owner.current
    return world.owner.current


async def killed(world: World) -> None:
    await world.end_runner()
    world.start_runner()
    assert (await world.status())["state"] == "interrupted"


async def test_a_run_that_is_still_under_way_is_followed_to_its_end_and_counted_once(make: Make) -> None:
    world = make("post-copy-by-hand", waits_for_keys=True)
    run = (await second_run(world)).folder
    await killed(world)
    await world.studies.resume("", CONFIG)
    await until(lambda: world.owner.busy)
    world.stage._waits_for_keys = False
    status = await world.finished()
    assert (status["state"], status["done"], status["completed"]) == ("finished", 4, 4)
    assert [(each["number"], Path(each["run"]) == run) for each in world.done()] == [
        (1, False), (2, True), (3, False), (4, False),
    ]  # fmt: skip
    assert len(world.runs) == 4
    assert [each["study"]["direction"] for each in world.runs] == ["back", "out"] * 2  # also of the continued record


async def test_a_run_that_ended_meanwhile_is_counted_as_what_it_is(make: Make) -> None:
    world = make("post-copy-by-hand", waits_for_keys=True)
    await second_run(world)
    await world.end_runner()
    world.stage.play(lambda each: getattr(each, "kind", "") == "end")
    world.stage._waits_for_keys = False
    world.start_runner()
    await world.studies.resume("", CONFIG)
    status = await world.finished()
    assert (status["state"], status["completed"], len(world.runs)) == ("finished", 4, 4)
    assert world.runs[1]["study"]["cell"] == "guest1; idle; pre-copy"


async def test_a_run_that_ended_meanwhile_is_judged_while_another_vm_migrates(make: Make) -> None:
    world = make("post-copy-by-hand", waits_for_keys=True)
    await second_run(world)
    await world.end_runner()
    world.stage.play(lambda each: getattr(each, "kind", "") == "end")
    world.stage._waits_for_keys = False
    for_ever = JobInfo({"type": 2, "operation": 5}, "running")
    world.stage.others["guest2"] = replace(world.stage.vm, name="guest2", uuid="other"), for_ever
    world.start_runner()
    await world.studies.resume("", CONFIG)
    status = await world.finished()
    assert (status["state"], status["completed"], len(world.done())) == ("finished", 4, 4)


@pytest.mark.parametrize(("limit_s", "censored"), [(60.0, False), (4.0, True)])
async def test_a_migration_that_has_ended_is_not_over_the_limit_because_its_figures_are_late(
    make: Make, limit_s: float, censored: bool
) -> None:
    world = make()
    world.stage.late_figures = True
    migration = await world.owner.start(Plan("guest1"))
    await until(lambda: migration.state.stage is Stage.FIGURES)
    migration.run_log.zero -= 100.0  # when the study is resumed
    plan, cells = read(tomli_w.dumps(IDLE | {"limit": f"{limit_s} s"}), "", "plan")
    step, tools = Step(1, cells[0], 1), world.tools
    measurement = Measurement(plan, step, {}, tools, lambda _words, _waits: None, no_pause)
    waiting = asyncio.ensure_future(measurement.until_over(migration))
    await asyncio.sleep(0)
    world.stage.give_figures()
    assert await waiting is censored  # it took 4.4 s
    assert "study" not in migration.facts


async def no_pause(_seconds: float) -> bool:
    return False


async def test_a_study_that_is_complete_is_not_resumed(make: Make) -> None:
    world = make()
    status = await world.start(IDLE | {"repeats": 1})
    await world.finished()
    world.start_runner()
    with pytest.raises(Failure, match="is complete"):
        await world.studies.resume(status["id"], CONFIG)


async def test_a_study_of_another_configuration_is_refused_with_its_path(make: Make) -> None:
    world = make()
    status = await world.start(IDLE | {"settle": "1 h"})
    await world.end_runner()
    world.start_runner()
    with pytest.raises(Failure, match=r"Give it with --config /config\.toml"):
        await world.studies.resume(status["id"], "/other.toml")
    assert await world.studies.status("", "/other.toml") is None
    for name in ("../x", "none"):
        with pytest.raises(Failure, match="There is no study"):
            await world.studies.resume(name, CONFIG)


async def test_two_processes_never_work_on_one_study(make: Make) -> None:
    world = make()
    status = await world.start(IDLE | {"settle": "1 h"})
    folder = world.folder / "studies" / status["id"]
    assert store.in_use(folder)
    with pytest.raises(Failure, match="another process works on it"):
        store.Store.open(folder)
    await world.end_runner()
    assert not store.in_use(folder)


async def test_what_another_process_did_before_a_resume_has_the_log_is_not_repeated(make: Make) -> None:
    world = make()
    status = await world.start(IDLE | {"settle": "1 h"})
    await killed(world)

    def other_process() -> None:
        other = store.Store.open(world.folder / "studies" / status["id"])
        other.append("ended", number=1, result="completed")
        other.close()

    world.guest.meanwhile = [other_process]
    assert (await world.studies.resume("", CONFIG))["done"] == 1


async def test_a_log_that_a_crash_cut_goes_on_in_a_new_line(make: Make) -> None:
    world = make()
    status = await world.start(IDLE | {"repeats": 1})
    await world.finished()
    folder = world.folder / "studies" / status["id"]
    log = folder / PROGRESS
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:3]) + '{"do": "ended", "num')
    opened = store.Store.open(folder)
    opened.append("stopped", why="enough")
    opened.close()
    assert store.load(folder).progress.stopped == "enough"
    assert list(store.load(folder).progress.done) == [1]


@pytest.mark.parametrize("broken", ["", "{}", "[]\n[]", '{"config": "a"}\n{"number": 1}'])
async def test_a_damaged_study_is_a_sentence(make: Make, broken: str) -> None:
    world = make()
    status = await world.start(IDLE | {"repeats": 1})
    await world.finished()
    folder = world.folder / "studies" / status["id"]
    (folder / store.SCHEDULE).write_text(broken)
    with pytest.raises(Failure, match="is damaged"):
        store.load(folder)


@pytest.mark.parametrize(
    ("text", "result", "why"),
    [
        ('outcome = "completed"\n[figures]\ntotal_time_ms = 1500', "completed", ""),
        ('outcome = "cancelled"\n[study]\ncensored = true', "censored", ""),
        ('outcome = "completed"\n[study]\ncensored = true', "censored", ""),
        ('outcome = "completed"\n[figures]\ntotal_time_ms = 1500\n[study]\nlimit_s = 1.0', "censored", ""),
        ('outcome = "completed"\n[figures]\ntotal_time_ms = 1500\n[study]\nlimit_s = 1.5', "completed", ""),
        ('outcome = "cancelled"', "cancelled", "its outcome is cancelled"),
        ('outcome = "running"\nfigures = 3', "failed", "its end was not recorded"),
        ('outcome = "completed"\n[figures]\ntotal_time_ms = nan', "completed", ""),
        ('outcome = "completed"\n[figures]\ntotal_time_ms = -1', "completed", ""),
        ("outcome", "failed", "its record cannot be read"),
    ],
)
def test_the_result_of_a_run_is_read_from_its_folder(tmp_path: Path, text: str, result: str, why: str) -> None:
    (tmp_path / SUMMARY).write_text(text)
    found = result_of(tmp_path, 3, "out")
    assert (found.result, found.run, found.why[: len(why)]) == (result, str(tmp_path), why)
    assert found.total_s == (1.5 if "1500" in text else None)
    if result in (DONE_OK, DONE_CENSORED):
        assert measure(RunReader(tmp_path.parent).read(tmp_path)).status == result  # `runs compare` counts it alike

"""What the status of a study has beside its counts: the runs that ended, the migration under way, and the table."""

import json

import pytest
import tomli_w

from tests.unit.study.plans import changed
from tests.unit.study.study_world import CONFIG, Make
from tests.unit.until import until
from tui.core.failure import Failure
from tui.study.backend.service import Session
from tui.study.model.cell import Cell, cells_of, from_fields, to_fields
from tui.study.model.plan import check

IDLE = changed(workload={"idle": {}}, migration={"a": {"technique": "pre-copy"}}, repeats=1)


async def test_the_runs_that_ended_are_in_the_status_from_a_count_on(make: Make) -> None:
    world = make()
    await world.start(IDLE)
    await world.finished()
    every = (await world.studies.status("", CONFIG, 0) or {})["runs"]
    assert [(each["number"], each["short"], each["direction"], each["result"]) for each in every] == [
        (1, "idle a", "out", "completed"),
        (2, "idle a", "back", "completed"),
    ]
    assert {(each["total_s"], each["downtime_s"]) for each in every} == {(4.405, 0.19)}
    assert (await world.studies.status("", CONFIG, 1) or {})["runs"] == every[1:]
    assert "runs" not in await world.status()
    assert (await world.status())["cells"][0]["median_downtime_s"] == 0.19


async def test_the_runs_of_a_study_of_an_earlier_process_are_read_from_its_log(make: Make) -> None:
    world = make()
    await world.start(IDLE)
    await world.finished()
    before = await world.studies.status("", CONFIG, 0)
    await world.end_runner()
    world.start_runner()
    assert await world.studies.status("", CONFIG, 0) == before


async def test_the_migration_under_way_is_in_the_status_until_it_ends(make: Make) -> None:
    world = make("post-copy-by-hand", waits_for_keys=True)
    await world.start(IDLE)
    await until(lambda: world.owner.busy and bool(world.owner.current and world.owner.current.timeline.passes))
    status = await world.status()
    migration = status["migration"]
    assert world.owner.current
    assert (migration["run"], migration["direction"]) == (world.owner.current.folder.name, "back")
    assert (migration["phase"], migration["pass"] >= 1, migration["remaining_bytes"] >= 0) == ("pass", True, True)
    json.dumps(status, allow_nan=False)
    world.stage._waits_for_keys = False
    world.owner.current.controls.switch_to_post_copy()
    assert (await world.finished())["migration"] is None


async def test_a_rest_before_the_next_run_is_what_it_does(make: Make) -> None:
    world = make()
    await world.start(IDLE | {"rest": "1 h"})
    await world.reaches("doing", "resting before the next run")
    world.studies.stop()
    await world.finished()


@pytest.mark.parametrize(("of_plan", "seed"), [(None, 11), (7, 7)])
async def test_a_client_chooses_the_seed_of_a_plan_without_one(make: Make, of_plan: int | None, seed: int) -> None:
    world = make()
    session = Session(world.studies, CONFIG)
    tables = {key: value for key, value in (IDLE | {"seed": of_plan}).items() if value is not None}
    status = await session.call("study-start", {"plan": tomli_w.dumps(tables), "seed": 11})
    head = (world.folder / "studies" / status["id"] / "schedule.jsonl").read_text("utf-8").splitlines()[0]
    assert json.loads(head)["seed"] == seed
    await world.finished()


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "x", 1 << 60])
async def test_a_number_that_is_none_is_refused(make: Make, wrong: object) -> None:
    session = Session(make().studies, CONFIG)
    for action, name in (("study-start", "seed"), ("study-status", "after")):
        with pytest.raises(Failure, match="malformed"):
            await session.call(action, {name: wrong})


def test_a_cell_names_its_row_and_column() -> None:
    plan, _problems = check(changed(vms=["a", "b"]))
    assert plan
    cells = cells_of(plan, "a")
    assert (cells[1].row, cells[1].column, cells[1].short) == (
        "a memory 0 MiB/s", "plain", "a memory 0 MiB/s plain",
    )  # fmt: skip
    assert [from_fields(json.loads(json.dumps(to_fields(each)))) for each in cells] == list(cells)


def test_a_cell_of_an_earlier_version_has_its_name_as_row() -> None:
    plan, _problems = check(changed())
    assert plan
    fields = to_fields(cells_of(plan, "a")[0])
    del fields["row"], fields["column"]
    found = from_fields(fields)
    assert isinstance(found, Cell)
    assert (found.row, found.column, found.short) == ("idle plain", "", "idle plain")

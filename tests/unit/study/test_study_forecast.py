"""A study that forecasts its migrations, and one that races policies."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fakes import PATIENCE_S
from tests.unit.study.plans import changed
from tests.unit.study.study_world import Make
from tests.unit.until import until
from tui.core.failure import Failure
from tui.forecast.model.link import PROBE
from tui.forecast.model.policy import POLICIES
from tui.study.model.cell import cells_of, check_size, from_fields, to_fields
from tui.study.model.plan import check

LIMITED = {"a": {"technique": "pre-copy", "bandwidth": "64 MiB/s"}}
FORECAST = changed(workload={"idle": {}}, migration=LIMITED, forecast=True, repeats=1)


async def test_each_migration_is_forecast_and_judged(make: Make) -> None:
    world = make()
    await world.start(FORECAST)
    await world.finished()
    assert world.stage.calls.count("start_dirty_rate") == 4 * len(world.runs) == 8
    for each in world.runs:
        table = each["forecast"]
        assert (table["technique"], table["converges"], table["bandwidth_source"]) == ("pre-copy", True, "the limit")
        assert table["curve"][0] == [1.0, world.stage.dirtied_per_s]
        assert table["ratio"] < 1
        assert table["outcome"]["verdict_right"] is True


async def test_a_link_of_which_nothing_is_known_is_probed(make: Make) -> None:
    world = make(shells=True)
    await world.start(FORECAST | {"migration": {"a": {"technique": "pre-copy"}}})
    status = await world.finished()
    assert (status["completed"], status["failed"]) == (2, 0)
    assert [each["forecast"]["bandwidth_source"] for each in world.runs] == [PROBE] * 2


async def test_without_a_known_bandwidth_the_run_goes_on_without_a_forecast(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # it has no Perl, so there is no probe
    world = make(shells=True)
    await world.start(FORECAST | {"migration": {"a": {"technique": "pre-copy"}}})
    status = await world.finished()
    assert (status["completed"], status["failed"]) == (2, 0)
    assert "forecast" not in world.runs[0]


async def test_a_study_is_stopped_while_it_measures(make: Make) -> None:
    world = make()
    world.stage.dirtied_per_s = None  # it measures for ever
    await world.start(FORECAST)
    await until(lambda: "dirty_rate" in world.stage.calls)
    world.studies.stop()
    status = await asyncio.wait_for(world.finished(), PATIENCE_S)
    assert (status["state"], status["done"], world.runs) == ("stopped", 0, [])


def test_policies_are_swept_and_named(make: Make) -> None:
    names = ["forecast", "ovirt", "kubevirt"]
    table = {"technique": "automatic", "policy": names}
    plan, problems = check(changed(workload={"idle": {}}, migration={"auto": table}))
    assert (problems, plan is not None) == ((), True)
    assert plan
    cells = cells_of(plan, "guest1")
    assert [each.plan.policy for each in cells] == names
    assert [each.short for each in cells] == [f"idle auto {name}" for name in names]
    assert cells[1].text == "guest1; idle; automatic by the rules of ovirt"


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"technique": "pre-copy", "policy": "nova"}, "the technique pre-copy has no policy"),
        ({"technique": "automatic", "policy": "luck"}, f'"{next(iter(POLICIES))}"'),
    ],
)
def test_a_wrong_policy_is_a_problem_of_the_plan(table: dict[str, Any], problem: str) -> None:
    plan, problems = check(changed(workload={"idle": {}}, migration={"a": table}))
    assert plan is None
    assert problem in str(problems[0])


async def test_a_policy_steers_the_runs_of_a_study(make: Make) -> None:
    world = make()
    table = {"technique": "automatic", "policy": "ovirt", "bandwidth": "64 MiB/s"}
    await world.start(FORECAST | {"forecast": False, "migration": {"auto": table}})
    status = await world.finished()
    assert status["completed"] == 2
    assert {each["options"]["policy"] for each in world.runs} == {"ovirt"}
    assert "set_max_downtime" in world.stage.calls  # to the 100 ms with which oVirt begins


def test_what_automatic_is_allowed_is_swept_and_named() -> None:
    limited = {"technique": "automatic", "total": ["0 s", "60 s"]}
    slowed = {"technique": "automatic", "post_copy": False}
    plan, problems = check(changed(workload={"idle": {}}, migration={"auto": limited, "slowed": slowed}))
    assert plan, problems
    cells = cells_of(plan, "guest1")
    assert [each.short for each in cells] == ["idle auto no total", "idle auto total 60 s", "idle slowed"]
    assert [each.text.split("; ")[-1] for each in cells] == [
        "automatic: post-copy if needed",
        "automatic: post-copy if needed, total at most 60 s",
        "automatic: post-copy if needed, auto-converge, without post-copy",
    ]
    assert [each.plan.post_copy for each in cells] == [True, True, False]
    assert check_size(plan, cells) is None
    assert from_fields(to_fields(cells[2])) == cells[2]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"technique": "pre-copy", "total": "60 s"}, "total: the technique pre-copy has no longest total time."),
        (
            {"technique": "post-copy", "post_copy": False},
            "post_copy: the technique post-copy decides nothing about post-copy.",
        ),
        (
            {"technique": "automatic", "post_copy": [True, False], "total": "60 s"},
            "total: without post-copy, no longest total time can be kept.",
        ),
    ],
)
def test_what_automatic_cannot_keep_is_a_mistake(table: dict[str, Any], sentence: str) -> None:
    plan, problems = check(changed(workload={"idle": {}}, migration={"auto": table}))
    assert plan is None
    (problem,) = problems
    assert sentence in str(Failure(problem.place, problem.why, problem.hint))

"""The order of the runs, what is done of them, and how long the rest will take."""

import json
from typing import Any

import pytest

from tests.unit.study.plans import SMALL, changed
from tui.study.model import estimate as estimate_module
from tui.study.model.cell import Cell, cells_of
from tui.study.model.estimate import estimate
from tui.study.model.plan import StudyPlan, check
from tui.study.model.progress import Done, Progress, progress_of
from tui.study.model.schedule import Step, from_line, schedule, to_line


def read(**keys: object) -> tuple[StudyPlan, tuple[Cell, ...]]:
    plan, problems = check(changed(**keys))
    assert plan, problems
    return plan, cells_of(plan, "")


def steps_of(**keys: object) -> tuple[StudyPlan, tuple[Step, ...]]:
    plan, cells = read(**keys)
    return plan, schedule(plan, cells, 7)


def test_each_block_has_all_cells_there_and_back_in_an_order_of_the_seed() -> None:
    plan, cells = read(repeats=3)
    steps = schedule(plan, cells, 7)
    assert [each.number for each in steps] == list(range(1, 31))
    blocks = [[each.cell for each in steps if each.repeat == repeat] for repeat in (1, 2, 3)]
    for block in blocks:
        assert block[::2] == block[1::2]
        assert sorted(each.text for each in block[::2]) == sorted(each.text for each in cells)
    assert len({tuple(each.text for each in block) for block in blocks}) > 1
    assert schedule(plan, cells, 7) == steps
    assert schedule(plan, cells, 8) != steps


def test_the_warm_up_of_each_vm_comes_first_and_is_marked() -> None:
    _plan, steps = steps_of(vms=["a", "b"], warm_up=2)
    assert [(each.cell.vm, each.warm_up) for each in steps[:5]] == [
        ("a", True), ("a", True), ("b", True), ("b", True), (steps[4].cell.vm, False),
    ]  # fmt: skip


def test_a_step_is_read_as_it_was_written() -> None:
    _plan, steps = steps_of(workload={**SMALL["workload"], "own": {"command": ["a", "b"]}})
    for each in steps:
        assert from_line(json.loads(json.dumps(to_line(each)))) == each


def test_the_log_tells_what_is_done_and_what_was_under_way() -> None:
    entries: list[dict[str, object]] = [
        {"do": "migrating", "number": 1, "run": "r1", "direction": "out"},
        {"do": "ended", "number": 1, "result": "completed", "direction": "out", "run": "r1", "total_s": 2, "took_s": 9},
        {"do": "ended", "number": 2, "result": "failed", "why": "no guest"},
        {"do": "of a later version"},
        {"do": "ended"},
        {"do": "migrating", "number": 3, "run": "r3", "direction": "back"},
    ]
    progress = progress_of(entries)
    assert progress.done[1] == Done(1, "completed", "out", "r1", "", 2.0, 9.0)
    assert progress.migrating == (3, "r3", "back")
    assert progress.failures_in_a_row == 1
    stopped = progress_of([*entries, {"do": "stopped", "why": "enough"}])
    assert stopped.stopped == "enough"
    assert stopped.after({"do": "begun"}) == progress
    assert progress.after({"do": "finished"}) == progress


def test_runs_that_were_cancelled_or_censored_are_no_failures() -> None:
    done = {n: Done(n, result) for n, result in enumerate(("failed", "censored", "failed", "failed"), 1)}
    assert Progress(done).failures_in_a_row == 2
    assert Progress({**done, 5: Done(5, "cancelled")}).failures_in_a_row == 0


def test_before_the_first_run_an_unlimited_migration_has_no_figure() -> None:
    plan, steps = steps_of(settle="10 s", rest="5 s", repeats=1)
    found = estimate(plan, steps, steps, {}, {})
    assert (found.likely_s, found.unknown) == (150.0, 10)
    assert found.text == "between 2 min and 12 min"


def test_the_limit_of_the_bandwidth_gives_a_figure() -> None:
    limited = {"technique": "pre-copy", "bandwidth": "64 MiB/s"}
    plan, steps = steps_of(workload={"idle": {}}, migration={"a": limited}, settle="4 s")
    found = estimate(plan, steps, steps, {}, {"guest1": 1 << 30})
    assert (found.likely_s, found.unknown, found.text) == (80.0, 0, "about 80 s")


LIMITED = {"technique": "pre-copy", "bandwidth": "64 MiB/s"}
LATE = {"technique": "post-copy-timeout", "timeout": "25 s", "bandwidth": "64 MiB/s"}
AT_ONCE = {"technique": "post-copy", "bandwidth": "64 MiB/s"}
BY_POLICY = {"technique": "automatic", "bandwidth": "64 MiB/s"}


@pytest.mark.parametrize(
    ("rate", "migration", "total_s"),
    [
        ("0 MiB/s", LIMITED, 60.0),  # 300 MiB again and again: it lasts to the limit
        ("100 MiB/s", LIMITED, 60.0),
        ("60 MiB/s", LIMITED, 60.0),  # with the guest's system it dirties more than the limit
        (
            "30 MiB/s",
            LIMITED,
            16 + 300 / 64 + 2.4609 + 1.2920 + 0.6783 + 0.3561 + 0.1870,
        ),  # each pass 0.525 of the last
        ("1 MiB/s", LIMITED, 16 + 17.92 / 64),  # what the first pass leaves fits in the downtime
        ("1 MiB/s", {**LIMITED, "downtime": "100 ms"}, 16 + 17.92 / 64 + 0.0049),
        ("0 MiB/s", LATE, 25 + 300 / 64),
        (
            "0 MiB/s",
            {**LATE, "timeout": "8 s"},
            8 + (512 + 150) / 64,
        ),  # in the first pass: half of what was dirtied is still to be sent
        ("0 MiB/s", AT_ONCE, 16.0),
        ("0 MiB/s", BY_POLICY, 16.0),  # ours switches at once
        ("0 MiB/s", {**BY_POLICY, "policy": "virsh-first-pass"}, 16 + 300 / 64),
        ("0 MiB/s", {**BY_POLICY, "policy": "nova"}, 60.0),  # longer than the limit of a run
        ("1 MiB/s", BY_POLICY, 16 + 17.92 / 64),
    ],
)
def test_the_dirty_rate_and_the_limit_give_the_time_of_a_migration(
    rate: str, migration: dict[str, str], total_s: float
) -> None:
    workload = {"memory": {"threads": 2, "size": "150 MiB", "rate": rate}}
    plan, steps = steps_of(workload=workload, migration={"a": migration}, repeats=1)
    found = estimate(plan, steps, steps[:1], {}, {"guest1": 1 << 30})
    assert (found.likely_s, found.unknown) == (pytest.approx(total_s, abs=0.01), 0)
    assert found.too_long == (("memory a",) if total_s == plan.limit_s else ())


@pytest.mark.parametrize(
    ("workload", "migration"),
    [
        ({"own": {"command": ["a"]}}, LIMITED),
        ({"memory": {"threads": 2, "size": "150 MiB"}}, {**LIMITED, "auto_converge": True}),
    ],
)
def test_what_the_plan_does_not_tell_takes_up_to_the_limit(workload: dict[str, Any], migration: dict[str, Any]) -> None:
    plan, steps = steps_of(workload=workload, migration={"a": migration}, repeats=1)
    found = estimate(plan, steps, steps, {}, {"guest1": 1 << 30})
    assert (found.likely_s, found.unknown, found.text) == (0.0, 2, "between 0 s and 2 min")


@pytest.mark.parametrize(("took_s", "text"), [(30.0, "about 8 min"), (400.0, "about 1 h 46 min")])
def test_runs_that_are_done_give_the_figure_of_their_cell_and_of_others(took_s: float, text: str) -> None:
    plan, steps = steps_of(repeats=1)
    first = {1: Done(1, "completed", took_s=took_s), 2: Done(2, "failed", took_s=1.0)}
    assert estimate(plan, steps, steps, first, {}).likely_s == 10 * took_s
    left = [*steps, *steps]
    assert estimate(plan, steps, left[:16], first, {}).text == text


def test_a_forecast_is_made_once_for_each_setting_of_thousands_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(estimate_module, "migration_s", lambda cell, _memory: asked.append(cell.text))
    plan, _ = check(changed(repeats=50))
    assert plan
    steps = schedule(plan, cells_of(plan, "guest1"), 1)
    assert estimate(plan, steps, steps, {}, {}).unknown == len(steps)
    assert sorted(asked) == sorted({step.cell.text for step in steps})

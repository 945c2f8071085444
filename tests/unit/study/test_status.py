"""The status of a study: the settings with their medians."""

from dataclasses import replace

import pytest

from tests.unit.study.plans import changed
from tui.study.model.cell import cells_of
from tui.study.model.plan import check
from tui.study.model.progress import BACK, DONE_CANCELLED, DONE_CENSORED, DONE_OK, OUT, Done, Progress
from tui.study.model.schedule import schedule
from tui.study.model.status import cell_fields, cell_lines

OK, LONG, CUT = DONE_OK, DONE_CENSORED, DONE_CANCELLED


@pytest.mark.parametrize(
    ("ends", "line"),
    [
        ([(OK, 39.4), (OK, 38.0), (OK, 41.1)], "3 of 4, median 39.4 s"),
        ([(LONG, 60.0), (OK, 39.4), (OK, 38.0), (OK, 41.1)], "4 of 4, median 40.2 s, 1 over the limit"),
        ([(LONG, 60.0), (LONG, 60.0), (OK, 38.0)], "3 of 4, median more than 1 min 0 s, 2 over the limit"),
        ([(OK, 38.0), (LONG, 60.0)], "2 of 4, median more than 49.0 s, 1 over the limit"),
        ([(LONG, 90.0), (LONG, 60.0), (OK, 38.0)], "3 of 4, median more than 1 min 0 s, 2 over the limit"),
        ([(LONG, 82.0), (OK, 38.0)], "2 of 4, median more than 49.0 s, 1 over the limit"),  # it completed at last
        ([(CUT, 3.0), (OK, 38.0)], "2 of 4, median 38.0 s, 1 cancelled"),
        ([(CUT, 3.0)], "1 of 4, 1 cancelled"),
        ([(OK, 10.0), (LONG, None), (LONG, None)], "3 of 4, median more than 1 min 0 s, 2 over the limit"),
        ([(LONG, 59.9), (LONG, 90.0)], "2 of 4, median more than 1 min 0 s, 2 over the limit"),
    ],
)
def test_runs_over_the_limit_are_lower_bounds_in_the_median(ends: list[tuple[str, float | None]], line: str) -> None:
    plan, _ = check(changed(repeats=2, warm_up=0, workload={"idle": {}}, migration={"a": {"technique": "pre-copy"}}))
    assert plan
    steps = schedule(plan, cells_of(plan, "guest1"), 1)
    done = {step.number: Done(step.number, result, total_s=s) for step, (result, s) in zip(steps, ends, strict=False)}
    assert cell_lines({"cells": cell_fields(steps, Progress(done), 60.0)}) == [f"  idle a  {line}"]


def test_the_two_directions_have_medians_of_their_own() -> None:
    plan, _ = check(changed(repeats=3, warm_up=0, workload={"idle": {}}, migration={"a": {"technique": "pre-copy"}}))
    assert plan
    steps = schedule(plan, cells_of(plan, "guest1"), 1)
    ends = [Done(step.number, OK, OUT if step.number % 2 else BACK) for step in steps]
    done = {each.number: replace(each, total_s=10.0 if each.direction == OUT else 30.0) for each in ends}
    cells = cell_fields(steps, Progress(done), 60.0)
    assert [cells[0]["directions"][way]["median_total_s"] for way in (OUT, BACK)] == [10.0, 30.0]
    assert cell_lines({"cells": cells}) == ["  idle a  6 of 6, median out 10.0 s, back 30.0 s"]
    one = cell_fields(steps, Progress({1: done[1]}), 60.0)
    assert cell_lines({"cells": one}) == ["  idle a  1 of 6, median out 10.0 s"]

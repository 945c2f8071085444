"""What the Study page says of a study: its counts, its time, what happens now, its table and its runs."""

from datetime import datetime, timezone
from typing import Any

import pytest
from textual.content import Content

from tui.core.actions import without_keys
from tui.study.model.earlier import Earlier
from tui.study.model.matrix import matrix_of
from tui.study.model.run_row import run_cells
from tui.study.model.status import counts_line, left_line, now_line, seed_line
from tui.study.widgets import (
    RunLines,
    about_lines,
    earlier_line,
    head_lines,
    intro_lines,
    matrix_lines,
    trouble_lines,
)

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=timezone.utc)
STEP = {"short": "idle plain", "cell": "c1", "warm_up": False, "repeat": 3, "repeats": 5}
MIGRATION = {"direction": "back", "phase": "pass", "pass": 4, "remaining_bytes": 120 << 20, "elapsed_s": 72.0}


def status(**changes: Any) -> dict[str, Any]:
    counts = {"done": 12, "total": 60, "completed": 9, "censored": 1, "cancelled": 0, "failed": 2}
    left = {"left": "about 41 min", "left_s": 2460, "left_unknown_runs": 0}
    about = {"name": "mine", "state": "running", "why": "", "doing": "letting the guest settle", "step": STEP}
    return counts | left | about | {"migration": None, "cells": []} | changes


def cell(row: str, column: str, **changes: Any) -> dict[str, Any]:
    ends = {"completed": 0, "censored": 0, "cancelled": 0, "failed": 0}
    figures = {"median_total_s": None, "median_is_above": False, "median_downtime_s": None}
    about = {"cell": f"{row}/{column}", "short": f"{row} {column}", "row": row, "column": column}
    return ends | figures | about | {"done": 0, "total": 10} | changes


def run(**changes: Any) -> dict[str, Any]:
    about = {"number": 7, "short": "idle plain", "repeat": 2, "warm_up": False, "direction": "out", "run": "/runs/r"}
    return about | {"result": "completed", "why": "", "total_s": 4.4, "downtime_s": 0.083} | changes


def texts(lines: tuple[Content, ...]) -> list[str]:
    return [each.plain.rstrip() for each in lines]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "12 of 60 runs, 1 over the limit, 2 failed"),
        ({"cancelled": 3}, "12 of 60 runs, 1 over the limit, 3 cancelled, 2 failed"),
    ],
)
def test_the_counts_name_what_did_not_complete(changes: dict[str, int], line: str) -> None:
    assert counts_line(status(**changes)) == line


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "about 41 min left, until about 12:41"),
        ({"left": "about 20 h 0 min", "left_s": 72_000}, "about 20 h 0 min left, until about 11-30 08:00"),
        ({"left": "between 5 min and 9 h 0 min", "left_unknown_runs": 9}, "between 5 min and 9 h 0 min left"),
        ({"left_s": 1 << 62}, "about 41 min left, until about 12-06 12:00"),
        ({"state": "stopped"}, "the other 48 take about 41 min"),
        ({"left": ""}, ""),
    ],
)
def test_the_time_that_is_left_has_its_end(changes: dict[str, Any], line: str) -> None:
    assert left_line(status(**changes), NOON) == line


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "idle plain, repeat 3 of 5: letting the guest settle"),
        ({"step": STEP | {"warm_up": True}}, "idle plain, warm-up: letting the guest settle"),
        ({"migration": MIGRATION}, "idle plain, repeat 3 of 5: migrating back, pass 4, 120 MiB left, 01:12"),
        (
            {"migration": MIGRATION | {"direction": "out", "phase": "post-copy"}},
            "idle plain, repeat 3 of 5: migrating out, post-copy, 120 MiB left, 01:12",
        ),
        (
            {"migration": MIGRATION | {"pass": 0, "phase": "setup", "remaining_bytes": None, "elapsed_s": 0.0}},
            "idle plain, repeat 3 of 5: migrating back, 00:00",
        ),
        ({"state": "stopping"}, "stopping: idle plain, repeat 3 of 5: letting the guest settle"),
        ({"step": None, "doing": "starting"}, "starting"),
    ],
)
def test_what_happens_now_is_one_line(changes: dict[str, Any], line: str) -> None:
    assert now_line(status(**changes)) == line


def test_a_seed_is_that_of_the_plan_or_one_by_chance() -> None:
    assert seed_line(7, by_plan=True) == "The order of the runs comes from the seed 7 of the plan."
    assert seed_line(7, by_plan=False).endswith("the seed 7, chosen by chance; seed = 7 in the plan repeats it.")


def test_the_table_has_workloads_in_rows_and_techniques_in_columns_by_their_numbers() -> None:
    done = {"done": 4, "median_total_s": 9.7, "median_downtime_s": 0.083}
    cells = [
        cell("memory 100 MiB/s", "pre-copy", **done),
        cell("memory 50 MiB/s", "pre-copy", done=3, failed=1, median_total_s=45.0, median_is_above=True, censored=2),
        cell("idle", "post-copy", done=1, cancelled=1),
    ]
    table = matrix_of(status(cells=cells, step=STEP | {"cell": "idle/post-copy"}))
    assert texts(matrix_lines(table, 100)) == [
        " runs done/planned, median total time and downtime out/back; > is under way",
        "                   post-copy          pre-copy",
        " idle             >1/10, 1 cancelled",
        " memory 50 MiB/s                      3/10  >45.0 s  -, 2 over limit, 1 failed",
        " memory 100 MiB/s                     4/10  9.7 s  83 ms",
    ]


def figures(total_s: float | None, downtime_s: float | None = None, *, above: bool = False) -> dict[str, Any]:
    return {"median_total_s": total_s, "median_is_above": above, "median_downtime_s": downtime_s}


@pytest.mark.parametrize(
    ("out", "back", "words"),
    [
        (figures(9.7, 0.083), figures(30.0, 0.09), "9.7/30.0 s  83/90 ms"),
        (figures(9.7, 0.083), figures(None), "9.7/- s  83/- ms"),
        (figures(0.9), figures(60.0, 1.5, above=True), "900 ms/>1 min 0 s  -/1.5 s"),
        (figures(60.0, above=True), figures(60.0, above=True), ">1 min 0 s/>1 min 0 s  -"),
    ],
)
def test_the_medians_of_both_directions_are_apart(out: dict[str, Any], back: dict[str, Any], words: str) -> None:
    both = cell("idle", "pre-copy", median_total_s=20.0, directions={"out": out, "back": back})
    (place,) = matrix_of(status(cells=[both])).cells.values()
    assert place.text == f"0/10  {words}"


def test_techniques_that_do_not_fit_are_in_another_table_below() -> None:
    cells = [cell("idle", f"technique {number}", done=number) for number in range(4)]
    lines = texts(matrix_lines(matrix_of(status(cells=cells)), 40))
    assert [line.split() for line in lines[1:]] == [
        ["technique", "0", "technique", "1"], ["idle", "0/10", "1/10"],
        ["technique", "2", "technique", "3"], ["idle", "2/10", "3/10"],
    ]  # fmt: skip
    assert max(map(len, lines[1:])) <= 40


def test_a_study_without_settings_has_no_table() -> None:
    assert matrix_lines(matrix_of(status()), 80) == ()


@pytest.mark.parametrize(
    ("changes", "cells"),
    [
        ({}, ["7", "idle plain", "2", "out", "completed", "4.4 s", "83 ms", ""]),
        ({"warm_up": True, "repeat": 0}, ["7", "idle plain", "warm-up", "out", "completed", "4.4 s", "83 ms", ""]),
        (
            {"result": "censored", "total_s": 45.0, "downtime_s": None},
            ["7", "idle plain", "2", "out", "over limit", ">45.0 s", "-", ""],
        ),
        (
            {"result": "censored", "total_s": 61.0},  # post-copy cannot be cancelled: its time is known
            ["7", "idle plain", "2", "out", "over limit", "1 min 1 s", "83 ms", ""],
        ),
        (
            {"result": "failed", "direction": "", "total_s": None, "downtime_s": None, "why": "no route"},
            ["7", "idle plain", "2", "-", "failed", "-", "-", "no route"],
        ),
    ],
)
def test_a_run_as_cells(changes: dict[str, Any], cells: list[str]) -> None:
    assert list(run_cells(run(**changes)).values()) == cells


@pytest.mark.parametrize("width", [40, 79, 119])
def test_the_lines_of_runs_fit_the_width(width: int) -> None:
    failed = run(result="failed", why="a reason that is longer than what is left of any line" * 3)
    lines = RunLines([run(short="a workload with a long name " * 4), failed], width)
    assert max(each.cell_length for each in (lines.line(0), lines.line(1))) <= max(width, 60)
    assert lines.header.plain.split()[:2] == ["run", "setting"]
    assert (lines.cut_setting(0).startswith("a workload"), lines.cut_setting(1)) == (
        True,
        "" if width > 40 else "idle plain",
    )


def test_the_last_failure_is_named_below_a_run_that_has_none() -> None:
    failed = run(number=3, result="failed", why="no route", run="")
    assert texts(about_lines(run(), [failed, run()], 80)) == [" /runs/r", " Run 3 failed: no route"]
    assert texts(about_lines(failed, [failed], 80)) == [" No migration was started in this run.", " no route"]
    assert texts(about_lines(None, [], 80)) == [" No run has ended yet."]
    assert "of an earlier version" in texts(about_lines(None, [], 120, unsent=True))[0]


def test_the_head_has_a_bar_and_wraps_what_is_too_long() -> None:
    head = texts(head_lines(status(), 60, NOON, without_keys))
    assert head[0] == " mine  running"
    assert (head[1].count("━"), head[1][-4:]) == (10, "20 %")
    assert " ".join(" ".join(head[2:]).split()) == (
        "12 of 60 runs, 1 over the limit, 2 failed; about 41 min left, until about 12:41 "
        "Now: idle plain, repeat 3 of 5: letting the guest settle"
    )
    assert max(map(len, head)) <= 60


def test_a_stopped_study_says_what_continues_it_and_a_complete_one_does_not() -> None:
    stopped = texts(head_lines(status(state="stopped", why="a client requested it"), 120, NOON, without_keys))
    assert stopped[-1] == " The study mine was stopped: a client requested it. The Study page continues it."
    complete = texts(head_lines(status(state="finished", done=60, left=""), 120, NOON, without_keys))
    assert complete[-1] == " The study mine is complete."


@pytest.mark.parametrize(
    ("age_s", "failure", "late", "line"),
    [
        (None, "", False, []),
        (None, "", True, [" The background process does not reply."]),
        (72.0, "", True, [" The background process does not reply. What is shown is 01:12 old."]),
        (None, "It ended.", False, [" It ended."]),
        (9.0, "It ended.", True, [" It ended. What is shown is 00:09 old."]),
    ],
)
def test_what_is_old_says_so(age_s: float | None, failure: str, late: bool, line: list[str]) -> None:
    assert texts(trouble_lines(age_s, failure, 80, late=late)) == line


def test_the_page_without_a_study_says_what_one_is() -> None:
    assert texts(intro_lines(80, without_keys, read=True))[1] == " No study has been made yet."
    assert texts(intro_lines(80, without_keys, read=False))[1] == " Reading the studies ..."


def test_a_study_in_the_list() -> None:
    study = Earlier("x", "mine", None, "interrupted", 3, 18)
    assert earlier_line(study).plain.split() == ["-", "interrupted", "3", "of", "18", "mine"]
    damaged = Earlier("x", "mine", None, "damaged", why="No such file")
    assert earlier_line(damaged).plain.split() == ["-", "damaged", "-", "mine", "No", "such", "file"]

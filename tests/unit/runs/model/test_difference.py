"""Figures of a few runs beside each other."""

import pytest

from tui.runs.model.difference import Difference, differences, ratio_text, repeated
from tui.runs.model.groups import Group
from tui.runs.model.measured import CENSORED, EXCLUDED, FAILED, OPEN, Measured, Settings, Value


def run(status: str = "completed", **values: float | Value) -> Measured:
    given = {name: each if isinstance(each, Value) else Value(each) for name, each in values.items()}
    return Measured("run", Settings(), status, values=given)


def test_each_figure_that_some_run_has_is_a_row_in_one_unit() -> None:
    runs = [run(total=20.0, sent=3 << 30), run(total=10.0, faults=7), run(total=Value(60.0, above=True))]
    assert differences(runs, 0) == [
        Difference("total time", "s", ("20.0", "10.0", ">60.0"), ("", "0.50x", ">3.00x")),
        Difference("memory sent", "GiB", ("3.00", "-", "-"), ("", "", "")),
        Difference("post-copy faults", "", ("-", "7", "-"), ("", "", "")),
    ]


def test_another_baseline_changes_the_ratios_only() -> None:
    runs = [run(total=20.0), run(total=10.0)]
    assert differences(runs, 1) == [Difference("total time", "s", ("20.0", "10.0"), ("2.00x", ""))]


@pytest.mark.parametrize("status", [FAILED, EXCLUDED, OPEN])
def test_a_run_that_does_not_count_has_a_dash_in_place_of_a_ratio(status: str) -> None:
    runs = [run(total=20.0), run(status, total=10.0), run(CENSORED, total=Value(60.0, above=True))]
    assert differences(runs, 0)[0].ratios == ("", "-", ">3.00x")
    assert differences(runs, 1)[0].ratios == ("-", "", "-")


@pytest.mark.parametrize(
    ("value", "base", "text"),
    [
        (Value(1.0), Value(8.0), "0.12x"),
        (Value(99.0), Value(10.0), "9.90x"),
        (Value(100.0), Value(10.0), "10.0x"),
        (Value(2000.0), Value(10.0), "200x"),
        (Value(5.0), Value(10.0, above=True), "<0.50x"),
        (Value(5.0, above=True), Value(10.0, above=True), ""),
        (Value(0.0), Value(10.0), "0.00x"),
        (Value(5.0), Value(0.0), ""),
        (None, Value(1.0), ""),
        (Value(1.0), None, ""),
    ],
)
def test_a_ratio_has_three_digits_and_its_bound(value: Value | None, base: Value | None, text: str) -> None:
    assert ratio_text(value, base) == text


def test_only_runs_that_count_are_repeats() -> None:
    assert not repeated([Group(Settings(), (run(), run(FAILED))), Group(Settings(vm="x"), (run(),))])
    assert repeated([Group(Settings(), (run(), run(CENSORED)))])

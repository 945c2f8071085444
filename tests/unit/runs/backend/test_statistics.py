"""Intervals, ratios and tests, against values computed by hand; without scipy a sentence."""

import importlib.util

import pytest

from tests.unit.runs.model.test_description import values
from tui.core.failure import Failure
from tui.runs.backend import statistics
from tui.runs.backend.statistics import interval, rank_test, ratio, trend
from tui.runs.model.comparison import Interval, Ratio
from tui.runs.model.measured import Value


def test_the_interval_of_three_values_is_their_range() -> None:
    # A resample has the smallest value as its median in 7 of 27 cases, which is more than 2.5 %.
    assert interval(values(11, 10, 14)) == Interval(Value(10), Value(14))


def test_the_interval_of_seven_values_leaves_out_both_ends() -> None:
    # The median of a resample is the smallest value in 1 %, at most the second smallest in 10 % of cases.
    assert interval(values(1, 2, 4, 8, 16, 32, 64)) == Interval(Value(2), Value(32))


def test_fewer_than_three_values_have_no_interval() -> None:
    assert interval(values(10, 14)) is None
    assert interval([]) is None


def test_equal_values_have_an_interval_of_one_point() -> None:
    assert interval(values(3, 3, 3)) == Interval(Value(3), Value(3))


def test_lower_bounds_leave_the_interval_open() -> None:
    assert interval(values(50, 55, 58, 60, 60, above=2)) == Interval(Value(50), Value(60, above=True))
    early = [Value(30, above=True), Value(213), Value(243), Value(404)]  # it ended before the others
    assert interval(early) == Interval(Value(30), Value(404, above=True))
    assert interval(values(60, 60, 60, above=3)) == Interval(Value(60, above=True), Value(60, above=True))


def test_the_interval_of_the_ratio_of_three_values_is_from_the_ends() -> None:
    found = ratio(values(20, 24, 28), values(10, 12, 14))
    assert found is not None
    assert (found.amount, found.low, found.high) == pytest.approx((2, 20 / 14, 28 / 10))
    assert not found.above
    assert not found.below


def test_the_same_samples_give_the_same_interval_each_time() -> None:
    first, second = values(1, 2, 4, 8, 16, 32), values(3, 5, 7, 9, 11, 13)
    assert ratio(first, second) == ratio(first, second)


def test_the_ratio_to_a_lower_bound_is_open() -> None:
    slow, quick = values(50, 60, 60, above=2), values(10, 12, 15)
    assert ratio(slow, quick) == Ratio(5, pytest.approx(50 / 15), None, above=True)
    assert ratio(quick, slow) == Ratio(0.2, None, pytest.approx(15 / 50), below=True)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (values(60, 60, 60, above=3), values(60, 60, 60, above=2)),  # both medians are lower bounds
        (values(1, 2, 3), values(0, 0, 3)),
        (values(0, 0, 0), values(1, 2, 3)),
    ],
)
def test_some_ratios_have_no_meaning(ours: list[Value], theirs: list[Value]) -> None:
    assert ratio(ours, theirs) is None


def test_a_ratio_with_a_zero_among_the_values_has_no_interval() -> None:
    assert ratio(values(0, 2, 3), values(1, 1, 1)) == Ratio(2)


@pytest.mark.parametrize(
    ("ours", "theirs", "p", "superiority"),
    [
        (values(20, 22, 24, 26, 28), values(10, 11, 12, 13, 14), 2 / 252, 1),
        (values(4, 5, 6), values(1, 2, 3), 2 / 20, 1),
        (values(1, 1), values(2, 2), 2 / 6, 0),  # ties: all 6 arrangements are tried
        (values(1, 2, 3), values(1, 2, 3), 1, 0.5),
        (values(60, 60, 60, 60, above=4), values(1, 2, 3, 4), 2 / 70, 1),
    ],
)
def test_the_rank_test_is_exact(ours: list[Value], theirs: list[Value], p: float, superiority: float) -> None:
    found = rank_test(ours, theirs)
    assert found is not None
    assert (found.p, found.superiority, found.exact) == (pytest.approx(p), superiority, True)


def test_large_groups_are_tested_by_the_normal_distribution() -> None:
    found = rank_test(values(*range(100, 130)), values(*range(30)))
    assert found is not None
    assert not found.exact
    assert found.p < 1e-9


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(values(), values(1, 2, 3)), (values(1), values(1, 2, 3)), (values(10, 10, above=1), values(50, 60))],
)
def test_some_groups_cannot_be_tested(ours: list[Value], theirs: list[Value]) -> None:
    assert rank_test(ours, theirs) is None


def test_a_trend_is_found_over_the_repeats() -> None:
    assert trend([1, 2, 3, 4, 5]) == pytest.approx(2 / 120)
    assert trend([5, 4, 3, 2, 1]) == pytest.approx(2 / 120)
    assert trend([3, 1, 2, 5, 4]) == pytest.approx(0.4833, abs=1e-4)  # 7 of 10 pairs rise: 58 of 120 orders
    assert trend([1, 1, 1, 1]) is None
    assert trend([1, 2]) is None


def test_without_scipy_a_sentence_tells_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "find_spec", lambda _: None)
    assert "pip install 'vmlm-tui[report]'" in statistics.missing()
    with pytest.raises(Failure, match="Intervals need scipy"):
        interval(values(1, 2, 3))


def test_with_scipy_nothing_is_missing() -> None:
    assert importlib.util.find_spec("scipy") is not None
    assert statistics.missing() == ""


@pytest.mark.parametrize("unit", [1.0, float(1 << 31), 1e15])
def test_an_end_that_lower_bounds_leave_open_is_open_whatever_the_unit_of_the_figure(unit: float) -> None:
    bounds = [Value(2 * unit, above=above) for above in (False, False, True, True)]
    known = [Value(each * unit) for each in (1.0, 1.1, 1.2, 1.3)]
    found, turned = ratio(bounds, known), ratio(known, bounds)
    assert found is not None
    assert turned is not None
    assert (found.high, turned.low) == (None, None)
    assert (found.low, turned.high) == (pytest.approx(1.6, abs=0.1), pytest.approx(0.6, abs=0.1))
    whole = interval(bounds)
    assert whole is not None
    assert whole.high == Value(2 * unit, above=True)

"""Median, spread, outliers and Holm's correction, against values computed by hand."""

import math

import pytest

from tui.runs.model.description import coverage, describe, holm, median, needed, outliers, quantile, smallest_p
from tui.runs.model.measured import Value


def values(*amounts: float, above: int = 0) -> list[Value]:
    """Values, the last `above` of them lower bounds."""
    return [Value(each, index >= len(amounts) - above) for index, each in enumerate(amounts)]


def test_a_sample_is_described() -> None:
    found = describe(values(9, 2, 4, 4, 5, 4, 7, 5))
    assert found is not None
    assert (found.n, found.above, found.median, found.least, found.most) == (8, 0, Value(4.5), Value(2), Value(9))
    assert found.mean == 5
    assert found.sd == pytest.approx(math.sqrt(32 / 7))  # the squared distances sum to 32
    assert found.quartiles == (4, 5.5)
    assert found.iqr == 1.5
    assert found.spread == pytest.approx(math.sqrt(32 / 7) / 5)


def test_an_empty_sample_has_no_description() -> None:
    assert describe([]) is None


def test_one_value_has_a_mean_but_no_spread() -> None:
    found = describe(values(7))
    assert found is not None
    assert (found.median, found.mean, found.sd, found.iqr, found.spread) == (Value(7), 7, None, None, None)


def test_lower_bounds_leave_neither_mean_nor_spread() -> None:
    found = describe(values(50, 55, 60, above=1))
    assert found is not None
    assert (found.mean, found.sd, found.quartiles, found.above) == (None, None, None, 1)
    assert (found.least, found.most) == (Value(50), Value(60, above=True))
    found = describe([Value(30, above=True), Value(404)])
    assert found is not None
    assert (found.least, found.most) == (Value(30, above=True), Value(404, above=True))


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (values(50, 55, 58, 60, 60, above=2), Value(58)),  # the two are larger than 58, whatever they are
        (values(50, 55, 60, 60, 60, above=3), Value(60, above=True)),
        (values(50, 60, above=1), Value(55, above=True)),
        (values(60, above=1), Value(60, above=True)),
        ([Value(10, above=True), Value(50), Value(55)], Value(50, above=True)),  # it ended early: it may be above 50
        (values(3, 1, 2, 4), Value(2.5)),
    ],
)
def test_a_median_is_a_lower_bound_if_the_unknown_part_would_move_it(sample: list[Value], expected: Value) -> None:
    assert median(sample) == expected


def test_quantiles_are_interpolated() -> None:
    assert [quantile([1, 2, 4, 8], part) for part in (0, 0.25, 0.5, 1)] == [1, 1.75, 3, 8]


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ([10, 11, 12, 13, 14, 40], [5]),  # 0.6745 x 27.5 / 1.5 = 12.4
        ([10, 11, 12, 13, 14, 20], []),  # 0.6745 x 7.5 / 1.5 = 3.37
        ([5, 5, 5, 5, 9], [4]),  # the median distance is 0, the mean distance 0.8: 4 / (1.2533 x 0.8) = 3.99
        ([5, 5, 5, 5], []),
        ([1, 1, 99], []),  # too few
    ],
)
def test_outliers_have_a_large_modified_z_score(sample: list[float], expected: list[int]) -> None:
    assert outliers(sample) == expected


def test_holm_multiplies_the_smallest_p_by_the_most() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1, 1]
    assert holm([]) == []


def test_small_groups_can_never_differ_significantly() -> None:
    assert smallest_p(3, 3) == pytest.approx(2 / 20)
    assert smallest_p(5, 5) == pytest.approx(2 / 252)
    assert smallest_p(0, 5) == 1
    assert needed(1) == 4  # 2 / 70
    assert needed(3) == 5  # 3 x 2 / 252


def test_the_range_of_few_values_often_misses_the_true_median() -> None:
    assert [coverage(n) for n in (3, 5, 6)] == [0.75, 0.9375, 0.96875]

"""Groups compared: sentences, corrections and warnings."""

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from tests.unit.runs.model.test_description import values
from tui.core.failure import Failure
from tui.runs.backend import statistics
from tui.runs.backend.comparison import compare
from tui.runs.model.comparison import Compared, interval_text, median_text, value_text, warning_lines
from tui.runs.model.figures import DOWNTIME, PASSES, SENT, TOTAL, Scale
from tui.runs.model.groups import Group
from tui.runs.model.measured import CENSORED, FAILED, Measured, Settings, Value

IDLE = Settings(workload="idle", technique="pre-copy")
BUSY = replace(IDLE, workload="memory")
POST = replace(BUSY, technique="post-copy")
QUICK, SLOW = values(10, 11, 12, 13, 14), values(20, 22, 24, 26, 28)


def group(settings: Settings, totals: list[Value], figure: str = "total") -> Group:
    began = datetime(2026, 11, 23, tzinfo=timezone.utc)
    runs = (Measured(f"run{n}", settings, values={figure: each}, began=began) for n, each in enumerate(totals))
    return Group(settings, tuple(runs))


def only(*groups: Group) -> Compared:
    """The comparison of the only figure."""
    (found,) = compare(groups).figures
    return found


def sentence(ours: list[Value], theirs: list[Value]) -> str:
    """The sentence on B, which has our values, against A."""
    found = only(group(IDLE, theirs), group(BUSY, ours))
    return found.sentence(found.pairs[0])


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (SLOW, QUICK, "B is 2.0 [1.57, 2.5] times slower than A (p = 0.0079)."),
        (QUICK, SLOW, "B is 2.0 [1.57, 2.5] times faster than A (p = 0.0079)."),
        (
            values(20, 24, 28),
            values(10, 12, 14),
            "No significant difference (p = 0.1): B is 2.0 [1.43, 2.8] times slower than A. "
            "With n = 3 and 3 there can never be one; each group needs 4 values.",
        ),
        (
            values(10, 12, 14),
            values(11, 12, 13),
            "No significant difference (p = 1): the medians of B and A are about equal, 1.00 [0.77, 1.27] times. "
            "With n = 3 and 3 there can never be one; each group needs 4 values.",
        ),
        (
            values(60, 60, 60, 60, 60, above=5),
            QUICK,
            "B is more than 5.0 [4.3, open] times slower than A (p = 0.0079).",
        ),
        (
            values(60, 60, 60, 60, 60, above=5),
            values(59.6, 59.7, 59.8, 59.9, 60),
            "B is more than 1.00 [1.00, open] times slower than A (p = 0.0079).",
        ),
        (
            values(59.6, 59.7, 59.8, 59.9, 60),
            values(60, 60, 60, 60, 60, above=5),
            "B is more than 1.00 [1.00, open] times faster than A (p = 0.0079).",
        ),
        (
            values(60, 60, 60, 60, above=4),
            values(60, 60, 60, 60, above=4),
            "B and A have no ratio, because both medians are lower bounds; "
            "not tested, because all values are lower bounds.",
        ),
        (values(20), QUICK, "B is 1.67 times slower than A; not tested, because a group has only 1 value."),
        (
            values(9, 9, 9, above=3),
            values(10, 20, 30),
            "B and A have no ratio, because a lower bound is below the other median; "
            "not tested, because a lower bound is below a value of the others.",
        ),
    ],
)
def test_a_comparison_is_a_sentence(ours: list[Value], theirs: list[Value], expected: str) -> None:
    assert sentence(ours, theirs) == expected


def test_several_comparisons_are_corrected_after_holm() -> None:
    found = only(group(IDLE, QUICK), group(BUSY, SLOW), group(POST, QUICK))
    assert [(pair.group, pair.baseline) for pair in found.pairs] == [(1, 0), (2, 0)]
    assert [pair.corrected for pair in found.pairs] == pytest.approx([4 / 252, 1])
    assert found.sentence(found.pairs[0]).endswith("(p = 0.016 after Holm for 2 comparisons).")


def test_a_correction_can_make_groups_too_small() -> None:
    few = values(1, 2, 3, 4)
    found = only(group(IDLE, few), group(BUSY, values(5, 6, 7, 8)), group(POST, few))
    assert "With n = 4 and 4 there can never be one; each group needs 5 values." in found.sentence(found.pairs[0])


def test_the_baseline_and_the_setting_that_differs_can_be_chosen() -> None:
    groups = [group(IDLE, QUICK), group(BUSY, SLOW), group(POST, QUICK)]
    for by, baseline, expected in (
        ((), 1, [(0, 1), (2, 1)]),
        (("technique",), None, [(2, 1)]),
        (("technique",), 2, [(1, 2)]),
        (("direction",), None, []),
    ):
        (found,) = compare(groups, by=by, baseline=baseline).figures
        assert [(pair.group, pair.baseline) for pair in found.pairs] == expected


@pytest.mark.parametrize(
    ("by", "why"),
    [
        ((), "has the same direction"),
        (("workload", "limit"), "differs from it only by workload and downtime limit"),
    ],
)
def test_a_baseline_that_no_group_is_compared_with_is_refused(by: tuple[str, ...], why: str) -> None:
    back = group(replace(POST, direction="b -> a"), QUICK)
    with pytest.raises(Failure, match="Group C cannot be the baseline") as raised:
        compare([group(IDLE, QUICK), group(BUSY, SLOW), back], by=by, baseline=2)
    assert raised.value.why == f"no other group with runs that count {why}"


def test_a_baseline_without_runs_that_count_is_refused() -> None:
    failed = Group(IDLE, (Measured("a", IDLE, status=FAILED),))
    with pytest.raises(Failure, match="Group A cannot be the baseline") as raised:
        compare([failed, group(BUSY, QUICK), group(POST, SLOW)], baseline=0)
    assert raised.value.why == "none of its runs counts"


def test_a_group_in_which_no_run_counts_is_not_compared() -> None:
    failed = Group(IDLE, (Measured("a", IDLE, status=FAILED),))
    found = only(failed, group(BUSY, QUICK), group(POST, SLOW))
    assert [(pair.group, pair.baseline) for pair in found.pairs] == [(2, 1)]
    assert median_text(found.scale, found.cells[0]) == "-"


def test_only_figures_that_some_run_has_are_compared() -> None:
    groups = [group(IDLE, values(0, 0), "faults"), group(BUSY, SLOW, "sent")]
    assert [each.figure.name for each in compare(groups).figures] == ["sent"]
    assert [each.figure.name for each in compare(groups, ["faults", "total"]).figures] == ["total", "faults"]


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (values(10, 10.1), ["n = 2: no interval, which needs 3 values"]),
        (
            values(10, 10.1, 10.2),
            ["n = 3: the interval holds the true median in at most 75 % of cases; 6 values reach 95 %"],
        ),
        (values(10, 10.2, 9.9, 10.1, 10, 10), []),
        (values(10, 20, 10, 20, 10, 20), ["the standard deviation is 37 % of the mean"]),
        (
            values(10, 10.1, 10.2, 10.3, 10.4, 10.5),
            ["the values rise over the repeats (Mann-Kendall, p = 0.0028): they are not independent"],
        ),
        (
            values(10.5, 10.4, 10.3, 10.2, 10.1, 10),
            ["the values fall over the repeats (Mann-Kendall, p = 0.0028): they are not independent"],
        ),
        (values(10, 10.2, 9.9, 10.1, 10, 12), ["outlier: 12.0 s in run5"]),
        (
            values(50, 50.1, 50.2, 59, 60, 60, above=2),  # 59 s is no outlier: it is nearer to the two
            [
                "2 of 6 values are lower bounds (the largest is 60.0 s): "
                "a mean and a standard deviation would be too small"
            ],
        ),
    ],
)  # fmt: skip
def test_a_sample_has_warnings(sample: list[Value], expected: list[str]) -> None:
    assert list(only(group(IDLE, sample)).cells[0].warnings) == expected


def test_runs_without_the_figure_are_a_warning() -> None:
    whole = group(IDLE, QUICK)
    found = only(Group(IDLE, (*whole.runs, Measured("x", IDLE))))
    assert "1 of 6 runs without a value: the others may not represent them" in found.cells[0].warnings


def test_two_groups_of_lower_bounds_are_not_tested_because_their_order_is_unknown() -> None:
    found = only(group(IDLE, values(60, 60, 60, above=3)), group(BUSY, values(50, 61, 70, above=3)))
    (pair,) = found.pairs
    assert pair.test is None
    assert found.sentence(pair).endswith(
        "both medians are lower bounds; not tested, because all values are lower bounds."
    )


def test_censored_runs_have_no_downtime_and_a_warning() -> None:
    whole = group(IDLE, QUICK, "downtime")
    (found,) = compare([Group(IDLE, (*whole.runs, Measured("x", IDLE, status=CENSORED)))]).figures
    assert "only the 5 runs that were switched over: 1 censored one was not" in found.cells[0].warnings


def test_a_small_group_may_be_significant_beside_larger_ones() -> None:
    many = values(*range(1, 10))
    groups = [group(IDLE, many), group(BUSY, values(*range(20, 29))), group(POST, values(21, 22, 5))]
    found = only(*groups)
    # The smallest p of 3 against 9 is 2 / 220, and the other comparison comes first in Holm's order.
    assert "never" not in found.sentence(found.pairs[1])


def test_without_scipy_there_is_arithmetic_and_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "find_spec", lambda _: None)
    found = compare([group(IDLE, QUICK), group(BUSY, SLOW)])
    (total,) = found.figures
    assert found.missing.startswith("Intervals, ratios and tests need scipy")
    assert [median_text(total.scale, cell) for cell in total.cells] == ["12.0", "24.0"]
    assert [(pair.ratio, pair.test) for pair in total.pairs] == [(None, None)]


def test_a_column_has_one_unit() -> None:
    assert TOTAL.scale([7.6, 121.2], [8, 28]) == Scale(1, "s", 1)
    assert TOTAL.scale([7.6, 12], [8, 9]) == Scale(1, "s", 2)
    assert DOWNTIME.scale([0.013, 0.4], [0.15, 0.3]) == Scale(0.001, "ms", 0)
    assert SENT.scale([5 << 20], [5 << 20]).text(5 << 20) == "5.00 MiB"
    assert PASSES.scale([3, 4], [3.5]).text(3.5) == "3.5"
    assert PASSES.scale([3, 4], [3]).text(3) == "3"
    assert TOTAL.scale([]).text(0) == "0.00 ms"


def test_lower_bounds_are_marked_in_texts() -> None:
    scale = Scale(1, "s", 1)
    (cell,) = only(group(IDLE, values(50, 60, 60, above=2))).cells
    assert value_text(scale, Value(60, above=True)) == ">60.0"
    assert interval_text(scale, cell.interval) == "[50.0, >60.0]"
    assert median_text(scale, cell) == ">60.0 [50.0, >60.0]"


def test_groups_with_the_same_warning_share_a_line() -> None:
    assert warning_lines([(0, "too few"), (1, "noisy"), (2, "too few")]) == ["A, C: too few", "B: noisy"]

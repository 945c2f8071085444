"""Intervals, ratios and tests by scipy, which is the extra `report`; without it they raise a Failure.

Lower bounds ("> 60 s") are taken at their bound for the lower end of an interval, and as larger than everything for
its upper end.
"""

# scipy is imported only when it is used: it takes a second, and may not be installed.
# ruff: noqa: PLC0415

import math
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from tui.core.failure import Failure
from tui.runs.model.comparison import Interval, Ratio, Test
from tui.runs.model.description import FEWEST, FEWEST_TESTED, median
from tui.runs.model.measured import Value

INSTALL = "Install the extra: `pip install 'vmlm-tui[report]'`, or `make setup` in a checkout."
RESAMPLES = 9999
SEED = 20261129
CONFIDENCE = 0.95
AT_ONCE = 1_000_000  # drawn values in memory
METHOD = f"percentile bootstrap of the median, {RESAMPLES} resamples, seed {SEED}"
ENUMERATED = 20_000  # arrangements up to which a rank test with ties tries all of them
EXACT_N = 50  # values in both groups up to which the distribution without ties is computed
LARGE = 1e60  # stands for "larger than everything": arithmetic with infinity would give no number
BEYOND = 1e30  # an end above this is open; no figure is above 1e15, so no ratio of known ones and each with LARGE is


def missing() -> str:
    """What to install for intervals and tests, as a sentence; empty if it is there."""
    return "" if find_spec("scipy") else f"Intervals, ratios and tests need scipy, which is not installed. {INSTALL}"


def require() -> None:
    """Raise Failure if scipy is not installed."""
    if missing():
        raise Failure("Intervals need scipy", "it is not installed", INSTALL)


def interval(values: Sequence[Value]) -> Interval | None:
    """The 95 % interval of the median; None for fewer than 3 values."""
    if len(values) < FEWEST:
        return None
    low, least_high = _ends([_lowest(values)])
    bounds = [each.amount for each in values if each.above]
    high = _ends([_highest(values)])[1] if bounds else least_high
    exact = [each.amount for each in values if not each.above]
    open_low = bool(bounds) and low > max(exact, default=-math.inf)
    return Interval(
        Value(low, above=open_low),
        Value(least_high, above=True) if high > BEYOND else Value(high),
    )


def ratio(values: Sequence[Value], others: Sequence[Value]) -> Ratio | None:
    """The median of `values` by that of `others`, with its 95 % interval if both have 3 values.

    None if it has no meaning: a median is 0, both are lower bounds, or one that is the smaller.
    """
    ours, theirs = median(values), median(others)
    if (ours.above and theirs.above) or theirs.amount <= 0 or ours.amount <= 0:
        return None
    amount = ours.amount / theirs.amount
    if (ours.above and amount < 1) or (theirs.above and amount > 1):
        return None
    if min(len(values), len(others)) < FEWEST or any(each.amount <= 0 for each in (*values, *others)):
        return Ratio(amount, above=ours.above, below=theirs.above)
    low = _ends([_lowest(values), _highest(others)])[0]
    high = _ends([_highest(values), _lowest(others)])[1]
    return Ratio(
        amount,
        low if low > 1 / BEYOND else None,
        high if high < BEYOND else None,
        above=ours.above,
        below=theirs.above,
    )


def rank_test(values: Sequence[Value], others: Sequence[Value]) -> Test | None:
    """None if it is not possible: a group has one value, or a lower bound may be larger than a value above it.

    So it is if all are lower bounds, whose order is unknown.
    """
    both = [*values, *others]
    bounds = [each.amount for each in both if each.above]
    exact = [each.amount for each in both if not each.above]
    unordered = bool(bounds) and (not exact or min(bounds) < max(exact))
    if min(len(values), len(others)) < FEWEST_TESTED or unordered:
        return None
    from scipy import stats

    ours, theirs = _highest(values), _highest(others)
    ties = len(set(ours + theirs)) < len(both)
    arrangements = math.comb(len(both), len(ours))
    method: Any = "asymptotic"
    exact_p = True
    if ties and arrangements <= ENUMERATED:
        method = stats.PermutationMethod(n_resamples=ENUMERATED)
    elif not ties and len(both) <= EXACT_N:
        method = "exact"
    else:
        exact_p = False
    found = stats.mannwhitneyu(ours, theirs, alternative="two-sided", method=method)
    p = float(found.pvalue)
    return Test(1.0 if math.isnan(p) else min(1.0, p), exact_p, float(found.statistic) / (len(ours) * len(theirs)))


def trend(amounts: Sequence[float]) -> float | None:
    """The p value of a trend over the repeats, in their order (Mann-Kendall); None if there can be none."""
    if len(amounts) < FEWEST or len(set(amounts)) == 1:
        return None
    from scipy import stats

    return float(stats.kendalltau(range(len(amounts)), amounts).pvalue)


def _lowest(values: Sequence[Value]) -> list[float]:
    return [each.amount for each in values]


def _highest(values: Sequence[Value]) -> list[float]:
    return [LARGE if each.above else each.amount for each in values]


def _ends(samples: Sequence[Sequence[float]]) -> tuple[float, float]:
    """The interval of the median of one sample, or of the ratio of the medians of two."""
    require()
    import numpy as np
    from scipy import stats

    def statistic(first: Any, *second: Any, axis: int = -1) -> Any:
        middle = np.median(first, axis=axis)
        return middle / np.median(second[0], axis=axis) if second else middle

    if all(len(set(each)) == 1 for each in samples):  # no resample differs
        only = samples[0][0] / samples[1][0] if len(samples) > 1 else samples[0][0]
        return only, only
    found = stats.bootstrap(
        [np.asarray(each, dtype=float) for each in samples],
        statistic,
        n_resamples=RESAMPLES,
        batch=max(1, AT_ONCE // max(map(len, samples))),
        confidence_level=CONFIDENCE,
        method="percentile",
        vectorized=True,
        rng=SEED,
    ).confidence_interval
    return float(found.low), float(found.high)

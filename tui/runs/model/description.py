"""Describes a sample by arithmetic alone: median, spread and outliers; it knows lower bounds."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tui.runs.model.measured import Value

FEWEST = 3  # values for an interval, a mean and a spread
FEWEST_TESTED = 2  # values in each group for a rank test
FOR_95 = 6  # values from which an interval of the median can reach 95 %
NOISY = 0.1  # the standard deviation, as a part of the mean
OUTLIER = 3.5  # the modified z-score, after Iglewicz and Hoaglin
FOR_OUTLIERS = 4
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Description:
    """The sample in numbers; those that its size or its lower bounds do not allow are None."""

    n: int
    above: int  # how many values are lower bounds
    median: Value
    least: Value
    most: Value
    mean: float | None
    sd: float | None
    quartiles: tuple[float, float] | None

    @property
    def iqr(self) -> float | None:
        """The interquartile range."""
        return None if self.quartiles is None else self.quartiles[1] - self.quartiles[0]

    @property
    def spread(self) -> float | None:
        """The standard deviation as a part of the mean."""
        return self.sd / self.mean if self.sd is not None and self.mean else None


def describe(values: Sequence[Value]) -> Description | None:
    """None for an empty sample; otherwise mean and spread need 2 values and no lower bound."""
    if not values:
        return None
    amounts = sorted(each.amount for each in values)
    above = sum(each.above for each in values)
    least = min(values, key=lambda each: (each.amount, each.above))
    most = Value(max(amounts), above=above > 0)  # a lower bound below it may be larger
    exact = not above and len(values) > 1
    return Description(
        n=len(values),
        above=above,
        median=median(values),
        least=least,
        most=most,
        mean=None if above else statistics.fmean(amounts),
        sd=statistics.stdev(amounts) if exact else None,
        quartiles=(quantile(amounts, 0.25), quantile(amounts, 0.75)) if exact else None,
    )


def median(values: Sequence[Value]) -> Value:
    """The middle value; a lower bound if a larger true value of a lower bound would change it."""
    lowest = statistics.median(each.amount for each in values)
    highest = statistics.median(math.inf if each.above else each.amount for each in values)
    return Value(lowest, above=highest != lowest)


def quantile(ordered: Sequence[float], part: float) -> float:
    """The quantile of sorted amounts by linear interpolation between neighbours (R's type 7)."""
    position = part * (len(ordered) - 1)
    lower = math.floor(position)
    upper = min(lower + 1, len(ordered) - 1)
    return ordered[lower] + (position - lower) * (ordered[upper] - ordered[lower])


def outliers(amounts: Sequence[float]) -> list[int]:
    """The positions of the amounts whose modified z-score is above 3.5; none of fewer than 4 amounts."""
    if len(amounts) < FOR_OUTLIERS:
        return []
    middle = statistics.median(amounts)
    distances = [abs(each - middle) for each in amounts]
    scale = statistics.median(distances) / 0.6745
    if not scale:  # more than half of the amounts are equal
        scale = 1.253314 * statistics.fmean(distances)
    return [index for index, each in enumerate(distances) if scale and each / scale > OUTLIER]


def coverage(n: int) -> float:
    """How often the range of n values holds the true median."""
    return 1 - 2 * 0.5**n


def smallest_p(n: int, other: int) -> float:
    """The smallest p that an exact two-sided rank test of n against `other` values can give."""
    return min(1.0, 2 / math.comb(n + other, n)) if n and other else 1.0


def needed(comparisons: int) -> int:
    """How many values a group needs so that the smallest of so many p can be significant after Holm's correction."""
    n = 1
    while comparisons * smallest_p(n, n) >= SIGNIFICANT:
        n += 1
    return n


def holm(values: Sequence[float]) -> list[float]:
    """The p values, corrected after Holm for their number."""
    corrected, largest = [0.0] * len(values), 0.0
    for rank, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        largest = max(largest, min(1.0, (len(values) - rank) * values[index]))
        corrected[index] = largest
    return corrected

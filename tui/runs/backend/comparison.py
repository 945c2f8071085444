"""Compares groups of runs figure by figure; without scipy only by arithmetic."""

from collections.abc import Sequence
from dataclasses import replace

from tui.core.failure import Failure
from tui.runs.backend import statistics
from tui.runs.model.comparison import Cell, Compared, Comparison, Pair, p_text
from tui.runs.model.description import (
    FEWEST,
    FOR_95,
    NOISY,
    SIGNIFICANT,
    Description,
    coverage,
    describe,
    holm,
    median,
    outliers,
)
from tui.runs.model.figures import FIGURES, Figure, Scale
from tui.runs.model.groups import WORDS, Group, families, letter
from tui.runs.model.measured import Value


def compare(
    groups: Sequence[Group], chosen: Sequence[str] = (), by: Sequence[str] = (), baseline: int | None = None
) -> Comparison:
    """The groups, described and compared with a baseline: the first of each family, or the position `baseline`.

    Without `chosen` figures, all that some run has, and that are not 0 everywhere. Raises Failure for a baseline that
    no group can be compared with.
    """
    missing = statistics.missing()
    pairs = _pairs(groups, by, baseline)
    if baseline is not None and all(first != baseline for _group, first in pairs):
        raise _no_baseline(groups[baseline], letter(baseline), by)
    names = [name for name in FIGURES if (name in chosen if chosen else _has(groups, name))]
    return Comparison(
        groups=tuple(groups),
        figures=tuple(_compared(FIGURES[name], groups, pairs, tested=not missing) for name in names),
        by=tuple(by),
        method="" if missing else statistics.METHOD,
        missing=missing,
    )


def _has(groups: Sequence[Group], name: str) -> bool:
    return any(value.amount for group in groups for _, value in group.values(name))


def _pairs(groups: Sequence[Group], by: Sequence[str], baseline: int | None) -> list[tuple[int, int]]:
    """Group and baseline of each comparison."""
    found = []
    for family in families(groups, by):
        counted = [position for position in family if any(run.counts for run in groups[position].runs)]
        first = baseline if baseline in counted else next(iter(counted), None)
        found += [(group, first) for group in counted if first is not None and group != first]
    return found


def _no_baseline(group: Group, name: str, by: Sequence[str]) -> Failure:
    what = f"Group {name} cannot be the baseline"
    if not any(run.counts for run in group.runs):
        return Failure(what, "none of its runs counts", "Choose another group.")
    axes = " and ".join(WORDS[axis] for axis in by)
    ways = f"differs from it only by {axes}" if by else "has the same direction"
    return Failure(what, f"no other group with runs that count {ways}", "Choose another group, or change `--by`.")


def _compared(figure: Figure, groups: Sequence[Group], pairs: list[tuple[int, int]], *, tested: bool) -> Compared:
    samples = [[value for _, value in group.values(figure.name)] for group in groups]
    scale = figure.scale(
        [value.amount for sample in samples for value in sample],
        [median(sample).amount for sample in samples if sample],
    )
    cells = tuple(_cell(group, figure, scale, tested=tested) for group in groups)
    found = [_pair(samples, group, first, tested=tested) for group, first in pairs]
    corrected = iter(holm([pair.test.p for pair in found if pair.test]))
    return Compared(
        figure,
        scale,
        cells,
        tuple(replace(pair, corrected=next(corrected)) if pair.test else pair for pair in found),
    )


def _pair(samples: Sequence[Sequence[Value]], group: int, first: int, *, tested: bool) -> Pair:
    ours, theirs = samples[group], samples[first]
    pair = Pair(group, first, (len(ours), len(theirs)))
    if not tested or not all(pair.ns):
        return pair
    return replace(pair, ratio=statistics.ratio(ours, theirs), test=statistics.rank_test(ours, theirs))


def _cell(group: Group, figure: Figure, scale: Scale, *, tested: bool) -> Cell:
    measured = group.values(figure.name)
    values = [value for _, value in measured]
    description = describe(values)
    if description is None:
        return Cell(None)
    warnings = _size_warnings(description, values, scale) + _without_value(group, figure.name, description.n)
    amounts = [] if description.above else [value.amount for value in values]  # lower bounds have no distance
    for index in outliers(amounts):
        warnings.append(f"outlier: {scale.text(amounts[index])} in {measured[index][0].name}")
    if not tested:
        return Cell(description, None, tuple(warnings))
    p = statistics.trend(amounts)
    if p is not None and p < SIGNIFICANT:
        way = "rise" if _rises(amounts) else "fall"
        warnings.append(f"the values {way} over the repeats (Mann-Kendall, {p_text(p)}): they are not independent")
    return Cell(description, statistics.interval(values), tuple(warnings))


def _size_warnings(description: Description, values: Sequence[Value], scale: Scale) -> list[str]:
    n, found = description.n, []
    if n < FEWEST:
        found.append(f"n = {n}: no interval, which needs {FEWEST} values")
    elif n < FOR_95:
        found.append(
            f"n = {n}: the interval holds the true median in at most {100 * coverage(n):.0f} % of cases; "
            f"{FOR_95} values reach 95 %"
        )
    if bounds := [each.amount for each in values if each.above]:
        found.append(
            f"{len(bounds)} of {n} values are lower bounds (the largest is {scale.text(max(bounds))}): "
            "a mean and a standard deviation would be too small"
        )
    if description.spread is not None and description.spread > NOISY:
        found.append(f"the standard deviation is {100 * description.spread:.0f} % of the mean")
    return found


def _without_value(group: Group, name: str, n: int) -> list[str]:
    """The runs that count but lack the figure; a censored one lacks all that the switch would have shown."""
    ended, others = group.unmeasured(name)
    censored = f"{ended} censored {'one was' if ended == 1 else 'ones were'}"
    found = [f"only the {n} runs that were switched over: {censored} not"] if ended else []
    if others:
        found.append(f"{others} of {n + ended + others} runs without a value: the others may not represent them")
    return found


def _rises(amounts: Sequence[float]) -> bool:
    """Whether later values are more often larger than earlier ones."""
    pairs = [(a, b) for index, a in enumerate(amounts) for b in amounts[index + 1 :]]
    return sum((b > a) - (b < a) for a, b in pairs) > 0

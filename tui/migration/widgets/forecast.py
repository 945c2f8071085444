"""Where the remaining memory is expected next: what the next passes leave, or the end of post-copy."""

from itertools import pairwise

from tui.migration.model.timeline import PASS as PASSES
from tui.migration.model.timeline import POST_COPY, Timeline
from tui.migration.widgets.curves import span_of
from tui.ui.chart.picture import Expected
from tui.ui.chart.scale import time_span

LOOK_BACK = 3  # passes
RATES_OVER_S = 5.0
MOST = 100  # passes ahead


def forecast(timeline: Timeline) -> tuple[Expected, ...]:
    """The least and the most that is expected, up to the end of a live time axis; empty if too little is known."""
    point = timeline.point
    if point is None or not point.rate or timeline.over:
        return ()
    if timeline.phase == POST_COPY:
        return _until_the_end(timeline)
    return _next_passes(timeline, point.rate) if timeline.phase == PASSES else ()


def _next_passes(timeline: Timeline, rate: float) -> tuple[Expected, ...]:
    """The last passes left so much more or less than those before; the next ones are expected to do the same."""
    lefts = [each.left for each in timeline.passes[-LOOK_BACK:]]
    if len(lefts) < LOOK_BACK or 0 in lefts:
        return ()
    ratios = [after / before for before, after in pairwise(lefts)]
    begun, total, until = timeline.passes[-1].ended, float(timeline.points[-1].total), time_span(span_of(timeline))
    low = high = float(lefts[-1])
    found = [Expected(begun, low, high)]
    for _ in range(MOST):
        if begun >= until or high < (timeline.threshold or 0):
            break
        begun += (low + high) / 2 / rate
        low, high = min(total, low * min(ratios)), min(total, high * max(ratios))
        found.append(Expected(begun, low, high))
    return tuple(found)


def _until_the_end(timeline: Timeline) -> tuple[Expected, ...]:
    """All that remains is sent once, at the lowest or the highest of the newest rates."""
    point = timeline.points[-1]
    rates = [each.rate for each in timeline.points[-50:] if each.rate and each.t >= point.t - RATES_OVER_S]
    slow, fast, left = min(rates), max(rates), float(point.remaining)
    first, last = left / fast, left / slow
    return (
        Expected(point.t, left, left),
        Expected(point.t + first, 0.0, left - slow * first),
        Expected(point.t + last, 0.0, 0.0),
    )

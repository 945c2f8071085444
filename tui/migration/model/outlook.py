"""What is to come of a migration that is under way: the forecast that counts now, and the rest of post-copy."""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

from tui.forecast.model.interval import Interval
from tui.migration.model.forecasts import Cone, Expected
from tui.migration.model.record import LONGEST_S
from tui.migration.model.timeline import PASS, POST_COPY, SETUP, Timeline

STALE_S = 3.0  # a forecast is made once a second at most; if two passes have ended since, none is made any more
RATE_OVER_S = 3.0  # the rates of so many seconds bound the time that is left


def expected(timeline: Timeline) -> Expected | None:
    """The newest forecast of pre-copy; the one made before the start counts until the first pass has ended."""
    found, ended = timeline.forecasts.running, timeline.passes
    if found is None:
        before = timeline.forecasts.before
        return before.expected() if before is not None and not ended else None
    stale = len(ended) > 1 and ended[-2].ended > found.made_at and timeline.now - found.made_at > STALE_S
    return None if stale else found


def left_of(expected: Expected, elapsed: float) -> Interval | None:
    """The seconds until the end; None if it should have ended already, so that the forecast is wrong."""
    total = expected.total_s
    if total.high <= elapsed:
        return None
    return Interval(*(max(0.0, each - elapsed) for each in (total.low, total.likely, total.high)))


def cone(timeline: Timeline) -> Cone:
    """The lowest and highest bytes remaining from the newest sample on; empty if nothing is known of them."""
    if timeline.phase in (SETUP, PASS) and not timeline.cancel_requested:
        found = expected(timeline)
        if found is None or not timeline.points:
            return ()
        newest = timeline.points[-1]
        ahead = _joined(_after(found.cone, newest.t), float(newest.remaining))
        if ahead and ahead[-1][0] < found.total_s.high < LONGEST_S:
            return (*ahead, (found.total_s.high, 0.0, 0.0))
        return ahead
    fetched = fetching(timeline) if timeline.phase == POST_COPY else None
    if fetched is None or fetched.left_s is None or not timeline.points:
        return ()
    t, left = timeline.points[-1].t, float(timeline.points[-1].remaining)
    soon, late = fetched.left_s.low, fetched.left_s.high
    middle = left * (1 - soon / late) if late else 0.0
    return ((t, left, left), (t + soon, 0.0, middle), (t + late, 0.0, 0.0))


def _after(whole: Cone, t: float) -> Cone:
    """The part of a cone after a moment."""
    index = bisect_left(whole, t, key=itemgetter(0))
    if index == len(whole):
        return ()
    if not index or whole[index][0] == t:
        return whole[index:]
    (t0, low0, high0), (t1, low1, high1) = whole[index - 1], whole[index]
    part = (t - t0) / (t1 - t0)
    return ((t, low0 + part * (low1 - low0), high0 + part * (high1 - high0)), *whole[index:])


def _joined(ahead: Cone, remaining: float) -> Cone:
    """The rest of the current pass begins at what remains: of the first pass, libvirt counts pages of zeros, too."""
    if not ahead or not ahead[0][2]:
        return ahead
    factor = remaining / ahead[0][2]
    rise = next((n for n, (one, two) in enumerate(pairwise(ahead), 1) if two[2] > one[2]), len(ahead))
    return (*((t, low * factor, high * factor) for t, low, high in ahead[:rise]), *ahead[rise:])


@dataclass(frozen=True)
class Fetching:
    """How far post-copy is; `left_s` is None while nothing arrives, `faults_s` faults a second, None at its start."""

    of: int  # bytes that remained when it began
    share: float  # of these that have arrived
    left_s: Interval | None
    faults_s: float | None


def fetching(timeline: Timeline) -> Fetching | None:
    """How far post-copy is; None before it. Each page is sent once, so the rates bound what is left of it."""
    point, began = timeline.point, timeline.post_copy_at
    if point is None or began is None:
        return None
    points = timeline.points[bisect_left(timeline.points, began, key=itemgetter(0)) :] or [point]
    first, of = points[0], max(each.remaining for each in points)
    recent = points[bisect_left(points, point.t - RATE_OVER_S, key=itemgetter(0)) :]
    seconds = point.t - recent[0].t
    faults_s = max(0, point.faults - recent[0].faults) / seconds if seconds > 0 else None
    rates = [each.rate for each in recent if each.rate and each is not first]
    left = None
    if rates and point.rate:
        left = Interval.around(point.remaining / point.rate, (point.remaining / each for each in rates))
    return Fetching(of, 1 - point.remaining / of if of else 1.0, left, faults_s)

"""The charts of a migration: memory over time, the rates below it, and the rate of the workload."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import itemgetter

from tui.core.quantity import MIB, duration, rate, size
from tui.guest.model.rate import MIB_S
from tui.migration.model.points import Mark, Point
from tui.migration.model.timeline import Timeline
from tui.ui.chart.picture import AREA, BYTES, BYTES_PER_SECOND, DOTS, LINE, Level, Picture, Series, Sign, Unit

SPAN_S = 10.0  # the shortest time axis

THOUSANDS = (("", 1), ("thousand ", 10**3), ("million ", 10**6), ("billion ", 10**9))

PHASES = ("|", "P", "S")
WORDS = {"d": "downtime", "b": "bandwidth", "c": "cancel"}


def memory_picture(timeline: Timeline) -> Picture:
    """Remaining memory, with the line below which the VM is switched over."""
    points = timeline.points
    limit = _limit(timeline)
    left = f"fits {timeline.max_downtime_ms} ms"
    return Picture(
        title="memory",
        units=BYTES,
        series=(_remaining(timeline),),
        signs=_signs(timeline),
        level=Level(limit, f"{size(limit)} {left}", left) if limit else None,
        span_s=_span(timeline),
        subtitle=f"{size(points[-1].transferred)} sent" if points else "",
        window=_window(timeline),
        empty="Nothing has been sent yet.",
        ends=True,
        least_top=float(points[-1].total) if points else 0.0,
    )


def _remaining(timeline: Timeline) -> Series:
    """The curve rises at once where a pass begins: the value before is held until then."""
    points = timeline.points
    whole_from = points[points.older].t if points.older else 0.0  # thinned points are not of every pass
    rises = {each.ended for each in timeline.passes if each.ended >= whole_from}
    dots: list[tuple[float, float | None]] = []
    for before, point in zip((None, *points), points, strict=False):
        if before is not None and point.t in rises:
            dots.append((point.t, float(before.remaining)))
        dots.append((point.t, float(point.remaining)))
    series = _curve("remaining", timeline, dots, "text-warning", AREA)
    return replace(series, now=size(points[-1].remaining)) if points else series


def _limit(timeline: Timeline) -> float | None:
    """What may remain at the switchover, in bytes: it can be sent within the maximum downtime; None if all fits."""
    until = math.inf if timeline.post_copy_at is None else timeline.post_copy_at
    newest = next((each.rate for each in reversed(timeline.points) if each.rate and each.t < until), None)
    limit = newest * timeline.max_downtime_ms / 1000 if newest else 0.0
    return limit if timeline.points and 0 < limit < timeline.points[-1].total else None


def rate_picture(timeline: Timeline) -> Picture:
    """The rate of sending, against the rate at which the VM writes memory, which is unknown in post-copy."""
    until = math.inf if timeline.post_copy_at is None else timeline.post_copy_at

    def dirty_rate(point: Point) -> float | None:
        return point.dirty_rate if point.t <= until else None

    point = timeline.point
    sending = _series(timeline, "sending", lambda point: point.rate, "text-primary", AREA)
    dirtying = _series(timeline, "dirtying", dirty_rate, "text-error", DOTS)
    if point is not None and point.rate is not None:
        sending = replace(sending, now=rate(point.rate))
    if point is not None and point.dirty_rate is not None and timeline.post_copy_at is None:
        dirtying = replace(dirtying, now=rate(point.dirty_rate))
    return Picture(
        title="rate",
        units=BYTES_PER_SECOND,
        series=(sending, dirtying),
        signs=_signs(timeline),
        span_s=_span(timeline),
        window=_window(timeline),
        empty="No rates yet.",
        ends=True,
    )


def guest_picture(timeline: Timeline) -> Picture:
    """The workload's own rate, broken where it wrote no line."""
    gaps: list[tuple[float, float | None]] = [(t, None) for t in timeline.gaps]
    unit = timeline.guest[-1].unit if timeline.guest else ""
    size_of = MIB if unit == MIB_S else 1
    points = [(each.t, None if each.rate is None else each.rate * size_of) for each in timeline.guest]
    dots = sorted([*gaps, *points], key=itemgetter(0))
    silent = timeline.guest_silent
    return Picture(
        title="guest",
        units=BYTES_PER_SECOND if unit == MIB_S else tuple(Unit(f"{word}{unit}", size) for word, size in THOUSANDS),
        series=(Series("workload", tuple(x for x, _ in dots), tuple(y for _, y in dots), "text-success", AREA),),
        signs=_signs(timeline),
        span_s=_span(timeline),
        subtitle=_guest_now(timeline),
        window=_window(timeline),
        empty=f"No rate: {silent[1]}" if silent else "No rate yet.",
        ends=True,
    )


def _guest_now(timeline: Timeline) -> str:
    silent, guest = timeline.guest_silent, timeline.guest
    if silent is not None and not timeline.over:
        return f"no reply for {duration(silent[0])}"
    if not guest or guest[-1].rate is None or timeline.over:
        return ""
    last = guest[-1].rate
    return rate(last * MIB) if guest[-1].unit == MIB_S else f"{last:,.0f} {guest[-1].unit}"


def _span(timeline: Timeline) -> float:
    """The length of the time axis in seconds, the same for all charts."""
    newest = [timeline.points[-1].t if timeline.points else 0.0, timeline.guest[-1].t if timeline.guest else 0.0]
    return max(SPAN_S, *newest, *(mark.t for mark in timeline.marks))


def _window(timeline: Timeline) -> tuple[float, float] | None:
    """The time axis of a migration that is over: all of it, and no more."""
    return (0.0, _span(timeline)) if timeline.over else None


def _series(
    timeline: Timeline, name: str, value: Callable[[Point], float | None], color: str, form: str = LINE
) -> Series:
    """One curve of the points."""
    return _curve(name, timeline, [(point.t, value(point)) for point in timeline.points], color, form)


def _curve(
    name: str, timeline: Timeline, dots: Sequence[tuple[float, float | None]], color: str, form: str = LINE
) -> Series:
    """One curve, broken at gaps of the record."""
    gaps: list[tuple[float, float | None]] = [(t, None) for t in timeline.gaps]
    dots = sorted([*gaps, *dots], key=itemgetter(0))  # at equal times the break comes first
    return Series(name, tuple(x for x, _ in dots), tuple(y for _, y in dots), color, form)


def _signs(timeline: Timeline) -> tuple[Sign, ...]:
    """The marks of requests and of trouble; phases are above the charts."""
    marks = [mark for mark in timeline.marks if mark.sign not in PHASES]
    return tuple(Sign(mark.t, mark.sign, WORDS.get(mark.sign, mark.text)) for mark in sorted(marks, key=_when))


def _when(mark: Mark) -> float:
    return mark.t

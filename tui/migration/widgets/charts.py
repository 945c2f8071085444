"""The charts of a migration: memory over time, the rates below it, and the rate of the workload."""

import math
from dataclasses import replace

from tui.core.quantity import MIB, duration, rate, size
from tui.guest.model.rate import MIB_S
from tui.migration.model.outlook import cone
from tui.migration.model.points import Point
from tui.migration.model.rate_before import rate_before, rate_text
from tui.migration.model.switch_limit import limit_of
from tui.migration.model.timeline import Timeline
from tui.migration.widgets.curves import (
    absent,
    curve_of,
    nothing_sent,
    series_of,
    signs_of,
    span_of,
    unrecorded,
    window_of,
)
from tui.migration.widgets.pauses import GUEST, LIBVIRT, NETWORK, pauses
from tui.ui.chart.picture import AREA, BYTES, BYTES_PER_SECOND, DOTS, Cone, Gap, Level, Picture, Series, Unit

THOUSANDS = (("", 1), ("thousand ", 10**3), ("million ", 10**6), ("billion ", 10**9))


def memory_picture(timeline: Timeline) -> Picture:
    """Remaining memory, with the line below which the VM is switched over."""
    points = timeline.points
    limit = limit_of(timeline)
    left = f"fits {timeline.max_downtime_ms} ms"
    return Picture(
        title="memory",
        units=BYTES,
        series=(_remaining(timeline),),
        signs=signs_of(timeline),
        level=Level(limit, f"{size(limit)} {left}", left) if limit else None,
        bands=pauses(timeline, LIBVIRT),
        cone=Cone(cone(timeline)),
        unknown=unrecorded(timeline),
        span_s=span_of(timeline),
        window=window_of(timeline),
        empty=nothing_sent(timeline),
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
    series = curve_of("remaining", timeline, dots, "text-warning", AREA)
    return replace(series, now=size(points[-1].remaining)) if points else series


def rate_picture(timeline: Timeline) -> Picture:
    """The rate of sending, against the rate at which the VM writes memory, which is unknown in post-copy."""
    until = math.inf if timeline.post_copy_at is None else timeline.post_copy_at

    def dirty_rate(point: Point) -> float | None:
        return point.dirty_rate if point.t <= until else None

    point = timeline.point
    sending = series_of(timeline, "sending", lambda point: point.rate, "text-primary", AREA)
    dirtying = series_of(timeline, "dirtying", dirty_rate, "text-error", DOTS)
    if point is not None and point.rate is not None:
        sending = replace(sending, now=rate(point.rate))
    if point is not None and point.dirty_rate is not None and timeline.post_copy_at is None:
        dirtying = replace(dirtying, now=rate(point.dirty_rate))
    return Picture(
        title="rate",
        units=BYTES_PER_SECOND,
        series=(sending, dirtying),
        gap=Gap("link faster", "guest faster"),
        signs=signs_of(timeline),
        bands=pauses(timeline, NETWORK, *(() if timeline.guest_known else (GUEST,))),
        unknown=unrecorded(timeline),
        span_s=span_of(timeline),
        window=window_of(timeline),
        empty=absent("No rates", timeline),
        ends=True,
    )


def guest_picture(timeline: Timeline) -> Picture:
    """The workload's own rate, against that of before; hatched where it wrote no line."""
    guest = timeline.guest
    size_of = MIB if guest and guest[-1].unit == MIB_S else 1
    dots = [(each.t, None if each.rate is None else each.rate * size_of) for each in guest]
    silent, before = timeline.guest_silent, rate_before(timeline)
    unit = guest[-1].unit if guest else ""
    level = None
    if before is not None:
        name, number = before.name, _number(before.rate, unit)
        level = Level(before.rate * size_of, f"{name} {rate_text(before.rate, unit)}", name, number, limit=False)
    newest = next((each.rate for each in reversed(guest) if each.rate is not None), None)
    workload = curve_of("workload", timeline, dots, "text-success", AREA)
    return Picture(
        title="guest",
        units=BYTES_PER_SECOND if unit == MIB_S else tuple(Unit(f"{word}{unit}", size) for word, size in THOUSANDS),
        series=(replace(workload, now="" if newest is None else _number(newest, unit)),),
        signs=signs_of(timeline),
        level=level,
        bands=pauses(timeline, GUEST),
        unknown=(*unrecorded(timeline), *_silent(timeline)),
        span_s=span_of(timeline),
        subtitle=guest_now(timeline),
        window=window_of(timeline),
        empty=f"No rate: {silent[1]}" if silent else absent("No rate", timeline),
        ends=True,
    )


def _number(amount: float, unit: str) -> str:
    """A rate for the end of a curve: a unit of the workload's own is in the title."""
    return rate_text(amount, unit) if unit == MIB_S else f"{amount:,.0f}"


def _silent(timeline: Timeline) -> list[tuple[float, float]]:
    """The times in which the workload wrote no line."""
    found: list[tuple[float, float]] = []
    last, since = None, None
    for each in timeline.guest:
        if each.rate is None:
            since = each.t if last is None else last
            continue
        if since is not None:
            found.append((since, each.t))
            since = None
        last = each.t
    if since is not None:
        found.append((since, span_of(timeline) if timeline.over else timeline.now))
    return found


def guest_now(timeline: Timeline) -> str:
    """The newest rate or that none comes; after the end, what was lost. Empty if nothing is known."""
    silent, guest, before = timeline.guest_silent, timeline.guest, rate_before(timeline)
    if silent is not None and not timeline.over:
        return f"no reply for {duration(silent[0])}"
    if timeline.over and before is not None and guest.mean is not None:
        mean, least = guest.mean / before.rate, guest.least / before.rate
        partly = ", while it replied" if any(each.rate is None for each in guest) else ""
        return f"mean {100 * mean:.0f} %, lowest {100 * least:.0f} % of the rate {before.name}{partly}"
    if not guest or guest[-1].rate is None or timeline.over:
        return ""
    share = f", {100 * guest[-1].rate / before.rate:.0f} % of the rate {before.name}" if before is not None else ""
    return f"{rate_text(guest[-1].rate, guest[-1].unit)}{share}"

"""Charts that are shown in full only, where they have values: expected downtime, throttling, post-copy faults."""

from collections.abc import Callable
from dataclasses import replace

from tui.core.quantity import duration
from tui.migration.model.points import Point
from tui.migration.model.timeline import Timeline
from tui.migration.widgets.curves import absent, series_of, signs_of, span_of, unrecorded, window_of
from tui.ui.chart.picture import AREA, Level, Picture, Unit

MILLISECONDS = (Unit("ms", 1), Unit("s", 1000))
PER_CENT = (Unit("%", 1),)
PAGES = (Unit("pages", 1), Unit("thousand pages", 10**3), Unit("million pages", 10**6))
ALL = 100.0  # per cent


def downtime_picture(timeline: Timeline) -> Picture:
    """For how long QEMU expects to pause the VM, against the limit below which it switches over."""
    limit = timeline.max_downtime_ms
    picture = _picture(
        timeline, "expected", expected_downtime, lambda value: duration(value / 1000), "text-warning",
        title="expected downtime", units=MILLISECONDS,
    )  # fmt: skip
    return replace(picture, level=Level(limit, f"limit {duration(limit / 1000)}", "limit") if limit else None)


def throttle_picture(timeline: Timeline) -> Picture:
    """By how much auto-converge slows the VM."""
    picture = _picture(
        timeline, "throttle", throttle, lambda value: f"{value} %", "text-error",
        title="throttling by auto-converge", units=PER_CENT,
    )  # fmt: skip
    return replace(picture, least_top=ALL)


def faults_picture(timeline: Timeline) -> Picture:
    """How many pages the VM had to wait for in post-copy so far."""
    return _picture(
        timeline, "faults", faults, lambda value: f"{value:,}", "text-secondary",
        title="post-copy faults", units=PAGES,
    )  # fmt: skip


def expected_downtime(point: Point) -> int | None:
    """In milliseconds; None after the switchover."""
    return point.expected_downtime_ms


def throttle(point: Point) -> int | None:
    """In per cent."""
    return point.throttle


def faults(point: Point) -> int | None:
    """Pages that were fetched on demand."""
    return point.faults


def _picture(
    timeline: Timeline,
    name: str,
    value: Callable[[Point], int | None],
    text: Callable[[int], str],
    color: str,
    *,
    title: str,
    units: tuple[Unit, ...],
) -> Picture:
    newest = next((found for each in reversed(timeline.points) if (found := value(each)) is not None), None)
    series = series_of(timeline, name, value, color, AREA)
    return Picture(
        title=title,
        units=units,
        series=(replace(series, now="" if newest is None else text(newest)),),
        signs=signs_of(timeline),
        unknown=unrecorded(timeline),
        span_s=span_of(timeline),
        window=window_of(timeline),
        empty=absent("No value", timeline),
        ends=True,
    )

"""The two charts of a migration, as pictures: memory over time, and the rates below it."""

from tui.model.quantity import rate, size
from tui.model.timeline import Timeline
from tui.widgets.chart_picture import AREA, BYTES, BYTES_PER_SECOND, DOTS, Level, Picture, Series, Sign

PAUSE_S = 1.0
SPAN_S = 10.0  # a chart of two seconds would be all scale

WORDS = {
    "|": "pass",
    "P": "post-copy",
    "S": "switchover",
    "d": "downtime",
    "b": "bandwidth",
    "c": "cancel",
    "!": "trouble",
}


def memory_picture(timeline: Timeline) -> Picture:
    """Sent and remaining, with the line that remaining must get under."""
    points = timeline.points
    xs = tuple(point.t for point in points)
    threshold = None if timeline.over or timeline.post_copy_at is not None else timeline.threshold
    return Picture(
        title="memory",
        units=BYTES,
        series=(
            Series("remaining", xs, tuple(float(point.remaining) for point in points), "text-warning", AREA),
            Series("sent", xs, tuple(float(point.transferred) for point in points), "text-primary"),
        ),
        signs=_signs(timeline),
        level=Level(float(threshold), f"must get under {size(threshold)}") if threshold else None,
        span_s=SPAN_S,
        subtitle=f"{size(points[-1].transferred)} sent" if points else "",
        empty="Nothing has been sent yet.",
    )


def rate_picture(timeline: Timeline) -> Picture:
    """How fast memory is sent, against how fast the VM writes it."""
    points = timeline.points
    xs = tuple(point.t for point in points)
    dirty = tuple(None if _gone(timeline, point.t) else point.dirty_rate for point in points)
    return Picture(
        title="rate",
        units=BYTES_PER_SECOND,
        series=(
            Series("sending", xs, tuple(point.rate for point in points), "text-primary"),
            Series("dirtying", xs, dirty, "text-error", DOTS),  # over the other: dots let it be seen
        ),
        signs=_signs(timeline),
        span_s=SPAN_S,
        subtitle=_rates(timeline),
        empty="No rates yet.",
    )


def _gone(timeline: Timeline, t: float) -> bool:
    """Whether the VM wrote at the destination by then, where nobody counts."""
    return timeline.post_copy_at is not None and t > timeline.post_copy_at


def _signs(timeline: Timeline) -> tuple[Sign, ...]:
    """The marks; the pause that every switch to post-copy begins with is a part of it, and no switchover of its own."""
    post_copy = timeline.post_copy_at
    marks = (m for m in timeline.marks if not (m.sign == "S" and post_copy is not None and m.t > post_copy - PAUSE_S))
    return tuple(Sign(mark.t, mark.sign, WORDS.get(mark.sign, mark.text)) for mark in marks)


def _rates(timeline: Timeline) -> str:
    point = timeline.point
    if point is None or point.rate is None:
        return ""
    text = f"sending {rate(point.rate)}"
    if point.dirty_rate is not None and timeline.post_copy_at is None:
        text += f"  dirtying {rate(point.dirty_rate)}"
    return text

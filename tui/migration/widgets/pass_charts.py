"""What each pass left against the limit, and what was sent: as charts, and in one line."""

from rich.cells import cell_len
from textual.content import Content

from tui.core.quantity import MIB, size
from tui.migration.model.timeline import Timeline
from tui.migration.widgets.charts import limit_of
from tui.migration.widgets.curves import absent, series_of, signs_of, span_of, unrecorded, window_of
from tui.ui.chart.picture import AREA, BYTES, Level, Picture, Series
from tui.ui.chart.spark import resampled, spark

BAR = 0.85  # of the time of a pass; the rest is the gap before the next bar
SENT = " sent "
SENT_WIDE = 16  # columns of the curve of what was sent, at most


def left_picture(timeline: Timeline) -> Picture:
    """A bar for each pass, as high as what it left; below the limit, the VM is switched over."""
    xs, ys = list[float](), list[float | None]()
    for each in timeline.passes:
        end = each.began + (each.ended - each.began) * BAR
        xs += [each.began, end, end]
        ys += [float(each.left), float(each.left), None]
    limit, left = limit_of(timeline), f"fits {timeline.max_downtime_ms} ms"
    newest = size(timeline.passes[-1].left) if timeline.passes else ""
    return Picture(
        title="left after each pass",
        units=BYTES,
        series=(Series("left", tuple(xs), tuple(ys), "text-warning", AREA, now=newest),),
        signs=signs_of(timeline),
        level=Level(limit, f"{size(limit)} {left}", left) if limit else None,
        span_s=span_of(timeline),
        window=window_of(timeline),
        empty=absent("No pass has ended", timeline),
        ends=True,
    )


def sent_picture(timeline: Timeline) -> Picture:
    """All that was sent, of every pass."""
    series = series_of(timeline, "sent", lambda point: point.transferred, "text-primary", AREA)
    return Picture(
        title="sent",
        units=BYTES,
        series=(series,),
        signs=signs_of(timeline),
        unknown=unrecorded(timeline),
        span_s=span_of(timeline),
        subtitle=size(timeline.points[-1].transferred) if timeline.points else "",
        window=window_of(timeline),
        empty=absent("Nothing has been sent", timeline),
        ends=True,
    )


def sent_and_left(timeline: Timeline, width: int) -> Content:
    """One line: the curve of what was sent, and what the newest passes left, as many as fit."""
    points = timeline.points
    if not points:
        return Content("")
    amount = f" {size(points[-1].transferred):<8}"
    columns = max(1, min(SENT_WIDE, width - len(SENT) - len(amount)))
    curve = spark(resampled([each.t for each in points], [each.transferred for each in points], columns))
    sent = Content.assemble(SENT, (curve, "$primary"), amount)
    passes, limit = timeline.passes, limit_of(timeline)
    if not passes:
        return sent
    end = f" MiB, limit {size(limit)}" if limit else " MiB"
    room = width - sent.cell_length - cell_len("   each pass left ") - len(end) - 1
    texts = [_mib(each.left) for each in passes]
    shown, used = 0, 0
    while shown < len(texts) and used + len(texts[-1 - shown]) + 2 <= room:
        used += len(texts[-1 - shown]) + 2
        shown += 1
    if not shown:
        return sent
    bars = spark([float(each.left) for each in passes[-shown:]], max(each.left for each in passes))
    parts: list[str | tuple[str, str]] = []
    for bar, text, each in zip(bars, texts[-shown:], passes[-shown:], strict=True):
        fits = limit is not None and each.left < limit
        parts += [" ", (bar, "$success" if fits else "$warning"), text]
    return Content.assemble(sent, "   each pass left", *parts, end)


def _mib(amount: int) -> str:
    """An amount in MiB without its unit: "315", "3.1", "<0.1"."""
    number = amount / MIB
    if 0 < number < 0.05:
        return "<0.1"
    return f"{number:.1f}" if 0 < number < 9.95 else f"{number:.0f}"

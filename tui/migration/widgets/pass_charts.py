"""What each pass left against the limit, and what was sent: as charts, and in one line."""

from collections.abc import Sequence
from dataclasses import replace

from rich.cells import cell_len
from textual.content import Content

from tui.core.quantity import MIB, size
from tui.migration.model.passes import Pass
from tui.migration.model.switch_limit import limit_of
from tui.migration.model.timeline import Timeline
from tui.migration.widgets.curves import absent, series_of, signs_of, span_of, unrecorded, window_of
from tui.migration.widgets.pauses import LIBVIRT, paused_at, pauses
from tui.ui.chart.picture import AREA, BYTES, Level, Picture, Series
from tui.ui.chart.spark import resampled, spark

BAR = 0.85  # of the time of a pass; the rest is the gap before the next bar
SENT, LEFT = " sent ", "   each pass left"
# What a last pass that left nothing means, also in fewer words.
IN_PAUSE = ("the rest was sent in the pause", "rest in the pause")
NOTHING = ("the last pass left nothing", "then nothing")
SENT_WIDE = 16  # columns of the curve of what was sent, at most


def left_picture(timeline: Timeline) -> Picture:
    """A bar for each pass, as high as what it left; below the limit, the VM is switched over."""
    xs, ys = list[float](), list[float | None]()
    passes, rest = _passes(timeline)
    for each in passes:
        end = each.began + (each.ended - each.began) * BAR
        xs += [each.began, end, end]
        ys += [float(each.left), float(each.left), None]
    limit, left = limit_of(timeline), f"fits {timeline.max_downtime_ms} ms"
    newest = size(passes[-1].left) if passes else ""
    return Picture(
        title="left after each pass",
        units=BYTES,
        series=(Series("left", tuple(xs), tuple(ys), "text-warning", AREA, now=newest),),
        signs=signs_of(timeline),
        level=Level(limit, f"{size(limit)} {left}", left) if limit else None,
        bands=pauses(timeline, LIBVIRT) if rest == IN_PAUSE else (),
        span_s=span_of(timeline),
        subtitle=rest[0] if rest and passes else "",
        window=window_of(timeline),
        empty=f"{rest[0].capitalize()}." if rest else absent("No pass has ended", timeline),
        ends=True,
    )


def _passes(timeline: Timeline) -> tuple[list[Pass], Sequence[str]]:
    """The passes that left something to send; and if the last one left nothing, the words for that, the most first."""
    passes = list(timeline.passes)
    if not passes or passes[-1].left:
        return passes, ()
    paused = paused_at(timeline)
    return passes[:-1], IN_PAUSE if paused is not None and passes[-1].ended >= paused else NOTHING


def sent_picture(timeline: Timeline) -> Picture:
    """All that was sent, of every pass."""
    series = series_of(timeline, "sent", lambda point: point.transferred, "text-primary", AREA)
    now = size(timeline.points[-1].transferred) if timeline.points else ""
    return Picture(
        title="sent",
        units=BYTES,
        series=(replace(series, now=now),),
        signs=signs_of(timeline),
        unknown=unrecorded(timeline),
        span_s=span_of(timeline),
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
    passes, rest = _passes(timeline)
    if not passes:
        words = next((each for each in rest if sent.cell_length + len(each) + 4 <= width), "")
        return Content.assemble(sent, f"   {words}") if words else sent
    limit = limit_of(timeline)
    ending = f", limit {size(limit)}" if limit else ""
    for end in (*(f" MiB, {words}{more}" for more in (ending, "") for words in rest), f" MiB{ending}"):
        if bars := _bars(passes, width - sent.cell_length - cell_len(LEFT) - len(end) - 1, limit):
            return Content.assemble(sent, LEFT, *bars, end)
    return sent


def _bars(passes: Sequence[Pass], room: int, limit: float | None) -> list[str | tuple[str, str]]:
    """A bar and a number for each of the newest passes that have room."""
    texts, shown, used = [_mib(each.left) for each in passes], 0, 0
    while shown < len(texts) and used + len(texts[-1 - shown]) + 2 <= room:
        used += len(texts[-1 - shown]) + 2
        shown += 1
    found: list[str | tuple[str, str]] = []
    newest = passes[len(passes) - shown :]
    bars = spark([float(each.left) for each in newest], max(each.left for each in passes))
    for bar, text, each in zip(bars, texts[len(texts) - shown :], newest, strict=True):
        fits = limit is not None and each.left < limit
        found += [" ", (bar, "$success" if fits else "$warning"), text]
    return found


def _mib(amount: int) -> str:
    """An amount in MiB without its unit: "315", "3.1", "<0.1"."""
    number = amount / MIB
    if 0 < number < 0.05:
        return "<0.1"
    return f"{number:.1f}" if 0 < number < 9.95 else f"{number:.0f}"

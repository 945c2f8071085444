"""The end that was forecast before a migration, with its interval, on the time axis of the one that is over."""

import math

from textual.content import Content

from tui.forecast.model.advice import between
from tui.migration.model.timeline import Timeline
from tui.ui.chart.scale import Scale

STYLE = "$text-accent"


def forecast_mark(timeline: Timeline, scale: Scale, left: int, width: int) -> Content | None:
    """One line `width` cells wide: "├──┼────┤ pre-copy, forecast 8.1 s (7.2 s to 10 s)"; None without one.

    The time axis begins after `left` cells; what is outside of it is shown by an arrow.
    """
    before = timeline.forecasts.before
    if not timeline.over or before is None or before.judged is None or scale.columns < 1:
        return None
    found = before.judged
    if math.isinf(found.total_s.likely):
        return _placed(f"forecast: {found.technique} does not converge", left, width)
    low, likely, high = (_column(each, scale) for each in (found.total_s.low, found.total_s.likely, found.total_s.high))
    cells = dict.fromkeys(range(low, min(high, scale.columns)), "─")
    cells |= {low: "├", high: "┤"}
    cells[likely] = "┼"
    if high >= scale.columns:
        cells[scale.columns - 1] = "▸"
    if low < 0:
        cells[0] = "◂"
    shown = {column: character for column, character in cells.items() if 0 <= column < scale.columns}
    begin, end = min(shown), max(shown) + 1
    bracket = "".join(shown.get(column, " ") for column in range(begin, end))
    for text in (f"{found.technique}, forecast {between(found.total_s)}", f"forecast {between(found.total_s)}"):
        if left + end + 1 + len(text) < width:
            return _placed(f"{bracket} {text}", left + begin, width)
        if begin > len(text):
            return _placed(f"{text} {bracket}", left + begin - len(text) - 1, width)
    return _placed(bracket, left + begin, width)


def _column(moment: float, scale: Scale) -> int:
    """The column of a moment, -1 for one before the axis, scale.columns for one after it."""
    if moment < scale.begin:
        return -1
    return scale.column(moment) if moment <= scale.begin + scale.span else scale.columns


def _placed(text: str, start: int, width: int) -> Content:
    return Content.assemble(" " * start, (text[: max(0, width - start)], STYLE))

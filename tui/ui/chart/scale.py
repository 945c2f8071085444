"""The scales of a chart: both axes grow in steps, so that most new values change one column, not the whole chart."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from tui.ui.chart.picture import Unit

MINUTE = 60
HOUR = 3600
DAY = 86400
SPANS = (15, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200)
TICK_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200)
TOPS = (1, 1.5, 2, 3, 4, 5, 6, 8)
MANY = 3  # points per column of characters
TICK_SPACE = 14  # the least number of columns between two labels of the time axis

DOTS_WIDE, DOTS_HIGH = 2, 4  # dots of a braille character

Dot = tuple[int, int]  # column from the left, row from the bottom


def time_span(seconds: float) -> float:
    """The length of the time axis in seconds that fits so many seconds."""
    if seconds <= SPANS[-1]:
        return float(SPANS[bisect_left(SPANS, seconds)])
    step = HOUR if seconds <= 12 * HOUR else 6 * HOUR if seconds <= 2 * DAY else DAY
    return float(math.ceil(seconds / step) * step)


def time_ticks(span: float, columns: int) -> list[tuple[float, str]]:
    """The moments to label below a chart of so many columns, with their labels; without the start and the end."""
    room = max(1, columns // TICK_SPACE)
    step = next((step for step in TICK_STEPS if span / step <= room), math.ceil(span / room / DAY) * DAY)
    size, unit = (1, "s") if step < MINUTE else (MINUTE, "min") if step < HOUR else (HOUR, "h")
    return [(float(t), f"{t // size} {unit}") for t in range(step, math.ceil(span), step)]


def top_of(highest: float) -> float:
    """The end of the value axis: the next round number at or above the highest value."""
    if highest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next((step * power for step in TOPS if highest <= step * power * (1 + 1e-9)), 10 * power)


def unit_for(units: Sequence[Unit], highest: float) -> Unit:
    """The largest unit in which the highest value is at least 1."""
    return next((unit for unit in reversed(units) if highest >= unit.size), units[0])


def value_ticks(top: float, rows: int) -> list[float]:
    """The values to label beside a chart of so many rows, from the bottom up; prefers short labels."""
    choice = (4, 3, 5) if rows >= 11 else (2,) if rows >= 3 else (1,)
    parts = min(choice, key=lambda parts: len(f"{top / parts:g}"))
    return [top * part / parts for part in range(parts + 1)]


@dataclass(frozen=True)
class Scale:
    """Maps moments and values to a canvas of `columns` x `rows` characters."""

    span: float
    top: float
    columns: int
    rows: int

    def dot_column(self, x: float) -> int:
        """The dot column of a moment, from the left."""
        return _within(int(x / self.span * self.columns * DOTS_WIDE), self.columns * DOTS_WIDE)

    def dot_row(self, y: float) -> int:
        """The dot row of a value, from the bottom."""
        return _within(round(y / self.top * (self.rows * DOTS_HIGH - 1)), self.rows * DOTS_HIGH)

    def column(self, x: float) -> int:
        """The character column of a moment."""
        return self.dot_column(x) // DOTS_WIDE

    def row(self, y: float) -> int:
        """The character row of a value, from the top."""
        return self.rows - 1 - self.dot_row(y) // DOTS_HIGH


def _within(value: int, size: int) -> int:
    return min(max(value, 0), size - 1)


def strokes(xs: Sequence[float], ys: Sequence[float | None], scale: Scale) -> list[list[Dot]]:
    """The curve as unbroken strokes; of the points in one column only the first, lowest, highest and last are kept.

    A column is a dot wide, or a character wide where there are so many points that it makes no visible difference.
    """
    wide = DOTS_WIDE if len(xs) > MANY * scale.columns else 1
    found: list[list[Dot]] = []
    stroke: list[Dot] = []
    together: list[Dot] = []  # the dots of the current column
    for x, y in zip(xs, ys, strict=True):
        if y is None:
            _extend(stroke, together)
            together = []
            if stroke:
                found.append(stroke)
                stroke = []
            continue
        dot = (scale.dot_column(x), scale.dot_row(y))
        if together and dot[0] // wide != together[0][0] // wide:
            _extend(stroke, together)
            together = []
        together.append(dot)
    _extend(stroke, together)
    return [*found, stroke] if stroke else found


def _extend(stroke: list[Dot], together: list[Dot]) -> None:
    """Add the dots of one column: first, lowest, highest and last, in the order they came."""
    if len(together) > 2:
        rows = [row for _, row in together]
        ends = () if together[0][0] != together[-1][0] else (0, len(rows) - 1)
        together = [together[index] for index in sorted({*ends, rows.index(min(rows)), rows.index(max(rows))})]
    for dot in together:
        if stroke and stroke[-1] == dot:
            continue
        if len(stroke) >= 2 and _straight(stroke[-2], stroke[-1], dot):
            stroke.pop()
        stroke.append(dot)


def _straight(a: Dot, b: Dot, c: Dot) -> bool:
    """Whether b is on a horizontal or vertical line from a to c; on a slope, without b the line rounds differently."""
    dx, dy, ex, ey = b[0] - a[0], b[1] - a[1], c[0] - b[0], c[1] - b[1]
    return (dx == ex == 0 or dy == ey == 0) and dx * ex + dy * ey > 0

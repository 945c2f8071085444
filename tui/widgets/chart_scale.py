"""The scales of a chart: both axes grow in steps, so that most new values change a column and not the whole picture."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tui.widgets.chart_picture import Unit

MINUTE = 60
HOUR = 3600
DAY = 86400
SPANS = (15, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200)
TICK_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200)
TOPS = (1, 1.5, 2, 3, 4, 5, 6, 8)
TICK_SPACE = 14  # columns from one time to the next, at least

DOTS_WIDE, DOTS_HIGH = 2, 4  # of a braille character

Dot = tuple[int, int]  # column from the left, row from the bottom


def time_span(seconds: float) -> float:
    """The width of the time axis, in seconds, that has room for that much."""
    if seconds <= SPANS[-1]:
        return float(SPANS[bisect_left(SPANS, seconds)])
    step = HOUR if seconds <= 12 * HOUR else 6 * HOUR if seconds <= 2 * DAY else DAY
    return float(math.ceil(seconds / step) * step)


def time_ticks(span: float, columns: int) -> list[tuple[float, str]]:
    """The moments to name below a chart of that many columns, and their names; the start and the end are left out."""
    room = max(1, columns // TICK_SPACE)
    step = next((step for step in TICK_STEPS if span / step <= room), math.ceil(span / room / DAY) * DAY)
    size, unit = (1, "s") if step < MINUTE else (MINUTE, "min") if step < HOUR else (HOUR, "h")
    return [(float(t), f"{t // size} {unit}") for t in range(step, math.ceil(span), step)]


def top_of(highest: float) -> float:
    """The end of the value axis: the next round number at or over the highest value."""
    if highest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next((step * power for step in TOPS if highest <= step * power * (1 + 1e-9)), 10 * power)


def unit_for(units: Sequence[Unit], highest: float) -> Unit:
    """The largest unit of which the highest value makes at least one."""
    return next((unit for unit in reversed(units) if highest >= unit.size), units[0])


def value_ticks(top: float, rows: int) -> list[float]:
    """The values to name beside a chart of that many rows, from the bottom up."""
    parts = 4 if rows >= 11 else 2 if rows >= 3 else 1
    return [top * part / parts for part in range(parts + 1)]


@dataclass(frozen=True)
class Scale:
    """Where a moment and a value fall in a canvas of `columns` x `rows` characters."""

    span: float
    top: float
    columns: int
    rows: int

    def dot_column(self, x: float) -> int:
        return _within(int(x / self.span * self.columns * DOTS_WIDE), self.columns * DOTS_WIDE)

    def dot_row(self, y: float) -> int:
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
    """The curve as unbroken strokes of few dots: what falls into one column of dots keeps its lowest and highest."""
    found: list[list[Dot]] = []
    for watched in _watched(xs, ys):
        stroke: list[Dot] = []
        for column, rows in _columns(watched, scale):
            for row in _extremes(rows):
                _extend(stroke, (column, row))
        found.append(stroke)
    return found


def _watched(xs: Sequence[float], ys: Sequence[float | None]) -> Iterator[list[tuple[float, float]]]:
    """The stretches between the gaps."""
    stretch: list[tuple[float, float]] = []
    for x, y in zip(xs, ys, strict=True):
        if y is not None:
            stretch.append((x, y))
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _columns(points: Sequence[tuple[float, float]], scale: Scale) -> Iterator[tuple[int, list[int]]]:
    """The rows met in each column of dots, in their order."""
    column, rows = -1, list[int]()
    for x, y in points:
        here = scale.dot_column(x)
        if here != column and rows:
            yield column, rows
            rows = []
        column = here
        rows.append(scale.dot_row(y))
    if rows:
        yield column, rows


def _extremes(rows: list[int]) -> list[int]:
    """First, lowest, highest and last of them, in the order they came, without what adds nothing."""
    wanted = sorted({0, rows.index(min(rows)), rows.index(max(rows)), len(rows) - 1})
    return [rows[index] for index in wanted]


def _extend(stroke: list[Dot], dot: Dot) -> None:
    """Add a dot; one that lies on the straight way between its neighbours is left out."""
    if stroke and stroke[-1] == dot:
        return
    if len(stroke) >= 2:
        (x0, y0), (x1, y1) = stroke[-2:]
        dx, dy, ex, ey = x1 - x0, y1 - y0, dot[0] - x1, dot[1] - y1
        if dx * ey == dy * ex and dx * ex + dy * ey > 0:
            stroke.pop()
    stroke.append(dot)

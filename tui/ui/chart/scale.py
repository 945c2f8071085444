"""The scales of a chart: both axes grow in steps, so that most new values change one column, not the whole chart."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tui.core.quantity import clock
from tui.ui.chart.picture import Series, Unit

MINUTE = 60
HOUR = 3600
DAY = 86400
SPANS = (15, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200)
TICK_STEPS = (
    0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200,
)  # fmt: skip
EXACT = 0.99  # a value may exceed the top by so little: a VM of 1024 MiB has some more for its display
TICK_WORTH = 0.12  # a tick too many or too few is as bad as so much of the height left empty
LOG_DOUBLINGS = 10  # of a logarithmic axis: from 1 MiB to 1 GiB
MANY = 3  # points per column of characters
TICK_SPACE = 14  # the least number of columns between two labels of the time axis
INSIDE = 0.85  # of the time axis: a label there is not cut

ROUNDING = 1e-6  # of a dot
DOTS_WIDE, DOTS_HIGH = 2, 4  # dots of a braille character

Dot = tuple[int, int]  # column from the left, row from the bottom


def time_span(seconds: float) -> float:
    """The length of the time axis in seconds that fits so many seconds."""
    if seconds <= SPANS[-1]:
        return float(SPANS[bisect_left(SPANS, seconds)])
    step = HOUR if seconds <= 12 * HOUR else 6 * HOUR if seconds <= 2 * DAY else DAY
    return float(math.ceil(seconds / step) * step)


def time_ticks(span: float, columns: int, begin: float = 0.0) -> list[tuple[float, str]]:
    """The moments to label below a chart of so many columns, with their labels; without its first and last moment."""
    step = _time_step(span, columns)
    if not _moments(span, begin, step):  # there is room for one label, and it would be at the end
        step = _shorter_step(span, step)
    size, unit = (1, "s") if step < MINUTE else (MINUTE, "min") if step < HOUR else (HOUR, "h")
    moments = _moments(span, begin, step)
    if begin >= HOUR and step < HOUR:
        return [(moment, _clock(moment, step)) for moment in moments]
    return [(moment, f"{round(moment / size, 1):.10g} {unit}") for moment in moments]


def _time_step(span: float, columns: int) -> float:
    """The distance of the labels, so that they do not touch."""
    room = max(1, columns // TICK_SPACE)
    return next((step for step in TICK_STEPS if span / step <= room), math.ceil(span / room / DAY) * DAY)


def _shorter_step(span: float, step: float) -> float:
    """A step of which a multiple is inside the axis, not at its end."""
    if step > DAY:
        return math.ceil(step / 2 / DAY) * DAY
    return max((each for each in TICK_STEPS if each < INSIDE * span), default=step)


def _moments(span: float, begin: float, step: float) -> list[float]:
    """The multiples of the step between the ends of a time axis."""
    return [number * step for number in range(math.floor(begin / step) + 1, math.ceil((begin + span) / step))]


def _clock(moment: float, step: float) -> str:
    """A late moment as hours, minutes and seconds: "12:02:00", "12:02:00.5"."""
    tenths = round(moment * 10)
    return clock(tenths // 10) + (f".{tenths % 10}" if step < 1 else "")


def unit_for(units: Sequence[Unit], highest: float) -> Unit:
    """The largest unit in which the highest value is at least 2: a VM of 1 GiB is drawn in MiB."""
    return next((unit for unit in reversed(units) if highest >= 2 * unit.size), units[0])


@dataclass(frozen=True)
class ValueAxis:
    """A value axis whose ticks are `rows_each` rows apart and `step` units apart, from zero on its foot upwards.

    With a floor above zero it is logarithmic: it begins there, and each tick is `step` times the one below.
    """

    top: float
    step: float
    rows_each: int
    floor: float = 0.0

    def ticks(self, rows: int) -> list[tuple[int, float]]:
        """The ticks of a chart of so many rows: (rows above the foot, value)."""
        numbers = range(rows // self.rows_each + 1)
        if self.floor:
            return [(number * self.rows_each, self.floor * self.step**number) for number in numbers]
        return [(number * self.rows_each, self.step * number) for number in numbers]


def value_axis(highest: float, rows: int, *, binary: bool = False) -> ValueAxis:
    """The axis that fits the highest value best with few round ticks; all of them are on rows."""
    if highest <= 0:
        return ValueAxis(1.0, 1.0, rows)
    wanted = 4 if rows >= 11 else 3 if rows >= 6 else 2 if rows >= 3 else 1
    found: list[tuple[float, ValueAxis]] = []
    for step in _steps(highest, binary=binary):
        rows_each = min(rows, int(rows * step / (highest * EXACT)))
        if rows_each:
            axis = ValueAxis(step * rows / rows_each, step, rows_each)
            found.append((axis.top / highest + TICK_WORTH * abs(rows // rows_each - wanted), axis))
    return min(found, key=lambda each: each[0])[1]


def log_axis(highest: float, rows: int) -> ValueAxis:
    """A logarithmic axis of about LOG_DOUBLINGS, with ticks at powers of two and the highest value near its top."""

    def fault(choice: tuple[int, int]) -> float:
        rows_each, doublings = choice
        unused = rows % rows_each  # rows above the highest tick
        return abs(doublings * rows / rows_each - LOG_DOUBLINGS) + 0.8 * abs(doublings - 2) + 0.4 * unused

    choices = [(rows_each, doublings) for rows_each in range(1, min(4, rows) + 1) for doublings in range(1, 5)]
    rows_each, doublings = min(choices, key=fault)
    highest_tick = 2.0 ** math.ceil(math.log2(highest * EXACT)) if highest > 0 else 1.0
    floor = highest_tick / 2.0 ** (doublings * (rows // rows_each))
    return ValueAxis(floor * 2.0 ** (doublings * rows / rows_each), 2.0**doublings, rows_each, floor)


def _steps(highest: float, *, binary: bool) -> list[float]:
    """Round distances of ticks, from far below the highest value to above it."""
    if binary:
        power = math.ceil(math.log2(highest))
        return [2.0**each for each in range(power - 5, power + 1)]
    power = math.floor(math.log10(highest))
    return [digit * 10.0**each for each in range(power - 1, power + 2) for digit in (1, 2, 5)]


@dataclass(frozen=True)
class Scale:
    """Maps moments and values to a canvas of `columns` x `rows` characters."""

    span: float
    top: float
    columns: int
    rows: int
    begin: float = 0.0  # the moment at the left edge
    floor: float = 0.0  # the value at the foot; above 0, the scale is logarithmic

    def moment(self, column: float) -> float:
        """The moment at the left edge of a column."""
        return self.begin + self.span * column / self.columns

    def shows(self, x: float) -> bool:
        """Whether a moment is between the edges."""
        return self.begin <= x <= self.begin + self.span

    def dot_column(self, x: float) -> int:
        """The dot column of a moment, from the left."""
        return _within(int((x - self.begin) / self.span * self.columns * DOTS_WIDE), self.columns * DOTS_WIDE)

    def share(self, y: float) -> float:
        """The height of a value as a part of the whole height."""
        if not self.floor:
            return y / self.top
        return math.log(max(y, self.floor) / self.floor) / math.log(self.top / self.floor)

    def dot_row(self, y: float) -> int:
        """The dot row of a value, from the bottom: the highest one that the value fills."""
        return _within(math.ceil(self.share(y) * self.rows * DOTS_HIGH - ROUNDING) - 1, self.rows * DOTS_HIGH)

    def eighths(self, y: float) -> int:
        """The height of a value in eighths of a row."""
        return min(max(round(self.share(y) * self.rows * 8), 0), self.rows * 8)

    def column(self, x: float) -> int:
        """The character column of a moment."""
        return self.dot_column(x) // DOTS_WIDE

    def row(self, y: float) -> int:
        """The character row of a value, from the top."""
        return self.rows - 1 - self.dot_row(y) // DOTS_HIGH


def _within(value: int, size: int) -> int:
    return min(max(value, 0), size - 1)


def cut(series: Series, scale: Scale) -> Series:
    """The part of a series that the scale shows; at the edges it has the values of the lines that cross them."""
    xs, ys, end = series.xs, series.ys, scale.begin + scale.span
    if not xs or (xs[0] >= scale.begin and xs[-1] <= end):
        return series
    first, last = bisect_left(xs, scale.begin), bisect_right(xs, end)
    before = _between(xs, ys, first, scale.begin) if first else ()
    after = _between(xs, ys, last, end) if 0 < last < len(xs) else ()
    dots = [*before, *zip(xs[first:last], ys[first:last], strict=True), *after]
    floors = series.floors
    if floors:  # one for each dot, also where only one of the two lines is broken
        left = [_value(_between(xs, floors, first, scale.begin))] if before else []
        right = [_value(_between(xs, floors, last, end))] if after else []
        floors = (*left, *floors[first:last], *right)
    return replace(series, xs=tuple(x for x, _ in dots), ys=tuple(y for _, y in dots), floors=floors)


def _value(points: Sequence[tuple[float, float]]) -> float | None:
    return points[0][1] if points else None


def _between(xs: Sequence[float], ys: Sequence[float | None], index: int, x: float) -> tuple[tuple[float, float], ...]:
    """The point at x on the line that ends at the point of this index; none if the line is broken there."""
    if index >= len(xs):
        return ()
    (x0, x1), (y0, y1) = xs[index - 1 : index + 1], ys[index - 1 : index + 1]
    if y0 is None or y1 is None or not x0 < x < x1:
        return ()
    return ((x, y0 + (y1 - y0) * (x - x0) / (x1 - x0)),)


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

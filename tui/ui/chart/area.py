"""A solid area below a curve, in eighths of a cell: the largest value of each column of characters."""

from collections.abc import Iterator, Sequence

from tui.ui.chart.paper import EIGHTHS, FULL, ON_AREA, Paper
from tui.ui.chart.scale import Scale

FILLED_SPACE = "\u00a0"  # a plain space would leave a hole in the area


def column_values(xs: Sequence[float], ys: Sequence[float | None], scale: Scale) -> list[float | None]:
    """The largest value in each column; values between two points are interpolated, a None leaves a gap."""
    found: list[float | None] = [None] * scale.columns

    def include(column: int, y: float) -> None:
        there = found[column]
        if there is None or y > there:
            found[column] = y

    before: tuple[int, float, float] | None = None
    for x, y in zip(xs, ys, strict=True):
        if y is None:
            before = None
            continue
        column = scale.column(x)
        include(column, y)
        if before is not None and column > before[0]:
            start, x0, y0 = before
            for edge in range(start + 1, column + 1):
                at = y0 + (y - y0) * min(1.0, max(0.0, (scale.moment(edge) - x0) / (x - x0)))
                include(edge - 1, at)
                include(edge, at)
        before = column, x, y
    return found


def draw_area(
    paper: Paper,
    values: Sequence[float | None],
    scale: Scale,
    left: int,
    ink: int,
    floors: Sequence[float | None] = (),
) -> None:
    """Fill each column up to its value, from the axis or its floor on; a value above zero fills at least an eighth."""
    for number, value in enumerate(values):
        if not value:
            continue
        column, begin = left + number, round(scale.eighths((floors[number] if floors else 0) or 0) / 8)
        full, rest = divmod(max(1, scale.eighths(value)), 8)
        for row in range(scale.rows - full + 1, scale.rows - begin + 1):
            paper.put(column, row, FULL, ink)
        if rest and full >= begin:
            paper.put(column, scale.rows - full, EIGHTHS[rest], ink)


def write_inside(paper: Paper, text: str, scale: Scale, left: int, ink: int, text_ink: int) -> None:
    """Write the text in the row in which the area of this ink has the most columns beside each other, if it fits."""
    widest = range(0)
    at_row = 0
    for row in range(1, scale.rows + 1):
        for run in _runs(paper, row, left, left + scale.columns, ink):
            if len(run) > len(widest):
                widest, at_row = run, row
    if len(widest) >= len(text) + 2:
        start = widest.start + (len(widest) - len(text)) // 2
        paper.put(start, at_row, text.replace(" ", FILLED_SPACE), text_ink | ON_AREA)


def _runs(paper: Paper, row: int, start: int, end: int, ink: int) -> Iterator[range]:
    """The columns of a row that this area fills, in runs."""
    begin = start
    for column in range(start, end + 1):
        if column == end or paper.text[row][column] != FULL or paper.inks[row][column] != ink:
            if column > begin:
                yield range(begin, column)
            begin = column + 1

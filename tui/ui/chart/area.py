"""A solid area below a curve, in eighths of a cell: the largest value of each column of characters."""

from collections.abc import Sequence

from tui.ui.chart.paper import EIGHTHS, FULL, Paper
from tui.ui.chart.scale import Scale


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


def draw_area(paper: Paper, values: Sequence[float | None], scale: Scale, left: int, ink: int) -> None:
    """Fill each column from the axis up to its value; a value above zero fills at least an eighth."""
    for column, value in enumerate(values, left):
        if not value:
            continue
        full, rest = divmod(max(1, scale.eighths(value)), 8)
        for row in range(scale.rows - full + 1, scale.rows + 1):
            paper.put(column, row, FULL, ink)
        if rest:
            paper.put(column, scale.rows - full, EIGHTHS[rest], ink)

"""Thick curves of braille dots, for several curves in one chart that must be told apart, also without colour."""

from collections.abc import Iterator

from tui.ui.chart.paper import SERIES, Paper, one_cell_each
from tui.ui.chart.picture import THICK, Picture
from tui.ui.chart.scale import DOTS_HIGH, DOTS_WIDE, Dot, Scale, strokes

BRAILLE = 0x2800
# The bit of each dot of a braille character, by row from the bottom and column.
BITS = ((0x40, 0x80), (0x04, 0x20), (0x02, 0x10), (0x01, 0x08))
PEN = ((0, 0), (1, 0), (0, 1), (1, 1))  # the dots that the pen sets, so that steep and flat parts are equally thick
SHARED = 3  # where curves overlap, each is shown for this many columns in turn
LETTER_EACH = 16  # columns between two letters of one curve, at least
LETTER_APART = 4  # columns between the letters of two curves


def draw_thick(paper: Paper, picture: Picture, scale: Scale, left: int) -> None:
    """Draw the thick curves of a picture, with their letters on them."""
    cells: dict[tuple[int, int], dict[int, int]] = {}  # (column, row): the dots of each series
    for number, series in enumerate(picture.series):
        if series.form == THICK:
            for stroke in strokes(series.xs, series.ys, scale):
                for column, row in _inked(stroke, scale):
                    cell = cells.setdefault((column // DOTS_WIDE, scale.rows - 1 - row // DOTS_HIGH), {})
                    bit = BITS[row % DOTS_HIGH][column % DOTS_WIDE]
                    cell[number] = cell.get(number, 0) | bit
    for (column, row), cell in cells.items():
        owners = sorted(cell)
        owner = owners[column // SHARED % len(owners)]
        paper.put(left + column, 1 + row, chr(BRAILLE | cell[owner]), SERIES + owner)
    if picture.lettered:
        _put_letters(paper, picture, cells, left)


def _inked(stroke: list[Dot], scale: Scale) -> Iterator[Dot]:
    """The dots of a stroke on the canvas."""
    columns, rows = scale.columns * DOTS_WIDE, scale.rows * DOTS_HIGH
    for a, b in zip(stroke, [*stroke[1:], stroke[-1]], strict=True):
        steps = max(abs(b[0] - a[0]), abs(b[1] - a[1]), 1)
        for step in range(steps + 1):
            column = a[0] + round((b[0] - a[0]) * step / steps)
            row = a[1] + round((b[1] - a[1]) * step / steps)
            for right, up in PEN:
                yield min(column + right, columns - 1), min(row + up, rows - 1)


def _put_letters(paper: Paper, picture: Picture, cells: dict[tuple[int, int], dict[int, int]], left: int) -> None:
    """Put the letter of each curve on it, again and again, each curve in columns of its own."""
    thick = [number for number, series in enumerate(picture.series) if series.form == THICK]
    each = max(LETTER_EACH, LETTER_APART * len(thick))
    for at, number in enumerate(thick):
        letter = one_cell_each(picture.series[number].name)[:1]
        rows: dict[int, list[int]] = {}
        last = max((column for (column, _), cell in cells.items() if number in cell), default=0)
        for (column, row), cell in cells.items():  # there is a letter at the end already
            if (
                number in cell
                and column <= last - LETTER_APART
                and (column - LETTER_APART * at) % each == LETTER_APART // 2
            ):
                rows.setdefault(column, []).append(row)
        for column, found in rows.items():
            alone = [row for row in found if len(cells[column, row]) == 1] or found
            paper.put(left + column, 1 + sorted(alone)[len(alone) // 2], letter, SERIES + number)

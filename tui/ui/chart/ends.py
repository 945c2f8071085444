"""The names of curves and level at their right ends, in a margin beside the canvas; letters of curves inside it."""

from tui.ui.chart.paper import LABEL, LEVEL, SERIES, Paper, one_cell_each
from tui.ui.chart.picture import Level, Picture
from tui.ui.chart.scale import Scale

# The margin by the width of the chart: for a value and a shortened name, or for both in full.
FOR_VALUES, VALUES_WIDE = 60, 16
FOR_NAMES, NAMES_WIDE = 100, 20
LEAST_LETTERS = 2  # of a shortened name; with fewer, the value stands alone


def margin_of(picture: Picture, width: int) -> int:
    """How many columns the names have; 0: a legend in the frame names the curves."""
    if not picture.ends or width < FOR_VALUES:
        return 0
    return NAMES_WIDE if width >= FOR_NAMES else VALUES_WIDE


def draw_ends(paper: Paper, picture: Picture, scale: Scale, left: int, margin: int) -> None:
    """Name each curve at the row of its newest value, or at the nearest free row; then the level."""
    wanted: list[tuple[int, list[str], int]] = []
    for number, series in enumerate(picture.series):
        last = next((y for y in reversed(series.ys) if y is not None), None)
        if last is not None:
            texts = _named(series.name, series.now, margin - 1)
            wanted.append((scale.row(last), texts, SERIES + number))
    if picture.level:
        ink = LEVEL if picture.level.limit else LABEL
        wanted.append((scale.row(picture.level.y), _shorter(picture.level, margin - 1), ink))
    free = list(range(scale.rows))
    for home, choice, ink in wanted:
        fitting = next((text for text in map(one_cell_each, choice) if text and len(text) < margin), "")
        if fitting and free:
            row = min(free, key=lambda each: abs(each - home))
            free.remove(row)
            paper.put(left + scale.columns + 1, 1 + row, fitting, ink)


def draw_letters(paper: Paper, picture: Picture, scale: Scale, left: int) -> None:
    """Put the letter of each curve above its last value; letters at one place are above each other."""
    taken: set[tuple[int, int]] = set()
    for number, series in enumerate(picture.series):
        dots = zip(reversed(series.xs), reversed(series.ys), strict=True)
        x, y = next(((x, y) for x, y in dots if y is not None), (0.0, None))
        if y is None:
            continue
        column, row = left + scale.column(x), max(1, scale.row(y))
        while (column, row) in taken and row > 1:
            row -= 1
        taken.add((column, row))
        paper.put(column, row, one_cell_each(series.name)[:1], SERIES + number)


def _named(name: str, value: str, room: int) -> list[str]:
    """The name before its value, the longest first: the value stays whole, and the name is shortened for it."""
    if not value:
        return [name]
    letters = room - len(value) - 2  # without the ellipsis and the space
    shortened = [f"{name[:letters].rstrip()}… {value}"] if letters >= LEAST_LETTERS else []
    return [f"{name} {value}", *shortened, value, name]


def _shorter(level: Level, room: int) -> list[str]:
    """The names of a level, the longest first; the last one fits each margin."""
    return [level.text, *_named(level.short, level.value, room), *(["limit"] if level.limit else [])]

"""The canvas of a chart: areas, curves, the level, and the lines and letters of signs."""

from tui.ui.chart.area import column_values, draw_area
from tui.ui.chart.curves import NO_SERIES, Curves, Layer
from tui.ui.chart.paper import FULL, LEVEL, ON_AREA, SERIES, SIGN, Paper, one_cell_each
from tui.ui.chart.picture import AREA, Picture, Sign
from tui.ui.chart.scale import Scale, cut

LEVEL_LINE = "╌"
SIGN_LINE = "│"


def draw(paper: Paper, picture: Picture, curves: Curves, scale: Scale, left: int) -> None:
    """Draw everything between the axes; what comes later replaces what is there, or is drawn on the area."""
    shown = [cut(series, scale) for series in picture.series]
    for number, series in enumerate(shown):
        if series.form == AREA:
            draw_area(paper, column_values(series.xs, series.ys, scale), scale, left, SERIES + number)
    lines = {number: each for number, each in enumerate(shown) if each.form != AREA}
    if lines:
        _lay(paper, curves.draw(tuple(lines.values()), scale), tuple(lines), left)
    signs = [sign for sign in picture.signs if scale.shows(sign.x)]
    letters = _letters(signs, scale)
    for column, letter in letters.items():
        paper.put(left + column, 1, letter, SIGN)
    if picture.level:
        row = 1 + scale.row(picture.level.y)
        for column in range(left, left + scale.columns):
            paper.fill(column, row, LEVEL_LINE, LEVEL)
    for column in {scale.column(sign.x) for sign in signs}:
        for row in range(1, scale.rows + 1):
            paper.fill(left + column, row, SIGN_LINE, SIGN)


def _lay(paper: Paper, drawn: Layer, numbers: tuple[int, ...], left: int) -> None:
    """Put the curves over the areas; `numbers` are those of their series in the picture."""
    for row, (characters, owners) in enumerate(zip(drawn.characters, drawn.owners, strict=True), 1):
        for column, owner in enumerate(owners, left):
            if owner != NO_SERIES:
                on_area = ON_AREA if paper.text[row][column] == FULL else 0
                paper.put(column, row, characters[column - left], SERIES + numbers[owner] + on_area)


def _letters(signs: list[Sign], scale: Scale) -> dict[int, str]:
    """The column of each letter: that of its line, or the nearest free one."""
    placed: dict[int, str] = {}
    for sign in signs:
        home = scale.column(sign.x)
        letter = one_cell_each(sign.mark)[:1]
        if placed.get(home) == letter:
            continue
        free = [column for column in range(scale.columns) if column not in placed]
        if free:
            placed[min(free, key=lambda column: (abs(column - home), column < home))] = letter
    return placed

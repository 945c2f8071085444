"""The canvas of a chart: areas, curves, the level, and the lines and letters of signs."""

from tui.ui.chart.area import column_values, draw_area, write_inside
from tui.ui.chart.cone import draw_cone
from tui.ui.chart.curves import NO_SERIES, Curves, Layer
from tui.ui.chart.ends import draw_letters
from tui.ui.chart.gap import Between
from tui.ui.chart.paper import BAND, CURSOR, EMPTY, FULL, LABEL, LEVEL, ON_AREA, SERIES, SIGN, Paper, Row, one_cell_each
from tui.ui.chart.picture import AREA, THICK, Band, Picture, Sign
from tui.ui.chart.scale import Scale
from tui.ui.chart.thick import draw_thick

LEVEL_LINE = "╌"
SIGN_LINE = "│"
CURSOR_LINE = "┃"
HATCH = "░"
BAND_FILL = "▒"


def draw(paper: Paper, picture: Picture, curves: Curves, scale: Scale, left: int) -> None:
    """Draw everything between the axes; what comes later replaces what is there, or is drawn on the area."""
    areas = {
        number: column_values(each.xs, each.ys, scale)
        for number, each in enumerate(picture.series)
        if each.form == AREA
    }
    for number, values in areas.items():
        series = picture.series[number]
        floors = column_values(series.xs, series.floors, scale) if series.floors else ()
        draw_area(paper, values, scale, left, SERIES + number, floors)
    between = Between.of(picture, areas, scale)
    between.fill(paper, scale, left)
    lines = {number: each for number, each in enumerate(picture.series) if each.form not in (AREA, THICK)}
    if lines:
        _lay(paper, curves.draw(tuple(lines.values()), scale), tuple(lines), left)
        between.mark(paper, scale, left)
    draw_thick(paper, picture, scale, left)
    signs = [sign for sign in picture.signs if scale.shows(sign.x)]
    for column, letter in _letters(signs, scale).items():
        paper.put(left + column, 1, letter, SIGN)
    draw_cone(paper, picture.cone, scale, left)
    if picture.level:
        row, ink = 1 + scale.row(picture.level.y), LEVEL if picture.level.limit else LABEL
        for column in range(left, left + scale.columns):
            paper.fill(column, row, LEVEL_LINE, ink)
    for column in {left + scale.column(sign.x) for sign in signs}:
        for row in range(1, scale.rows + 1):
            paper.fill(column, row, SIGN_LINE, SIGN)
    for number, series in enumerate(picture.series):
        if series.inside:
            write_inside(paper, one_cell_each(series.inside), scale, left, SERIES + number, LABEL)
    for begin, end in picture.unknown:
        _hatch(paper, _columns(begin, end, scale), scale, left)
    _mark_bands(paper, picture.bands, scale, left)
    if picture.lettered:
        draw_letters(paper, picture, scale, left)


def with_cursor(rows: tuple[Row, ...], column: int) -> tuple[Row, ...]:
    """The rows of a chart with the line of the cursor in a column; the texts of bands and signs stay readable."""
    return (rows[0], *(_crossed(row, column) for row in rows[1:-1]), rows[-1])


def _crossed(row: Row, column: int) -> Row:
    character, ink = row.text[column], row.inks[column]
    if (ink == BAND and character != BAND_FILL) or (ink == SIGN and character != SIGN_LINE):
        return row
    on_area = ON_AREA if character == FULL else 0
    inks = row.inks[:column] + bytes((CURSOR + on_area,)) + row.inks[column + 1 :]
    return Row(f"{row.text[:column]}{CURSOR_LINE}{row.text[column + 1 :]}", inks)


def _hatch(paper: Paper, columns: range, scale: Scale, left: int) -> None:
    """Fill the blank cells of the columns."""
    for column in columns:
        for row in range(1, scale.rows + 1):
            if paper.text[row][left + column] == " ":
                paper.put(left + column, row, HATCH, EMPTY)


def _columns(begin: float, end: float, scale: Scale) -> range:
    """The columns of a time; none if it is not shown."""
    if end < scale.begin or begin > scale.begin + scale.span:
        return range(0)
    return range(scale.column(begin), scale.column(end) + 1)


def _mark_bands(paper: Paper, bands: tuple[Band, ...], scale: Scale, left: int) -> None:
    """Draw each band, and its text beside it in a row of its own."""
    for number, band in enumerate(bands):
        columns = _columns(band.begin, band.end, scale)
        if not columns:
            continue
        for column in columns:
            for row in range(1, scale.rows + 1):
                on_area = ON_AREA if paper.text[row][left + column] == FULL else 0
                paper.put(left + column, row, BAND_FILL, BAND + on_area)
        text = f" {one_cell_each(band.text)} "
        start = columns.stop if columns.stop + len(text) <= scale.columns else columns.start - len(text)
        if start >= 0 and number < scale.rows:
            paper.put(left + start, 1 + number, text, BAND)


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

"""A whole chart as rows of characters, each with the ink it is drawn in: frame, scales, curves, signs, legend."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len

from tui.widgets.chart_curves import NOBODY, Curve, Curves, draw
from tui.widgets.chart_picture import AREA, DOTS, PASS_MARK, Picture, Sign, Unit
from tui.widgets.chart_scale import Scale, strokes, time_span, time_ticks, top_of, unit_for, value_ticks

# Inks. The curve of series n has the ink SERIES + n.
BLANK, FRAME, TITLE, LABEL, SIGN, LEVEL, PASS, EMPTY = range(8)
SERIES = 8

SHADE = "░"
LEVEL_LINE = "╌"
SIGN_LINE = "│"
PASS_LINE = "┊"
SWATCHES = {AREA: "⠒░", DOTS: "••"}
SWATCH = "⠒⠒"

LABELS_WIDE = 6  # columns left of the axis
NARROW = 24  # columns below which there is no room for them
MERGE = 3  # unchanged characters between two changes that are cheaper to write again than to jump over


@dataclass(frozen=True)
class Row:
    """One line of the chart; `inks` has a byte for each character."""

    text: str
    inks: bytes

    def runs(self, start: int = 0, end: int | None = None) -> Iterator[tuple[str, int]]:
        """The characters of columns start to end, in pieces of one ink; blanks take the ink of what is before them."""
        end = len(self.text) if end is None else end
        if start >= end:
            return
        begin, ink = start, self.inks[start]
        for column in range(start + 1, end):
            here = self.inks[column]
            if here not in (ink, BLANK):
                if ink == BLANK:
                    ink = here
                    continue
                yield self.text[begin:column], ink
                begin, ink = column, here
        yield self.text[begin:end], ink

    def changes(self, other: "Row") -> list[tuple[int, int]]:
        """The stretches (from, to) in which another row of the same length differs."""
        found: list[tuple[int, int]] = []
        for column, (a, b, c, d) in enumerate(zip(self.text, other.text, self.inks, other.inks, strict=True)):
            if a == b and (c == d or a == " "):
                continue
            if found and column - found[-1][1] <= MERGE:
                found[-1] = (found[-1][0], column + 1)
            else:
                found.append((column, column + 1))
        return found


class _Paper:
    """The characters while they are put down."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.text = [[" "] * width for _ in range(height)]
        self.inks = [bytearray(width) for _ in range(height)]

    def put(self, column: int, row: int, text: str, ink: int) -> None:
        """Write over what is there; what falls off the paper is lost."""
        for at, character in enumerate(text, column):
            if 0 <= at < self.width and 0 <= row < self.height:
                self.text[row][at] = character
                self.inks[row][at] = ink if character != " " else BLANK

    def fill(self, column: int, row: int, character: str, ink: int) -> None:
        """Write where nothing is."""
        if 0 <= column < self.width and 0 <= row < self.height and self.text[row][column] == " ":
            self.put(column, row, character, ink)

    def rows(self) -> tuple[Row, ...]:
        return tuple(Row("".join(text), bytes(inks)) for text, inks in zip(self.text, self.inks, strict=True))


def one_cell_each(text: str) -> str:
    """The text with each character that is not one column wide, or moves the cursor, replaced."""
    return "".join(each if each.isprintable() and cell_len(each) == 1 else "?" for each in text)


def compose(picture: Picture, width: int, height: int, curves_wanted: bool = True) -> tuple[Row, ...]:
    """The picture on that many columns and rows; without curves where plotext is not loaded yet."""
    paper = _Paper(width, height)
    if width < 4 or height < 1:
        return paper.rows()
    left = LABELS_WIDE if width >= NARROW else 0
    unit = unit_for(picture.units, picture.highest_y)
    _title(paper, picture, unit)
    if height < 3:
        return paper.rows()
    top = top_of(picture.highest_y / unit.size) * unit.size
    span = time_span(max(picture.last_x, picture.span_s))
    scale = Scale(span, top, width - left - 1, height - 2)
    _axes(paper, scale, unit, left)
    if picture.blank:
        _sentence(paper, picture.empty, left)
    elif curves_wanted:
        _canvas(paper, picture, scale, left + 1)
    return paper.rows()


def _title(paper: _Paper, picture: Picture, unit: Unit) -> None:
    """The frame's upper edge: what is shown, then as much of the legend as there is room for."""
    paper.put(0, 0, "─" * paper.width, FRAME)
    title = one_cell_each(f" {picture.title}, {unit.name} " if unit.name else f" {picture.title} ")
    paper.put(1, 0, title, TITLE)
    end = paper.width - 1
    subtitle = one_cell_each(picture.subtitle)
    if subtitle and len(title) + len(subtitle) + 6 <= end:
        end -= len(subtitle) + 2
        paper.put(end, 0, f" {subtitle} ", LABEL)
    column = 1 + len(title) + 1
    for swatch, ink, name in _legend(picture):
        if column + len(swatch) + len(name) + 3 > end:
            break
        paper.put(column, 0, f" {swatch} ", ink)
        paper.put(column + len(swatch) + 2, 0, f"{name} ", LABEL)
        column += len(swatch) + len(name) + 3


def _legend(picture: Picture) -> Iterator[tuple[str, int, str]]:
    if picture.blank:
        return
    for number, series in enumerate(picture.series):
        yield SWATCHES.get(series.form, SWATCH), SERIES + number, one_cell_each(series.name)
    if picture.level:
        yield LEVEL_LINE * 2, LEVEL, one_cell_each(picture.level.text)
    named = {sign.mark: sign for sign in picture.signs if sign.text}
    for mark, sign in named.items():
        light = mark == PASS_MARK
        yield PASS_LINE if light else one_cell_each(mark), PASS if light else SIGN, one_cell_each(sign.text)


def _axes(paper: _Paper, scale: Scale, unit: Unit, left: int) -> None:
    """The value axis on the left, the time axis at the foot, and their labels."""
    foot = paper.height - 1
    for row in range(1, foot):
        paper.put(left, row, "│", FRAME)
    paper.put(left, foot, "└" + "─" * scale.columns, FRAME)
    if not left:
        return
    for value in value_ticks(scale.top, scale.rows):
        row = 1 + scale.row(value) if value else foot
        label = f"{value / unit.size:g}"
        if value:
            paper.put(left, row, "┤", FRAME)
        paper.put(left - 1 - len(label), row, label, LABEL)
    for moment, label in time_ticks(scale.span, scale.columns):
        column = left + 1 + scale.column(moment)
        start = column - len(label) // 2
        if start + len(label) < paper.width:
            paper.put(start - 1, foot, f" {label} ", LABEL)


def _sentence(paper: _Paper, sentence: str, left: int) -> None:
    text = one_cell_each(sentence)[: paper.width - left - 2]
    room = paper.width - left - 1
    paper.put(left + 1 + (room - len(text)) // 2, paper.height // 2, text, EMPTY)


def _canvas(paper: _Paper, picture: Picture, scale: Scale, left: int) -> None:
    """From the front to the back: letters, curves, the level, the signs' lines, shade."""
    drawn = draw([Curve(strokes(each.xs, each.ys, scale), each.form) for each in picture.series], scale)
    for row, (characters, owners) in enumerate(zip(drawn.characters, drawn.owners, strict=True)):
        for column, owner in enumerate(owners):
            if owner != NOBODY:
                paper.put(left + column, 1 + row, characters[column], SERIES + owner)
    letters = _letters([sign for sign in picture.signs if sign.mark != PASS_MARK], scale)
    for column, letter in letters.items():
        paper.put(left + column, 1, letter, SIGN)
    if picture.level:
        row = 1 + scale.row(picture.level.y)
        for column in range(scale.columns):
            paper.fill(left + column, row, LEVEL_LINE, LEVEL)
    for sign in picture.signs:
        light = sign.mark == PASS_MARK
        for row in range(scale.rows):
            paper.fill(left + scale.column(sign.x), 1 + row, PASS_LINE if light else SIGN_LINE, PASS if light else SIGN)
    for number, series in enumerate(picture.series):
        if series.form == AREA:
            _shade(paper, drawn, number, scale, left)


def _letters(signs: list[Sign], scale: Scale) -> dict[int, str]:
    """Where each letter stands: over its line, or the nearest free column beside it."""
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


def _shade(paper: _Paper, drawn: Curves, number: int, scale: Scale, left: int) -> None:
    """Light shade from a curve down to the axis, wherever nothing else is."""
    for column in range(scale.columns):
        under = False
        for row in range(scale.rows):
            if under:
                paper.fill(left + column, 1 + row, SHADE, SERIES + number)
            under = under or drawn.owners[row][column] == number

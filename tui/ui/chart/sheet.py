"""A chart as rows of characters and their inks: frame, scales, curves, signs, legend."""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.cells import cell_len

from tui.ui.chart.curves import NO_SERIES, Curves, Layer
from tui.ui.chart.picture import AREA, DOTS, PASS_MARK, Picture, Sign, Unit
from tui.ui.chart.scale import Scale, time_span, time_ticks, top_of, unit_for, value_ticks

# An ink is the role of a character, which the widget maps to a style. The curve of series n has the ink SERIES + n.
BLANK, FRAME, TITLE, LABEL, SIGN, LEVEL, PASS, EMPTY = range(8)
SERIES = 8

SHADE = "░"
LEVEL_LINE = "╌"
SIGN_LINE = "│"
PASS_LINE = "┊"
SWATCHES = {AREA: "⠒░", DOTS: "••"}
SWATCH = "⠒⠒"

LABELS_WIDE = 5  # columns left of the axis; the same for charts below each other, unless a label has over four digits
CROWDED = 3  # with fewer columns per pass, the marks of passes are drawn in the top row only
NARROW = 24  # columns below which values have no labels
MERGE = 3  # rewriting so many unchanged characters costs fewer bytes than moving the cursor over them


@dataclass(frozen=True)
class Row:
    """One line of the chart; `inks` has a byte for each character."""

    text: str
    inks: bytes

    def runs(self, start: int = 0, end: int | None = None) -> Iterator[tuple[str, int]]:
        """The characters of columns start to end in runs of one ink; blanks take the ink of the run before them."""
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
        """The ranges (start, end) in which another row of the same length differs."""
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
    """The chart while it is being composed."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.text = [[" "] * width for _ in range(height)]
        self.inks = [bytearray(width) for _ in range(height)]

    def put(self, column: int, row: int, text: str, ink: int) -> None:
        """Write the text over what is there; characters outside the paper are dropped."""
        for at, character in enumerate(text, column):
            if 0 <= at < self.width and 0 <= row < self.height:
                self.text[row][at] = character
                self.inks[row][at] = ink if character != " " else BLANK

    def fill(self, column: int, row: int, character: str, ink: int) -> None:
        """Write the character if its place is blank."""
        if 0 <= column < self.width and 0 <= row < self.height and self.text[row][column] == " ":
            self.put(column, row, character, ink)

    def rows(self) -> tuple[Row, ...]:
        return tuple(Row("".join(text), bytes(inks)) for text, inks in zip(self.text, self.inks, strict=True))


def one_cell_each(text: str) -> str:
    """The text with "?" for each character that is not one column wide or moves the cursor."""
    return "".join(each if each.isprintable() and cell_len(each) == 1 else "?" for each in text)


def compose(picture: Picture, width: int, height: int, curves: Curves | None) -> tuple[Row, ...]:
    """The picture, `width` columns by `height` rows; `curves` caches the last call, None draws the frame only."""
    paper = _Paper(width, height)
    if width < 4 or height < 1:
        return paper.rows()
    unit = unit_for(picture.units, picture.highest_y)
    _title(paper, picture, unit)
    if height < 3:
        return paper.rows()
    rows, top = height - 2, top_of(picture.highest_y / unit.size)
    values = {value: f"{value:g}" for value in value_ticks(top, rows)}
    left = max(LABELS_WIDE, *(len(label) + 1 for label in values.values())) if width >= NARROW else 0
    span = time_span(max(picture.last_x, picture.span_s))
    scale = Scale(span, top * unit.size, width - left - 1, rows)
    _axes(paper, scale, left)
    if picture.blank:
        _sentence(paper, picture.empty, left)
        return paper.rows()
    if left:
        _label_values(paper, [(scale.row(value * unit.size), label) for value, label in values.items()], left)
        _label_moments(paper, scale, left)
    if curves is not None:
        _canvas(paper, picture, curves.draw(picture.series, scale), scale, left + 1)
    return paper.rows()


def _title(paper: _Paper, picture: Picture, unit: Unit) -> None:
    """The upper edge of the frame: the title, the subtitle, and as much of the legend as fits, curves first."""
    paper.put(0, 0, "─" * paper.width, FRAME)
    title = one_cell_each(f" {picture.title}, {unit.name} " if unit.name else f" {picture.title} ")
    paper.put(1, 0, title, TITLE)
    column, end = 1 + len(title) + 1, paper.width - 1
    curves, others = _legend(picture)
    subtitle = one_cell_each(picture.subtitle)
    if subtitle and column + sum(map(_wide, curves)) + len(subtitle) + 2 <= end:
        end -= len(subtitle) + 2
        paper.put(end, 0, f" {subtitle} ", LABEL)
    for entry in (*curves, *others):
        swatch, ink, name = entry
        if column + _wide(entry) <= end:
            paper.put(column, 0, f" {swatch} ", ink)
            paper.put(column + len(swatch) + 2, 0, f"{name} ", LABEL)
            column += _wide(entry)


_Entry = tuple[str, int, str]  # of the legend: the swatch, its ink and its text


def _wide(entry: _Entry) -> int:
    return len(entry[0]) + len(entry[2]) + 3


def _legend(picture: Picture) -> tuple[list[_Entry], list[_Entry]]:
    """The entries of the curves, and those of all else."""
    if picture.blank:
        return [], []
    curves = [
        (SWATCHES.get(series.form, SWATCH), SERIES + number, one_cell_each(series.name))
        for number, series in enumerate(picture.series)
    ]
    others = [(LEVEL_LINE * 2, LEVEL, one_cell_each(picture.level.text))] if picture.level else []
    for mark, text in {sign.mark: sign.text for sign in picture.signs if sign.text}.items():
        light = mark == PASS_MARK
        others.append((PASS_LINE if light else one_cell_each(mark), PASS if light else SIGN, one_cell_each(text)))
    return curves, others


def _axes(paper: _Paper, scale: Scale, left: int) -> None:
    """The value axis on the left and the time axis at the bottom."""
    foot = paper.height - 1
    for row in range(1, foot):
        paper.put(left, row, "│", FRAME)
    paper.put(left, foot, "└" + "─" * scale.columns, FRAME)


def _label_values(paper: _Paper, labels: Iterable[tuple[int, str]], left: int) -> None:
    """The labels (row of the canvas, text) of the value axis, the lowest at its bottom."""
    foot = paper.height - 1
    for number, (row, label) in enumerate(labels):
        if number:
            paper.put(left, 1 + row, "┤", FRAME)
        paper.put(left - 1 - len(label), 1 + row if number else foot, label, LABEL)


def _label_moments(paper: _Paper, scale: Scale, left: int) -> None:
    """The labels of the time axis."""
    for moment, label in time_ticks(scale.span, scale.columns):
        start = left + 1 + scale.column(moment) - len(label) // 2
        if start + len(label) < paper.width:
            paper.put(start - 1, paper.height - 1, f" {label} ", LABEL)


def _sentence(paper: _Paper, sentence: str, left: int) -> None:
    """A sentence in the middle of the frame, wrapped, and cut where it does not fit."""
    room, rows = paper.width - left - 1, paper.height - 2
    lines = textwrap.wrap(one_cell_each(sentence), max(1, room - 1), max_lines=rows, placeholder="…")
    first = max(1, min(paper.height // 2 - (len(lines) - 1) // 2, 1 + rows - len(lines)))
    for row, line in enumerate(lines, first):
        paper.put(left + 1 + (room - len(line)) // 2, row, line, EMPTY)


def _canvas(paper: _Paper, picture: Picture, drawn: Layer, scale: Scale, left: int) -> None:
    """Draw from front to back: letters, curves, level, lines of the signs, shade."""
    for row, (characters, owners) in enumerate(zip(drawn.characters, drawn.owners, strict=True), 1):
        paper.text[row][left:] = characters
        paper.inks[row][left:] = bytes(BLANK if owner == NO_SERIES else SERIES + owner for owner in owners)
    letters = _letters([sign for sign in picture.signs if sign.mark != PASS_MARK], scale)
    for column, letter in letters.items():
        paper.put(left + column, 1, letter, SIGN)
    if picture.level:
        row = 1 + scale.row(picture.level.y)
        for column in range(left, paper.width):
            paper.fill(column, row, LEVEL_LINE, LEVEL)
    for column in {scale.column(sign.x) for sign in picture.signs if sign.mark != PASS_MARK}:
        for row in range(1, paper.height - 1):
            paper.fill(left + column, row, SIGN_LINE, SIGN)
    passes = {scale.column(sign.x) for sign in picture.signs if sign.mark == PASS_MARK}
    for row in range(1, paper.height - 1 if len(passes) * CROWDED < scale.columns else 2):
        for column in passes:
            paper.fill(left + column, row, PASS_LINE, PASS)
    for number, series in enumerate(picture.series):
        if series.form == AREA:
            _shade(paper, drawn, number, left)


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


def _shade(paper: _Paper, drawn: Layer, number: int, left: int) -> None:
    """Light shade from a curve down to the axis, where the chart is blank."""
    under: set[int] = set()
    for row, owners in enumerate(drawn.owners, 1):
        for column in under:
            paper.fill(left + column, row, SHADE, SERIES + number)
        under.update(column for column, owner in enumerate(owners) if owner == number)

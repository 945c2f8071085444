"""A chart as rows of characters and their inks: frame, scales, legend or names at the ends of the curves."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tui.ui.chart.canvas import LEVEL_LINE, draw, with_cursor
from tui.ui.chart.curves import Curves
from tui.ui.chart.ends import draw_ends, margin_of
from tui.ui.chart.gap import meanings
from tui.ui.chart.paper import EMPTY, FRAME, LABEL, LEVEL, SERIES, SIGN, TITLE, Paper, Row, one_cell_each
from tui.ui.chart.picture import AREA, DOTS, THICK, Picture, Unit
from tui.ui.chart.scale import Scale, ValueAxis, cut, log_axis, time_span, time_ticks, unit_for, value_axis

SWATCHES = {AREA: "▄▄", DOTS: "••", THICK: "━━"}
SWATCH = "⠒⠒"

LABELS_WIDE = 5  # columns left of the axis; the same for charts below each other, unless a label has over four digits
NARROW = 24  # columns below which values have no labels


@dataclass(frozen=True)
class Sheet:
    """A chart without its cursor; `scale` begins after `left` columns, and is None if there is no canvas."""

    rows: tuple[Row, ...]
    scale: Scale | None = None
    left: int = 0

    def with_cursor(self, moment: float | None) -> tuple[Row, ...]:
        """The rows with the line of a cursor, if it is between the edges."""
        if moment is None or self.scale is None or not self.scale.shows(moment):
            return self.rows
        return with_cursor(self.rows, self.left + self.scale.column(moment))


def compose(picture: Picture, width: int, height: int, curves: Curves | None) -> tuple[Row, ...]:
    """The picture, `width` columns by `height` rows; `curves` caches the last call, None draws the frame only."""
    return sheet_of(picture, width, height, curves).with_cursor(picture.cursor)


def sheet_of(picture: Picture, width: int, height: int, curves: Curves | None) -> Sheet:
    """The picture without its cursor, as `compose` draws it."""
    paper = Paper(width, height)
    if width < 4 or height < 1:
        return Sheet(paper.rows())
    blank = picture.blank
    picture = _cut(picture, time_scale(picture, width))
    unit = unit_for(picture.units, picture.highest_y)
    _title(paper, picture, unit)
    if height < 3:
        return Sheet(paper.rows())
    rows = height - 2
    highest = picture.highest_y / unit.size
    axis = log_axis(highest, rows) if picture.log else value_axis(highest, rows, binary=unit.binary)
    labels = _labels(axis, rows)
    left = labels_wide(width)
    left = max([left, *(len(label) + 1 for _, label in labels)]) if left else 0
    scale = time_scale(picture, width, left, axis.top * unit.size, rows)
    scale = replace(scale, floor=axis.floor * unit.size)
    _axes(paper, scale, left)
    if blank:
        _sentence(paper, picture.empty, left)
        return Sheet(paper.rows())
    if left:
        _label_values(paper, labels, left)
        if picture.times:
            _label_moments(paper, scale, left)
    if curves is not None:
        draw(paper, picture, curves, scale, left + 1)
    if margin := width - left - 1 - scale.columns:
        draw_ends(paper, picture, scale, left + 1, margin)
    return Sheet(paper.rows(), scale if curves is not None else None, left + 1)


def labels_wide(width: int) -> int:
    """The columns left of the axis of a chart of this width."""
    return LABELS_WIDE if width >= NARROW else 0


def time_scale(picture: Picture, width: int, left: int | None = None, top: float = 1.0, rows: int = 1) -> Scale:
    """The scale of a chart of this width, with so many columns left of its axis, else with the usual number."""
    left = labels_wide(width) if left is None else left
    begin, end = picture.window or (0.0, time_span(max(picture.last_x, picture.span_s)))
    return Scale(end - begin, top, width - left - 1 - margin_of(picture, width), rows, begin)


def _cut(picture: Picture, scale: Scale) -> Picture:
    """What the time axis shows: the value axis fits that, and names are at the ends of that."""
    return replace(picture, series=tuple(cut(each, scale) for each in picture.series)) if picture.window else picture


def _labels(axis: ValueAxis, rows: int) -> list[tuple[int, str]]:
    """The labels of the value axis, each once: tiny values have none if they would read ".000"."""
    found: dict[str, int] = {}
    for row, value in axis.ticks(rows):
        label = _number(value)
        if not value or float(label):
            found.setdefault(label, row)
    return [(row, label) for label, row in found.items()]


def _number(value: float) -> str:
    """A label of at most four characters, unless the value has more digits before the point: "1024", "0.25", ".062"."""
    text = f"{value:g}"
    return f"{value:.3f}".lstrip("0") if value < 1 and len(text) > LABELS_WIDE - 1 else text


def _title(paper: Paper, picture: Picture, unit: Unit) -> None:
    """The upper edge of the frame: the title, the subtitle, and as much of the legend as fits, curves first."""
    paper.put(0, 0, "─" * paper.width, FRAME)
    name = ", ".join(word for word in (picture.title, unit.name, "logarithmic" if picture.log else "") if word)
    title = one_cell_each(f" {name} ")
    paper.put(1, 0, title, TITLE)
    column, end = 1 + len(title) + 1, paper.width - 1
    curves, others = _legend(picture, named=bool(margin_of(picture, paper.width)))
    subtitle = one_cell_each(picture.subtitle)
    if subtitle and column + sum(map(_wide, curves)) + len(subtitle) + 2 <= end:
        end -= len(subtitle) + 2
        paper.put(end, 0, f" {subtitle} ", LABEL)
    entries = (*curves, *others)
    if column + sum(map(_wide, entries)) > end:
        end -= 2  # for the mark that some have no room
    left_out = False
    for entry in entries:
        swatch, ink, name = entry
        if column + _wide(entry) > end:
            left_out = True
            continue
        paper.put(column, 0, f" {swatch} ", ink)
        paper.put(column + len(swatch) + 2, 0, f"{name} ", LABEL)
        column += _wide(entry)
    if left_out:
        paper.put(column, 0, " …", LABEL)


_Entry = tuple[str, int, str]  # of the legend: the swatch, its ink and its text


def _wide(entry: _Entry) -> int:
    return len(entry[0]) + len(entry[2]) + 3


def _legend(picture: Picture, *, named: bool) -> tuple[list[_Entry], list[_Entry]]:
    """The entries of the curves, and those of all else; curves and level need none if their ends are named."""
    if picture.blank:
        return [], []
    curves: list[_Entry] = [
        (SWATCHES.get(series.form, SWATCH), SERIES + number, one_cell_each(series.name))
        for number, series in enumerate(picture.series)
        if series.name
    ]
    others: list[_Entry] = [(LEVEL_LINE * 2, LEVEL, one_cell_each(picture.level.text))] if picture.level else []
    if named:
        curves, others = [], []
    others = [*meanings(picture), *others]
    for mark, text in dict.fromkeys((sign.mark, sign.text) for sign in picture.signs if sign.text):
        others.append((one_cell_each(mark), SIGN, one_cell_each(text)))
    return curves, others


def _axes(paper: Paper, scale: Scale, left: int) -> None:
    """The value axis on the left and the time axis at the bottom."""
    foot = paper.height - 1
    for row in range(1, foot):
        paper.put(left, row, "│", FRAME)
    paper.put(left, foot, "└" + "─" * scale.columns, FRAME)


def _label_values(paper: Paper, labels: Iterable[tuple[int, str]], left: int) -> None:
    """The labels (rows above the foot, text) of the value axis."""
    foot = paper.height - 1
    for row, label in labels:
        if row:
            paper.put(left, foot - row, "┤", FRAME)
        paper.put(left - 1 - len(label), foot - row, label, LABEL)


def _label_moments(paper: Paper, scale: Scale, left: int) -> None:
    """The labels of the time axis."""
    for moment, label in time_ticks(scale.span, scale.columns, scale.begin):
        start = left + 1 + scale.column(moment) - len(label) // 2
        if start + len(label) < left + 1 + scale.columns:
            paper.put(start - 1, paper.height - 1, f" {label} ", LABEL)


def _sentence(paper: Paper, sentence: str, left: int) -> None:
    """A sentence in the middle of the frame, wrapped, and cut where it does not fit."""
    room, rows = paper.width - left - 1, paper.height - 2
    lines = textwrap.wrap(one_cell_each(sentence), max(1, room - 1), max_lines=rows, placeholder="…")
    first = max(1, min(paper.height // 2 - (len(lines) - 1) // 2, 1 + rows - len(lines)))
    for row, line in enumerate(lines, first):
        paper.put(left + 1 + (room - len(line)) // 2, row, line, EMPTY)

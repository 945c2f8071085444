"""The curves of a chart, drawn by plotext and cached, so that a new value draws only what it adds."""

import re
import sys
from dataclasses import dataclass

from tui.ui.chart.picture import DOTS, Series
from tui.ui.chart.scale import DOTS_HIGH, DOTS_WIDE, Dot, Scale, strokes

DOT = "•"
NO_SERIES = -1
ALTERNATE = 3  # where two curves overlap, each is shown for this many columns in turn
# plotext rounds the middle of a dot to that dot; slightly off the middle, so that halves always round the same way.
MIDDLE = 0.51

_BRAILLE = "⠀"
_LAST_NAME = "doc"  # the last name that plotext's __init__ defines
_COLOR = re.compile(r"\x1b\[([0-9;]*)m")
_FOREGROUND = "38;5;"


def load() -> None:
    """Import plotext; it takes 0.3 s, and the first paint of the app does not need it."""
    import plotext  # noqa: F401, PLC0415


def is_loaded() -> bool:
    """Whether plotext is completely imported: it is in sys.modules before its import has ended."""
    return hasattr(sys.modules.get("plotext"), _LAST_NAME)


@dataclass
class Layer:
    """The characters of a canvas, and the number of the series of each (NO_SERIES where it is blank)."""

    characters: list[list[str]]
    owners: list[list[int]]

    @classmethod
    def blank(cls, scale: Scale) -> "Layer":
        """A layer without a curve."""
        rows = range(scale.rows)
        return cls([[" "] * scale.columns for _ in rows], [[NO_SERIES] * scale.columns for _ in rows])

    def put(self, row: int, column: int, character: str, owner: int) -> None:
        """Combine braille with braille dot by dot; anything else replaces the character."""
        there = self.characters[row][column]
        if there >= _BRAILLE and character >= _BRAILLE:
            character = chr(ord(there) | ord(character))
        self.characters[row][column] = character
        self.owners[row][column] = owner


class Curves:
    """Draws one canvas repeatedly; where series have only grown, it draws only the new points."""

    def __init__(self) -> None:
        self._scale: Scale | None = None
        self._series: tuple[Series, ...] = ()
        self._lines = self._dots = Layer([], [])

    def draw(self, series: tuple[Series, ...], scale: Scale) -> Layer:
        """The series on a canvas of scale.columns x scale.rows, later ones over earlier ones."""
        starts = self._grown_from(series) if scale == self._scale else None
        if starts is None:
            starts = [0] * len(series)
            self._lines, self._dots = Layer.blank(scale), Layer.blank(scale)
        self._scale, self._series = scale, series
        for layer, dotted in ((self._lines, False), (self._dots, True)):
            new = {
                number: strokes(each.xs[start:], each.ys[start:], scale)
                for number, (each, start) in enumerate(zip(series, starts, strict=True))
                if (each.form == DOTS) == dotted and start < len(each.xs)
            }
            _draw(layer, new, DOT if dotted else "braille", scale)
        return self._merged() if any(each.form == DOTS for each in series) else self._lines

    def _grown_from(self, series: tuple[Series, ...]) -> list[int] | None:
        """For each series, the index of its first point to draw; None if anything but new points has changed."""
        if len(series) != len(self._series):
            return None
        starts = []
        for old, new in zip(self._series, series, strict=True):
            known = len(old.xs)
            if old.form != new.form or new.xs[:known] != old.xs or new.ys[:known] != old.ys:
                return None
            starts.append(max(0, known - 1) if len(new.xs) > known else known)
        return starts

    def _merged(self) -> Layer:
        """Both layers as one; where lines and dots overlap, they alternate."""
        characters = [row.copy() for row in self._lines.characters]
        owners = [row.copy() for row in self._lines.owners]
        for row, dots in enumerate(self._dots.owners):
            for column, owner in enumerate(dots):
                if owner != NO_SERIES and (owners[row][column] == NO_SERIES or column // ALTERNATE % 2):
                    characters[row][column], owners[row][column] = DOT, owner
        return Layer(characters, owners)


def _draw(layer: Layer, curves: dict[int, list[list[Dot]]], marker: str, scale: Scale) -> None:
    """Add the strokes of each series, by number, to the layer."""
    drawn = [stroke for curve in curves.values() for stroke in curve]
    if not drawn:
        return
    left = min(stroke[0][0] for stroke in drawn) // DOTS_WIDE
    import plotext  # noqa: PLC0415 - as in load()

    figure = plotext.figure  # the process has one, so it is cleared, drawn and built without interruption
    figure.clear()
    plotext.terminal.limit(False, False)
    figure.plot_size(scale.columns - left, scale.rows)
    figure.canvas("default")
    figure.axes(False)
    figure.legend(False)
    rulers = figure.ruler([0, 1], [0, 1])
    rulers.frequency(0)
    rulers.alignment(lim="edge")
    figure.ruler(0, 0).lim(0, scale.columns - left)
    figure.ruler(1, 0).lim(0, scale.rows)
    for number, curve in curves.items():
        for stroke in curve:
            xs = [(column + MIDDLE) / DOTS_WIDE - left for column, _ in stroke]
            ys = [(row + MIDDLE) / DOTS_HIGH for _, row in stroke]
            figure.draw(figure.signal(xs, ys, marker=plotext.marker(marker, plotext.pixel(number))).lines(True))
    _parse(figure.build().string(), left, layer)


def _parse(text: str, left: int, layer: Layer) -> None:
    """Put plotext's output into the layer; the colour of a character is the number of its series."""
    for row, line in enumerate(text.split("\n")[: len(layer.characters)]):
        column, owner = left, NO_SERIES
        for index, part in enumerate(_COLOR.split(line)):
            if index % 2:  # the pattern's group: the colour from here on
                owner = int(part.removeprefix(_FOREGROUND)) if part.startswith(_FOREGROUND) else NO_SERIES
            elif owner == NO_SERIES:
                column += len(part)
            else:
                for character in part:
                    if character != " ":
                        layer.put(row, column, character, owner)
                    column += 1

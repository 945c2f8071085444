"""The curves of a chart, drawn by plotext; what was drawn is remembered, so that a new value costs what it adds."""

import re
import sys
from dataclasses import dataclass

from tui.ui.chart.picture import DOTS, Series
from tui.ui.chart.scale import DOTS_HIGH, DOTS_WIDE, Dot, Scale, strokes

DOT = "•"
NOBODY = -1
TAKE_TURNS = 3  # columns after which the other of two curves that run on top of each other is shown
# Every dot is meant, and the middle of one is what plotext rounds to it; a little off, so that half of a way, too, is
# always rounded to the same side.
MIDDLE = 0.51

_BRAILLE = "⠀"
_LAST_NAME = "doc"  # of those that plotext's __init__ defines
_COLOR = re.compile(r"\x1b\[([0-9;]*)m")
_FOREGROUND = "38;5;"


def load() -> None:
    """Import plotext, which takes 0.3 s: the first paint of the app needs none of it."""
    import plotext  # noqa: F401, PLC0415


def is_loaded() -> bool:
    """Whether curves can be drawn at once; a module on its way in is known to Python before it can be used."""
    return hasattr(sys.modules.get("plotext"), _LAST_NAME)


@dataclass
class Layer:
    """The characters of a canvas, and by which series each is drawn (NOBODY where it is blank)."""

    characters: list[list[str]]
    owners: list[list[int]]

    @classmethod
    def blank(cls, scale: Scale) -> "Layer":
        return cls(
            [[" "] * scale.columns for _ in range(scale.rows)], [[NOBODY] * scale.columns for _ in range(scale.rows)]
        )

    def put(self, row: int, column: int, character: str, owner: int) -> None:
        """Add to what is there: braille to braille dot by dot, anything else in its place."""
        there = self.characters[row][column]
        if there >= _BRAILLE and character >= _BRAILLE:
            character = chr(ord(there) | ord(character))
        self.characters[row][column] = character
        self.owners[row][column] = owner


class Curves:
    """Draws the same canvas again and again; where series have only grown, it draws what is new."""

    def __init__(self) -> None:
        self._scale: Scale | None = None
        self._series: tuple[Series, ...] = ()
        self._lines = self._dots = Layer([], [])

    def draw(self, series: tuple[Series, ...], scale: Scale) -> Layer:
        """The series on a canvas of scale.columns x scale.rows; later ones lie over earlier ones."""
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
        return self._taking_turns() if any(each.form == DOTS for each in series) else self._lines

    def _grown_from(self, series: tuple[Series, ...]) -> list[int] | None:
        """For each series, from which of its points on it must be drawn; None if anything else has changed."""
        if len(series) != len(self._series):
            return None
        starts = []
        for old, new in zip(self._series, series, strict=True):
            known = len(old.xs)
            if old.form != new.form or new.xs[:known] != old.xs or new.ys[:known] != old.ys:
                return None
            starts.append(max(0, known - 1) if len(new.xs) > known else known)
        return starts

    def _taking_turns(self) -> Layer:
        """Both layers as one; where lines and dots meet, a few columns of the one and a few of the other."""
        characters = [row.copy() for row in self._lines.characters]
        owners = [row.copy() for row in self._lines.owners]
        for row, dots in enumerate(self._dots.owners):
            for column, owner in enumerate(dots):
                if owner != NOBODY and (owners[row][column] == NOBODY or column // TAKE_TURNS % 2):
                    characters[row][column], owners[row][column] = DOT, owner
        return Layer(characters, owners)


def _draw(layer: Layer, curves: dict[int, list[list[Dot]]], marker: str, scale: Scale) -> None:
    """Add the strokes of each series, by its number, to a layer."""
    drawn = [stroke for curve in curves.values() for stroke in curve]
    if not drawn:
        return
    left = min(stroke[0][0] for stroke in drawn) // DOTS_WIDE
    import plotext  # noqa: PLC0415 - as in load()

    figure = plotext.figure  # there is one in the whole process: cleared, drawn on and built in one go
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
    _take_apart(figure.build().string(), left, layer)


def _take_apart(text: str, left: int, layer: Layer) -> None:
    """What plotext drew, into the layer; its colours say whose it is."""
    for row, line in enumerate(text.split("\n")[: len(layer.characters)]):
        column, owner = left, NOBODY
        for index, part in enumerate(_COLOR.split(line)):
            if index % 2:  # what the pattern caught: the colour from here on
                owner = int(part.removeprefix(_FOREGROUND)) if part.startswith(_FOREGROUND) else NOBODY
            elif owner == NOBODY:
                column += len(part)
            else:
                for character in part:
                    if character != " ":
                        layer.put(row, column, character, owner)
                    column += 1

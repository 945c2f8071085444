"""The curves of a chart, drawn by plotext and taken apart into characters and whose they are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tui.widgets.chart_picture import DOTS
from tui.widgets.chart_scale import DOTS_HIGH, DOTS_WIDE, Dot, Scale

DOT = "•"
NOBODY = -1
_COLOR = re.compile(r"\x1b\[([0-9;]*)m")
_FOREGROUND = "38;5;"


@dataclass(frozen=True)
class Curve:
    """The strokes of one series and its form."""

    strokes: list[list[Dot]]
    form: str


@dataclass
class Curves:
    """What is drawn in each character of the canvas, and by which curve (NOBODY where it is blank)."""

    characters: list[list[str]]
    owners: list[list[int]]


def draw(curves: Sequence[Curve], scale: Scale) -> Curves:
    """The curves on a canvas of scale.columns x scale.rows; later ones lie over earlier ones."""
    # Imported here: it takes 0.3 s, and the first paint of the app needs none of it.
    import plotext  # noqa: PLC0415

    figure = plotext.figure  # there is one in the whole process: cleared, drawn on and built in one go
    figure.clear()
    plotext.terminal.limit(False, False)
    figure.plot_size(scale.columns, scale.rows)
    figure.canvas("default")
    figure.axes(False)
    figure.legend(False)
    rulers = figure.ruler([0, 1], [0, 1])
    rulers.frequency(0)
    rulers.alignment(lim="edge")
    figure.ruler(0, 0).lim(0, scale.columns)
    figure.ruler(1, 0).lim(0, scale.rows)
    for number, curve in enumerate(curves):
        marker = plotext.marker(DOT if curve.form == DOTS else "braille", plotext.pixel(number))
        for stroke in curve.strokes:
            # Every dot is meant: the middle of a dot in units of characters is what plotext rounds to that dot.
            xs = [(column + 0.5) / DOTS_WIDE for column, _ in stroke]
            ys = [(row + 0.5) / DOTS_HIGH for _, row in stroke]
            figure.draw(figure.signal(xs, ys, marker=marker).lines(True))
    return _taken_apart(figure.build().string(), scale)


def _taken_apart(text: str, scale: Scale) -> Curves:
    characters = [[" "] * scale.columns for _ in range(scale.rows)]
    owners = [[NOBODY] * scale.columns for _ in range(scale.rows)]
    for row, line in enumerate(text.split("\n")[: scale.rows]):
        column, owner = 0, NOBODY
        for index, part in enumerate(_COLOR.split(line)):
            if index % 2:  # what the pattern caught: the colour from here on
                owner = int(part.removeprefix(_FOREGROUND)) if part.startswith(_FOREGROUND) else NOBODY
                continue
            for character in part[: scale.columns - column]:
                if character != " ":
                    characters[row][column] = character
                    owners[row][column] = owner
                column += 1
    return Curves(characters, owners)

"""The techniques of a forecast side by side."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import wrap

from textual.content import Content

from tui.core.quantity import GIB, MIB
from tui.forecast.model.comparison import Comparison
from tui.forecast.model.forecast import Forecast
from tui.forecast.model.interval import Interval
from tui.ui.lines import Lines

Digits = Callable[[float], str]

NEVER, NONE = "no end", "-"
CHOSEN, ADVISED = ">", "*"
LEGEND = f"{CHOSEN} chosen {ADVISED} advised"


@dataclass(frozen=True)
class Scale:
    """A unit of a column; it is `size` of the values' own units."""

    name: str
    size: float


TIMES = (Scale("ms", 0.001), Scale("s", 1.0), Scale("min", 60.0), Scale("h", 3600.0))
SIZES = (Scale("MiB", MIB), Scale("GiB", GIB))


class ForecastTable(Lines):
    """Will it end, total time, pause and sent memory of each technique, each with its interval."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Comparison | None, str] = (None, "")

    def show_comparison(self, comparison: Comparison | None, chosen: str) -> None:
        """Show a line for each technique, with marks of the chosen and the advised one."""
        self._shown = comparison, chosen
        self._show_table()

    def on_resize(self) -> None:
        super().on_resize()
        self._show_table()

    def _show_table(self) -> None:
        comparison, chosen = self._shown
        rows = table(comparison.forecasts, chosen, comparison.advised, self.size.width) if comparison else []
        if comparison:
            rows += no_post_copy(comparison.inputs.post_copy_refused, self.size.width)
        self.show(*(Content.styled(*row) for row in rows))


def table(forecasts: Sequence[Forecast], chosen: str, advised: str, width: int) -> list[tuple[str, str]]:
    """The header and a line for each forecast, with its style; gaps and digits are as wide as the width allows."""
    rows: list[str] = []
    for gap, digits in (("  ", _digits), (" ", _digits), (" ", _fewer_digits)):
        rows = _rows(forecasts, chosen, advised, gap, digits)
        if max(map(len, rows)) <= width:
            break
    styles = ["dim", *(_style(each.technique, chosen, advised) for each in forecasts)]
    return list(zip(rows, styles, strict=True))


def _rows(forecasts: Sequence[Forecast], chosen: str, advised: str, gap: str, digits: Digits) -> list[str]:
    columns = [
        [LEGEND, *(_marked(each.technique, chosen, advised) for each in forecasts)],
        ["ends", *map(ends, forecasts)],
        _column("total", [each.total_s for each in forecasts], TIMES, NEVER, digits),
        _column("pause", [each.downtime_s for each in forecasts], TIMES, NONE, digits),
        _column("sent", [each.sent for each in forecasts], SIZES, NONE, digits),
    ]
    widths = [max(map(len, column)) for column in columns]
    return [
        gap.join(text.ljust(wide) for text, wide in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]


def no_post_copy(refused: str, width: int) -> list[tuple[str, str]]:
    """In place of the lines of post-copy, why they are missing; it may take two lines."""
    return [(f"   {line}", "dim") for line in wrap(refused, max(20, width - 3), max_lines=2, placeholder=" ...")]


def ends(forecast: Forecast) -> str:
    """Whether the migration will end: yes or no, with a question mark where that is not sure."""
    return ("yes" if forecast.converges else "no") + ("" if forecast.sure else "?")


def _marked(technique: str, chosen: str, advised: str) -> str:
    marks = (CHOSEN if technique == chosen else " ") + (ADVISED if technique == advised else " ")
    return f"{marks} {technique}"


def _style(technique: str, chosen: str, advised: str) -> str:
    return " ".join(["bold"] * (technique == chosen) + ["$text-success"] * (technique == advised))


def _column(name: str, intervals: Sequence[Interval], units: Sequence[Scale], never: str, digits: Digits) -> list[str]:
    """The column with its unit: the largest in which the largest value is at least 2, and the least at least 0.1."""
    known = [each.likely for each in intervals if math.isfinite(each.likely)]
    least, most = min(known, default=0.0), max(known, default=0.0)
    fitting = (each for each in reversed(units) if most >= 2 * each.size and least >= 0.1 * each.size)
    unit = next(fitting, units[0])
    return [f"{name}, {unit.name}", *(_interval(each, unit.size, never, digits) for each in intervals)]


def _interval(interval: Interval, size: float, never: str, digits: Digits) -> str:
    """The likely value, and in brackets its bounds if they differ from it: "8.1 (7.2-10)"."""
    if math.isinf(interval.likely):
        return never
    likely = _digits(interval.likely / size)
    low, high = (digits(each / size) for each in (interval.low, interval.high))
    return likely if low == likely == high else f"{likely} ({low}-{high})"


def _digits(value: float) -> str:
    """Two digits, or all before the point."""
    if math.isinf(value):
        return "∞"
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.995 or value == 0 else f"{value:.2f}"


def _fewer_digits(value: float) -> str:
    """One digit of a value below 1."""
    return f"{value:.1f}" if 0.095 <= value < 0.995 else _digits(value)

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
    """The header and a line for each forecast, with its style; with wide gaps if the width allows it."""
    columns = [
        [LEGEND, *(_marked(each.technique, chosen, advised) for each in forecasts)],
        ["ends", *map(ends, forecasts)],
        _column("total", forecasts, lambda each: each.total_s, TIMES, NEVER),
        _column("pause", forecasts, lambda each: each.downtime_s, TIMES, NONE),
        _column("sent", forecasts, lambda each: each.sent, SIZES, NONE),
    ]
    widths = [max(map(len, column)) for column in columns]
    gap = "  " if sum(widths) + 2 * (len(widths) - 1) <= width else " "
    lines = [
        gap.join(text.ljust(wide) for text, wide in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]
    styles = ["dim", *(_style(each.technique, chosen, advised) for each in forecasts)]
    return list(zip(lines, styles, strict=True))


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


def _column(
    name: str, forecasts: Sequence[Forecast], value: Callable[[Forecast], Interval], units: Sequence[Scale], never: str
) -> list[str]:
    """The column with its unit: the largest in which the largest value is at least 2, and the least at least 0.1."""
    intervals = [value(each) for each in forecasts]
    known = [each.likely for each in intervals if math.isfinite(each.likely)]
    least, most = min(known, default=0.0), max(known, default=0.0)
    fitting = (each for each in reversed(units) if most >= 2 * each.size and least >= 0.1 * each.size)
    unit = next(fitting, units[0])
    return [f"{name}, {unit.name}", *(_interval(each, unit.size, never) for each in intervals)]


def _interval(interval: Interval, size: float, never: str) -> str:
    """The likely value, and in brackets its bounds if they differ from it: "8.1 (7.2-10)"."""
    if math.isinf(interval.likely):
        return never
    low, likely, high = (_digits(each / size) for each in (interval.low, interval.likely, interval.high))
    return likely if low == likely == high else f"{likely} ({low}-{high})"


def _digits(value: float) -> str:
    """Two digits, or all before the point."""
    if math.isinf(value):
        return "∞"
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.995 or value == 0 else f"{value:.2f}"

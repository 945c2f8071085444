"""A curve in one line of text: a bar of eighths for each value."""

from collections.abc import Sequence

from tui.ui.chart.paper import EIGHTHS


def spark(values: Sequence[float], highest: float = 0.0) -> str:
    """A bar for each value, up to the highest of them or `highest`; a value above zero has at least an eighth."""
    top = max([*values, highest])
    return "".join(EIGHTHS[max(1, round(8 * max(0.0, value) / top))] if value > 0 else " " for value in values)


def resampled(xs: Sequence[float], ys: Sequence[float], columns: int) -> list[float]:
    """The curve's last value in each of so many equal parts of its time."""
    if not xs or columns < 1:
        return []
    begin, each, found, index = xs[0], (xs[-1] - xs[0]) / columns, list[float](), 0
    for column in range(columns):
        while index + 1 < len(xs) and xs[index + 1] <= begin + each * (column + 1):
            index += 1
        found.append(ys[index])
    return found

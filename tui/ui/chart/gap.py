"""The room between an area and another curve, filled by which of them is higher; the dots of the curve show it, too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tui.ui.chart.area import column_values
from tui.ui.chart.curves import DOT
from tui.ui.chart.paper import AREA_HIGHER, EIGHTHS, FULL, ON_AREA, OTHER_HIGHER, SERIES, Paper, one_cell_each
from tui.ui.chart.picture import AREA, Picture
from tui.ui.chart.scale import Scale

FILLS = {AREA_HIGHER: "▓", OTHER_HIGHER: "╱"}
HIGHER_DOT = "▲"  # in place of DOT where the curve is higher


@dataclass(frozen=True)
class Between:
    """The values of the area and of the other curve in the columns with both; `other` is its number in the picture."""

    other: int
    values: dict[int, tuple[float, float]]

    @classmethod
    def of(cls, picture: Picture, areas: Mapping[int, Sequence[float | None]], scale: Scale) -> "Between":
        """That of the first area and the first other curve; empty if the picture has no gap.

        `areas` are the values of each column, by the numbers of the areas.
        """
        pair = _curves(picture)
        if pair is None:
            return cls(0, {})
        other = picture.series[pair[1]]
        both = enumerate(zip(areas[pair[0]], column_values(other.xs, other.ys, scale), strict=True))
        return cls(pair[1], {at: (filled, y) for at, (filled, y) in both if filled is not None and y is not None})

    def fill(self, paper: Paper, scale: Scale, left: int) -> None:
        """Fill the rows between the area, which is drawn, and the row of the other curve."""
        for column, (filled, value) in self.values.items():
            row, at = 1 + scale.row(value), left + column
            if filled < value:
                for below in range(row + 1, scale.rows + 1):
                    if paper.text[below][at] == " ":
                        paper.put(at, below, FILLS[OTHER_HIGHER], OTHER_HIGHER)
                continue
            for above in range(1, row):
                if paper.text[above][at] == FULL:
                    paper.put(at, above, FILLS[AREA_HIGHER], AREA_HIGHER)
                elif paper.text[above][at] != " ":  # a part of a cell
                    paper.inks[above][at] = AREA_HIGHER

    def mark(self, paper: Paper, scale: Scale, left: int) -> None:
        """Put each dot of the other curve inside the area or above it, as the values are: rows are too coarse."""
        ink = SERIES + self.other
        for column, (filled, value) in self.values.items():
            at, (full, rest) = left + column, divmod(scale.eighths(filled), 8)
            highest = 1 + scale.rows - full  # the highest row that the area fills
            for row in range(1, scale.rows + 1):
                if paper.text[row][at] != DOT or paper.inks[row][at] & ~ON_AREA != ink:
                    continue
                if filled < value:
                    paper.put(at, row, HIGHER_DOT, ink)
                elif row < highest:
                    if full:
                        paper.put(at, row, EIGHTHS[rest] if row == highest - 1 else " ", AREA_HIGHER)
                    paper.put(at, min(highest, scale.rows), DOT, ink | ON_AREA)


def meanings(picture: Picture) -> Iterator[tuple[str, int, str]]:
    """Swatch, ink and meaning of each part of the gap."""
    if picture.gap is not None and _curves(picture) is not None:
        yield 2 * FILLS[AREA_HIGHER], AREA_HIGHER, one_cell_each(picture.gap.area)
        yield f"{HIGHER_DOT}{FILLS[OTHER_HIGHER]}", OTHER_HIGHER, one_cell_each(picture.gap.other)


def _curves(picture: Picture) -> tuple[int, int] | None:
    """The numbers of the area and of the other curve between which the gap is, if both have values."""
    known = [(at, each) for at, each in enumerate(picture.series) if any(y is not None for y in each.ys)]
    area = next((at for at, each in known if each.form == AREA), None)
    other = next((at for at, each in known if each.form != AREA), None)
    return None if picture.gap is None or area is None or other is None else (area, other)

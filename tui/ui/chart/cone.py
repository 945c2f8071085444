"""What is expected after now, between its lowest and its highest course: stippled, so that it differs from an area."""

from tui.ui.chart.area import column_values
from tui.ui.chart.paper import AHEAD, LABEL, Paper
from tui.ui.chart.picture import Cone, Series
from tui.ui.chart.scale import DOTS_HIGH, DOTS_WIDE, Scale, cut

NOW, NOW_LINE = "now", "┊"
BRAILLE = 0x2800
DOTS = ((0x40, 0x80), (0x04, 0x20), (0x02, 0x10), (0x01, 0x08))  # of a character, from its bottom row


def draw_cone(paper: Paper, cone: Cone, scale: Scale, left: int) -> None:
    """Draw it in blank cells, and the line of now where nothing else is."""
    if not cone.edges:
        return
    fine = Scale(scale.span, scale.top, scale.columns * DOTS_WIDE, scale.rows, scale.begin, scale.floor)
    xs = tuple(x for x, _, _ in cone.edges)
    most = cut(Series("", xs, tuple(high for _, _, high in cone.edges)), scale)
    least = cut(Series("", xs, tuple(-low for _, low, _ in cone.edges)), scale)
    highest, lowest = column_values(most.xs, most.ys, fine), column_values(least.xs, least.ys, fine)
    now = scale.column(cone.edges[0][0])
    cells: dict[tuple[int, int], int] = {}
    for column, (high, low) in enumerate(zip(highest, lowest, strict=True)):
        if high is None or low is None or column // DOTS_WIDE <= now:
            continue
        top = scale.dot_row(high)
        for dot in range(scale.dot_row(-low), top + 1):
            if dot == top or (dot + column) % 2 == 0:
                cell = column // DOTS_WIDE, scale.rows - dot // DOTS_HIGH
                cells[cell] = cells.get(cell, 0) | DOTS[dot % DOTS_HIGH][column % DOTS_WIDE]
    for (column, row), dots in cells.items():
        paper.fill(left + column, row, chr(BRAILLE + dots), AHEAD)
    if scale.shows(cone.edges[0][0]):
        for row in range(1, scale.rows + 1):
            paper.fill(left + now, row, NOW_LINE, LABEL)
        paper.write_blank(left + now + 1, 1, NOW, LABEL)

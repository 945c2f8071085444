"""The matrix of all ways between hosts, one of them under the cursor."""

from collections.abc import Collection, Mapping, Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tui.checklist.model.check import FAILED, OK, UNKNOWN, WARNING
from tui.checklist.model.summary import OLD, SIGNS
from tui.hosts.model.matrix import Cell, Pair
from tui.ui.lines import Lines

STYLES = {OK: "$success", WARNING: "bold $warning", FAILED: "bold $error", UNKNOWN: "bold $warning"}
WIDEST_NAME = 20
COLUMN = 4
UNREAD, READING = ".", "~>"
LEGEND = {
    SIGNS[OK]: "can", SIGNS[WARNING]: "may", SIGNS[FAILED]: "can't", SIGNS[UNKNOWN]: "unknown", OLD: "not current",
    UNREAD: "not read",
}  # fmt: skip


class MatrixGrid(Lines):
    """A line for each host that a VM leaves, a column for each one that it goes to; shows the part with the cursor."""

    def __init__(self, hosts: Sequence[str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hosts = hosts
        self.at = (0, min(1, len(hosts) - 1))  # line and column under the cursor

    def get_content_height(self, container: object, viewport: object, width: int) -> int:  # noqa: ARG002
        """Its own height, because it fits itself to that."""
        return self.size.height

    @property
    def pair(self) -> Pair:
        """The way under the cursor; the same host twice on the diagonal."""
        return self._hosts[self.at[0]], self._hosts[self.at[1]]

    def move(self, down: int, right: int) -> None:
        """Move the cursor, at most to the ends."""
        last = len(self._hosts) - 1
        self.at = max(0, min(last, self.at[0] + down)), max(0, min(last, self.at[1] + right))

    def show_cells(self, cells: Mapping[Pair, Cell], under_way: Collection[Pair], silent: Collection[str]) -> None:
        """Draw the cells; those of before this start, and of hosts that do not answer now, are grey."""
        width, height = self.size.width, self.size.height
        if not width or not height:
            return
        names = [f"{number:>3} {name}" for number, name in enumerate(self._hosts, 1)]
        wide = min(WIDEST_NAME + 4, max(map(cell_len, names)))
        count = len(self._hosts)
        columns = _window(count, (width - wide - 4) // COLUMN, self.at[1])
        rows = _window(count, height - 1, self.at[0])
        corner = f" {rows.start + 1}-{rows.stop} of {count}" if len(rows) < count else ""
        numbers = "".join(f"{number + 1:>{COLUMN}}" for number in columns)
        before, after = "…" * bool(columns.start), " …" * (columns.stop < count)
        lines = [Content.styled(f"{set_cell_size(corner, wide + 2)}{before:>1}{numbers[1:]}{after}", "dim")]
        for row in rows:
            style = "bold $accent" if row == self.at[0] else ""
            line = [Content.styled(f" {set_cell_size(names[row], wide)} ", style)]
            for column in columns:
                pair = self._hosts[row], self._hosts[column]
                sign, style = _cell(pair, cells.get(pair), pair in under_way, not silent or {*pair}.isdisjoint(silent))
                line.append(
                    Content.styled(f"{sign:>{COLUMN}}", f"{style} reverse" if (row, column) == self.at else style)
                )
            lines.append(Content.assemble(*line))
        self.show(*lines)


def legend_lines(width: int) -> list[Content]:
    """What each sign means, on as many lines as needed."""
    lines = [""]
    for sign, meaning in LEGEND.items():
        entry = f" {sign} {meaning}"
        if lines[-1] and len(lines[-1]) + 2 + len(entry) > width:
            lines.append(entry)
        else:
            lines[-1] += f"  {entry}" if lines[-1] else entry
    return [Content.styled(line, "dim") for line in lines]


def _window(count: int, room: int, at: int) -> range:
    """The part of so many that fits and has the cursor."""
    room = max(1, min(room, count))
    first = max(0, min(at - room // 2, count - room))
    return range(first, first + room)


def _cell(pair: Pair, found: Cell | None, reading: bool, current: bool) -> tuple[str, str]:
    """The sign of a way, and its style."""
    if pair[0] == pair[1]:
        return "", "dim"
    if found is None:
        return (READING if reading else UNREAD), "dim"
    if found.old:
        return SIGNS[found.state], "dim"
    return (SIGNS[found.state], STYLES[found.state]) if current else (OLD, "dim")

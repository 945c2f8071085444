"""The recorded runs as a table that fills the width, and its header."""

from collections.abc import Sequence, Set
from pathlib import Path

from rich.cells import cell_len
from textual import events
from textual.content import Content, Span
from textual.message import Message

from tui.checklist.widgets.item_lines import cut, one_line
from tui.runs.model.run import Run
from tui.runs.model.table import UNKNOWN, Column
from tui.runs.model.view import BEGAN, BY_NAME, USUAL_VIEW, View
from tui.runs.widgets.words import STYLES, local_time
from tui.ui.lines import Lines

GAP = 2  # before each column; its second cell has the arrow of the order
FIRST = 7  # columns that are shown even if nothing is known in them, and for which texts are cut
LEAST, LOOSEST = 6, 4  # columns that the first two get at least; what a column gets at most beyond its widest cell
MOST = {"vm": 24, "workload": 14, "technique": 30, "outcome": 10, "tags": 24, "note": 60}  # columns of a text
MOST |= {"excluded": 40, "problem": 40, "folder": 40, "cell": 40}
# Texts that are cut to fit, and to how many columns; others are left out.
CUT_TO = {"vm": 12, "technique": 12, "tags": 6, "note": 16, "excluded": 16, "problem": 16, "folder": 16, "cell": 16}
# The usual columns, the most important first: what does not fit any more is left out, from the end.
RANK = (
    "began", "outcome", "vm", "technique", "total", "downtime", "workload", "sent", "network", "guest", "passes",
    "faults", "marks", "tags", "to", "note", "from", "qemu", "libvirt",
)  # fmt: skip


class RunTable:
    """The lines of some runs at a width.

    Columns that do not fit are in further parts, of which one is shown; each part has the first column.
    """

    def __init__(self, runs: Sequence[Run], width: int, view: View = USUAL_VIEW, part: int = 0) -> None:
        self.runs = runs
        self._view = view
        self._cells = {name: [_cell(BY_NAME[name], run, width) for run in runs] for name in view.names}
        parts = _parts({name: self._natural(name) for name in view.columns or self._filled()}, width)
        self.parts = len(parts)
        self.part = min(part, len(parts) - 1)
        self._widths = parts[self.part]
        self.columns = tuple(name for name in view.names if name in self._widths)
        self.hidden = len(set().union(*parts)) - len(self.columns)

    @property
    def header(self) -> Content:
        """The names of the columns; the one of the order has an arrow."""
        parts = []
        for name in self.columns:
            arrow = ("↓" if self._view.reverse else "↑") if name == self._view.sort else " "
            parts.append(f" {_aligned(arrow + title(name), self._widths[name] + 1, right=BY_NAME[name].right)}")
        return Content.styled("".join(parts), "bold")

    def line(self, number: int, marked: Set[Path] = frozenset()) -> Content:
        """One run; unknown values are dashes, a marked run has a star."""
        run = self.runs[number]
        text, spans = "", [Span(0, 1, "bold $accent")]
        for name in self.columns:
            cell = _aligned(self._cells[name][number] or UNKNOWN, self._widths[name], right=BY_NAME[name].right)
            star = "*" if not text and run.folder in marked else " "
            style = STYLES.get(run.outcome, "") if name == "outcome" else "dim" if run.annotation.excluded else ""
            text += f"{star} "
            spans += [Span(len(text), len(text) + len(cell), style)] if style else []
            text += cell
        return Content(text, spans)

    def column_at(self, x: int) -> str:
        """The name of the column at this cell of the header; empty if there is none."""
        end = 0
        for name in self.columns:
            end += GAP + self._widths[name]
            if x < end:
                return name
        return ""

    def _filled(self) -> list[str]:
        """The columns in which something is known, and those that are always shown."""
        return [name for name in RANK if name in RANK[:FIRST] or any(self._cells[name])]

    def _natural(self, name: str) -> int:
        widest = max(map(cell_len, self._cells[name]), default=0)
        return max(len(title(name)), min(widest, MOST.get(name, widest)))


class Header(Lines):
    """The names of the columns; a click on one posts where it was."""

    class Clicked(Message):
        """A click at this cell."""

        def __init__(self, x: int) -> None:
            super().__init__()
            self.x = x

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Clicked(event.x))


def _parts(natural: dict[str, int], width: int) -> list[dict[str, int]]:
    """The widths of the columns in parts that each fit; the first column is in all of them."""
    first, parts = next(iter(natural)), list[dict[str, int]]()
    left = natural
    while not parts or len(left) > 1:
        parts.append(_widths(left, width))
        left = {name: wanted for name, wanted in left.items() if name == first or name not in parts[-1]}
    return parts


def _widths(natural: dict[str, int], width: int) -> dict[str, int]:
    """The widths of the columns that fit, in their order, at least of two; they fill the width."""
    room, widths = width, dict[str, int]()
    for number, (name, wanted) in enumerate(natural.items()):
        if number == FIRST:  # texts are cut for the first columns, not for further ones
            room = _widened(widths, natural, room)
        least = min(wanted, CUT_TO.get(name, wanted))
        if room < GAP + least and len(widths) > 1:
            break
        widths[name] = min(least, max(LEAST, room - GAP))
        room -= GAP + widths[name]
    room = _widened(widths, natural, room)
    more = min(LOOSEST, max(0, room) // len(widths))
    return {name: each + more for name, each in widths.items()}


def _widened(widths: dict[str, int], natural: dict[str, int], room: int) -> int:
    """Widen the columns that were cut as far as there is room; the rest of the room."""
    for name, each in widths.items():
        widths[name] = max(each, min(natural[name], each + room))
        room -= widths[name] - each
    return room


def _cell(column: Column, run: Run, width: int) -> str:
    if column is BEGAN:
        return local_time(run.began, width)
    if column.name == "vm":
        return one_line(run.vm or run.folder.name)
    return column.cell(run)


def title(name: str) -> str:
    """The title of a column, with its unit."""
    return "time" if name == BEGAN.name else "VM" if name == "vm" else BY_NAME[name].title


def _aligned(text: str, width: int, *, right: bool) -> str:
    """Exactly `width` columns."""
    return " " * (width - cell_len(text)) + text if right and cell_len(text) <= width else cut(text, width)

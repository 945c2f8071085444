"""The recorded runs as a table that fills the width, the lines about one of them, and the bar of its replay."""

from collections.abc import Sequence, Set
from datetime import datetime
from pathlib import Path

from rich.cells import cell_len
from textual import events
from textual.content import Content, Span
from textual.message import Message

from tui.checklist.widgets.item_lines import cut, one_line
from tui.core.plain_text import plain
from tui.core.plan import technique_words
from tui.migration.model.ending.outcome import home
from tui.runs.model.replay import Playhead, time_text
from tui.runs.model.run import BROKEN, UNDER_WAY, UNFINISHED, Run
from tui.runs.model.table import UNKNOWN, Column
from tui.runs.model.view import BEGAN, BY_NAME, USUAL_VIEW, View
from tui.ui.lines import Lines

NARROW = 100  # columns below which the year and the seconds are omitted
STYLES = {
    "completed": "$success",
    "failed": "$error",
    "cancelled": "$warning",
    "lost": "$warning",
    UNDER_WAY: "$accent",
    UNFINISHED: "$warning",
    BROKEN: "$error",
}
PASS_CELLS = 3  # of the line of a replay, at least, for each mark of a pass
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


class ReplayBar(Lines):
    """The state of a replay, and its position on the run; a click on the line posts the moment there."""

    DEFAULT_CSS = """
    ReplayBar { height: auto; min-height: 2; }
    ReplayBar.small { height: 1; min-height: 1; }
    """

    class Clicked(Message):
        """A click at this moment, in seconds since the start of the run."""

        def __init__(self, at: float) -> None:
            super().__init__()
            self.at = at

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._head: Playhead | None = None

    def show_head(self, head: Playhead, event: str) -> None:
        """Show the position, and the newest event."""
        self._head = head
        state = "playing" if head.playing else "end" if head.at >= head.track.ends else "paused"
        times = f"{time_text(head.at)} of {time_text(head.track.ends)}"
        first = Content.assemble(f" {state:<7} {head.speed}x  ", (times, "bold"), "  ", (one_line(event), "dim"))
        self.show(first, replay_line(head, self.size.width))

    def on_click(self, event: events.Click) -> None:
        if self._head is not None and event.y == 1:
            share = (event.x - 1) / max(1, self.size.width - 3)
            self.post_message(self.Clicked(share * self._head.track.ends))


def replay_line(head: Playhead, width: int) -> Content:
    """The run as a line: | where a pass began, S where the VM was switched over, o where the replay stands."""
    track, last = head.track, max(1, width - 3)  # the index of the last cell

    def cell(at: float) -> int:
        return min(last, round(at / track.ends * last)) if track.ends else 0

    at = cell(head.at)
    cells = ["━"] * at + ["─"] * (last + 1 - at)
    step = -(-len(track.passes) * PASS_CELLS // last)  # every nth pass, if there are many
    for moment in track.passes[:: max(1, step)]:
        cells[cell(moment)] = "|"
    if track.switch is not None:
        cells[cell(track.switch)] = "S"
    before, after = "".join(cells[:at]), "".join(cells[at + 1 :])
    return Content.assemble(" ", (before, "$accent"), ("o", "bold reverse"), (after, "dim"))


def about_lines(run: Run, width: int) -> tuple[Content, ...]:
    """Below the table: the folder of the chosen run, its note, why it is excluded, and its problems."""
    note, style = run.annotation, STYLES.get(run.outcome, "")
    excluded = f"Left out of statistics: {note.excluded}" if note.excluded else ""
    texts = [(home(run.folder), ""), (run.problem, style), (note.problem, "$warning")]
    texts += [(one_line(note.note), ""), (one_line(excluded), "$warning"), (one_line(run.imported), "dim")]
    parts = [Content.styled(plain(text), style) for text, style in texts if text]
    return tuple(Content.assemble(" ", line) for part in parts for line in part.wrap(max(10, width - 2)))


def heading(run: Run) -> Content:
    """The VM, its direction, the technique, the workload and the time, in one line."""
    how = " ".join([technique_words(run.technique), *run.options.changes])
    words = [run.way, how, f"workload {run.workload}" if run.workload else "", _time(run.began, NARROW) or UNKNOWN]
    name, rest = one_line(run.vm or run.folder.name), "   ".join(one_line(word) for word in words if word)
    return Content.assemble(" ", (name, "bold"), "  ", rest)


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
        return _time(run.began, width)
    if column.name == "vm":
        return one_line(run.vm or run.folder.name)
    return column.cell(run)


def title(name: str) -> str:
    """The title of a column, with its unit."""
    return "time" if name == BEGAN.name else "VM" if name == "vm" else BY_NAME[name].title


def _aligned(text: str, width: int, *, right: bool) -> str:
    """Exactly `width` columns."""
    return " " * (width - cell_len(text)) + text if right and cell_len(text) <= width else cut(text, width)


def _time(began: datetime | None, width: int) -> str:
    """Local time; empty if unknown."""
    pattern = "%m-%d %H:%M" if width < NARROW else "%Y-%m-%d %H:%M:%S"
    return began.astimezone().strftime(pattern) if began else ""

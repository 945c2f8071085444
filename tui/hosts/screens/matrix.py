"""The matrix: who can move VMs to whom, read on a key for one way or for all, with the reasons of a cell."""

import time
from collections.abc import Collection
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from tui.checklist.model.summary import SIGNS, WORDS
from tui.checklist.widgets.item_lines import wrapped
from tui.core.failure import Failure
from tui.hosts.backend.matrix import Matrix
from tui.hosts.model.matrix import Cell, Pair
from tui.hosts.widgets.grid import STYLES, MatrixGrid, legend_lines
from tui.ui.dialog import Dialog
from tui.ui.lines import Lines, shortened
from tui.ui.page import Page
from tui.ui.report import Report
from tui.ui.waiting import waiting

TITLE = "Who can move VMs to whom: from the host of the line to that of the column"
SHORT_TITLE = "From the line's host to the column's:"
LOW = 18  # rows of the page below which the short title stands alone
READ, READ_ALL, REASONS, STOP = "read", "read_all", "reasons", "back"


class MatrixPage(Page):
    """All ways between the hosts; nothing is read without a key."""

    page = "hosts"
    CSS_PATH = "matrix.tcss"
    HELP = (
        "Who can move VMs to whom: a line for each host that a VM leaves, a column for each one that it goes to. A "
        "cell is read by r, all of them by a: root's ssh, ports, versions, CPU, machine types, the folder of images. "
        "It is kept with its age until it is read again, also over restarts: grey ones are of before this start. Enter "
        "shows its reasons."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1,0)", "up", show=False),
        Binding("down", "move(1,0)", "down", show=False),
        Binding("left", "move(0,-1)", "left", show=False),
        Binding("right", "move(0,1)", "right", show=False),
        Binding("home", "move(-1000,0)", "first", show=False),
        Binding("end", "move(1000,0)", "last", show=False),
        Binding("enter", REASONS, "reasons", tooltip="Why a VM can, or can't, go this way", id="matrix.reasons"),
        Binding("r", READ, "read it", tooltip="Read the way under the cursor", id="matrix.read"),
        Binding("a", READ_ALL, "read all", tooltip="Read all ways; every host is read once", id="matrix.read-all"),
        Binding("escape,backspace", STOP, "back", key_display="esc", tooltip="End the reading, else go back",
                id="matrix.back"),
    ]  # fmt: skip

    def __init__(self, matrix: Matrix, silent: Collection[str] = ()) -> None:
        super().__init__()
        self._matrix = matrix
        self._silent = silent  # hosts that did not answer when the page was opened
        self._began: float | None = None
        self._head, self._legend = Lines(id="head"), Lines(id="legend")
        self._grid, self._line = MatrixGrid(matrix.hosts, id="grid"), Lines(id="line")
        self._report = Report(self.with_keys, id="report")

    def body(self) -> ComposeResult:
        yield self._head
        yield self._grid
        yield self._line
        yield self._legend
        yield self._report

    def on_mount(self) -> None:
        self.every_second(self._tick)
        self._recall()

    @work(name="recall", group="recall")
    async def _recall(self) -> None:
        """Show what was read before this start."""
        await self._matrix.recall()
        self._show()

    def on_screen_resume(self) -> None:
        self._show()

    def on_resize(self) -> None:
        low, width = self.size.height < LOW, self.size.width
        self.set_class(low, "low")
        self._head.show(*_wrapped(Content(SHORT_TITLE if low else TITLE), width))
        self._legend.show(*legend_lines(width))
        self.call_after_refresh(self._show)

    def _tick(self) -> None:
        if self._began is not None and self.is_current:
            self._show()

    def _show(self) -> None:
        if not self._grid.is_attached:
            return
        matrix, pair = self._matrix, self._grid.pair
        self._grid.show_cells(matrix.cells, matrix.under_way, self._silent)
        found, text = matrix.cells.get(pair), f"{pair[0]} -> {pair[1]}"
        if pair[0] == pair[1]:
            line = Content(pair[0])
        elif found is None:
            line = Content(f"{text}: {'is being read' if pair in matrix.under_way else 'not read'}")
        else:
            why = found.bad[0] if found.bad else None
            more = f"  {why.what}: {why.finding.found}" if why else ""
            words = (found.words, STYLES[found.state])
            line = Content.assemble(words, (f", read {found.age(time.monotonic())}", "dim"), more)
        lines, width = _wrapped(line, self.size.width), self.size.width
        if self._began is not None:
            wait = waiting(time.monotonic() - self._began, matrix.waits_for())
            lines = [*shortened(lines, 1, width), Content(f" {wait}")]
        self._line.show(*lines)
        self.refresh_bindings()

    # -- keys --

    def why_not(self, action: str) -> str:
        pair = self._grid.pair
        if action in (READ, REASONS) and pair[0] == pair[1]:
            return "A VM cannot move to its own host."
        if action in (READ, READ_ALL) and self._began is not None:
            return "The hosts are being read."
        if action == REASONS and pair not in self._matrix.cells:
            return "This way has not been read yet."
        return ""

    def action_move(self, down: int, right: int) -> None:
        """Move the cursor."""
        self._grid.move(down, right)
        self._show()

    def action_read(self) -> None:
        """Read the way under the cursor."""
        self._read((self._grid.pair,))

    def action_read_all(self) -> None:
        """Read all ways."""
        self._read(self._matrix.pairs(self._matrix.hosts))

    @work(name="matrix", group="matrix", exclusive=True)
    async def _read(self, pairs: tuple[Pair, ...]) -> None:
        self._began = time.monotonic()
        self._report.end("")
        self._show()
        try:
            async for _ in self._matrix.read(pairs):
                self._show()
        except Failure as failure:
            self._report.fail(failure)
        finally:
            self._began = None
            self._show()

    def action_back(self) -> None:
        """End the reading; without one, return to the hosts."""
        if self._began is not None:
            self.workers.cancel_group(self, "matrix")
        else:
            self.dismiss()

    def action_reasons(self) -> None:
        """Show the reasons of the cell under the cursor."""
        found = self._matrix.cells.get(self._grid.pair)
        if found is not None:
            self.app.push_screen(Reasons(found))


class Reasons(Dialog[None]):
    """The reasons of one cell; the arrow keys scroll them."""

    BINDINGS = [Binding("escape,enter,space,q", "close", "close", key_display="esc", priority=True)]
    scrolls = True

    def __init__(self, found: Cell) -> None:
        super().__init__(f"{found.words}, read {found.age(time.monotonic())}")
        self._found = found

    def body(self) -> ComposeResult:
        """The text, which `on_resize` fills in."""
        yield Static(id="about")

    def on_resize(self) -> None:
        width = max(24, min(self.app.size.width, 76)) - 5  # the frame, its padding, the scroll bar
        lines = []
        for reason in self._found.reasons:
            state = reason.finding.state
            lines.append(Content.styled(f"{SIGNS[state]} {WORDS[state]}  {reason.what}", STYLES.get(state, "dim")))
            lines += wrapped(("", reason.finding.found, ""), width, 4)
            lines += wrapped(("", reason.finding.hint, "bold"), width, 4) if reason.finding.hint else ()
        self.query_one("#about", Static).update(Content("\n").join(lines))


def _wrapped(text: Content, width: int) -> list[Content]:
    """The text as lines, indented by one column."""
    return [Content.assemble(" ", line) for line in text.wrap(max(10, width - 1))]

"""The blocks of the Launch page: the list of VMs, and the chosen one below it, or beside it on a wide terminal."""

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.launch.widgets.curves import VmCurves
from tui.launch.widgets.vm_list import USE_FROM, VmList
from tui.ui.beside import has_room_beside
from tui.ui.lines import Lines
from tui.ui.page import Page
from tui.ui.report import Report

OTHER_LINES = 19  # of the page without the list, at 80x24
OTHERS_BESIDE = 7  # tabs, keys, two titles with their margins, and the number of VMs that do not fit
CURVES_FROM = 40  # rows from which the chosen VM has charts
LEAST_ROWS, LEAST_EVENTS, MOST_EVENTS = 3, 3, 12  # lines


class LaunchLayout(Page):
    """Base of the Launch page; a wide terminal also has the events."""

    CSS_PATH = "page.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._list_heading = Lines(id="list-heading", classes="heading")
        self._list, self._vm_heading = VmList(id="vms"), Lines(id="vm-heading", classes="heading")
        self._vm_lines, self._workload_lines = Lines(id="vm"), Lines(id="workload")
        self._curves = VmCurves(id="curves")
        self._report, self._event_lines = Report(self.with_keys, id="report"), Lines(id="events")

    def body(self) -> ComposeResult:
        with VerticalScroll(can_focus=False, id="both"):
            with Vertical(id="all"):
                yield self._list_heading
                yield self._list
                yield Static(Content(" Events, the newest first"), id="events-heading", classes="heading")
                yield self._event_lines
            with VerticalScroll(can_focus=False, id="one"):
                yield self._vm_heading
                yield self._vm_lines
                yield Static(Content(" Workload in its guest"), classes="heading")
                yield self._workload_lines
                yield self._report
                yield self._curves

    def on_resize(self) -> None:
        self.set_class(has_room_beside(self.size), "wide")
        self.set_class(self._beside and self.size.height >= CURVES_FROM, "high")
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        """Update the page."""
        raise NotImplementedError

    @property
    def _beside(self) -> bool:
        return self.has_class("wide")

    @property
    def _has_curves(self) -> bool:
        return self.has_class("high")

    @property
    def _shows_use(self) -> bool:
        """Whether there is room for what the VMs use of their hosts."""
        return self._beside or self._vm_lines.size.width >= USE_FROM

    @property
    def _most_events(self) -> int:
        return max(LEAST_EVENTS, self.size.height - OTHERS_BESIDE - self._list.line_count)

    @property
    def _most_rows(self) -> int:
        """How many VMs are listed."""
        if self._beside:
            return max(LEAST_ROWS, self.size.height - OTHERS_BESIDE - min(MOST_EVENTS, self.size.height // 4))
        return max(LEAST_ROWS, self.size.height - OTHER_LINES - self._shows_use)

    def action_scroll(self, step: int) -> None:
        """Scroll by a page: what is about the chosen VM, or the whole page."""
        box = self.query_one("#one" if self._beside else "#both", VerticalScroll)
        box.scroll_relative(y=step * max(1, box.size.height - 2), animate=False)

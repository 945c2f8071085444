"""The Runs page: the recorded migrations, the newest first; Enter opens one."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.core.failure import Failure
from tui.runs.backend.runs import Runs
from tui.runs.model.run import Run
from tui.runs.screens.run import RunPage
from tui.runs.widgets import about_lines, header, run_line
from tui.ui.error_report import WATCH
from tui.ui.lines import Lines
from tui.ui.page import Page

AGAIN_AFTER_S = 5.0


class RunList(OptionList):
    """A list whose Enter is in the line of keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "open", key_display="enter", tooltip="Open the chosen run", id="runs.open"),
    ]


class RunsPage(Page):
    """The table of runs, and the lines about the chosen one."""

    page = "runs"
    CSS_PATH = "page.tcss"
    HELP = (
        "Each migration is recorded: its raw log, the same statistics as text of virsh domjobinfo, and a summary. If a "
        "run has no end or can't be read, the reason is below the table."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "read", "read again", tooltip="List the runs again now", id="runs.read"),
    ]

    def __init__(self, runs: Runs) -> None:
        super().__init__()
        self._room = runs
        self._runs: Sequence[Run] | None = None
        self._again = asyncio.Event()
        self._columns, self._about = Lines(id="columns"), Lines(id="about")
        self._table = RunList(id="list", compact=True, markup=False)

    def body(self) -> ComposeResult:
        yield self._columns
        yield self._table
        yield self._about

    def on_screen_resume(self) -> None:
        self._watch()

    def on_screen_suspend(self) -> None:
        self.workers.cancel_group(self, WATCH)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show, self._runs, redraw=True)

    @work(group=WATCH, exclusive=True)
    async def _watch(self) -> None:
        """List the runs again and again while the page is shown, because one may be under way."""
        while True:
            self._again.clear()
            try:
                self._show(await self._room.list())
            except Failure as failure:
                self._show(())
                self._show_text(str(failure), "bold $error")
            try:
                await asyncio.wait_for(self._again.wait(), AGAIN_AFTER_S)
            except asyncio.TimeoutError:
                continue

    @property
    def _width(self) -> int:
        return self.size.width - 1  # the last column is kept for the scroll bar

    def _show(self, runs: Sequence[Run] | None, *, redraw: bool = False) -> None:
        """Update the table; unchanged lines are not repainted, and the chosen run stays chosen."""
        if runs is None or (runs == self._runs and not redraw):
            return
        before = self._runs
        chosen = self._chosen()
        self._runs = runs
        if before is None or redraw or [run.folder for run in before] != [run.folder for run in runs]:
            self._table.clear_options()
            self._table.add_options([Option(run_line(run, self._width)) for run in runs])
            self._columns.show(header(self._width))
            index = next((n for n, run in enumerate(runs) if chosen and run.folder == chosen.folder), 0)
            self._table.highlighted = index if runs else None
        else:
            for number, (old, new) in enumerate(zip(before, runs, strict=True)):
                if old != new:
                    self._table.replace_option_prompt_at_index(number, run_line(new, self._width))
        self._show_chosen()

    def _chosen(self) -> Run | None:
        index = self._table.highlighted
        return self._runs[index] if self._runs and index is not None and index < len(self._runs) else None

    def _show_chosen(self) -> None:
        run = self._chosen()
        if run is not None:
            self._about.show(*about_lines(run, self.size.width))
        elif self._runs is not None:
            self._show_text(f"Nothing has been recorded in {self._room.folder} yet. The Migrate page starts one.")

    def _show_text(self, text: str, style: str = "") -> None:
        lines = Content.styled(text, style).wrap(max(10, self.size.width - 2))
        self._about.show(*(Content.assemble(" ", line) for line in lines))

    def on_option_list_option_highlighted(self) -> None:
        self._show_chosen()

    def on_option_list_option_selected(self) -> None:
        run = self._chosen()
        if run is not None:
            self.app.push_screen(RunPage(self._room, run))

    def action_read(self) -> None:
        """List the runs again now."""
        self._again.set()

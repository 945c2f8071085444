"""The layout of the Runs page: the table, and on a wide terminal a preview of the run under the cursor beside it."""

import asyncio
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import OptionList

from tui.core.failure import Failure
from tui.runs.backend.reading import OpenRun
from tui.runs.backend.runs import Runs
from tui.runs.model.run import UNDER_WAY, Run
from tui.runs.screens.columns import ColumnsPage
from tui.runs.widgets.preview import RunPreview
from tui.runs.widgets.table import Header
from tui.ui.beside import COLUMNS, ROWS, has_room_beside
from tui.ui.lines import Lines

NO_ROOM = f"The preview of a run needs a terminal of {COLUMNS} columns and {ROWS} rows."
AFTER_S = 0.15  # for which the cursor must rest on a run before its log is read: no key waits for one


class PreviewedPage(ColumnsPage):
    """Base of the Runs page, which returns the run under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "preview", "preview", show=False, id="runs.preview",
                tooltip="On a wide terminal: hide the preview of the run, so that more columns have room, or show it"),
    ]  # fmt: skip

    def __init__(self, runs: Runs) -> None:
        super().__init__(runs.view)
        self._room = runs
        self._columns, self._about = Header(id="columns"), Lines(id="about")
        self._table = OptionList(id="list", compact=True, markup=False)
        self._preview = RunPreview(self.with_keys, id="preview")
        self._hidden = False
        self._drawn: OpenRun | None = None  # whose charts are shown

    def body(self) -> ComposeResult:
        with Horizontal(id="middle"):
            with Vertical(id="runs"):
                yield self._columns
                yield self._table
                yield self._about
            yield self._preview

    def on_resize(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        self.set_class(has_room_beside(self.size) and not self._hidden, "wide")
        self.refresh_bindings()
        self.call_after_refresh(self._show)

    def why_not(self, action: str) -> str:
        """A preview has no room on a narrow screen."""
        return NO_ROOM if action == "preview" and not has_room_beside(self.size) else ""

    def action_preview(self) -> None:
        """Hide the preview, so that more columns have room, or show it."""
        self._hidden = not self._hidden
        self._arrange()

    @property
    def _width(self) -> int:
        """The columns of the table, with those of its scroll bar."""
        return self._columns.size.width or self.size.width

    def _chosen(self) -> Run | None:
        """The run under the cursor."""
        raise NotImplementedError

    def _show_preview(self) -> None:
        """Show what is known of the chosen run at once, and its charts when the cursor rests on it."""
        if self.has_class("wide"):
            run = self._chosen()
            self._preview.show_run(run)
            self._read_log(run)

    def _read_again(self) -> None:
        """Read the log of the chosen run again if it grows."""
        run = self._chosen()
        if self.has_class("wide") and run is not None and run.outcome == UNDER_WAY:
            self._read_log(run)

    @work(group="preview", exclusive=True)
    async def _read_log(self, run: Run | None) -> None:
        before, self._drawn = self._drawn, None
        if run is None:
            return
        await asyncio.sleep(AFTER_S)
        try:
            opened = await self._room.previews.of(run)
        except Failure as failure:
            self._preview.show_failure(self.with_keys(str(failure)))
            return
        if opened is not before:
            self._preview.show_log(opened.timeline, opened.problem)
        self._drawn = opened

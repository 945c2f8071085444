"""The blocks of the Study page, and on a wide terminal the results and the plan of the study beside its runs."""

from collections.abc import Mapping
from typing import Any

from textual import work
from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content

from tui.core.failure import Failure
from tui.study.backend.access import StudyAccess
from tui.study.model.matrix import matrix_of
from tui.study.widgets import RESULTS_TITLE, EndedRuns, failure_lines, matrix_lines, plan_lines
from tui.ui.beside import has_room_beside
from tui.ui.lines import Lines
from tui.ui.page import Page
from tui.ui.rows import Rows

LEAST_LIST = 5  # lines that the runs keep below a large table
LEAST_PLAN = 12  # lines that the plan keeps below a large table, if there is one
READING = (Content.styled(" reading its plan ...", "dim"),)


class StudyLayout(Page):
    """Base of the Study page."""

    def __init__(self, access: StudyAccess) -> None:
        super().__init__()
        self._access = access
        self._head, self._trouble, self._columns, self._about = (
            Lines(id=each) for each in ("head", "trouble", "columns", "about")
        )
        self._matrix, self._list = Rows(id="matrix"), EndedRuns(id="list", compact=True, markup=False)
        self._plan = Lines(id="plan")
        self._planned = ""  # the id of the study whose plan was read
        self._facts: tuple[tuple[str, str], ...] | Failure | None = None

    def body(self) -> ComposeResult:
        yield self._head
        yield self._trouble
        with Container(id="middle"):
            with Vertical(id="side"):
                yield self._matrix
                with VerticalScroll(id="plan-box"):
                    yield self._plan
            with Vertical(id="ended"):
                yield self._columns
                yield self._list
                yield self._about

    def on_resize(self) -> None:
        self.set_class(has_room_beside(self.size), "wide")
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        """Update the page."""
        raise NotImplementedError

    @property
    def _list_width(self) -> int:
        """The columns of the list, with that of its scroll bar."""
        return self._columns.size.width or self.size.width

    def _show_results(self, status: Mapping[str, Any], head: int) -> None:
        """Show the table of settings below a head of so many lines, or beside the runs, above the plan."""
        wide = self.has_class("wide")
        table = matrix_lines(matrix_of(status), self._matrix.size.width if wide else self.size.width)
        table = (RESULTS_TITLE, *table) if wide else table
        if wide:
            room = self.size.height - 2 - head - 1 - LEAST_PLAN  # tabs and keys, the head, a blank line
        else:
            others = 2 + head + 2 + 1 + LEAST_LIST + 2  # as above, blank lines, titles, the words of a run
            room = min(self.size.height - others, self.size.height // 2)
        self._matrix.styles.height = max(1, min(len(table), max(3, room)))
        self._matrix.show_rows(table)
        if wide:
            self._show_plan(str(status["id"]))

    def _show_plan(self, study: str) -> None:
        """Show the plan of a study, which is read once."""
        if study != self._planned:
            self._planned, self._facts = study, None
            self._read_plan(study)
        facts, width = self._facts, self._plan.size.width
        if isinstance(facts, Failure):
            self._plan.show(*failure_lines(self.with_keys(str(facts)), width))
        else:
            self._plan.show(*(READING if facts is None else plan_lines(facts, width)))

    @work(group="plan", exclusive=True)
    async def _read_plan(self, study: str) -> None:
        try:
            self._facts = (await self._access.recorded(study)).facts
        except Failure as failure:
            self._facts = failure
        self._show_plan(study)

"""The list of all studies: the chosen one is shown, and can be continued.

On a wide terminal the results and the plan of the one under the cursor are beside the list.
"""

import asyncio
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.core.failure import Failure
from tui.study.backend.access import StudyAccess
from tui.study.model.earlier import Earlier
from tui.study.model.overview import Recorded
from tui.study.model.status import DAMAGED
from tui.study.widgets import RESULTS_TITLE, earlier_line, failure_lines, matrix_lines, plan_lines
from tui.ui.beside import has_room_beside
from tui.ui.dialog import Dialog
from tui.ui.lines import Lines

AFTER_S = 0.15  # for which the cursor must rest on a study before it is read: no key waits for one


class StudyList(OptionList):
    """A list whose Enter is in the line of keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "show it", key_display="enter"),
        Binding("down", "cursor_down", "choose", key_display="up/down"),
    ]


class EarlierStudies(Dialog[str]):
    """Dismissed with the id of a study, with None by Esc."""

    BINDINGS = [Binding("escape", "close", "back", priority=True)]
    DEFAULT_CSS = """
    EarlierStudies > Box { width: 100; }
    EarlierStudies OptionList {
        height: auto; max-height: 12; border: none; padding: 0; background: $surface;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    EarlierStudies #note { margin-top: 1; }
    EarlierStudies #beside { height: auto; }
    EarlierStudies #study-box { display: none; }
    EarlierStudies.wide > Box { width: 90%; }
    EarlierStudies.wide #beside { height: 40; max-height: 70vh; }
    EarlierStudies.wide OptionList { width: 1fr; height: 100%; max-height: 100%; }
    EarlierStudies.wide #study-box { display: block; width: 1fr; height: 100%; border-left: solid $foreground; }
    EarlierStudies.wide #study-box { scrollbar-size-vertical: 1; }
    """

    def __init__(self, access: StudyAccess) -> None:
        super().__init__("Studies, the newest first")
        self._access = access
        self._found: tuple[Earlier, ...] = ()
        self._read_studies: dict[str, Recorded | Failure] = {}  # by id

    def body(self) -> ComposeResult:
        with Horizontal(id="beside"):
            yield StudyList(id="studies", compact=True, markup=False)
            with VerticalScroll(id="study-box"):
                yield Lines(id="study")
        yield Static("Reading the studies ...", id="note", markup=False)

    def on_mount(self) -> None:
        self._read()

    def on_resize(self) -> None:
        self.set_class(has_room_beside(self.size), "wide")
        self.call_after_refresh(self._show_chosen)

    def on_option_list_option_highlighted(self) -> None:
        self._show_chosen()

    def _show_chosen(self) -> None:
        """Show the study under the cursor, which is read when the cursor rests on it."""
        at = self.query_one(StudyList).highlighted
        if not self.has_class("wide") or at is None:
            return
        study = self._found[at].id
        found, lines = self._read_studies.get(study), self.query_one("#study", Lines)
        width = self.query_one("#study-box").size.width
        if isinstance(found, Failure):
            lines.show(*failure_lines(str(found), width))
        elif found is not None:
            results = matrix_lines(found.results, width)
            lines.show(RESULTS_TITLE, *results, Content(""), *plan_lines(found.facts, width))
        else:
            lines.show(Content.styled(" reading it ...", "dim"))
            self._read_study(study)

    @work(name="read study", group="study", exclusive=True)
    async def _read_study(self, study: str) -> None:
        await asyncio.sleep(AFTER_S)
        try:
            self._read_studies[study] = await self._access.recorded(study)
        except Failure as failure:
            self._read_studies[study] = failure
        self._show_chosen()

    @work(name="read")
    async def _read(self) -> None:
        self._found = await self._access.earlier()
        studies = self.query_one(StudyList)
        studies.add_options([Option(Content(" ") + earlier_line(each)) for each in self._found])
        studies.highlighted = 0 if self._found else None
        words = "Enter shows the chosen one; the page can then resume one that was interrupted or stopped."
        self.query_one("#note", Static).update(words if self._found else "No study has been made yet.")

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        study = self._found[message.option_index]
        if study.state == DAMAGED:
            self.query_one("#note", Static).update(study.why)
        else:
            self.dismiss(study.id)

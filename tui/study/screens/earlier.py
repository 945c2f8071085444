"""The list of all studies: the chosen one is shown, and can be continued."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.study.backend.access import StudyAccess
from tui.study.model.earlier import Earlier
from tui.study.model.status import DAMAGED
from tui.study.widgets import earlier_line
from tui.ui.dialog import Dialog


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
    """

    def __init__(self, access: StudyAccess) -> None:
        super().__init__("Studies, the newest first")
        self._access = access
        self._found: tuple[Earlier, ...] = ()

    def body(self) -> ComposeResult:
        yield StudyList(id="studies", compact=True, markup=False)
        yield Static("Reading the studies ...", id="note", markup=False)

    def on_mount(self) -> None:
        self._read()

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

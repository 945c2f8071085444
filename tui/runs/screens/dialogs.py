"""The dialogs of the Runs page: a text to edit, and the question before runs are deleted."""

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui.core.plain_text import plain
from tui.runs.backend.deletion import Contents
from tui.ui.form import Form, enter, text_field
from tui.ui.question import Answer, Question

LISTED = 12  # folders that a question lists


class TextDialog(Form[str]):
    """Dismissed with the text, with None for Esc; `check` raises Failure for a text that can't be used."""

    BINDINGS = [enter("apply")]
    DEFAULT_CSS = "TextDialog Input { width: 1fr; margin: 1 0; }"

    def __init__(self, title: str, about: str, text: str, check: Callable[[str], object]) -> None:
        super().__init__(title)
        self._about = about
        self._before = text
        self._check = check

    def fields(self) -> ComposeResult:
        yield Static(Content(self._about))
        yield text_field("text", self._before)

    def entered(self) -> None:
        text = self.text("text").strip()
        self._check(text)
        self.dismiss(text)


class DeleteRuns(Question):
    """Dismissed with "y" to delete the folders, with "n" or None for nothing."""

    def __init__(self, found: Sequence[Contents]) -> None:
        lines = [f"   {plain(str(each.folder))}, {each.words}" for each in found[:LISTED]]
        lines += [f"   and {len(found) - LISTED} more"] if len(found) > LISTED else []
        runs = "this run" if len(found) == 1 else f"these {len(found)} runs"
        text = "\n".join(["The folder is deleted for good, with all files in it:", *lines])
        super().__init__(f"Delete {runs}?", text, (Answer("y", f"delete {runs}"), Answer("n", "delete nothing")))

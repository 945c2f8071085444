"""Asks for passwords one after the other, tries each, and asks again if it is wrong."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from textual import events, work
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.core.failure import Failure
from tui.ui.dialog import Box
from tui.ui.fields import TextField
from tui.ui.form import Form, enter


@dataclass(frozen=True)
class Question:
    """One password; `use` tries it, and `message` is the first one shown."""

    title: str
    text: str
    use: Callable[[str], Awaitable[None]]
    message: str = ""


@dataclass(frozen=True)
class Typed:
    """What was typed before the dialog was there; `entered` if Enter was the last key."""

    text: str = ""
    entered: bool = False


class PasswordDialog(Form[bool]):
    """Dismissed with True once all passwords are accepted, with None by Esc.

    All questions are asked by one dialog, and `then` is opened over it and its result returned: whatever is typed while
    the next question is on its way goes into a dialog, never to the keys of the page.
    """

    BINDINGS = [enter("submit")]
    DEFAULT_CSS = "PasswordDialog Input { margin: 1 0; }"

    def __init__(
        self, questions: Sequence[Question], then: Callable[[], ModalScreen[Any]] | None = None, typed: Typed = Typed()
    ) -> None:
        super().__init__(questions[0].title)
        self._questions = list(questions)
        self._then = then
        self._typed = typed
        self._busy = False

    def fields(self) -> ComposeResult:
        yield Static(Content(self._questions[0].text), id="question")
        yield TextField(self._typed.text, password=True, compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self.show_message(self._questions[0].message, wrong=True)
        if self._typed.entered:
            self.call_after_refresh(self.submit)

    def on_key(self, event: events.Key) -> None:
        """Take what was typed before the field had the focus."""
        if event.is_printable and event.character:
            event.stop()
            for field in self.query(Input):
                field.insert_text_at_cursor(event.character)

    def action_enter(self) -> None:
        self.call_later(super().action_enter)  # after the letters that `on_key` takes

    def entered(self) -> None:
        if not self._busy:
            self._busy = True
            self._try(self.query_one(Input).value)

    @work(name="password")
    async def _try(self, password: str) -> None:
        self.show_message("Trying the password ...")
        self.query_one(Input).clear()
        try:
            await self._questions[0].use(password)
        except Failure as failure:
            self._busy = False
            self.show_message(sentence_of(failure), wrong=True)
            return
        self._questions.pop(0)
        if self._questions:
            self._busy = False
            self._show_question(self._questions[0])
        elif self._then is None:
            self.dismiss(True)
        else:
            self.dismiss(await self.app.push_screen_wait(self._then()))

    def _show_question(self, question: Question) -> None:
        self.query_one(Box).border_title = Content(question.title)
        self.query_one("#question", Static).update(Content(question.text))
        self.show_message(question.message, wrong=True)


def sentence_of(failure: Failure) -> str:
    """The failure without its hint, because the dialog itself is what to try."""
    return str(Failure(failure.what, failure.why))

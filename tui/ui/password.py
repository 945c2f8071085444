"""Asks for a password, tries it, and asks again if it is wrong."""

from collections.abc import Awaitable, Callable

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from tui.core.failure import Failure
from tui.ui.fields import TextField
from tui.ui.form import Form, enter


class PasswordDialog(Form[bool]):
    """Dismissed with True once `use` accepts the password, with None by Esc; `message` is the first one shown."""

    BINDINGS = [enter("submit")]
    DEFAULT_CSS = "PasswordDialog Input { margin: 1 0; }"

    def __init__(self, title: str, text: str, use: Callable[[str], Awaitable[None]], message: str = "") -> None:
        super().__init__(title)
        self._text = text
        self._use = use
        self._first_message = message
        self._busy = False

    def fields(self) -> ComposeResult:
        yield Static(Content(self._text))
        yield TextField(password=True, compact=True)

    def on_mount(self) -> None:
        self.show_message(self._first_message, wrong=True)

    def entered(self) -> None:
        if not self._busy:
            self._busy = True
            self._try(self.query_one(Input).value)

    @work(name="password")
    async def _try(self, password: str) -> None:
        self.show_message("Trying the password ...")
        self.query_one(Input).clear()
        try:
            await self._use(password)
        except Failure as failure:
            self.show_message(sentence_of(failure), wrong=True)
            return
        finally:
            self._busy = False
        self.dismiss(True)


def sentence_of(failure: Failure) -> str:
    """The failure without its hint, because the dialog itself is what to try."""
    return str(Failure(failure.what, failure.why))

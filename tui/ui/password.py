"""Asks for a password, uses it at once, and asks again where it is not the right one."""

from collections.abc import Awaitable, Callable

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from tui.core.failure import Failure
from tui.ui.fields import TextField
from tui.ui.form import Form, enter


class PasswordDialog(Form[bool]):
    """Dismissed with True when `use` took the password, with None for Esc; `said` is why it is asked for again."""

    BINDINGS = [enter("give")]
    DEFAULT_CSS = "PasswordDialog Input { margin: 1 0; }"

    def __init__(self, title: str, text: str, use: Callable[[str], Awaitable[None]], said: str = "") -> None:
        super().__init__(title)
        self._text = text
        self._use = use
        self._first_said = said
        self._busy = False

    def fields(self) -> ComposeResult:
        yield Static(Content(self._text))
        yield TextField(password=True, compact=True)

    def on_mount(self) -> None:
        self.show_message(self._first_said, wrong=True)

    def entered(self) -> None:
        if not self._busy:
            self._busy = True
            self._try(self.query_one(Input).value)

    @work(name="password")
    async def _try(self, password: str) -> None:
        self.show_message("Trying it ...")
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
    """What and why, without the hint: the dialog itself is what can be done."""
    return f"{failure.what}: {failure.why}." if failure.why else f"{failure.what}."

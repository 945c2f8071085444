"""Asks for the password that sudo wants on a host, tries it, and asks again where it is wrong."""

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input, Static

from tui.backend.root import Root
from tui.model.failure import Failure
from tui.screens.dialogs.dialog import Dialog


class PasswordDialog(Dialog[bool]):
    """Dismissed with True when root can be reached, with None for Esc; the password stays in memory."""

    BINDINGS = [
        Binding("enter", "give", "give", key_display="enter", priority=True),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    PasswordDialog Input { margin: 1 0; }
    PasswordDialog #said { height: auto; }
    PasswordDialog #said.wrong { color: $error; text-style: bold; }
    """

    def __init__(self, root: Root, host: str) -> None:
        super().__init__(f"The password of {host}")
        self._root = root
        self._host = host
        self._busy = False

    def body(self) -> ComposeResult:
        text = f"sudo on {self._host} wants the password of the login. It is kept in memory until the app ends."
        yield Static(Content(text))
        entry = Input(password=True, compact=True)
        entry.cursor_blink = False  # it repaints, and says nothing
        yield entry
        yield Static(id="said", markup=False)

    def on_mount(self) -> None:
        wrong = self._root.wanted.get(self._host)
        if wrong is not None and wrong.why:
            self._say(f"{wrong.what}: {wrong.why}.", wrong=True)

    def action_give(self) -> None:
        if not self._busy:
            self._busy = True
            self._try(self.query_one(Input).value)

    @work(name="password")
    async def _try(self, password: str) -> None:
        self._say("Trying it ...")
        self.query_one(Input).clear()
        self._root.give_password(self._host, password)
        try:
            await self._root.run(self._host, ["true"])
        except Failure as failure:
            self._busy = False
            why = f": {failure.why}" if failure.why else ""
            self._say(f"{failure.what}{why}.", wrong=True)
            return
        self.dismiss(True)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.set_class(wrong, "wrong")
        said.update(text)

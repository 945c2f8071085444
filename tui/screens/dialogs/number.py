"""Asks for one number with its unit: the maximum downtime, the bandwidth limit."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from tui.screens.dialogs.dialog import Dialog


class NumberDialog(Dialog[int]):
    """Dismissed with a whole number from `least` to `most`, with None for Esc."""

    BINDINGS = [
        Binding("enter", "apply", "apply", key_display="enter", priority=True),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    NumberDialog Horizontal { height: 1; margin: 1 0; }
    NumberDialog Input { width: 14; }
    NumberDialog .unit { width: auto; padding-left: 1; }
    NumberDialog .wrong { color: $error; text-style: bold; }
    """

    def __init__(self, title: str, text: str, value: int, unit: str, *, least: int, most: int) -> None:
        super().__init__(title)
        self._text = text
        self._value = value
        self._unit = unit
        self._range = range(least, most + 1)

    def body(self) -> ComposeResult:
        yield Static(Content(self._text))
        with Horizontal():
            yield Input(str(self._value), compact=True, restrict=r"[0-9]*", max_length=9, select_on_focus=True)
            yield Static(Content(self._unit), classes="unit")
        yield Static(classes="wrong", markup=False)

    def action_apply(self) -> None:
        text = self.query_one(Input).value
        if not text or int(text) not in self._range:
            least, most = self._range[0], self._range[-1]
            self.query_one(".wrong", Static).update(f"Expected is a whole number from {least} to {most}.")
            return
        self.dismiss(int(text))

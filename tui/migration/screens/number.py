"""Asks for one number with its unit: the maximum downtime, the bandwidth limit."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from tui.migration.model.entry import Entry
from tui.ui.dialog import Form
from tui.ui.fields import TextField


class NumberDialog(Form[int]):
    """Dismissed with the whole number that `entry` reads, with None for Esc."""

    BINDINGS = [
        Binding("enter", "enter", "apply", key_display="enter", priority=True),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    NumberDialog Horizontal { height: 1; margin: 1 0; }
    NumberDialog Input { width: 14; }
    NumberDialog .unit { width: auto; padding-left: 1; }
    NumberDialog .wrong { color: $error; text-style: bold; }
    """

    def __init__(self, title: str, text: str, value: int, unit: str, entry: Entry) -> None:
        super().__init__(title)
        self._text = text
        self._value = value
        self._unit = unit
        self._entry = entry

    def body(self) -> ComposeResult:
        yield Static(Content(self._text))
        with Horizontal():
            yield TextField(str(self._value), compact=True, select_on_focus=True)
            yield Static(Content(self._unit), classes="unit")
        yield Static(classes="wrong", markup=False)

    def entered(self) -> None:
        try:
            value = self._entry.read_whole(self.query_one(Input).value)
        except ValueError as error:
            self.query_one(".wrong", Static).update(str(error))
        else:
            self.dismiss(value)

"""The dialog for one number with its unit: the maximum downtime, the bandwidth limit."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from tui.migration.model.entry import Entry
from tui.ui.form import Form, enter, number_field


class NumberDialog(Form[int]):
    """Dismissed with the whole number that `entry` parses, with None for Esc."""

    BINDINGS = [enter("apply")]
    DEFAULT_CSS = """
    NumberDialog Horizontal { height: 1; margin: 1 0; }
    NumberDialog Input { width: 14; }
    """

    def __init__(self, title: str, text: str, value: int, unit: str, entry: Entry) -> None:
        super().__init__(title)
        self._text = text
        self._value = value
        self._unit = unit
        self._entry = entry

    def fields(self) -> ComposeResult:
        yield Static(Content(self._text))
        with Horizontal():
            yield number_field("number", self._value)
            yield Static(Content(self._unit), classes="unit")

    def entered(self) -> None:
        self.dismiss(self.number("number", self._entry.read_whole))

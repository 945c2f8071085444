"""The whole result of a migration in a box that scrolls, for a screen on which its panel has no room."""

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from tui.ui.dialog import Dialog

WIDEST = 76
FRAME = 5  # columns of the frame, its padding and the scroll bar


class ResultDialog(Dialog[None]):
    """`lines` makes the text for a width in columns; the arrow keys scroll it."""

    BINDINGS = [Binding("escape,enter,space,h,q", "close", "close", key_display="esc", priority=True)]
    scrolls = True

    def __init__(self, title: str, lines: Callable[[int], Sequence[Content]]) -> None:
        super().__init__(title)
        self._lines = lines

    def body(self) -> ComposeResult:
        """The text, which `on_resize` fills in."""
        yield Static(id="text")

    def on_resize(self) -> None:
        width = min(self.app.size.width, WIDEST) - FRAME
        self.query_one("#text", Static).update(Content("\n").join(self._lines(width)))

"""Shows all about one line of a checklist, with the host's own output."""

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.geometry import clamp
from textual.widgets import Static

from tui.checklist.model.check import Item
from tui.checklist.model.summary import state_words
from tui.checklist.widgets.item_lines import about
from tui.core.actions import WithKeys
from tui.ui.dialog import Dialog


class Details(Dialog[None]):
    """One item in full; the arrow keys scroll it."""

    BINDINGS = [Binding("escape,enter,space,q", "close", "close", key_display="esc", priority=True)]
    scrolls = True

    def __init__(self, item: Item, with_keys: WithKeys) -> None:
        super().__init__(f"{item.host}: {state_words(item).lstrip()}")
        self._item = item
        self._with_keys = with_keys

    def body(self) -> ComposeResult:
        """The text, which `on_resize` fills in."""
        yield Static(id="about")

    def on_resize(self, event: events.Resize) -> None:
        width = clamp(event.size.width, 24, 76) - 5  # the frame, its padding, the scroll bar
        self.query_one("#about", Static).update(Content("\n").join(about(self._item, width, self._with_keys)))

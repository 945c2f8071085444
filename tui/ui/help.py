"""The help of a page: its keys in full sentences, and why the greyed ones cannot act now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from tui.ui.dialog import Box, Dialog
from tui.ui.fields import TextField


@dataclass(frozen=True)
class HelpKey:
    """One key: its name, what it does, why it cannot act now (empty where it can), and the key that a click presses."""

    display: str
    text: str
    why_not: str = ""
    key: str = ""


class WordsField(TextField):
    """Takes no key that closes the help; q is a letter as soon as something is typed."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        closes = key == "question_mark" or (key == "q" and not self.value)
        return super().check_consume_key(key, character) and not closes


class Help(Dialog[None]):
    """The purpose of a page and its keys; what is typed leaves only the keys that have these words."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q", "close", "close", key_display="esc", priority=True),
        Binding("up", "scroll(-1)", "scroll", show=False, priority=True),
        Binding("down", "scroll(1)", "scroll", key_display="up/down", priority=True),
        Binding("pageup", "page(-1)", "page", show=False, priority=True),
        Binding("pagedown", "page(1)", "page", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    Help #filter { height: 1; margin-bottom: 1; }
    Help .about { margin-bottom: 1; }
    Help .habits { margin-top: 1; }
    Help .key, Help .key Horizontal { height: auto; }
    Help .name { width: 10; }
    Help .text { width: 1fr; }
    Help .reason { padding-left: 10; text-style: dim; }
    """

    def __init__(self, title: str, about: str, keys: Sequence[HelpKey], habits: str = "") -> None:
        super().__init__(title)
        self._about = about
        self._keys = keys
        self._habits = habits

    def body(self) -> ComposeResult:
        yield WordsField(id="filter", compact=True, placeholder="type to find a key by its words")
        if self._about:
            yield Static(Content(self._about), classes="about")
        for key in self._keys:
            with Vertical(classes="key", name=key.key):
                with Horizontal():
                    yield Static(Content.styled(f"{key.display:>8}", "bold $accent"), classes="name")
                    yield Static(Content(key.text), classes="text")
                if key.why_not:
                    yield Static(Content(f"not now: {key.why_not}"), classes="reason")
        if self._habits:
            yield Static(Content(self._habits), classes="habits")
        nothing = Static("No key has these words.", id="nothing")
        nothing.display = False
        yield nothing

    def on_input_changed(self, message: TextField.Changed) -> None:
        """Show the keys that have all words."""
        words = message.value.lower().split()
        found = [all(word in f"{key.display} {key.text}".lower() for word in words) for key in self._keys]
        for row, shown in zip(self.query(".key"), found, strict=True):
            row.display = shown
        for sentence in self.query(".about, .habits"):
            sentence.display = not words
        self.query_one("#nothing").display = not any(found)

    def on_click(self, event: events.Click) -> None:
        """Close the help and press the key that was clicked."""
        clicked = event.widget
        row = next((each for each in (clicked.ancestors_with_self if clicked else ()) if each.has_class("key")), None)
        if row is not None and row.name:
            self.dismiss(None)
            self.app.call_later(self.app.simulate_key, row.name)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(Box).scroll_relative(y=lines, animate=False)

    def action_page(self, direction: int) -> None:
        """Scroll by pages."""
        box = self.query_one(Box)
        box.scroll_relative(y=direction * max(1, box.size.height - 1), animate=False)

"""The help of a page: its keys in full sentences, and why the greyed ones cannot act now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from tui.ui.dialog import Dialog


@dataclass(frozen=True)
class HelpKey:
    """One key: its name, what it does, and why it cannot act now (empty where it can)."""

    display: str
    text: str
    why_not: str = ""


class Help(Dialog[None]):
    """The purpose of a page and its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q", "close", "close", key_display="esc", priority=True),
    ]
    DEFAULT_CSS = """
    Help .about { margin-bottom: 1; }
    Help .habits { margin-top: 1; }
    Help .key { height: auto; }
    Help .name { width: 10; }
    Help .text { width: 1fr; }
    Help .reason { padding-left: 10; text-style: dim; }
    """

    scrolls = True

    def __init__(self, title: str, about: str, keys: Sequence[HelpKey], habits: str = "") -> None:
        super().__init__(title)
        self._about = about
        self._keys = keys
        self._habits = habits

    def body(self) -> ComposeResult:
        if self._about:
            yield Static(Content(self._about), classes="about")
        for key in self._keys:
            with Horizontal(classes="key"):
                yield Static(Content.styled(f"{key.display:>8}", "bold $accent"), classes="name")
                yield Static(Content(key.text), classes="text")
            if key.why_not:
                yield Static(Content(f"not now: {key.why_not}"), classes="reason")
        if self._habits:
            yield Static(Content(self._habits), classes="habits")

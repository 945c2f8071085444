"""Shows the exact commands and lines of a change, each with its host, before they run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from tui.checklist.widgets.item_lines import action_lines
from tui.core.plain_text import plain
from tui.linux.change import Change
from tui.ui.dialog import Dialog


@dataclass(frozen=True)
class Part:
    """The change of one line of a list; `waits` is what must be good before it."""

    title: str
    waits: str
    change: Change


class Agree(Dialog[bool]):
    """Asks for confirmation of a change; dismissed with True by Enter, with None by Esc."""

    BINDINGS = [
        Binding("enter", "agree", "run", key_display="enter", priority=True),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    Agree .part { margin-top: 1; text-style: bold; }
    Agree .waits, Agree .note { padding-left: 2; }
    Agree .action { padding-left: 2; color: $accent; }
    """
    scrolls = True

    def __init__(self, title: str, parts: Sequence[Part], then: str = "") -> None:
        super().__init__(title)
        self._parts = parts
        self._then = then  # what else Enter runs, as a sentence

    def body(self) -> ComposeResult:
        actions = [action for part in self._parts for action in part.change.actions]
        hosts = ", ".join(dict.fromkeys(action.host for action in actions))
        count = "1 action" if len(actions) == 1 else f"{len(actions)} actions"
        text = f"Enter runs {count} as root on {hosts}. {self._then} Esc changes nothing."
        yield Static(Content(" ".join(text.split())))
        for part in self._parts:
            yield Static(Content(plain(part.title)), classes="part") if len(self._parts) > 1 else Static()
            for text, classes in _lines(part):
                yield Static(Content(plain(text)), classes=classes)

    def action_agree(self) -> None:
        """Confirm the change."""
        self.dismiss(True)


def _lines(part: Part) -> Iterator[tuple[str, str]]:
    if part.waits:
        yield f"later; {part.waits}", "waits"
    for text in action_lines(part.change):
        yield text, "action"
    if part.change.note:
        yield part.change.note, "note"

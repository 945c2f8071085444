"""A question with a few answers, each with a key of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from tui.ui.dialog import Dialog


@dataclass(frozen=True)
class Answer:
    """One answer; `why_not` is why it cannot be chosen now, empty where it can."""

    key: str
    text: str
    why_not: str = ""


class Question(Dialog[str]):
    """Dismissed with the key of the answer, with None by Esc; a text that is a function is read again every second."""

    BINDINGS = [Binding("escape", "close", "back", priority=True)]
    DEFAULT_CSS = """
    Question .answer { margin-top: 1; }
    Question .impossible { text-style: dim; }
    """

    def __init__(self, title: str, text: str | Callable[[], str], answers: Sequence[Answer]) -> None:
        super().__init__(title)
        self._text = text
        self._answers = {answer.key: answer for answer in answers}

    def body(self) -> ComposeResult:
        yield Static(Content(self._text if isinstance(self._text, str) else self._text()), id="text")
        for answer in self._answers.values():
            classes = "answer impossible" if answer.why_not else "answer"
            text = f"{answer.text} - {answer.why_not}" if answer.why_not else answer.text
            yield Static(Content.assemble((answer.key, "bold $accent"), "  ", text), name=answer.key, classes=classes)
            yield from self.below(answer.key)

    def below(self, key: str) -> ComposeResult:  # noqa: ARG002
        """What a subclass shows below an answer."""
        yield from ()

    def on_mount(self) -> None:
        if not isinstance(self._text, str):
            self.set_interval(1.0, self.guarded(partial(self._show_text, self._text)))

    def _show_text(self, text: Callable[[], str]) -> None:
        self.query_one("#text", Static).update(Content(text()))

    def on_key(self, event: events.Key) -> None:
        """Choose the answer of this key, or explain why it cannot be chosen."""
        if event.key in self._answers:
            event.stop()
            self._choose(self._answers[event.key])

    def on_click(self, event: events.Click) -> None:
        """Choose the answer that was clicked."""
        clicked = event.widget
        if clicked is not None and clicked.has_class("answer"):
            self._choose(self._answers[clicked.name or ""])

    def _choose(self, answer: Answer) -> None:
        if answer.why_not:
            self.notify(answer.why_not, markup=False)
        else:
            self.dismiss(answer.key)

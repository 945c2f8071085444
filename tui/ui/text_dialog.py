"""The dialog for one text, and the filter of a list by words."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui.ui.form import Form, enter, text_field

FILTER_ABOUT = "Words that a line must have, in any order. No words: all lines."


def has_words(text: str, words: str) -> bool:
    """Whether the text has each of the words, in small or capital letters."""
    return all(word in text.casefold() for word in words.casefold().split())


class TextDialog(Form[str]):
    """Dismissed with the text, with None for Esc; `check` raises Failure for a text that can't be used."""

    BINDINGS = [enter("apply")]
    DEFAULT_CSS = "TextDialog Input { width: 1fr; margin: 1 0; }"

    def __init__(self, title: str, about: str, text: str, check: Callable[[str], object]) -> None:
        super().__init__(title)
        self._about = about
        self._before = text
        self._check = check

    def fields(self) -> ComposeResult:
        yield Static(Content(self._about))
        yield text_field("text", self._before)

    def entered(self) -> None:
        text = self.text("text").strip()
        self._check(text)
        self.dismiss(text)

"""A page with a list that words shorten: a key asks for them, Esc shows all lines again."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.ui.page import Page
from tui.ui.text_dialog import FILTER_ABOUT, TextDialog

ALL_LINES = Binding("escape", "unfilter", "all lines", key_display="esc", tooltip="Show all lines again")


class Filtered(Page):
    """A subclass shows only the lines that have `filter_words`, and again in `filter_changed`."""

    BINDINGS: ClassVar[list[BindingType]] = [ALL_LINES]
    FILTER_ABOUT: ClassVar[str] = FILTER_ABOUT
    filter_words = ""

    def check_words(self, words: str) -> object:
        """Failure for words that are no filter."""
        return words

    def filter_changed(self) -> None:
        """Show the list again."""

    def show_only(self, words: str) -> None:
        """Show only the lines that have these words; without words all."""
        self.filter_words = words
        self.filter_changed()
        self.refresh_bindings()

    def action_filter(self) -> None:
        """Ask for the words."""

        def answered(words: str | None) -> None:
            if words is not None:
                self.show_only(words)

        self.app.push_screen(TextDialog("Filter", self.FILTER_ABOUT, self.filter_words, self.check_words), answered)

    def action_unfilter(self) -> None:
        """Show all lines."""
        self.show_only("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the key that shows all lines while they are shown."""
        return bool(self.filter_words) if action == "unfilter" else super().check_action(action, parameters)

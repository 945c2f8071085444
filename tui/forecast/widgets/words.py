"""The sentences of a forecast."""

from textual.content import Content
from textual.widgets import Static

from tui.core.actions import without_keys
from tui.forecast.model.comparison import Comparison


class ForecastWords(Static):
    """What is measured or why nothing is, what the forecast comes to, and what would let pre-copy end."""

    DEFAULT_CSS = """
    ForecastWords { height: auto; }
    """

    def show_words(self, note: str, comparison: Comparison | None, *, wrong: bool = False, short: bool = False) -> None:
        """Show what is known; if it is to be `short`, a note takes the place of what would let pre-copy end."""
        parts = [(without_keys(note), "bold $text-error" if wrong else "$text-accent")] if note else []
        if comparison is not None:
            parts.append((comparison.sentence, ""))
            if not (short and note):
                parts.append((comparison.remedies, ""))
        lines = [Content.styled(text, style) for text, style in parts if text]
        self.update(Content("\n").join(lines))

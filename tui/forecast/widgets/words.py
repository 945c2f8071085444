"""The sentences of a forecast."""

from collections.abc import Sequence
from functools import lru_cache

from textual.content import Content
from textual.widgets import Static

from tui.core.actions import without_keys
from tui.forecast.model.advice import remedies, sentence
from tui.forecast.model.forecast import Forecast, Inputs, side_by_side

KEPT = 4  # each takes up to 50 ms, and progress is shown four times a second


@lru_cache(KEPT)
def forecasts_of(inputs: Inputs | None) -> tuple[Forecast, ...]:
    """The techniques side by side; none without inputs."""
    return side_by_side(inputs) if inputs else ()


@lru_cache(KEPT)
def _remedies(inputs: Inputs) -> str:
    return remedies(inputs)


class ForecastWords(Static):
    """What is measured or why nothing is, what the forecast comes to, and what would let pre-copy end."""

    DEFAULT_CSS = """
    ForecastWords { height: auto; }
    """

    def show_words(
        self,
        note: str,
        inputs: Inputs | None,
        forecasts: Sequence[Forecast],
        *,
        wrong: bool = False,
        short: bool = False,
    ) -> None:
        """Show what is known; if it is to be `short`, a note takes the place of what would let pre-copy end."""
        parts = [(without_keys(note), "bold $text-error" if wrong else "$text-accent")] if note else []
        if inputs is not None:
            parts.append((sentence(inputs, forecasts), ""))
            if not (short and note):
                parts.append((_remedies(inputs), ""))
        lines = [Content.styled(text, style) for text, style in parts if text]
        self.update(Content("\n").join(lines))

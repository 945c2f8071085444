"""The techniques of a forecast side by side, in figures and in sentences."""

from dataclasses import dataclass

from tui.forecast.model.advice import advised, remedies, sentence
from tui.forecast.model.forecast import Forecast, Inputs
from tui.forecast.model.steered import techniques_of


@dataclass(frozen=True)
class Comparison:
    """What inputs come to: each technique, the name of the advised one, why, and what would let pre-copy end."""

    inputs: Inputs
    forecasts: tuple[Forecast, ...]
    advised: str
    sentence: str
    remedies: str


def compare(inputs: Inputs) -> Comparison:
    """The comparison of these inputs; it computes for up to 50 ms."""
    forecasts = techniques_of(inputs)
    best = advised(forecasts).technique
    return Comparison(inputs, forecasts, best, sentence(inputs, forecasts), remedies(inputs))

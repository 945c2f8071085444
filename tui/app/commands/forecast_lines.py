"""A forecast in lines: the progress of its measurement, the techniques side by side, what another limit would do."""

import math
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tui.core.quantity import clock, duration, size
from tui.forecast.model.advice import advised, remedies, sentence
from tui.forecast.model.forecast import Forecast, Inputs
from tui.forecast.model.forecast_json import forecast_to_json, inputs_to_json
from tui.forecast.model.interval import SHARE, Interval
from tui.forecast.model.steered import techniques_of
from tui.forecast.model.what_if import (
    UNREACHABLE,
    bandwidth_that_converges,
    downtime_that_converges,
    slowdown_that_converges,
)
from tui.vm.model.location import VmOnHost

if TYPE_CHECKING:
    from tui.forecast.backend.forecaster import Progress

JSON_FORMAT = 1  # raised when a key changes its meaning or is removed; new keys do not change it
WIDEST = 100  # columns of a sentence
LEAST_COLUMNS = 3  # of the table: the technique, the total time, the pause
NO_END = "no end"
Unit = Callable[[float], str]
Show = Callable[[Interval, Unit], str]
HEADER = ("", "total", "pause", "sent", "passes")


def progress_figures(progress: "Progress") -> str:
    """The time of the measurement."""
    return f"{clock(progress.done_s)} of {clock(progress.of_s)}"


def progress_words(vm: str, inputs: Inputs | None) -> str:
    """What was measured so far."""
    if inputs is None or not inputs.curve.points:
        return f"measuring how much memory {vm} dirties"
    seconds, dirtied = inputs.curve.points[-1]
    return f"{vm} dirties {size(dirtied)} within {duration(seconds)}"


def report(found: VmOnHost, target: str, inputs: Inputs, width: int) -> list[str]:
    """All lines of a forecast for a width in columns."""
    techniques = techniques_of(inputs)
    lines = [f"{found.vm.name}  {found.host} -> {target}", ""]
    lines += _wrapped(sentence(inputs, techniques), width)
    lines += ["", *table(techniques, width), ""]
    lines += _wrapped(f"{SHARE * 100:.0f} % of the outcomes are expected in the range below a value.", width)
    return lines + _wrapped(remedies(inputs), width)


def table(techniques: Sequence[Forecast], width: int) -> list[str]:
    """A line for each technique, and one with the ranges below it; the last columns go if they do not fit."""
    rows: list[tuple[str, ...]] = [HEADER]
    for each in techniques:
        rows += [_row(each.technique, each, _likely), _row("", each, _range)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    while len(widths) > LEAST_COLUMNS and sum(widths) + 2 * (len(widths) - 1) > width:
        widths.pop()
    lines = ("  ".join(f"{cell:<{wide}}" for cell, wide in zip(row, widths, strict=False)).rstrip() for row in rows)
    return [line for line in lines if line]  # a technique without a range has no line for it


def _row(title: str, each: Forecast, show: Show) -> tuple[str, ...]:
    cells = (each.total_s, duration), (each.downtime_s, duration), (each.sent, size), (each.passes, _count)
    return (title, *(show(interval, unit) for interval, unit in cells))


def _likely(interval: Interval, unit: Unit) -> str:
    return _text(interval.likely, unit)


def _range(interval: Interval, unit: Unit) -> str:
    low, likely, high = (_text(each, unit) for each in _values(interval))
    if low == likely == high:
        return ""
    if high == NO_END:
        return f"from {low}"
    amount, _, named = low.partition(" ")
    same = named and " " not in named and high.endswith(f" {named}") and high.count(" ") == 1
    return f"{amount if same else low} - {high}"  # "1.2 - 1.7 GiB"


def _values(interval: Interval) -> tuple[float, float, float]:
    return interval.low, interval.likely, interval.high


def _text(value: float, unit: Unit) -> str:
    return unit(value) if math.isfinite(value) else NO_END


def _count(passes: float) -> str:
    return f"{passes:.0f}"


def document(found: VmOnHost, target: str, inputs: Inputs) -> dict[str, Any]:
    """The forecast as one JSON object; an infinite value is null."""
    techniques = techniques_of(inputs)
    bandwidth = bandwidth_that_converges(inputs)
    return {
        "format": JSON_FORMAT,
        "vm": found.vm.name,
        "origin": found.host,
        "target": target,
        "inputs": inputs_to_json(inputs),
        "techniques": [forecast_to_json(each) for each in techniques],
        "advised": advised(techniques).technique,
        "sentence": sentence(inputs, techniques),
        "converges_with": {
            "downtime_s": downtime_that_converges(inputs),
            "bandwidth_bytes_s": bandwidth if bandwidth < UNREACHABLE else None,
            "workload_share": slowdown_that_converges(inputs),
        },
    }


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, min(width, WIDEST), break_long_words=False, break_on_hyphens=False)

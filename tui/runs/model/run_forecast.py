"""The forecast made before a run, against its outcome."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tui.core.plain_text import plain
from tui.core.quantity import duration
from tui.forecast.model.advice import between
from tui.forecast.model.interval import Interval

LONGEST_NAME = 32  # of a technique
NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class RunForecast:
    """Seconds and bytes, infinite without an end; errors are shares of the outcome. None is unknown or not judged."""

    technique: str = ""
    converges: bool | None = None
    certain: bool | None = None
    total_s: Interval | None = None
    downtime_s: Interval | None = None
    sent_bytes: Interval | None = None
    bandwidth_bytes_s: Interval | None = None
    bandwidth_source: str = ""
    verdict_right: bool | None = None
    total_error: float | None = None
    downtime_error: float | None = None
    total_within: bool | None = None
    downtime_within: bool | None = None


class Row(NamedTuple):
    """One line of the table: what was forecast, what happened, the error, and whether it is within the interval."""

    name: str
    forecast: str
    outcome: str
    error: str
    within: str


HEAD = Row("", "forecast", "outcome", "error", "interval")


def rows(forecast: RunForecast, total_s: float | None, downtime_s: float | None) -> list[Row]:
    """The verdict, the total time and the downtime."""
    return [
        _verdict(forecast),
        _row("total", forecast.total_s, total_s, forecast.total_error, forecast.total_within),
        _row("downtime", forecast.downtime_s, downtime_s, forecast.downtime_error, forecast.downtime_within),
    ]


def _verdict(forecast: RunForecast) -> Row:
    words = {True: "ends", False: "does not converge"}
    if forecast.converges is None:
        return Row("verdict", "-", "-", "", NOT_JUDGED)
    sure = "" if forecast.certain is not False else ", unsure"
    right = forecast.verdict_right
    outcome = "-" if right is None else words[forecast.converges == right]
    judged = NOT_JUDGED if right is None else "right" if right else "wrong"
    name = " ".join(plain(forecast.technique).split())[:LONGEST_NAME]
    expected = f"{name} {words[forecast.converges]}{sure}".strip()
    return Row("verdict", expected, outcome, "", judged)


def _row(name: str, forecast: Interval | None, outcome: float | None, error: float | None, within: bool | None) -> Row:
    expected = "-" if forecast is None else between(forecast)
    judged = NOT_JUDGED if within is None else "within" if within else "outside"
    return Row(name, expected, "-" if outcome is None else duration(outcome), percent(error), judged)


def percent(error: float | None) -> str:
    """An error as a part of the outcome: "+12 %"; empty if unknown."""
    return "" if error is None else f"{100 * error:+.0f} %"


def table(found: Sequence[Row]) -> list[str]:
    """The rows below their header, in columns."""
    every = [HEAD, *found]
    wide = [max(len(each[column]) for each in every) for column in range(len(HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(each, wide, strict=True)).rstrip() for each in every]


def likely(interval: Interval | None) -> float | None:
    """The likely value; None if it is unknown or infinite."""
    return None if interval is None or math.isinf(interval.likely) else interval.likely

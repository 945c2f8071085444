"""The forecasts in the record of a migration: the one made before it, and the newest one made while it runs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tui.core.plain_text import plain
from tui.forecast.model.forecast import Forecast, Inputs
from tui.forecast.model.forecast_json import forecast_from_json, inputs_from_json
from tui.forecast.model.interval import Interval
from tui.migration.model.record import LONGEST_S, MOST

BEFORE, WHILE_RUNNING = "before", "running"  # when a forecast was made
MOST_OF_CONE = 500  # entries that are read: ours has fewer
LONGEST_NAME = 60

Cone = tuple[tuple[float, float, float], ...]  # (seconds since the start, lowest, highest bytes remaining)


@dataclass(frozen=True)
class Expected:
    """What a forecast expects, in seconds; it was made `made_at` seconds after the start."""

    converges: bool
    certain: bool
    total_s: Interval
    downtime_s: Interval
    made_at: float
    written: object = None  # the cone as it is in the record

    @cached_property
    def cone(self) -> Cone:
        """Read when it is drawn, because a day's log has 80,000 of them."""
        return _cone(self.written)


@dataclass(frozen=True)
class Before:
    """The forecast made before the start; `judged` is that of the technique that was used."""

    techniques: tuple[Forecast, ...]
    judged: Forecast | None
    inputs: Inputs | None

    @property
    def left(self) -> float | None:
        """The bytes that a pass leaves at last; None if unknown."""
        return self.judged.left if self.judged is not None and math.isfinite(self.judged.left) else None

    def expected(self) -> Expected | None:
        """What it expects of the technique that was used."""
        judged = self.judged
        if judged is None:
            return None
        return Expected(judged.converges, judged.sure, judged.total_s, judged.downtime_s, 0.0)


class Forecasts:
    """Built by `add`, event by event; what is damaged counts as unknown."""

    def __init__(self) -> None:
        self.before: Before | None = None
        self.running: Expected | None = None

    @property
    def inputs(self) -> Inputs | None:
        """What the one before started from; None if there is none, or that of another version."""
        return self.before.inputs if self.before is not None else None

    def add(self, t: float, data: Mapping[str, Any]) -> None:
        """Keep a forecast that was made at `t`."""
        if data.get("made") == BEFORE:
            self.before = _before(data)
        elif data.get("made") == WHILE_RUNNING:
            self.running = _running(t, data) or self.running


def _before(data: Mapping[str, Any]) -> Before:
    written = data.get("techniques")
    found = [forecast for each in (written if isinstance(written, list) else ()) if (forecast := _forecast(each))]
    judged = next((each for each in found if each.technique == data.get("technique")), None)
    try:
        inputs = inputs_from_json(data.get("inputs"))
    except ValueError:  # of a newer version, or damaged: the forecasts count without them
        inputs = None
    return Before(tuple(found), judged, inputs)


def _forecast(value: object) -> Forecast | None:
    try:
        found = forecast_from_json(value)
    except ValueError:  # the others may be whole
        return None
    return found if found.technique == " ".join(plain(found.technique).split())[:LONGEST_NAME] else None


def _running(t: float, data: Mapping[str, Any]) -> Expected | None:
    converges, certain = data.get("converges"), data.get("certain")
    try:
        total_s, downtime_s = Interval.from_json(data.get("total_s")), Interval.from_json(data.get("downtime_s"))
    except ValueError:  # the one before still counts
        return None
    if not isinstance(converges, bool) or not isinstance(certain, bool):
        return None
    return Expected(converges, certain, total_s, downtime_s, t, data.get("cone"))


def _cone(value: object) -> Cone:
    """The cone up to its first entry that is none: moments never decrease, the lowest is at most the highest."""
    found: list[tuple[float, float, float]] = []
    for each in value[:MOST_OF_CONE] if isinstance(value, list) else ():
        if not isinstance(each, list) or len(each) != 3 or any(type(part) not in (int, float) for part in each):
            break
        t, low, high = each
        if not (found[-1][0] if found else 0.0) <= t < LONGEST_S or not 0 <= low <= high < MOST:
            break
        found.append((float(t), float(low), float(high)))
    return tuple(found)

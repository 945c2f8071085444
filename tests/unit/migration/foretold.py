"""Recorded migrations with the forecasts that the model makes of them, written as the record has them."""

from collections.abc import Iterator, Sequence
from typing import Any

from tests.unit.fakes import recording
from tui.core.plan import AT_ONCE, PRE_COPY
from tui.core.quantity import GIB, MIB
from tui.forecast.model.ahead import Bandwidth
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import AUTO_CONVERGE, Inputs, forecast
from tui.forecast.model.forecast_json import forecast_to_json, inputs_to_json
from tui.forecast.model.interval import Interval
from tui.migration.model.course import ahead_of, ahead_to_json
from tui.migration.model.record import FORECAST, Event, Record
from tui.migration.model.timeline import PASS, Timeline

TECHNIQUES = (PRE_COPY, AUTO_CONVERGE, AT_ONCE)
RATE = Interval(100 * MIB, 112 * MIB, 118 * MIB)
CURVE = DirtyCurve.measured(((1.0, 308 * MIB), (4.0, 80 * MIB), (8.0, 40 * MIB)), GIB)
BUSY = Inputs(CURVE, Interval.exact(700 * MIB), RATE, "5 earlier runs", 0.3)  # of the recordings with a memory workload
IDLE = Inputs(DirtyCurve.of_workload(4 * MIB, 60 * MIB, GIB), Interval.exact(330 * MIB), RATE, "5 earlier runs", 0.3)


def foretold(name: str, inputs: Inputs = BUSY, technique: str = PRE_COPY, *, running: bool = True) -> list[Record]:
    """The recording with a forecast before its start, and one after each pass."""
    return list(_with_forecasts(recording(name), inputs, technique, running=running))


def before(inputs: Inputs, technique: str) -> dict[str, Any]:
    """The data of the event before the start."""
    techniques = [forecast_to_json(forecast(each, inputs)) for each in TECHNIQUES]
    return {"made": "before", "inputs": inputs_to_json(inputs), "techniques": techniques, "technique": technique}


def _with_forecasts(records: Sequence[Record], inputs: Inputs, technique: str, *, running: bool) -> Iterator[Record]:
    timeline, known, bandwidth = Timeline(), -1, Bandwidth()
    for each in records:
        timeline.add(each)
        yield each
        if isinstance(each, Event) and each.kind == "start":
            yield Event(each.t, each.at, FORECAST, before(inputs, technique))
        if not running or timeline.phase != PASS or not timeline.points or len(timeline.passes) == known:
            continue
        if timeline.points[-1].rate is None:
            continue
        known = len(timeline.passes)
        if timeline.passes:
            newest = timeline.passes[-1]
            bandwidth.add(newest.sent / (newest.ended - newest.began))
        yield Event(each.t, each.at, FORECAST, _running(timeline, inputs, bandwidth))


def _running(timeline: Timeline, inputs: Inputs, bandwidth: Bandwidth) -> dict[str, Any]:
    found = ahead_of(timeline, inputs, bandwidth.mean or inputs.bandwidth.likely)
    assert found is not None
    return ahead_to_json(found)

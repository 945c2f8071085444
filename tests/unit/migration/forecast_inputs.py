"""Inputs of forecasts, and recorded migrations that began with one."""

from collections.abc import Iterable
from dataclasses import replace

from tui.core.quantity import GIB, MIB
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import Inputs
from tui.forecast.model.forecast_json import inputs_to_json
from tui.forecast.model.interval import Interval
from tui.migration.model import record
from tui.migration.model.record import Event, Record
from tui.migration.model.timeline import Timeline

# As measured in the lab before such a migration: two threads over 150 MiB each, flat out, and the guest's system.
FLAT_OUT = DirtyCurve.measured([(1.0, 308 * MIB), (2.0, 150 * MIB), (4.0, 80 * MIB)], GIB)
INPUTS = Inputs(FLAT_OUT, Interval.exact(350 * MIB), Interval(105 * MIB, 112 * MIB, 118 * MIB), "5 earlier runs", 0.3)
IDLE = replace(INPUTS, curve=DirtyCurve.measured([(1.0, 4 * MIB), (2.0, 3 * MIB), (4.0, 2 * MIB)], GIB))


def before(inputs: Inputs) -> Event:
    return Event(0.0, "", record.FORECAST, {"made": "before", "inputs": inputs_to_json(inputs)})


def timeline_of(records: Iterable[Record], inputs: Inputs | None = None, **changed: object) -> Timeline:
    """The recorded migration, as if it had been started with other options and a forecast."""
    start, *rest = records
    assert isinstance(start, Event)
    start = start._replace(data={**start.data, **changed})
    return Timeline([start, *([before(inputs)] if inputs else []), *rest])

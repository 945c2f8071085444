"""Forecasts as JSON, in the record of a migration and in the output of `vmlm-tui forecast`."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tui.core.plan import OURS
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import Forecast, Inputs
from tui.forecast.model.interval import Interval


def forecast_to_json(forecast: Forecast) -> dict[str, Any]:
    """The forecast; an infinite value is None."""
    values = vars(forecast)
    return {name: each.to_json() if isinstance(each, Interval) else each for name, each in values.items()} | {
        "ratio": _finite(forecast.ratio)
    }


def forecast_from_json(values: object) -> Forecast:
    """The forecast that `forecast_to_json` wrote; ValueError for anything else."""
    fields = _mapping(values, "a forecast")
    return Forecast(
        _text(fields.get("technique")),
        _flag(fields.get("converges")),
        _flag(fields.get("certain")),
        Interval.from_json(fields.get("total_s")),
        Interval.from_json(fields.get("downtime_s")),
        Interval.from_json(fields.get("sent")),
        Interval.from_json(fields.get("passes")),
        _number(fields.get("left")),
        _number(fields.get("ratio")),
    )


def inputs_to_json(inputs: Inputs) -> dict[str, Any]:
    """The inputs, so that the forecast can be made again and drawn."""
    values = {name: each.to_json() if isinstance(each, Interval) else each for name, each in vars(inputs).items()}
    curve = {"points": [list(each) for each in inputs.curve.points], "memory": inputs.curve.memory}
    return values | {"curve": curve}


def inputs_from_json(values: object) -> Inputs:
    """The inputs that `inputs_to_json` wrote; ValueError for anything else."""
    fields = _mapping(values, "the inputs of a forecast")
    timeout_s = fields.get("timeout_s")
    return Inputs(
        _curve(_mapping(fields.get("curve"), "a dirty curve")),
        _first(fields.get("first")),
        _moving(fields.get("bandwidth")),
        _text(fields.get("bandwidth_source")),
        _known(fields.get("max_downtime_s")),
        _measured(fields.get("setup_s")),
        _measured(fields.get("device_s")),
        _measured(fields.get("switch_s", fields.get("device_s"))),  # an earlier version used that of the devices
        None if timeout_s is None else _number(timeout_s),
        _text(fields.get("post_copy_refused")),
        _flag(fields.get("exact_curve")),
        _flag(fields.get("auto_converge", False)),  # an earlier version did not record it, nor the next three
        _text(fields.get("policy", OURS)),
        _known(fields.get("total_s", 0.0)),
        _flag(fields.get("suspended", False)),
    )


def _curve(fields: Mapping[str, Any]) -> DirtyCurve:
    points, memory = _points(fields.get("points")), _known(fields.get("memory"))
    if any(dirtied > memory for _, dirtied in points):
        raise ValueError("the points of a dirty curve exceed the memory")
    return DirtyCurve(points, memory)


def _points(values: object) -> tuple[tuple[float, float], ...]:
    if not isinstance(values, list) or not all(isinstance(each, list) and len(each) == 2 for each in values):
        raise ValueError(f"{values!r} are not the points of a dirty curve")
    points = tuple((_known(seconds), _known(dirtied)) for seconds, dirtied in values)
    if any(t0 >= t1 or u0 > u1 for (t0, u0), (t1, u1) in pairwise(((0.0, 0.0), *points))):
        raise ValueError("the points of a dirty curve do not ascend")
    return points


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _mapping(values: object, what: str) -> Mapping[str, Any]:
    if not isinstance(values, Mapping):
        raise ValueError(f"{values!r} is not {what}")
    return values


def _number(value: object) -> float:
    if value is None:
        return math.inf
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise ValueError(f"{value!r} is not a number of at least 0")
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(f"{value!r:.60} is not a number") from error


def _known(value: object) -> float:
    """A number that is not infinite."""
    if not math.isfinite(number := _number(value)):
        raise ValueError("a value that a forecast starts from is infinite")
    return number


def _measured(values: object) -> Interval:
    found = Interval.from_json(values)
    if not 0 <= found.low <= found.likely <= found.high < math.inf:
        raise ValueError(f"{values!r} are not the bounds of a measurement")
    return found


def _first(values: object) -> Interval:
    """An earlier version recorded one number."""
    return _measured(values) if isinstance(values, list) else Interval.exact(_known(values))


def _moving(values: object) -> Interval:
    found = _measured(values)
    if not found.low:
        raise ValueError("a link that moves nothing has no forecast")
    return found


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is not true or false")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return value

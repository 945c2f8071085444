"""A forecast judged by what happened."""

from dataclasses import dataclass

from tui.forecast.model.forecast import Forecast
from tui.forecast.model.interval import Interval


@dataclass(frozen=True)
class Judgement:
    """Errors are shares of what happened: 0.2 is a forecast 20 % above it; None if the forecast or it has no value."""

    verdict_right: bool
    total_error: float | None
    downtime_error: float | None
    total_within: bool | None
    downtime_within: bool | None


def judge(forecast: Forecast, *, converged: bool, total_s: float | None, downtime_s: float | None) -> Judgement:
    """Judge a forecast; `converged` is whether the migration ended by itself, the times are those of libvirt."""
    return Judgement(
        forecast.converges == converged,
        _error(forecast.total_s, total_s),
        _error(forecast.downtime_s, downtime_s),
        None if total_s is None else total_s in forecast.total_s,
        None if downtime_s is None else downtime_s in forecast.downtime_s,
    )


def _error(interval: Interval, actual: float | None) -> float | None:
    if not actual or interval.likely == float("inf"):
        return None
    return interval.likely / actual - 1

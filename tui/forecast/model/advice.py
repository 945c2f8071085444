"""Which technique a forecast advises, and why, in sentences."""

import math
from collections.abc import Sequence

from tui.core.plan import AT_ONCE, PRE_COPY
from tui.core.quantity import GIB, MIB, approximately, duration, rate, size
from tui.forecast.model.forecast import AUTO_CONVERGE, Forecast, Inputs
from tui.forecast.model.interval import Interval
from tui.forecast.model.pre_copy import pre_copy
from tui.forecast.model.what_if import (
    UNREACHABLE,
    bandwidth_that_converges,
    downtime_that_converges,
    slowdown_that_converges,
)


def advised(forecasts: Sequence[Forecast]) -> Forecast:
    """Pre-copy if it converges, else post-copy at once, else auto-converge if it converges, else pre-copy."""
    by_name = {each.technique: each for each in forecasts}
    if by_name[PRE_COPY].converges:
        return by_name[PRE_COPY]
    if AT_ONCE in by_name:
        return by_name[AT_ONCE]
    slowed = by_name[AUTO_CONVERGE]
    return slowed if slowed.converges else by_name[PRE_COPY]


def sentence(inputs: Inputs, forecasts: Sequence[Forecast]) -> str:
    """What limits the migration, what that leads to, and what is advised."""
    best, plain = advised(forecasts), forecasts[0]
    facts = f"{_dirties(inputs)}; {_moves(inputs)}"
    if plain.converges:
        unsure = "" if plain.sure else " This is near the border: it may also not end."
        return f"{facts}. Pre-copy converges: {_comes_to(plain)}.{unsure}"
    needed = downtime_that_converges(inputs) + inputs.device_s.likely
    stuck = f"pre-copy {'does' if plain.sure else 'probably does'} not end with a pause below {duration(needed)}"
    if best.technique == PRE_COPY:
        return f"{facts}: {stuck}. Allow a longer downtime, slow the workload down, or use a faster link."
    return f"{facts}: {stuck}. {_capital(best.technique)}: {_comes_to(best)}."


def remedies(inputs: Inputs) -> str:
    """What downtime, bandwidth and rate of the workload would let pre-copy converge, or still do; each one alone.

    The values are rounded to the side on which pre-copy converges.
    """
    if not inputs.curve.points:
        return ""
    downtime = rounded_up(max(1.0, downtime_that_converges(inputs) * 1000)) / 1000
    enough, bandwidth = f"downtime {duration(downtime)}", bandwidth_that_converges(inputs)
    if MIB < bandwidth < UNREACHABLE:
        unit = GIB if bandwidth > 999 * MIB else MIB
        enough += f", or {rate(rounded_up(bandwidth / unit) * unit)}"
    if pre_copy(inputs.curve, inputs.link(), inputs.first.likely, inputs.max_downtime_s).converges:
        return f"Lowest limits with which pre-copy still ends: {enough}."
    slower = math.floor(slowdown_that_converges(inputs) * 99)  # it is found to within 1 %
    return f"Pre-copy would end with: {enough}{f', or workload at {slower} %' if slower else ''}."


def rounded_up(value: float) -> float:
    """The value rounded up to two digits."""
    step = 10.0 ** (math.floor(math.log10(value)) - 1) if value > 0 else 1.0
    return math.ceil(value / step - 1e-9) * step


def _dirties(inputs: Inputs) -> str:
    if not inputs.curve.points:
        return "The VM dirties no memory"
    seconds, dirtied = inputs.densest
    return f"The VM dirties {size(dirtied)} within {duration(seconds)}"


def _moves(inputs: Inputs) -> str:
    return f"the link moves {rate(inputs.bandwidth.likely)} ({inputs.bandwidth_source})"


def _comes_to(forecast: Forecast) -> str:
    return f"about {between(forecast.total_s)}, pause {between(forecast.downtime_s)}"


def between(interval: Interval) -> str:
    """A time with its interval, as a sentence has it: "8.1 s (7.2 s to 10 s)"."""
    if math.isinf(interval.likely):
        return "without end"
    likely, low = approximately(interval.likely), approximately(interval.low)
    high = approximately(interval.high) if math.isfinite(interval.high) else "no end"
    return likely if low == likely == high else f"{likely} ({low} to {high})"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

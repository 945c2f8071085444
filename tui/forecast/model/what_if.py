"""What another downtime, bandwidth or workload would do to a forecast."""

import math
from collections.abc import Callable
from dataclasses import replace

from tui.forecast.model.forecast import Inputs
from tui.forecast.model.pre_copy import pre_copy

UNREACHABLE = 1e12  # bytes per second: no link is so fast


def downtime_that_converges(inputs: Inputs) -> float:
    """The shortest maximum downtime, in seconds, with which pre-copy would converge."""
    link = inputs.link()
    return pre_copy(inputs.curve, link, inputs.first.likely, 0.0).left / link.bandwidth


def bandwidth_that_converges(inputs: Inputs) -> float:
    """The least bandwidth, in bytes per second, with which pre-copy would converge."""

    def converges(bandwidth: float) -> bool:
        link = replace(inputs.link(), bandwidth=bandwidth)
        return pre_copy(inputs.curve, link, inputs.first.likely, inputs.max_downtime_s).converges

    return _least(converges, 1.0, 1e13)


def slowdown_that_converges(inputs: Inputs) -> float:
    """The share of its speed at which the guest's workload would let pre-copy converge: 1 if it does already."""

    def hangs(factor: float) -> bool:
        curve = inputs.curve.faster(factor)
        return not pre_copy(curve, inputs.link(), inputs.first.likely, inputs.max_downtime_s).converges

    return _least(hangs, 1e-4, 1.0) if hangs(1.0) else 1.0


def _least(holds: Callable[[float], bool], low: float, high: float) -> float:
    """The least value, to within 1 %, for which it holds, if it holds for all larger ones; `high` if for none."""
    while high / low > 1.01:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high

"""The picture of a forecast: what the VM dirties within a time, against what the link sends within it."""

from tui.forecast.model.forecast import Inputs
from tui.ui.chart.picture import AREA, BYTES, DOTS, Picture, Series, Sign

HANGS = "pre-copy hangs here"
TITLE = "memory by time"
POINTS = 400  # more than any chart has dots beside each other
SEEN = 6.0  # the maximum downtime is at least this part of the width from the left edge, if pre-copy converges
BEYOND = 1.5  # of the time from which on the curve stays below the link's line


def curve_picture(inputs: Inputs | None, empty: str = "") -> Picture:
    """Pre-copy converges if the curve is below the line from the maximum downtime to the length of the first pass."""
    if inputs is None:
        return Picture(TITLE, BYTES, empty=empty)
    bandwidth, downtime_s = inputs.bandwidth.likely, inputs.max_downtime_s
    end = _end(inputs)
    times = tuple(end * number / POINTS for number in range(POINTS + 1))
    dirtied, sent = tuple(map(inputs.curve.at, times)), tuple(bandwidth * t for t in times)
    above = tuple(u if t >= downtime_s and u > b else None for t, u, b in zip(times, dirtied, sent, strict=True))
    series = [
        Series("dirtied", times, dirtied, "text-primary"),
        Series("link", times, sent, "text-success", DOTS),
    ]
    if any(above):
        series.insert(0, Series("hangs", times, above, "text-error", AREA, floors=sent, inside=HANGS))
    return Picture(
        TITLE,
        BYTES,
        tuple(series),
        signs=(Sign(min(downtime_s, end), "D", "maximum downtime"),),
        window=(0.0, end),
        empty=empty,
    )


def _end(inputs: Inputs) -> float:
    """The time axis: all of the first pass, or the part of it in which the curve is near the line."""
    bandwidth, downtime_s = inputs.bandwidth.likely, inputs.max_downtime_s
    first_s = max(inputs.first.likely / bandwidth, 2 * downtime_s, 1e-3)
    times = [downtime_s + (first_s - downtime_s) * number / POINTS for number in range(POINTS + 1)]
    ratios = {t: inputs.curve.at(t) / (bandwidth * t) if t > 0 else 0.0 for t in times}
    hanging = [t for t, ratio in ratios.items() if ratio > 1]
    if hanging:
        return min(first_s, BEYOND * max(hanging))
    nearest = max(ratios, key=lambda t: ratios[t])
    return min(first_s, max(SEEN * downtime_s, BEYOND * nearest))

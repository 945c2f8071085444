"""Where a migration is, as a forecast and a policy need it."""

from dataclasses import replace

from tui.forecast.model.ahead import Ahead, EndedPass, Position, ahead, updated
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import Inputs
from tui.forecast.model.interval import Interval
from tui.forecast.model.policy import View
from tui.forecast.model.pre_copy import THROTTLE_MOST
from tui.forecast.model.steered import Rules, ahead_by_rules
from tui.migration.model.timeline import PASS, Timeline

NEWEST_PASSES = 1000  # a policy needs those of the last minutes, and each costs time
LEAST_PASSES = 2  # without a measured curve: one pass shows no trend
MOST_THROTTLE = round(100 * THROTTLE_MOST)  # percent
MOST_CONE = 24  # moments of a cone that are recorded


def in_pre_copy(timeline: Timeline) -> bool:
    """Whether passes are being sent, so that there is something to decide and to forecast."""
    return timeline.phase == PASS and bool(timeline.points) and not timeline.paused and not timeline.cancel_requested


def ended_passes(timeline: Timeline) -> tuple[EndedPass, ...]:
    """The newest passes whose end was recorded."""
    newest = timeline.passes[-NEWEST_PASSES:]
    return tuple(EndedPass(each.ended - each.began, float(each.left), each.ended) for each in newest)


def position(timeline: Timeline) -> Position:
    """Where it is at its newest point; it must have one."""
    point = timeline.points[-1]
    return Position(point.t, max(0.0, point.t - timeline.pass_began), float(point.remaining))


def view_of(
    timeline: Timeline, inputs: Inputs | None, bandwidth: float | None, *, post_copy: bool, grown: int = 0
) -> View:
    """What a policy decides by; the timeline must have a point."""
    where, point = position(timeline), timeline.points[-1]
    downtime_s = timeline.max_downtime_ms / 1000
    to_send = None if inputs is None else _to_send(timeline, inputs.first)
    return View(
        elapsed_s=where.elapsed_s,
        in_pass_s=where.in_pass_s,
        remaining=where.remaining,
        memory=float(point.total),
        passes=ended_passes(timeline),
        bandwidth=bandwidth,
        max_downtime_s=downtime_s,
        post_copy=post_copy,
        inputs=None if inputs is None else replace(inputs, max_downtime_s=downtime_s),
        grown=grown,
        slows=timeline.auto_converge and point.throttle < MOST_THROTTLE,
        to_send=None if to_send is None else to_send.likely,
    )


def ahead_of(
    timeline: Timeline,
    inputs: Inputs | None,
    bandwidth: float | None,
    *,
    switch_s: float | None = None,
    rules: Rules | None = None,
) -> Ahead | None:
    """The forecast from here on; None while too little is known. `inputs` are those from before the start.

    `switch_s` seconds after the start, it will be switched to post-copy, or `rules` decide that; None if neither.
    """
    ended, memory = ended_passes(timeline), float(timeline.points[-1].total)
    if not bandwidth or not timeline.max_downtime_ms or (inputs is None and len(ended) < LEAST_PASSES):
        return None
    if inputs is None:
        known = Interval.exact(bandwidth)
        inputs = Inputs(DirtyCurve((), memory), Interval.exact(memory), known, "this migration", 0.0, exact_curve=True)
    inputs = replace(inputs, max_downtime_s=timeline.max_downtime_ms / 1000)
    throttle = timeline.points[-1].throttle / 100 if timeline.auto_converge else None
    to_send = _to_send(timeline, inputs.first)
    where = replace(position(timeline), to_send=to_send, switch_s=switch_s, throttle=throttle)
    newest = updated(inputs, ended, bandwidth)
    if rules is None:
        found = ahead(newest, where)
    else:
        before = None if rules.inputs is None else replace(rules.inputs, max_downtime_s=inputs.max_downtime_s)
        found = ahead_by_rules(newest, where, replace(rules, inputs=before, ended=ended))
    begin = (where.elapsed_s, where.remaining, where.remaining)
    return replace(found, cone=(begin, *found.cone[1:]))


def _to_send(timeline: Timeline, first: Interval) -> Interval | None:
    """What the first pass still sends, without the zero pages, which take no time; None in a later one.

    `first` is what it sends in all. Bounds that it has exceeded count no more; without any, nothing is known of its
    zero pages.
    """
    if not timeline.in_first_pass:
        return None
    point = timeline.points[-1]
    remaining, sent = float(point.remaining), float(point.transferred)
    high = first.high if first.high > sent else sent + remaining
    likely = first.likely if first.likely > sent else high
    return Interval(*(min(remaining, max(0.0, each - sent)) for each in (min(first.low, likely), likely, high)))


def ahead_to_json(found: Ahead) -> dict[str, object]:
    """The forecast as it is recorded; infinite values are None, and only the first moments of the cone are kept."""
    cone = [[round(t, 3), round(low), round(high)] for t, low, high in found.cone[:MOST_CONE]]
    times = {"total_s": found.total_s.to_json(), "downtime_s": found.downtime_s.to_json()}
    rounded = {name: [each if each is None else round(each, 4) for each in values] for name, values in times.items()}
    return {"made": "running", "converges": found.converges, "certain": found.certain, **rounded, "cone": cone}

"""The forecast from before the start, judged by what happened, and what a run teaches about its two hosts."""

from collections.abc import Mapping
from dataclasses import replace
from statistics import quantiles
from typing import Any

from tui.core.plan import (
    AT_ONCE,
    AUTOMATIC,
    OURS,
    POST_COPY_TIMEOUT,
    PRE_COPY,
    SUSPEND_TIMEOUT,
    TIMED,
    UNKNOWN,
    Plan,
)
from tui.core.quantity import MIB
from tui.forecast.model import forecast as model
from tui.forecast.model.ahead import stalled
from tui.forecast.model.chosen import chosen
from tui.forecast.model.forecast import Forecast, Inputs, after_timeout
from tui.forecast.model.interval import Interval
from tui.forecast.model.judgement import Judgement, judge
from tui.forecast.model.steered import automatic
from tui.migration.model.course import ended_passes
from tui.migration.model.record import number_in
from tui.migration.model.timeline import CANCELLED, COMPLETED, Timeline

AT_ONCE_S = 1.0  # a switch so soon after the begin of the first pass was requested before it
LEAST_RATES = 2  # samples from which a rate of the link is derived


def planned(plan: Plan, inputs: Inputs) -> Forecast:
    """The forecast of the technique that is planned; that of post-copy by hand does without the hand."""
    inputs = replace(inputs, auto_converge=plan.auto_converge, policy=plan.policy, total_s=plan.total_s)
    if plan.technique in TIMED:
        return after_timeout(replace(inputs, suspended=plan.technique == SUSPEND_TIMEOUT), plan.timeout_s)
    if plan.post_copy_refused:
        inputs = replace(inputs, post_copy_refused=plan.post_copy_refused)
    name = chosen(plan)
    return automatic(inputs) if name == AUTOMATIC else model.forecast(name, inputs)


def used(timeline: Timeline, inputs: Inputs) -> Forecast:
    """The forecast of the technique that a migration really used: a person may have switched before the plan did."""
    options, at = timeline.options, timeline.post_copy_at
    timeout_s = number_in(options, "timeout_s") or 0.0
    policy, shadow = str(options.get("policy", OURS)), bool(options.get("shadow"))
    refused = str(options.get("post_copy_refused", "")) or timeline.without_post_copy
    plan = Plan(
        "",
        timeline.technique,
        timeout_s or Plan.timeout_s,
        auto_converge=timeline.auto_converge,
        shadow=shadow,
        post_copy_refused=refused,
        policy=policy,
        total_s=number_in(options, "total_s") or 0.0,
    )
    by_rule = timeline.technique == POST_COPY_TIMEOUT and at is not None and at >= timeout_s
    by_policy = chosen(plan) == AUTOMATIC and timeline.decision.get("decided") == "post-copy"
    if at is None and timeline.post_copy_refused and not refused:  # while it ran, so the passes went on
        return planned(replace(plan, technique=PRE_COPY), inputs)
    if at is None or by_rule or by_policy:
        return planned(plan, inputs)
    if not timeline.passes and at - timeline.pass_began < AT_ONCE_S:
        return model.forecast(AT_ONCE, inputs)
    return after_timeout(replace(inputs, auto_converge=timeline.auto_converge, suspended=False), round(at, 1))


def forecast_table(timeline: Timeline) -> dict[str, Any] | None:
    """The table [forecast] of run.toml; None without a forecast from before the start."""
    inputs = timeline.forecasts.inputs
    if inputs is None:
        return None
    found = used(timeline, inputs) if timeline.over else None
    table: dict[str, Any] = {
        "bandwidth_bytes_s": _numbers(inputs.bandwidth),
        "bandwidth_source": inputs.bandwidth_source,
        "curve": [[float(seconds), float(dirtied)] for seconds, dirtied in inputs.curve.points],
    }
    if found is None:
        return table
    table = {
        "technique": found.technique,
        "converges": found.converges,
        "certain": found.certain,
        "total_s": _numbers(found.total_s),
        "downtime_s": _numbers(found.downtime_s),
        "sent_bytes": _numbers(found.sent),
        "ratio": found.ratio,
        **table,
    }
    judgement = judgement_of(timeline, found)
    return table if judgement is None else table | {"outcome": _rounded(vars(judgement))}


def judgement_of(timeline: Timeline, found: Forecast) -> Judgement | None:
    """The judgement; None if its limits were changed, or if the migration did not show what would have been."""
    downtime_ms = number_in(timeline.options, "downtime_ms")
    by_policy = found.technique == AUTOMATIC  # which the forecast has simulated, with the downtimes that it sets
    changed = downtime_ms != timeline.max_downtime_ms and not by_policy
    if changed or any(mark.sign in ("d", "b", "q") for mark in timeline.marks):
        return None
    if timeline.phase == COMPLETED:
        downtime_ms = number_in(timeline.final, "downtime")
        downtime_s = None if downtime_ms is None else downtime_ms / 1000
        total_s = timeline.total_s if timeline.final.get("time_elapsed") else None
        return judge(found, converged=True, total_s=total_s, downtime_s=downtime_s)
    acts_later = by_policy and found.converges and timeline.now < found.total_s.high
    if timeline.phase == CANCELLED and timeline.post_copy_at is None and stalled(ended_passes(timeline)):
        if acts_later:  # the passes do not prove what it would have come to
            return None
        return judge(found, converged=False, total_s=None, downtime_s=None)
    return None


def learned_figures(timeline: Timeline) -> dict[str, Any]:
    """The link's rate without a limit in bytes per second, and what the devices take in ms; None for unknown ones.

    Also whether the limit was changed on the way: the one of the start then explains no total.
    """
    rate, downtime_ms = _link_rate(timeline), number_in(timeline.final, "downtime")
    device_ms = None
    if downtime_ms is not None and timeline.phase == COMPLETED and not timeline.post_copy_failed:
        if timeline.post_copy_at is not None:
            device_ms = downtime_ms
        elif rate and timeline.passes:
            device_ms = downtime_ms - 1000 * _sent_in_pause(timeline, rate) / rate
    if device_ms is not None and device_ms < 0:
        rate = device_ms = None  # the rest was sent faster, so it was not the link that limited the passes
    return {
        "bandwidth_bytes_s": None if rate is None else round(rate),
        "device_ms": None if device_ms is None else round(device_ms),
        "limit_changed": _limit_changed(timeline) or None,
    }


def _sent_in_pause(timeline: Timeline, rate: float) -> float:
    """The bytes that pre-copy sent while the VM was paused: all without those sent until then.

    What the last pass left is too little if passes ended between the last sample and the pause.
    """
    paused_at = next((mark.t for mark in reversed(timeline.marks) if mark.sign == "S"), None)
    sent = number_in(timeline.final, "memory_processed")
    before = [each for each in timeline.points if paused_at is not None and each.t <= paused_at]
    if paused_at is None or sent is None or not before:
        return timeline.passes[-1].left
    in_pause = sent - before[-1].transferred - rate * (paused_at - before[-1].t)
    return max(float(timeline.passes[-1].left), in_pause)


def _link_rate(timeline: Timeline) -> float | None:
    """The upper quartile of the rates in the passes: zero pages in between make the others lower than the link's."""
    if timeline.bandwidth_mib_s or _limit_changed(timeline) or timeline.technique == UNKNOWN or not timeline.from_start:
        return None
    until = timeline.passes[-1].ended if timeline.passes else timeline.post_copy_at or 0.0
    rates = [each.rate for each in timeline.points if each.rate and each.t <= until]
    if len(rates) < LEAST_RATES or max(rates) < MIB:
        return None
    return quantiles(rates, n=4)[2]


def _limit_changed(timeline: Timeline) -> bool:
    """Whether a key or a queue changed the bandwidth."""
    return any(mark.sign in ("b", "q") for mark in timeline.marks)


def _numbers(interval: Interval) -> list[float]:
    return [float(each) for each in (interval.low, interval.likely, interval.high)]


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}

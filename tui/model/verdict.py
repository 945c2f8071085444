"""The sentence under the phase line: what the numbers mean at this moment, and whether it will finish."""

import math
from dataclasses import dataclass

from tui.model.quantity import duration, rate, size
from tui.model.timeline import (
    CANCELLED,
    COMPLETED,
    FAILED,
    IDLE,
    LOST,
    POST_COPY,
    SETUP,
    SWITCHOVER,
    Timeline,
)

SHRINKS = 0.9  # a pass that leaves more than this share of what the one before left does not get anywhere
MANY_PASSES = 50  # a forecast beyond this is no forecast

NEUTRAL, GOOD, WARNING, BAD = "neutral", "good", "warning", "bad"


@dataclass(frozen=True)
class Verdict:
    """One sentence (or two) and its tone."""

    text: str
    tone: str = NEUTRAL


def sentence(timeline: Timeline, elapsed: float, origin: str = "source", target: str = "destination") -> Verdict:
    """What is happening and whether it will finish; `elapsed` in seconds, the hosts as the page names them."""
    phase = timeline.phase
    if phase == IDLE:
        return Verdict("No migration is under way. m starts one.")
    if phase == SETUP:
        return Verdict(f"Setting up: {origin} connects to {target}; nothing has been sent yet.")
    if phase in (COMPLETED, FAILED, CANCELLED, LOST):
        return _ended(timeline, origin, target)
    if phase == SWITCHOVER:
        return Verdict(f"Switching over: the VM is paused, and starts at {target} when the rest is there.", WARNING)
    if phase == POST_COPY:
        return _post_copy(timeline, target)
    if timeline.post_copy_held:
        return Verdict("Post-copy is asked for and starts as soon as QEMU can take it, at the first pass.")
    return _pre_copy(timeline, elapsed)


def _ended(timeline: Timeline, origin: str, target: str) -> Verdict:
    if timeline.phase == COMPLETED:
        ok, text = timeline.verified or (True, f"The VM was moved to {target}.")
        return Verdict(text, GOOD if ok else BAD)
    if timeline.phase == CANCELLED:
        ok, text = timeline.verified or (True, f"The VM stays on {origin}.")
        return Verdict(f"Cancelled. {text}", NEUTRAL if ok else BAD)
    if timeline.phase == LOST:
        ok, text = timeline.verified or (True, "Where the VM is now is not known.")
        return Verdict(f"It ended while nobody watched, and libvirt no longer knows how. {text}", WARNING)
    what = str(timeline.error.get("what", "libvirt gave no reason")).rstrip(".")
    why = str(timeline.error.get("why", "")).rstrip(".")
    where = f" {timeline.verified[1]}" if timeline.verified else ""
    return Verdict(f"{what}{': ' + why if why else ''}.{where}", BAD)


def _post_copy(timeline: Timeline, target: str) -> Verdict:
    point = timeline.point
    if timeline.post_copy_failed:
        return Verdict(
            "Post-copy has lost its connection: the VM stands still where it needs a page that is not there yet. "
            "Nothing is lost; it goes on when the network is back.",
            BAD,
        )
    if point is None:
        return Verdict(f"Post-copy: the VM runs at {target}.")
    left = f"Post-copy: the VM runs at {target}, {size(point.remaining)} still to fetch"
    if not point.rate or point.t < (timeline.post_copy_at or 0):
        return Verdict(f"{left}.")
    return Verdict(f"{left}, about {duration(point.remaining / point.rate)}.")


def _pre_copy(timeline: Timeline, elapsed: float) -> Verdict:
    point = timeline.point
    if point is None:
        return Verdict("The migration has begun; libvirt has not counted anything yet.")
    wait = _timeout(timeline, elapsed)
    if not timeline.passes:
        return Verdict(_first_pass(timeline) + wait)
    threshold = timeline.threshold
    lefts = [each.left for each in timeline.passes]
    if threshold is None:
        return Verdict(f"Pass {point.iteration}: {size(point.remaining)} to send.{wait}")
    if lefts[-1] <= threshold:
        text = f"The last pass left {size(lefts[-1])}, under the {size(threshold)} it must get to: switching over."
        return Verdict(text, GOOD)
    if len(lefts) < 2:
        text = f"Pass {point.iteration}: the first left {size(lefts[0])} dirty, it must get under {size(threshold)}."
        return Verdict(text + wait)
    shrink = lefts[-1] / lefts[-2] if lefts[-2] else 1.0
    if shrink > SHRINKS:
        return _not_converging(timeline, lefts, threshold, wait)
    return Verdict(_converging(timeline, lefts[-1], shrink, threshold) + wait, GOOD)


def _first_pass(timeline: Timeline) -> str:
    point = timeline.points[-1]
    share = max(1 - each.remaining / each.total for each in timeline.points)  # never runs backwards
    text = f"First pass: {100 * share:.0f} % of {size(point.total)} sent"
    if point.rate:
        text += f" at {rate(point.rate)}, about {duration(point.remaining / point.rate)} left of it"
    return text + "."


def _not_converging(timeline: Timeline, lefts: list[int], threshold: int, wait: str) -> Verdict:
    typical = sorted(lefts[-3:])[len(lefts[-3:]) // 2]
    text = f"Not converging: each pass leaves {size(typical)}, must get under {size(threshold)}."
    if timeline.points[-1].throttle:
        text += f" Auto-converge slows the VM by {timeline.points[-1].throttle} %."
    elif wait:
        text += wait
    elif timeline.post_copy_allowed:
        text += " p finishes it."
    else:
        text += " d allows more downtime, b more bandwidth; c cancels."
    return Verdict(text, WARNING)


def _converging(timeline: Timeline, left: int, shrink: float, threshold: int) -> str:
    number, less = timeline.passes[-1].number, 100 * (1 - shrink)
    text = f"Converging: {size(left)} left after pass {number}, {less:.0f} % less than before"
    passes = math.ceil(math.log(threshold / left) / math.log(shrink)) if 0 < shrink < 1 else 1
    speed = timeline.points[-1].rate
    if passes > MANY_PASSES or not speed:
        return f"{text}; must get under {size(threshold)}."
    to_send = left * (1 - shrink**passes) / (1 - shrink)
    plural = "pass" if passes == 1 else "passes"
    return f"{text}; about {passes} more {plural}, {duration(to_send / speed)}, to get under {size(threshold)}."


def _timeout(timeline: Timeline, elapsed: float) -> str:
    """How long until the timeout switches by itself, as a further sentence; empty where there is none."""
    timeout = timeline.options.get("timeout_s") if timeline.technique == "post-copy-timeout" else None
    if not isinstance(timeout, (int, float)) or timeout <= elapsed:
        return ""
    return f" Post-copy in {duration(timeout - elapsed)}; p switches now."

"""The forecast of a migration that is under way: its passes replace the dirty curve, and it goes on from here."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import Inputs
from tui.forecast.model.interval import Interval
from tui.forecast.model.pre_copy import MOST_PASSES, SHRINKS, THROTTLE_MOST, Link, Throttle

NEWEST = 0.4  # the weight of the newest bandwidth in the mean (KubeVirt's ewmaAlpha)
STALL = 0.04  # a pass must leave this share less than the least before, else it makes no progress (stallMargin)
NEWEST_PASSES = 32  # older ones show a workload of the past, and each costs time
STALLED_PASSES = 2  # so many passes without progress prove that it does not converge
SHOWN_PASSES = 3  # of a migration that does not converge, in the cone
MOST_MOMENTS = 40  # of the cone: each event in the record has one
BANDWIDTH_SPREAD = 0.1  # at least this share of the bandwidth is uncertain


@dataclass(frozen=True)
class EndedPass:
    """A pass that took `seconds`, left `left` bytes, and ended so many seconds after the start."""

    seconds: float
    left: float
    ended_s: float = 0.0

    def left_by_next(self, bandwidth: float) -> float:
        """What the next pass leaves if the VM goes on as in this one; at least that if it rewrites the same memory."""
        return self.left if not self.seconds or not bandwidth else self.left_after(self.left / bandwidth)

    def left_after(self, seconds: float) -> float:
        """The same of a pass of so many seconds."""
        return min(self.left, self.left * seconds / self.seconds) if self.seconds else self.left


@dataclass(frozen=True)
class Position:
    """Where pre-copy is, in seconds since its start and bytes; `in_pass_s` since the current pass began.

    At `switch_s` it will be switched to post-copy; None if it will not. `to_send` is what the pass still sends, if that
    is not all of what remains: some of it may be zero pages. `throttle` is the share of its time that auto-converge
    takes from the VM, None if that is not used.
    """

    elapsed_s: float
    in_pass_s: float
    remaining: float
    switch_s: float | None = None
    to_send: Interval | None = None
    throttle: float | None = None

    def rest(self, bound: str) -> float:
        """What the current pass still sends, at a bound."""
        return self.remaining if self.to_send is None else self.to_send.at(bound)


@dataclass(frozen=True)
class Ahead:
    """What is still to come; `cone` has (seconds since the start, lowest, highest bytes remaining)."""

    converges: bool
    certain: bool  # all bounds agree
    total_s: Interval
    downtime_s: Interval
    cone: tuple[tuple[float, float, float], ...]


class Bandwidth:
    """The mean of the measured bandwidths, the newest with the weight NEWEST; bytes per second."""

    def __init__(self) -> None:
        self.mean: float | None = None

    def add(self, measured: float) -> None:
        """Add a rate; 0 is a pause of the link, which is not its bandwidth."""
        if measured > 0:
            self.mean = measured if self.mean is None else NEWEST * measured + (1 - NEWEST) * self.mean


def updated(inputs: Inputs, ended: Sequence[EndedPass], bandwidth: float | None) -> Inputs:
    """The inputs after the passes so far; the newest pass counts most."""
    curve = inputs.curve
    for each in ended[-NEWEST_PASSES:]:
        curve = curve.with_pass(each.seconds, each.left)
    known = inputs.bandwidth
    if bandwidth:
        spread = BANDWIDTH_SPREAD * bandwidth
        known = Interval(bandwidth - spread, bandwidth, bandwidth + spread)
    return replace(inputs, curve=curve, bandwidth=known, exact_curve=inputs.exact_curve or len(ended) > 1)


def stalled(ended: Sequence[EndedPass]) -> bool:
    """Whether the newest passes prove that it does not converge: none left less than the least before it."""
    if len(ended) <= STALLED_PASSES:
        return False
    least = min(each.left for each in ended[-NEWEST_PASSES:-STALLED_PASSES])
    return all(each.left > (1 - STALL) * least for each in ended[-STALLED_PASSES:])


def ahead(inputs: Inputs, position: Position, onward: "Onward | None" = None) -> Ahead:
    """What comes after a position in pre-copy; `onward` computes one course, if a policy may change it."""
    onward, variants = onward or _onward, list(inputs.variants())
    found = [onward(*each, inputs.max_downtime_s, position) for each in variants]
    likely = found[0]
    ends = [each.points[-1][0] for each in found if math.isfinite(each.total_s)]
    end = max(ends) if math.isfinite(likely.total_s) else likely.points[-1][0]
    found = [
        each if math.isfinite(each.total_s) else onward(*variant, inputs.max_downtime_s, position, until=end)
        for each, variant in zip(found, variants, strict=True)
    ]
    return Ahead(
        math.isfinite(likely.total_s),
        all(math.isfinite(each.total_s) == math.isfinite(likely.total_s) for each in found),
        Interval.around(likely.total_s, (each.total_s for each in found)),
        Interval.around(likely.downtime_s, (each.downtime_s for each in found)),
        _cone(found, end),
    )


@dataclass(frozen=True)
class Course:
    """What comes at one bound of what is uncertain; the times are infinite if it does not converge."""

    total_s: float
    downtime_s: float
    points: list[tuple[float, float]]  # (seconds, bytes remaining); two at the end of a pass

    def around(self, t: float) -> tuple[float, float]:
        """The bytes remaining just before and just after a moment; they differ at the end of a pass, 0 after all."""
        first = bisect_left(self.points, (t, -math.inf))
        last = bisect_right(self.points, (t, math.inf)) - 1
        if first <= last:
            return self.points[first][1], self.points[last][1]
        if first >= len(self.points):
            return 0.0, 0.0
        (t0, r0), (t1, r1) = self.points[first - 1], self.points[first]
        value = r0 + (r1 - r0) * (t - t0) / (t1 - t0)
        return value, value


def _onward(
    curve: DirtyCurve, link: Link, bound: str, max_downtime_s: float, position: Position, until: float = 0.0
) -> Course:
    """The passes from a position on; of those that do not converge SHOWN_PASSES, or as many as begin before `until`.

    The curve is that of the VM as it is slowed down now.
    """
    fits, switch_s = link.bandwidth * max_downtime_s, position.switch_s
    t, rest, in_pass_s = position.elapsed_s, position.rest(bound), position.in_pass_s
    points, before, throttle = [(t, rest)], math.inf, Throttle(min(THROTTLE_MOST, position.throttle or 0.0))
    now = 1 - throttle.share
    for number in range(MOST_PASSES):
        seconds = rest / link.bandwidth
        slowed = curve.faster((1 - throttle.share) / now)
        if switch_s is not None and (t + seconds >= switch_s or number + 1 == MOST_PASSES):
            return switched(slowed, link, points, in_pass_s, max(t, switch_s))
        left = slowed.at(in_pass_s + seconds)
        t += seconds
        if left <= fits:
            end, downtime_s = completed(
                link, points, left, max_downtime_s, sparse=not number and position.to_send is not None
            )
            return Course(end, downtime_s, points)
        points += [(t, 0.0), (t, left)]
        if position.throttle is not None:
            throttle.after((in_pass_s + seconds) * link.bandwidth, left)
        enough = number + 1 >= SHOWN_PASSES and (t >= until or number >= MOST_MOMENTS)
        changes = switch_s is not None or (position.throttle is not None and throttle.share < THROTTLE_MOST)
        if not changes and left >= SHRINKS * before and enough:
            break
        rest, in_pass_s, before = left, 0.0, left
    return Course(math.inf, math.inf, shown(points, until))


def completed(
    link: Link, points: list[tuple[float, float]], left: float, max_downtime_s: float, *, sparse: bool
) -> tuple[float, float]:
    """Adds the last pass, which leaves `left`, and the switchover to the points; the end and the pause, in seconds."""
    t, rest = points[-1]
    remain = link.at_switchover(rest, left, max_downtime_s, sparse=sparse)
    end = t + rest / link.bandwidth + left / link.bandwidth + link.device_s
    downtime_s = remain / link.bandwidth + link.device_s
    points += [(end - downtime_s, remain - left), (end - downtime_s, remain), (end, 0.0)]
    return end, downtime_s


def shown(points: list[tuple[float, float]], until: float) -> list[tuple[float, float]]:
    """The points of a course without an end that are drawn: SHOWN_PASSES, or as many as a cone up to `until` needs."""
    return points if until else points[: 1 + 2 * SHOWN_PASSES]


class Onward(Protocol):
    """Computes a course from a position on, with the arguments of `_onward`."""

    def __call__(
        self,
        curve: DirtyCurve,
        link: Link,
        bound: str,
        max_downtime_s: float,
        position: Position,
        /,
        until: float = 0.0,
    ) -> Course: ...


def switched(
    curve: DirtyCurve, link: Link, points: list[tuple[float, float]], in_pass_s: float, switch_s: float
) -> Course:
    """Post-copy after the points so far, of which the last is in the pass that began `in_pass_s` before it."""
    t, rest = points[-1]
    seconds = rest / link.bandwidth
    part_s = min(switch_s - t, seconds)
    unsent = rest - link.bandwidth * part_s
    # Of what was dirtied since the pass began, a share is still to be sent anyway.
    passed_s = in_pass_s + part_s
    again = curve.at(passed_s) * passed_s / (in_pass_s + seconds) if passed_s else 0.0
    runs = switch_s + link.switch_s
    end = runs + (unsent + again) / link.bandwidth
    left = [(switch_s, unsent), (switch_s, unsent + again), (runs, unsent + again), (end, 0.0)]
    return Course(end, link.switch_s, points + left)


def _cone(courses: list[Course], end: float) -> tuple[tuple[float, float, float], ...]:
    """The lowest and highest of all courses up to a moment; two entries of one moment are a step.

    Of more than MOST_MOMENTS, the nearest are kept, and the last.
    """
    moments = sorted({t for course in courses for t, _ in course.points if t <= end})
    found: list[tuple[float, float, float]] = []
    for t in [*moments[:MOST_MOMENTS], *moments[MOST_MOMENTS:][-1:]]:
        before, after = zip(*(course.around(t) for course in courses), strict=True)
        found += dict.fromkeys(((t, min(before), max(before)), (t, min(after), max(after))))
    return tuple(found)

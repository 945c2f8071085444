"""A migration that a policy steers, simulated: the policy decides by the same View as while a real one runs."""

import copy
import math
from dataclasses import dataclass, field, replace
from functools import partial

from tui.core.plan import AT_ONCE, AUTOMATIC, OURS, PRE_COPY
from tui.forecast.model import time_limit
from tui.forecast.model.ahead import Ahead, Course, EndedPass, Position, ahead, completed, shown, switched
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import AUTO_CONVERGE, Forecast, Inputs, after_timeout, combined, forecast
from tui.forecast.model.policy import DOWNTIME, POLICIES, POLLED, POST_COPY, Decision, Policy, Polls, View
from tui.forecast.model.pre_copy import MOST_PASSES, SHRINKS, THROTTLE_MOST, Link, Outcome, Throttle

LEAST_STEP_S = 0.2  # between two decisions in a pass
STEP = 0.02  # of the time so far: the moment of a decision is found to within this share
POLL_STEP_S = 0.1  # of the policies that count polls
MOST_POLLS = 200  # in a pass
GROUPED_AFTER = 50  # passes; of later ones that all leave the same, as many as STEP allows count as one
KEPT_PASSES = 500  # a policy needs those of the last minutes
LONGEST_S = 7 * 86_400.0  # a policy that has not ended it by then never does


@dataclass(frozen=True)
class Rules:
    """Who decides, by what, and what it may do.

    `inputs` are those of the forecast before the start, None without one; `total_s` is the longest total time, 0 for no
    limit. With `keeps_downtime`, a person has set the downtime, so the policy does not. `ended` and `polls` are those
    of a migration that is under way.
    """

    policy: Policy
    memory: float
    inputs: Inputs | None = None
    total_s: float = 0.0
    post_copy: bool = True
    keeps_downtime: bool = False
    ended: tuple[EndedPass, ...] = ()
    polls: Polls = field(default_factory=Polls)


def techniques_of(inputs: Inputs) -> tuple[Forecast, ...]:
    """The forecasts of all techniques that the VM can use, pre-copy first."""
    found = [forecast(PRE_COPY, inputs), forecast(AUTO_CONVERGE, inputs)]
    if inputs.timeout_s and (inputs.suspended or not inputs.post_copy_refused):
        found.append(after_timeout(inputs, inputs.timeout_s))
    if not inputs.post_copy_refused:
        found.append(forecast(AT_ONCE, inputs))
    return (*found, automatic(inputs))


def automatic(inputs: Inputs) -> Forecast:
    """The forecast of the technique "automatic", by the policy and the longest total time of the inputs."""
    policy = POLICIES.get(inputs.policy, POLICIES[OURS])
    rules = Rules(policy, inputs.curve.memory, inputs, inputs.total_s, post_copy=not inputs.post_copy_refused)
    throttle = 0.0 if inputs.auto_converge or inputs.post_copy_refused else None

    def run(curve: DirtyCurve, link: Link, bound: str) -> Outcome:
        position = Position(link.setup_s, 0.0, inputs.first.at(bound), throttle=throttle)
        return Simulation(curve, link, bound, inputs.max_downtime_s, position, rules).run()

    return combined(AUTOMATIC, inputs, run)


def ahead_by_rules(inputs: Inputs, position: Position, rules: Rules) -> Ahead:
    """What comes after a position in pre-copy that a policy steers."""
    return ahead(inputs, position, partial(_course, rules))


def _course(
    rules: Rules, curve: DirtyCurve, link: Link, bound: str, max_downtime_s: float, position: Position,
    until: float = 0.0,
) -> Course:  # fmt: skip
    simulation = Simulation(curve, link, bound, max_downtime_s, position, rules)
    outcome = simulation.run()
    points = simulation.points if outcome.converges else shown(simulation.points, until)
    return Course(outcome.total_s, outcome.downtime_s, points)


class Simulation:
    """One migration from a position on, at one bound of what is uncertain."""

    def __init__(
        self, curve: DirtyCurve, link: Link, bound: str, max_downtime_s: float, position: Position, rules: Rules
    ) -> None:
        self.points: list[tuple[float, float]] = []  # (seconds, bytes remaining); two at the end of a pass
        self._curve, self._link, self._rules = curve, link, rules
        self._downtime_s = max_downtime_s
        self._t, self._in_pass_s, self._rest = position.elapsed_s, position.in_pass_s, position.rest(bound)
        self._first = None if rules.ended else position.rest("likely")  # what is known of it
        self._auto_converge = position.throttle is not None
        self._throttle = Throttle(min(THROTTLE_MOST, position.throttle or 0.0))
        self._now = 1 - self._throttle.share  # the curve is that of the VM as it is slowed down at the position
        self._ended, self._polls = list(rules.ended), copy.copy(rules.polls)
        self._sent, self._smallest, self._passes = 0.0, math.inf, 0

    def run(self) -> Outcome:
        """What it comes to."""
        self.points.append((self._t, self._rest))
        while self._passes < MOST_PASSES and self._t < LONGEST_S:
            self._passes += 1
            found = self._in_pass()
            if found is not None:
                return found
            before, left = self._rest, self._left()
            if left <= self._link.bandwidth * self._downtime_s:
                return self._completed(left)
            self._end_pass(left)
            self._smallest = min(self._smallest, left)
            slows = self._auto_converge and self._throttle.share < THROTTLE_MOST
            if self._passes >= GROUPED_AFTER and left >= SHRINKS * before and not slows:
                self._repeat(left)
        return Outcome(False, math.inf, math.inf, math.inf, math.inf, self._smallest)

    def _in_pass(self) -> Outcome | None:
        """Ask the policy at its begin and in between; the outcome if a decision ends pre-copy."""
        seconds, part_s = self._rest / self._link.bandwidth, 0.0
        polled = self._rules.policy.name in POLLED
        while part_s <= seconds:
            if polled:
                done = self._link.bandwidth * part_s
                self._polls.add(self._t + part_s, round(self._rest - done), round(self._sent + done))
            decision = self._decision(part_s)
            if decision is not None and decision.kind == POST_COPY:
                return self._switched(part_s)
            if decision is not None:
                self._downtime_s = (decision.value or 0) / 1000
                if not part_s and self._ended and self._rest <= self._link.bandwidth * self._downtime_s:
                    return self._paused()
            step = max(LEAST_STEP_S, STEP * (self._t + part_s))
            part_s += max(POLL_STEP_S, seconds / MOST_POLLS) if polled else step
        return None

    def _decision(self, part_s: float) -> Decision | None:
        """What the policy changes now."""
        rules, sent = self._rules, self._link.bandwidth * part_s
        to_send = None if self._first is None else self._first - sent if self._first > sent else self._rest - sent
        view = View(
            elapsed_s=self._t + part_s, in_pass_s=self._in_pass_s + part_s, remaining=self._rest - sent,
            memory=rules.memory, passes=tuple(self._ended), bandwidth=self._link.bandwidth,
            max_downtime_s=self._downtime_s, post_copy=rules.post_copy, inputs=rules.inputs, grown=self._polls.grown,
            slows=self._auto_converge and self._throttle.share < THROTTLE_MOST, to_send=to_send,
        )  # fmt: skip
        found = time_limit.decide(view, rules.total_s) or rules.policy.decide(view)
        if found is None or found.kind not in (POST_COPY, DOWNTIME):
            return None
        return None if found.kind == DOWNTIME and rules.keeps_downtime else found

    def _left(self) -> float:
        """What the pass leaves."""
        return self._slowed().at(self._in_pass_s + self._rest / self._link.bandwidth)

    def _end_pass(self, left: float) -> None:
        """Go to the end of the pass, which leaves so much."""
        seconds = self._rest / self._link.bandwidth
        whole_s = self._in_pass_s + seconds
        self._t, self._sent = self._t + seconds, self._sent + self._rest
        self._ended = [*self._ended[-KEPT_PASSES:], EndedPass(whole_s, left, self._t)]
        self.points += [(self._t, 0.0), (self._t, left)]
        if self._auto_converge:
            self._throttle.after(whole_s * self._link.bandwidth, left)
        self._rest, self._in_pass_s, self._first = left, 0.0, None

    def _repeat(self, left: float) -> None:
        """Count the passes that are like the last one, up to the next moment that is simulated."""
        seconds = left / self._link.bandwidth
        times = int(STEP * self._t / seconds) if seconds else 0
        self._t, self._sent = self._t + times * seconds, self._sent + times * left
        if times:
            self._ended[-1] = replace(self._ended[-1], ended_s=self._t)
            self.points += [(self._t, 0.0), (self._t, left)]

    def _completed(self, left: float) -> Outcome:
        """The pass is the last one: it leaves so much, which fits."""
        fits = self._link.bandwidth * self._downtime_s
        sparse = self._first is not None and self._rest + fits < self._curve.memory
        end, downtime_s = completed(self._link, self.points, left, self._downtime_s, sparse=sparse)
        return Outcome(True, end, downtime_s, self._sent + self._rest + left, self._passes, left)

    def _paused(self) -> Outcome:
        """The VM is paused at the begin of a pass, because all of it fits."""
        downtime_s = self._rest / self._link.bandwidth + self._link.device_s
        self.points.append((self._t + downtime_s, 0.0))
        return Outcome(True, self._t + downtime_s, downtime_s, self._sent + self._rest, self._passes, self._rest)

    def _switched(self, part_s: float) -> Outcome:
        course = switched(self._slowed(), self._link, self.points, self._in_pass_s, self._t + part_s)
        rest = course.points[-2][1]
        self.points = course.points
        sent = self._sent + self._link.bandwidth * part_s + rest
        passes = self._passes if part_s or not self._ended else self._passes - 1
        return Outcome(True, course.total_s, course.downtime_s, sent, passes, rest)

    def _slowed(self) -> DirtyCurve:
        return self._curve.faster((1 - self._throttle.share) / self._now)

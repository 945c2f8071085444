"""What steers a migration without a person: the timeout, and the policy of the technique "automatic"."""

from collections.abc import Iterable
from typing import Any

from tui.core.failure import Failure
from tui.core.plan import AUTOMATIC, OURS, POST_COPY_TIMEOUT, SUSPEND_TIMEOUT, TIMED, Plan
from tui.forecast.model import time_limit
from tui.forecast.model.ahead import Bandwidth
from tui.forecast.model.forecast import Inputs
from tui.forecast.model.forecast_json import forecast_to_json, inputs_to_json
from tui.forecast.model.policy import ADVICE, DOWNTIME, POLICIES, POST_COPY, Decision, Policy, Polls
from tui.forecast.model.steered import Rules, techniques_of
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.backend.running.controls import Controls
from tui.migration.model import course, record
from tui.migration.model.accuracy import planned
from tui.migration.model.call.requested import STARTED_WITHOUT
from tui.migration.model.keys import CANCEL
from tui.migration.model.points import Point
from tui.migration.model.record import Event, Record

BANDWIDTH_EVERY_S = 0.5  # samples come at irregular times; so each moment counts alike
NOTABLE = 0.1  # a change of the bandwidth by this share makes a new forecast
LEAST_S = 1.0  # between two recorded forecasts
LEAST_SHARE = 0.01  # of the time so far, so that a day has some hundred forecasts
NOTHING = "nothing"  # decided; its value is the number of refusals that it is about
RETRY_S = 5.0  # after a request that libvirt has refused, if the policy still decides it
MOST_TRIES = 3
NEW_ADVICE = 0.25  # by this share a downtime must differ from those that were advised before


class Steering:
    """Runs on the actor's thread. It asks the policy after each sample, and QEMU's begin of a pass makes a sample.

    A decision goes through the controls, as that of a person does. A limit that a person has set, the policy leaves
    alone; post-copy that was refused to a person is decided as before.
    """

    def __init__(self, plan: Plan, run_log: RunLog, controls: Controls) -> None:
        self.timeout_at: float | None = None  # of the technique, by time.monotonic()
        self._plan = plan
        self._run_log = run_log
        self._timeline = run_log.timeline
        self._controls = controls
        self._policy: Policy = POLICIES.get(plan.policy, POLICIES[OURS])
        self._acts = plan.technique == AUTOMATIC and not plan.shadow
        self._inputs: Inputs | None = None
        self._bandwidth = Bandwidth()
        self._polls = Polls()
        self._measured_at = 0.0
        self._decided: dict[tuple[str, int | None], list[float]] = {}  # when; each is done once unless it is refused
        self._forecast_at: float | None = None
        self._forecast_passes = 0
        self._forecast_bandwidth = 0.0

    # -- begin --

    def begin(self, inputs: Inputs | None) -> None:
        """Record the forecast that was made before the start."""
        self._inputs = inputs
        if inputs is not None:
            techniques = [forecast_to_json(each) for each in techniques_of(inputs)]
            data: dict[str, Any] = {"inputs": inputs_to_json(inputs), "techniques": techniques}
            name = planned(self._plan, inputs).technique
            self._run_log.event(record.FORECAST, made="before", **data, technique=name)
        self._set_timeout()

    def start_refused(self, failure: Failure) -> None:
        """A host does not allow post-copy, so it was started without."""
        self._controls.post_copy_impossible = True
        reason = f"{failure.why}, {STARTED_WITHOUT}"
        self._record_once(Decision(NOTHING, reason), without_post_copy=failure.why)

    def resume(self, earlier: Iterable[Record]) -> None:
        """Continue after an earlier process, by its records."""
        self._inputs = self._timeline.forecasts.inputs
        self._set_timeout()
        for point in self._timeline.points:
            self._measure(point)
        for each in earlier:
            if isinstance(each, Event) and each.data.get("action") == AUTOMATIC:
                key = (str(each.data.get("decided")), each.data.get("value"))
                self._decided.setdefault(key, []).append(each.t)

    def _set_timeout(self) -> None:
        done = self._timeline.post_copy_at is not None or self._timeline.suspended
        if self._plan.technique in TIMED and not done:
            self.timeout_at = self._run_log.zero + self._plan.timeout_s

    # -- while it runs --

    def tick(self, moment: float, *, running: bool) -> None:
        """Switch or suspend when the timeout of the technique has passed; `moment` is by time.monotonic()."""
        if self.timeout_at is not None and moment >= self.timeout_at:
            self.timeout_at = None
            if running and self._plan.technique == SUSPEND_TIMEOUT:
                self._controls.suspend()
            elif running and self._timeline.post_copy_at is None:
                self._controls.timed_out(self._plan.timeout_s)

    def sampled(self) -> None:
        """A sample was added to the timeline."""
        if not course.in_pre_copy(self._timeline):
            return
        point = self._timeline.points[-1]
        self._measure(point)
        if (self._acts or self._plan.shadow) and self._controls.passes_seen:
            self._ask()
        self._forecast(point.t)

    def _measure(self, point: Point) -> None:
        self._polls.add(point.t, point.remaining, point.transferred)
        if point.rate and (point.t - self._measured_at >= BANDWIDTH_EVERY_S or self._bandwidth.mean is None):
            self._measured_at = point.t
            self._bandwidth.add(point.rate)

    # -- decisions --

    def _ask(self) -> None:
        """Ask the policy, and do or record what it decides."""
        by_person, controls = self._controls.by_person, self._controls
        if CANCEL in by_person or (self._acts and controls.switching):
            return
        if self._acts and controls.post_copy_refusals and not self._plan.post_copy_refused:
            self._record_once(Decision(NOTHING, self._after_refusal(), controls.post_copy_refusals))
        post_copy = self._may_switch()
        bandwidth, grown = self._bandwidth.mean, self._polls.grown
        view = course.view_of(self._timeline, self._inputs, bandwidth, post_copy=post_copy, grown=grown)
        decision = time_limit.decide(view, self._plan.total_s) or self._policy.decide(view)
        if decision is None or (decision.kind == DOWNTIME and DOWNTIME in by_person) or self._advised(decision):
            return
        if self._record_once(decision) and self._acts and decision.kind != ADVICE:
            controls.decided(decision.kind, decision.value)

    def _may_switch(self) -> bool:
        """Whether the policy may use post-copy; in the shadow, also what libvirt would refuse."""
        if not self._acts:
            return not self._plan.post_copy_refused and POST_COPY not in self._controls.by_person
        return not (self._plan.post_copy_refused or self._gave_up)

    @property
    def _gave_up(self) -> bool:
        """Whether libvirt has refused post-copy for good, or as often as the policy requests it."""
        key, controls = (POST_COPY, None), self._controls
        return controls.post_copy_impossible or (
            key in controls.refused and len(self._decided.get(key, ())) >= MOST_TRIES
        )

    def _after_refusal(self) -> str:
        """What it does after post-copy was refused, to a person or to itself."""
        why = self._controls.post_copy_refused
        if self._controls.post_copy_impossible:
            return f"post-copy was refused ({why}), so it goes on without post-copy"
        if self._gave_up:
            return f"post-copy was refused too often ({why}), so it goes on without post-copy"
        return f"post-copy was refused ({why}); after {RETRY_S:g} s, it requests post-copy again if that is still due"

    def _advised(self, decision: Decision) -> bool:
        """Whether nearly the same was advised before: each pass leaves a bit more or less."""
        new = decision.value or 0
        before = (value or 0 for kind, value in self._decided if kind == decision.kind == ADVICE)
        return any(abs(new - each) <= NEW_ADVICE * each for each in before)

    def _record_once(self, decision: Decision, **more: str) -> bool:
        key, now = (decision.kind, decision.value), self._timeline.now
        before = self._decided.setdefault(key, [])
        refused_at = self._controls.refused.get(key)
        if before and (refused_at is None or len(before) >= MOST_TRIES):
            return False
        if refused_at is not None and now < max([refused_at, *before]) + RETRY_S:
            return False
        self._controls.refused.pop(key, None)
        before.append(now)
        fields: dict[str, Any] = {"action": AUTOMATIC, "decided": decision.kind, "value": decision.value}
        fields |= {"reason": decision.reason, "shadow": not self._acts, "policy": self._policy.name, **more}
        self._run_log.log(record.ACTION, fields)
        return True

    # -- forecasts --

    def _forecast(self, t: float) -> None:
        """Record a new forecast after a pass, or if the bandwidth has changed; not too often."""
        bandwidth, passes = self._bandwidth.mean or 0.0, self._timeline.passes.added
        since = t if self._forecast_at is None else t - self._forecast_at
        changed = abs(bandwidth - self._forecast_bandwidth) > NOTABLE * self._forecast_bandwidth
        due = passes != self._forecast_passes and since >= LEAST_SHARE * t
        if not (due or changed) or (self._forecast_at is not None and since < LEAST_S):
            return
        found = course.ahead_of(
            self._timeline, self._inputs, bandwidth, switch_s=self._switch_s(t), rules=self._rules()
        )
        if found is not None:
            self._forecast_at, self._forecast_passes, self._forecast_bandwidth = t, passes, bandwidth
            self._run_log.log(record.FORECAST, course.ahead_to_json(found))

    def _switch_s(self, t: float) -> float | None:
        """When it will be switched to post-copy, as far as that does not depend on a policy."""
        if self._controls.switching:
            return t
        by_timeout = self._plan.technique == POST_COPY_TIMEOUT and not self._controls.post_copy_refused
        return self._plan.timeout_s if by_timeout else None

    def _rules(self) -> Rules | None:
        """Who will decide what comes, if the technique leaves it to a policy."""
        if not self._acts or self._controls.switching:
            return None
        return Rules(
            self._policy,
            float(self._timeline.points[-1].total),
            self._inputs,
            self._plan.total_s,
            self._may_switch(),
            keeps_downtime=DOWNTIME in self._controls.by_person,
            polls=self._polls,
        )

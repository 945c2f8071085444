"""Policies: the rules by which a migration steers itself. Each is a pure function of what is known at a moment."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from tui.core.plan import PRE_COPY
from tui.core.quantity import GIB, duration, size
from tui.forecast.model.advice import rounded_up
from tui.forecast.model.ahead import EndedPass, stalled
from tui.forecast.model.forecast import Forecast, Inputs, forecast

POST_COPY, DOWNTIME = "post-copy", "downtime"  # kinds of decisions
ADVICE = "advice"  # one that is not done: the longest pause is the user's
MOST_DOWNTIME_MS = 2_000_000  # QEMU's own maximum
SHOWN_LEFTS = 3  # passes in a reason


@dataclass(frozen=True)
class View:
    """A migration in pre-copy, at the begin or end of a pass or at a sample; seconds since its start, and bytes.

    `passes` are those that have ended; `bandwidth` is in bytes per second, None while unknown; `post_copy` is whether
    it may be used; `inputs` are those of the forecast before the start, if one was made; `grown` is that of Polls;
    while `slows`, auto-converge may still slow the VM down further. `to_send` is what the first pass likely still
    sends, without its zero pages; None if that is unknown, and in later passes.
    """

    elapsed_s: float
    in_pass_s: float
    remaining: float
    memory: float
    passes: tuple[EndedPass, ...]
    bandwidth: float | None
    max_downtime_s: float
    post_copy: bool
    inputs: Inputs | None = None
    grown: int = 0
    slows: bool = False
    to_send: float | None = None

    @property
    def at_boundary(self) -> bool:
        """Whether a pass has just ended: what remains is what it left, the low point of the saw-tooth."""
        return bool(self.passes) and self.remaining >= self.passes[-1].left


@dataclass(frozen=True)
class Decision:
    """What a policy does, and why, in a sentence without a stop; DOWNTIME and ADVICE have `value` in milliseconds."""

    kind: str
    reason: str
    value: int | None = None


class Policy(Protocol):
    """A rule that steers a migration."""

    name: str

    def decide(self, view: View) -> Decision | None:
        """What to do now; None for nothing. The same view gives the same decision."""


class ByForecast:
    """Ours: post-copy as soon as it is certain that pre-copy does not converge, by the forecast or by the passes.

    Before the first pass the measured dirty curve decides if it is certain; later the passes do, which are newer. At
    the end of a pass what remains is least, so it switches then; not if the newest pass shows that the next one would
    end pre-copy, as after a burst. Without post-copy, it advises a longer downtime when the passes prove that they do
    not converge and auto-converge slows the VM down no further.
    """

    name = "forecast"

    def decide(self, view: View) -> Decision | None:
        """Post-copy, once and for a proved reason; else advice."""
        if not view.post_copy:
            return self._advice(view)
        return self._before(view) if not view.passes else self._after_pass(view)

    def _before(self, view: View) -> Decision | None:
        if view.inputs is None or not view.inputs.curve.points:
            return None
        found = _plain(view.inputs)
        if found.converges or not found.sure:
            return None
        seconds, dirtied = view.inputs.densest
        why = f"the VM dirties {size(dirtied)} within {duration(seconds)}, and the link moves"
        moved = f"{size(seconds * view.inputs.bandwidth.likely)} in that time"
        return Decision(POST_COPY, f"pre-copy would not converge: {why} {moved}")

    def _after_pass(self, view: View) -> Decision | None:
        if not view.at_boundary:
            return None
        newest = view.passes[-1]
        fits = (view.bandwidth or 0.0) * view.max_downtime_s
        if newest.left <= fits:
            return None
        if (stalled(view.passes) or self._as_forecast(view)) and newest.left_by_next(view.bandwidth or 0.0) > fits:
            return Decision(POST_COPY, f"the last passes left no less than before: {_lefts(view)}")
        return None

    @staticmethod
    def _advice(view: View) -> Decision | None:
        if view.slows or not view.bandwidth or not view.at_boundary or not stalled(view.passes):
            return None
        most = max(each.left for each in view.passes[-SHOWN_LEFTS:])
        value = int(rounded_up(1000 * most / view.bandwidth))
        if not 1000 * view.max_downtime_s < value <= MOST_DOWNTIME_MS:
            return None
        reason = f"post-copy is not possible, and the last passes left no less than before: {_lefts(view)}"
        return Decision(ADVICE, reason, value)

    @staticmethod
    def _as_forecast(view: View) -> bool:
        """Whether two passes show what the forecast was sure of: one pass less to wait."""
        if view.inputs is None or len(view.passes) < 2:
            return False
        found = _plain(view.inputs)
        if found.converges or not found.sure:
            return False
        return stalled((view.passes[-2], *view.passes[-2:]))


class AfterFirstPass:
    """virsh migrate --postcopy --postcopy-after-precopy: post-copy when the first pass has ended.

    Source: libvirt, tools/virsh-domain.c (virshMigrateIteration).
    """

    name = "virsh-first-pass"

    def decide(self, view: View) -> Decision | None:
        """Post-copy after the first pass."""
        return Decision(POST_COPY, "the first pass has ended") if view.post_copy and view.passes else None


class Nova:
    """OpenStack Nova: the maximum downtime in steps, and post-copy at the completion timeout.

    Its action at the timeout is "abort" by default; here it is "force_complete", with post-copy permitted. Source
    (August 2026): nova/virt/libvirt/migration.py (downtime_steps, should_trigger_timeout_action), driver.py there
    (_live_migration_data_gb, _live_migration_monitor), nova/conf/libvirt.py.
    """

    name = "nova"
    downtime_ms, steps, delay_s, timeout_s, least_gib = 500, 10, 75, 800, 2

    def decide(self, view: View) -> Decision | None:
        """The downtime of the step, then post-copy."""
        gib = max(self.least_gib, view.memory / GIB)
        if view.post_copy and view.elapsed_s > int(self.timeout_s * gib):
            return Decision(POST_COPY, f"it took longer than {self.timeout_s} s per GiB")
        step = min(self.steps, int(view.elapsed_s / int(self.delay_s * gib)))
        base = self.downtime_ms / self.steps
        value = int(base + (self.downtime_ms - base) / self.steps * step)
        return _downtime(view, value, f"step {step} of {self.steps}")


class Ovirt:
    """oVirt, policy "Post-copy migration": a maximum downtime of 100, 150, then 200 ms, then post-copy.

    Its monitor polls each 10 s. A poll that sees a new pass takes the next step if more passes than the limit of that
    step have begun since the first poll. The policy also sets auto-converge, which is an option of its own here.
    Source: vdsm (June 2026), lib/vdsm/virt/migration.py (MonitorThread), lib/vdsm/common/config.py.in
    (migration_monitor_interval); ovirt-engine, MigrationPolicies in
    packaging/dbscripts/upgrade/pre_upgrade/0000_config.sql.
    """

    name = "ovirt"
    poll_s = 10.0
    downtimes_ms = (100, 150, 200)
    limits = (1, 2, -1)  # passes since the first poll that a step needs more than; the last one is post-copy

    def decide(self, view: View) -> Decision | None:
        """The step that the polls have reached."""
        steps = self._steps(view)
        reason = f"{steps} of its {len(self.limits)} steps are taken"
        if steps < len(self.limits):
            return _downtime(view, self.downtimes_ms[steps], reason)
        return Decision(POST_COPY, reason) if view.post_copy else _downtime(view, self.downtimes_ms[-1], reason)

    def _steps(self, view: View) -> int:
        steps, ended, poll_s = 0, 0, self.poll_s
        first = newest = -1
        while poll_s <= view.elapsed_s and steps < len(self.limits):
            while ended < len(view.passes) and view.passes[ended].ended_s <= poll_s:
                ended += 1
            first = ended if first < 0 else first
            if newest < ended:
                steps += newest >= 0 and self.limits[steps] < ended - first
                newest = ended
            poll_s += self.poll_s
        return steps


class Polls:
    """Proxmox's polls of the status of a migration, and at how many of them more remained than at the one before.

    It polls each second, and each 0.1 s once less remains than is sent between two polls on average. A poll at which
    nothing was sent since the one before does not count; one at which nothing remains does. Samples that are rarer than
    its polls show fewer of them. Source: as for Proxmox.
    """

    slow_s, fast_s, early_s = 1.0, 0.1, 0.02  # samples that are as far apart as polls are not exactly so

    def __init__(self) -> None:
        self.grown = 0
        self._due = self._every_s = self.slow_s
        self._polls = self._sent = 0
        self._remaining: int | None = None

    def add(self, t: float, remaining: int, sent: int) -> None:
        """See a sample, `t` seconds after the start: it is a poll if one is due."""
        if t < self._due - self.early_s:
            return
        self._polls += 1
        mean = self._sent / self._polls
        if sent != self._sent:
            if mean and remaining < mean:
                self._every_s = self.fast_s
            if not remaining or (self._remaining and remaining > self._remaining):
                self.grown += 1
            self._remaining = remaining
        self._sent, self._due = sent, t + self._every_s


class Proxmox:
    """Proxmox VE: the maximum downtime starts at 100 ms and doubles each time that 6 polls have shown more remaining.

    Source: qemu-server, src/PVE/QemuMigrate.pm, as of August 2026 (phase2, its loop over query-migrate with
    downtimecounter and lastrem; increase_migrate_downtime, cap_migrate_downtime) and src/PVE/QemuServer.pm
    (migrate_downtime); it has no post-copy.
    """

    name = "proxmox"
    first_ms, polls = 100, 6

    def decide(self, view: View) -> Decision | None:
        """The doubled downtime."""
        times = min(view.grown // self.polls, 15)  # by then it is at its most
        reason = f"what remains has grown at {view.grown} polls"
        return _downtime(view, min(MOST_DOWNTIME_MS, self.first_ms * 2**times), reason)


class Kubevirt:
    """KubeVirt, VEP 248: it has stalled if a pass leaves no less than those of 60 s ago; then it waits for a low point.

    It switches at once if all passes of that time left nearly the same, else when one leaves at most 4 % more than the
    best of them; each time the patience runs out, half as long as before, the next best one since the stall counts. It
    also switches after 150 s per GiB, and never if post-copy would take longer than twice that. Source:
    kubevirt/enhancements as of August 2026, veps/sig-compute/248-migration-convergence (vep.md, "Monitor Loop &
    Algorithm"; migration-hyperparameters.md); it is to be alpha in KubeVirt 1.9.
    """

    name = "kubevirt"
    progress_s, margin, decay, least_s, completion_s = 60.0, 0.04, 0.5, 1.0, 150

    def decide(self, view: View) -> Decision | None:
        """Post-copy at a low point after the stall, or when its time is over."""
        if not view.post_copy or not view.bandwidth or not view.passes:
            return None
        most_s, rest_s = self.completion_s * view.memory / GIB, view.remaining / view.bandwidth
        if view.elapsed_s >= most_s:
            over = Decision(POST_COPY, f"it took longer than {self.completion_s} s per GiB")
            return over if rest_s <= most_s else None
        if not view.at_boundary or rest_s > 2 * most_s - view.elapsed_s or not self._at_low_point(view.passes):
            return None
        return Decision(POST_COPY, f"it has stalled for {self.progress_s:.0f} s and is at a low point")

    def _at_low_point(self, passes: tuple[EndedPass, ...]) -> bool:
        """Whether it switches at the end of the newest pass."""
        number, best, low = self._stall(passes)
        patience, history, now = self.progress_s, set[float](), low
        deadline = passes[number].ended_s + patience if now is not None else math.inf
        for each in passes[number + 1 :]:
            history.add(each.left)
            now = each.left <= best * (1 + self.margin)
            if not now and each.ended_s >= deadline:
                best = min((left for left in history if left > best), default=best)
                patience = max(self.least_s, patience * self.decay)
                deadline, now = each.ended_s + patience, each.left <= best * (1 + self.margin)
        return bool(now)

    def _stall(self, passes: tuple[EndedPass, ...]) -> tuple[int, float, bool | None]:
        """The pass that shows the stall, the least so far, and whether all left nearly that; None without a stall."""
        least, candidates = math.inf, list[EndedPass]()
        for number, each in enumerate(passes):
            while candidates and candidates[0].ended_s <= each.ended_s - self.progress_s:
                least = min(least, candidates.pop(0).left)
            if each.left < least:
                candidates.append(each)
            if each.left >= least * (1 - self.margin):
                lefts = [least, *(every.left for every in candidates)]
                return number, min(lefts), 1 - min(lefts) / max(lefts) < self.margin if max(lefts) else True
        return len(passes), math.inf, None


POLLED = (Proxmox.name,)  # decide by what polls have shown
POLICIES: Mapping[str, Policy] = {
    each.name: each for each in (ByForecast(), AfterFirstPass(), Nova(), Ovirt(), Proxmox(), Kubevirt())
}


@lru_cache(4)
def _plain(inputs: Inputs) -> Forecast:
    """The forecast of pre-copy: each sample asks for the same one, and it may take 20 ms."""
    return forecast(PRE_COPY, inputs)


def _downtime(view: View, milliseconds: int, reason: str) -> Decision | None:
    if milliseconds == round(1000 * view.max_downtime_s):
        return None
    return Decision(DOWNTIME, reason, milliseconds)


def _lefts(view: View) -> str:
    return ", ".join(size(each.left) for each in view.passes[-SHOWN_LEFTS:])

"""The passes of pre-copy that a dirty curve and a bandwidth lead to."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tui.forecast.model.dirty_curve import UNSEEN, DirtyCurve

MOST_PASSES = 2000  # more are counted as never ending
SHRINKS = 0.999  # a pass that leaves more than this of the one before is followed by others of its size
THROTTLE_FIRST, THROTTLE_STEP, THROTTLE_MOST = 0.20, 0.10, 0.99  # cpu-throttle-initial, -increment, max-cpu-throttle
THROTTLE_AFTER = 2  # periods in which more than half of what was sent was dirtied again (QEMU, migration/ram.c)
THROTTLE_SHARE = 0.5  # throttle-trigger-threshold


@dataclass(frozen=True)
class Link:
    """Bytes per second between two hosts, and the seconds of connecting, the devices and a switch to post-copy.

    By `early_s`, the rest that QEMU switches over with is below what the maximum downtime allows. Of that, only
    the share `tail` remains after a first pass over a VM whose memory is partly free.
    """

    bandwidth: float
    setup_s: float = 0.0
    device_s: float = 0.0
    switch_s: float = 0.0
    early_s: float = 0.0
    tail: float = 1.0

    def at_switchover(self, passed: float, left: float, max_downtime_s: float, *, sparse: bool = False) -> float:
        """The bytes that remain when QEMU pauses the VM, in a pass of `passed` bytes that leaves `left`, which fit.

        QEMU does not wait for the end of the pass: it looks all the time whether the rest of the pass fits, and then
        counts what was dirtied (migration_iteration_run in migration/migration.c). So as much remains as may, unless
        the rest of the pass are zero pages, which are not sent: a `sparse` one has some. That shows only where it is
        sure to be the last one.
        """
        fits = self.bandwidth * max_downtime_s
        rest = min(passed, fits - self.bandwidth * self.early_s)
        return max(left, self.tail * rest if sparse and fits >= UNSEEN else rest)


@dataclass(frozen=True)
class Pass:
    """A pass that takes `seconds` to send `sent` bytes and leaves `left`; `throttle` is the guest's share lost."""

    seconds: float
    sent: float
    left: float
    throttle: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What a migration comes to; infinite, with `left` as what each pass leaves at last, if it does not converge."""

    converges: bool
    total_s: float
    downtime_s: float
    sent: float
    passes: float
    left: float


class Throttle:
    """The share of the guest's time that auto-converge takes, raised in QEMU's steps."""

    def __init__(self, share: float = 0.0) -> None:
        self.share = share
        self._high = 0  # passes since the last step

    def after(self, sent: float, left: float) -> None:
        """A pass has sent so many bytes and left others."""
        if left > THROTTLE_SHARE * sent:
            self._high += 1
            if self._high >= THROTTLE_AFTER:
                self._high = 0
                self.share = min(THROTTLE_MOST, self.share + (THROTTLE_STEP if self.share else THROTTLE_FIRST))


def passes(curve: DirtyCurve, link: Link, first: float, *, auto_converge: bool = False) -> Iterator[Pass]:
    """One pass after another, without end; the first sends `first` bytes."""
    to_send, throttle = first, Throttle()
    while True:
        seconds = to_send / link.bandwidth
        left = curve.faster(1 - throttle.share).at(seconds)
        yield Pass(seconds, to_send, left, throttle.share)
        if auto_converge:
            throttle.after(to_send, left)
        to_send = left


def pre_copy(
    curve: DirtyCurve, link: Link, first: float, max_downtime_s: float, *, auto_converge: bool = False
) -> Outcome:
    """Pre-copy from its start; it ends with the first pass that leaves what fits the maximum downtime."""
    fits = link.bandwidth * max_downtime_s
    passed_s, sent, smallest = link.setup_s, 0.0, math.inf
    for number, each in enumerate(passes(curve, link, first, auto_converge=auto_converge), 1):
        passed_s, sent = passed_s + each.seconds, sent + each.sent
        if each.left <= fits:
            downtime = pause_s(curve, link, each, number, max_downtime_s)
            total = passed_s + each.left / link.bandwidth + link.device_s
            return Outcome(True, total, downtime, sent + each.left, number, each.left)
        smallest = min(smallest, each.left)
        stuck = each.left >= SHRINKS * each.sent and (not auto_converge or each.throttle >= THROTTLE_MOST)
        if stuck or number >= MOST_PASSES:
            break
    return Outcome(False, math.inf, math.inf, math.inf, math.inf, smallest)


def post_copy(
    curve: DirtyCurve,
    link: Link,
    first: float,
    switch_s: float,
    max_downtime_s: float,
    *,
    auto_converge: bool = False,
    suspended: bool = False,
) -> Outcome:
    """Post-copy after `switch_s` of sending, 0 for at once; pre-copy's own end if that comes first.

    In post-copy each page is sent once, so it lasts as long as what remains takes. The VM is paused for its devices.
    With `suspended`, the VM is stopped instead of switched: what remains is sent once, too, while it is paused.
    """
    fits = link.bandwidth * max_downtime_s
    rest, passed_s, sent, number = first, 0.0, 0.0, 0
    for number, each in enumerate(passes(curve, link, first, auto_converge=auto_converge), 1):
        if passed_s + each.seconds >= switch_s or number >= MOST_PASSES:
            part_s = max(0.0, min(switch_s - passed_s, each.seconds))
            done = link.bandwidth * part_s
            unsent = each.sent - done
            # Of what was dirtied since the pass began, a share is still to be sent anyway.
            again = curve.faster(1 - each.throttle).at(part_s) * (1 - unsent / each.sent) if each.sent else 0.0
            rest, passed_s, sent = unsent + again, passed_s + part_s, sent + done
            break
        passed_s, sent = passed_s + each.seconds, sent + each.sent
        if each.left <= fits:
            downtime = pause_s(curve, link, each, number, max_downtime_s)
            total = link.setup_s + passed_s + each.left / link.bandwidth + link.device_s
            return Outcome(True, total, downtime, sent + each.left, number, each.left)
    rest_s = rest / link.bandwidth
    pause = link.device_s + rest_s if suspended else link.switch_s
    total = link.setup_s + passed_s + rest_s + (link.device_s if suspended else link.switch_s)
    return Outcome(True, total, pause, sent + rest, number, rest)


def pause_s(curve: DirtyCurve, link: Link, last: Pass, number: int, max_downtime_s: float) -> float:
    """The seconds for which the VM is paused at the end of pre-copy, in its last pass."""
    sparse = number == 1 and last.sent + link.bandwidth * max_downtime_s < curve.memory
    return link.at_switchover(last.sent, last.left, max_downtime_s, sparse=sparse) / link.bandwidth + link.device_s


def margin(curve: DirtyCurve, link: Link, first: float, max_downtime_s: float) -> float:
    """The largest ratio of what is dirtied to what is sent within a time: pre-copy converges if it is below 1.

    The times are those of the passes from the first down to one that fits the maximum downtime.
    """
    longest = first / link.bandwidth
    shortest = min(max_downtime_s, longest)
    if shortest <= 0:
        return math.inf
    times = [shortest, longest, *(t for t, _ in curve.points if shortest < t < longest)]
    return max(curve.at(t) / (link.bandwidth * t) for t in times)

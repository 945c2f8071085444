"""The phases of a migration in time: setup, each pass of pre-copy, the switchover, post-copy."""

from bisect import bisect_left
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from tui.migration.model.timeline import Timeline

SETUP, PASS, SWITCHOVER, POST_COPY = "setup", "pass", "switchover", "post-copy"


class Phase(NamedTuple):
    """One phase; `number` is that of a pass, times are seconds since the start."""

    kind: str
    begin: float
    end: float
    number: int = 0


def phases(timeline: Timeline) -> Iterator[Phase]:
    """The phases up to now, in their order; what was not recorded is missing."""
    now = timeline.ended_at if timeline.ended_at is not None else timeline.now
    ended, switched = timeline.passes, _switched(timeline)
    stop = now if switched is None else switched.begin
    if timeline.points or timeline.over:
        first = timeline.points[0].t if timeline.points else now  # not that of the pass, which may follow a gap
        if timeline.from_start and (not ended or ended[0].first == 1):
            yield Phase(SETUP, 0.0, min(first, stop))
    elif timeline.now and timeline.from_start:
        yield Phase(SETUP, 0.0, now)
    for each in ended:
        if each.began < stop:  # QEMU counts the rest that it sends at the switchover as a pass, too
            yield Phase(PASS, each.began, min(each.ended, stop), each.first)
    begun = max(ended[-1].ended, timeline.pass_began) if ended else timeline.pass_began
    if timeline.points and stop > begun:
        yield Phase(PASS, begun, stop, _number_at(timeline, begun))
    if switched is not None:
        yield switched._replace(end=max(now, switched.begin))


def _number_at(timeline: Timeline, began: float) -> int:
    """The number of the pass that began then: the switch to post-copy interrupts it, and its count rises before."""
    index = bisect_left(timeline.points, began, key=itemgetter(0))
    return timeline.points[min(index, len(timeline.points) - 1)].iteration or 1


def _switched(timeline: Timeline) -> Phase | None:
    """Post-copy, or the switchover at the end of pre-copy; None before it."""
    if timeline.post_copy_at is not None:
        return Phase(POST_COPY, timeline.post_copy_at, timeline.post_copy_at)
    at = next((mark.t for mark in reversed(timeline.marks) if mark.sign == "S"), None)
    return Phase(SWITCHOVER, at, at) if at is not None else None

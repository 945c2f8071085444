"""All values of a migration at one moment, as lines."""

from bisect import bisect_right
from collections.abc import Iterator
from operator import itemgetter

from textual.content import Content

from tui.core.quantity import duration, rate, size
from tui.migration.model.phases import PASS, phases
from tui.migration.model.points import GuestPoint, Point
from tui.migration.model.rate_before import rate_text
from tui.migration.model.timeline import Timeline
from tui.migration.widgets.curves import unrecorded

GAP = 2  # columns between two values


def readout(timeline: Timeline, moment: float, width: int) -> tuple[Content, ...]:
    """The moment, its phase, and each value with its name, wrapped to lines of this width."""
    lines, used = [Content.assemble((f" {moment:.1f} s", "bold $accent"))], len(f" {moment:.1f} s")
    for name, value in _values(timeline, moment):
        wide = GAP + len(name) + len(value) + 1
        if used + wide > width:
            lines.append(Content(""))
            used = 0
        lines[-1] = Content.assemble(lines[-1], " " * GAP, f"{name} " if name else "", (value, "bold"))
        used += wide
    return tuple(lines)


def _values(timeline: Timeline, moment: float) -> Iterator[tuple[str, str]]:
    """Names and values, the most important first."""
    point, guest = _point_at(timeline, moment), _guest_at(timeline, moment)
    recorded = not any(begin < moment < end for begin, end in unrecorded(timeline))
    kind = _kind_at(timeline, moment)
    if kind != PASS:
        yield "", kind
    elif point is not None and recorded:
        yield "pass", str(point.iteration or 1)
    if not recorded:
        yield "", "not recorded"
        return
    if point is not None:
        yield "remaining", size(point.remaining)
        yield "sent", size(point.transferred)
        if point.rate is not None:
            yield "sending", rate(point.rate)
        if point.dirty_rate is not None and (timeline.post_copy_at is None or moment <= timeline.post_copy_at):
            yield "dirtying", rate(point.dirty_rate)
    if guest is not None:
        yield "guest", rate_text(guest.rate, guest.unit) if guest.rate is not None else "no reply"
    if point is not None:
        if point.expected_downtime_ms:
            yield "expects", duration(point.expected_downtime_ms / 1000)
        if point.throttle:
            yield "throttle", f"{point.throttle} %"
        if point.faults:
            yield "faults", f"{point.faults:,}"


def _kind_at(timeline: Timeline, moment: float) -> str:
    """The phase; of a long run, some passes are not kept."""
    found = [each for each in phases(timeline) if each.begin <= moment <= each.end and each.kind != PASS]
    return found[-1].kind if found else PASS


def _point_at(timeline: Timeline, moment: float) -> Point | None:
    index = bisect_right(timeline.points, moment, key=itemgetter(0))
    return timeline.points[index - 1] if index else None


def _guest_at(timeline: Timeline, moment: float) -> GuestPoint | None:
    index = bisect_right(timeline.guest, moment, key=itemgetter(0))
    return timeline.guest[index - 1] if index else None

"""What the charts of a migration have in common: the time axis, curves of points, marks."""

from collections.abc import Callable, Sequence
from operator import itemgetter

from tui.migration.model.after_end import shown_until
from tui.migration.model.outlook import cone
from tui.migration.model.points import Mark, Point
from tui.migration.model.timeline import Timeline
from tui.ui.chart.picture import LINE, Series, Sign

AHEAD = 2.0  # the time axis is at most so many times as long as what has passed
SPAN_S = 10.0  # the shortest time axis while it runs

PHASES = ("|", "P", "S")  # marks that are not on the charts
WORDS = {"d": "downtime", "b": "bandwidth", "q": "queue", "c": "cancel", "a": "automatic"}


def newest_of(timeline: Timeline) -> float:
    """The newest moment of which something is drawn, in seconds."""
    newest = [timeline.points[-1].t if timeline.points else 0.0, timeline.guest[-1].t if timeline.guest else 0.0]
    return max(*newest, *(mark.t for mark in timeline.marks))


def span_of(timeline: Timeline) -> float:
    """The length of the time axis in seconds, the same for all charts: with what is expected, if it has room."""
    newest, ahead = newest_of(timeline), cone(timeline)
    end = min(ahead[-1][0], max(SPAN_S, AHEAD * newest)) if ahead else 0.0
    return max(0.1 if timeline.over else SPAN_S, newest, end)


def window_of(timeline: Timeline) -> tuple[float, float] | None:
    """The time axis of a migration that is over: all of it, and a part of what was recorded after its end."""
    return (0.0, shown_until(timeline, span_of(timeline))) if timeline.over else None


def series_of(
    timeline: Timeline, name: str, value: Callable[[Point], float | None], color: str, form: str = LINE
) -> Series:
    """One curve of the points."""
    return curve_of(name, timeline, [(point.t, value(point)) for point in timeline.points], color, form)


def curve_of(
    name: str, timeline: Timeline, dots: Sequence[tuple[float, float | None]], color: str, form: str = LINE
) -> Series:
    """One curve, broken at gaps of the record."""
    gaps: list[tuple[float, float | None]] = [(t, None) for t in timeline.gaps]
    dots = sorted([*gaps, *dots], key=itemgetter(0))  # at equal times the break comes first
    return Series(name, tuple(x for x, _ in dots), tuple(y for _, y in dots), color, form)


def signs_of(timeline: Timeline) -> tuple[Sign, ...]:
    """The marks of requests and of trouble; phases are above the charts."""
    marks = [mark for mark in timeline.marks if mark.sign not in PHASES]
    return tuple(Sign(mark.t, mark.sign, WORDS.get(mark.sign, mark.text)) for mark in sorted(marks, key=_when))


def _when(mark: Mark) -> float:
    return mark.t


def unrecorded(timeline: Timeline) -> tuple[tuple[float, float], ...]:
    """The times in which nothing was recorded."""
    points, found, index = timeline.points, list[tuple[float, float]](), 0
    for gap in timeline.gaps:
        while index < len(points) and points[index].t < gap:
            index += 1
        if index > 0:
            found.append((points[index - 1].t, gap))
    return tuple(found)


BAR = 20  # cells of the bar of the disks


def absent(what: str, timeline: Timeline) -> str:
    """The sentence of an empty chart; after the end nothing more comes."""
    return f"{what}." if timeline.over else f"{what} yet."


def nothing_sent(timeline: Timeline) -> str:
    """The sentence of an empty chart of the memory; a bar of the disks that are copied first."""
    disks = timeline.disks
    if not disks.known or timeline.over:
        return absent("Nothing has been sent", timeline)
    cells = round(BAR * disks.share)
    return f"The disks are copied first  {'#' * cells}{'-' * (BAR - cells)}  {100 * disks.share:.0f} %"

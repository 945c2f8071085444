"""What the figures draw of one run over time, read from its log."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tui.core.failure import Failure
from tui.migration.model.after_end import shown_until
from tui.migration.model.timeline import Timeline
from tui.runs.backend.reading import open_run
from tui.runs.model.run import Run

SWITCH = "S"  # the mark of the switchover
PASS = "|"
MOST = 12  # runs of a group whose logs are read: more curves hide each other


@dataclass(frozen=True)
class Curve:
    """Seconds since the start, bytes, and the workload's own unit per second; None where nothing was measured."""

    run: str
    remaining: Sequence[tuple[float, int]]
    guest: Sequence[tuple[float, float | None]]
    unit: str
    passes: Sequence[float]
    post_copy_at: float | None
    switched_at: float | None
    downtime_s: float | None
    ended_at: float
    rate_before: float | None


def curve_of(run: Run) -> Curve | None:
    """None if the log is missing or has no samples."""
    try:
        timeline = open_run(run).timeline
    except Failure:
        return None  # the report links the folder, and lists the run without a curve
    if not timeline.points:
        return None
    until = shown_until(timeline, math.inf)
    return Curve(
        run=run.folder.name,
        remaining=[(point.t, point.remaining) for point in timeline.points],
        guest=[(point.t, point.rate) for point in timeline.guest if point.t <= until],
        unit=next((point.unit for point in timeline.guest if point.unit), ""),
        passes=[mark.t for mark in timeline.marks if mark.sign == PASS],
        post_copy_at=timeline.post_copy_at,
        switched_at=switched_at(timeline),
        downtime_s=run.downtime_s,
        ended_at=timeline.ended_at or timeline.now,
        rate_before=run.guest.rate_before,
    )


def switched_at(timeline: Timeline) -> float | None:
    """When the VM stopped on the source, if that was seen."""
    seen = [mark.t for mark in timeline.marks if mark.sign == SWITCH]
    return seen[-1] if seen else timeline.post_copy_at

"""What every page shows of a migration: how far it is while it runs, in a few words, and how it ended."""

import math

from tui.core.quantity import duration
from tui.migration.model.ending.outcome import title
from tui.migration.model.outlook import fetching
from tui.migration.model.record import number_in
from tui.migration.model.timeline import COMPLETED, FAILED, PASS, POST_COPY, Timeline


def progress(timeline: Timeline) -> str:
    """How far it is. Only what is sent once has a percentage: the first pass, disks, and post-copy."""
    if timeline.unanswered is not None:
        return "no answer"
    if timeline.post_copy_failed:
        return "post-copy broken"
    if timeline.phase == POST_COPY:
        fetched = fetching(timeline)
        return f"post-copy {_percent(fetched.share)}" if fetched is not None else "post-copy"
    if timeline.phase == PASS:
        return _percent(timeline.points.share) if timeline.in_first_pass else f"pass {timeline.iteration}"
    if timeline.disks.known and timeline.point is None:
        return f"disks {_percent(timeline.disks.share)}"
    return timeline.phase


def _percent(share: float) -> str:
    """Rounded down: 100 % is not shown before all is sent."""
    return f"{math.floor(100 * share)} %"


def end(timeline: Timeline) -> str:
    """How it ended, with its figures if the VM has moved, else with the reason."""
    how = title(timeline)[0]
    if timeline.phase == COMPLETED and timeline.total_s is not None:
        how += f" in {duration(timeline.total_s)}"
        downtime = number_in(timeline.final, "downtime")
        return f"{how}, downtime {downtime:.0f} ms by libvirt" if downtime is not None else how
    error = timeline.error
    reason = ": ".join(str(error[key]) for key in ("what", "why") if error.get(key))
    return f"{how}: {reason}" if timeline.phase == FAILED and reason else how

"""What may remain when the VM is switched over."""

import math

from tui.migration.model.timeline import Timeline


def limit_of(timeline: Timeline) -> float | None:
    """What may remain at the switchover, in bytes: it can be sent within the maximum downtime; None if all fits."""
    until = math.inf if timeline.post_copy_at is None else timeline.post_copy_at
    newest = next((each.rate for each in reversed(timeline.points) if each.rate and each.t < until), None)
    limit = newest * timeline.max_downtime_ms / 1000 if newest else 0.0
    return limit if timeline.points and 0 < limit < timeline.points[-1].total else None

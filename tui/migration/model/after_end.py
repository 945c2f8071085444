"""How much of the time after the end of a migration is shown at first: the guest's rate is recorded further."""

from tui.migration.model.timeline import Timeline

LEAST_S = 2.0
SHARE = 1 / 3  # of the length of the migration


def shown_until(timeline: Timeline, newest: float) -> float:
    """The end of the time axis whose newest value is of that moment, in seconds since the start."""
    if timeline.ended_at is None:
        return newest
    return min(newest, timeline.ended_at + max(LEAST_S, SHARE * timeline.ended_at))

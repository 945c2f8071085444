"""Moments as the records keep them: UTC, to the millisecond."""

from datetime import datetime, timezone


def now() -> str:
    """The wall clock in UTC as it stands in the log, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_since(at: str) -> float:
    """Seconds from a time of the log until now, by the wall clock, for no other outlives a process; else ValueError."""
    then = datetime.fromisoformat(at.replace("Z", "+00:00"))
    if then.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return max(0.0, (datetime.now(timezone.utc) - then).total_seconds())

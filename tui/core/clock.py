"""Times as the records store them: UTC, to the millisecond."""

from datetime import datetime, timezone


def now() -> str:
    """The current time in the form of the log."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_since(at: str) -> float:
    """Seconds since a time of the log, at least 0, by the wall clock; ValueError if it is not such a time."""
    then = datetime.fromisoformat(at.replace("Z", "+00:00"))
    if then.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return max(0.0, (datetime.now(timezone.utc) - then).total_seconds())

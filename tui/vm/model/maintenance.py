"""The mark of a host in maintenance: no VM is proposed to go there until the mark is taken off."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """Since when a host is in maintenance, in UTC, and the queue that emptied it, "" if a person marked it."""

    since: str
    queue: str = ""


Marks = Mapping[str, Mark]  # by host


def why_not(host: str, marks: Marks) -> str:
    """Why no VM is proposed to go to a host; "" if it is not in maintenance."""
    mark = marks.get(host)
    since = f" since {mark.since[:16].replace('T', ' ')} UTC" if mark and mark.since else ""
    return f"{host} is in maintenance{since}" if mark else ""

"""The limits of a queue: how many migrations at once, with which bandwidth, and what a failure does."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tui.core.failure import Failure

MOST_AT_ONCE = 100
MOST_BANDWIDTH = 2**50  # bytes per second; more is a mistake
LEAST_BANDWIDTH = 1 << 20  # libvirt counts in MiB/s


@dataclass(frozen=True)
class Limits:
    """`at_once` counts all migrations of the queue, `per_host` those that leave or reach one host.

    The defaults are oVirt's, two for each host. `bandwidth` in bytes per second is shared by those that run, 0 is no
    limit. The queue stops at the failure number `stop_after`, 0 for never. With `elsewhere`, a VM that could not be
    moved is sent to another host; it counts as a failure if none is left.
    """

    at_once: int = 4
    per_host: int = 2
    bandwidth: int = 0
    stop_after: int = 3
    elsewhere: bool = True

    @property
    def fields(self) -> dict[str, Any]:
        """The limits as JSON."""
        return asdict(self)


def limits_of(values: object) -> Limits:
    """The limits of such JSON, the defaults for those that are missing; raises Failure."""
    if not isinstance(values, Mapping):
        raise Failure("The limits of a queue are malformed", str(values))
    wrong = {name: value for name, value in values.items() if not _fits(name, value)}
    if wrong:
        raise Failure("The limits of a queue are malformed", str(wrong))
    return Limits(**values)


def _fits(name: str, value: object) -> bool:
    if name == "elsewhere":
        return isinstance(value, bool)
    bounds = {
        "at_once": (1, MOST_AT_ONCE),
        "per_host": (1, MOST_AT_ONCE),
        "bandwidth": (0, MOST_BANDWIDTH),
        "stop_after": (0, MOST_AT_ONCE),
    }
    low, high = bounds.get(name, (1, 0))
    return type(value) is int and low <= value <= high

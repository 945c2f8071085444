"""Plans of a queue that the tests share."""

from tui.core.quantity import MIB
from tui.forecast.model.interval import Interval
from tui.queue.model.limits import Limits
from tui.queue.model.plan import EVACUATE, Cost, Entry, QueuePlan
from tui.queue.model.progress import ENDED, FAILED, MOVED, STARTING, Progress, progress_of

TARGETS = ("b", "c")


def cost(sent_mib: float, rate_mib_s: float = 100.0, setup_s: float = 1.0) -> Cost:
    """A cost that is known exactly."""
    exact = Interval.exact
    return Cost(exact(sent_mib * MIB), exact(rate_mib_s * MIB), exact(setup_s))


def entry(number: int, target: str = "b", *, targets: tuple[str, ...] = TARGETS, **values: object) -> Entry:
    """The VM `vm<number>` that leaves the host a; `cost` is that of its target."""
    known: dict[str, object] = {"memory_bytes": 1 << 30, **values}
    if "cost" in known:
        known["costs"] = {target: known.pop("cost")}
    return Entry(number, f"vm{number}", f"uuid{number}", "a", target, targets, **known)  # type: ignore[arg-type]


def plan(*entries: Entry, **limits: object) -> QueuePlan:
    """The evacuation of the host a; the bandwidth is in bytes per second."""
    return QueuePlan(EVACUATE, "a", entries, Limits(**limits))  # type: ignore[arg-type]


def running(number: int, target: str = "b") -> list[dict[str, object]]:
    """The log of an entry that is under way."""
    return [{"do": STARTING, "number": number, "target": target}]


def moved(number: int, target: str = "b") -> list[dict[str, object]]:
    """The log of an entry that was moved."""
    return [*running(number, target), {"do": ENDED, "number": number, "state": MOVED}]


def failed(number: int, target: str = "b", *, again: bool = False) -> list[dict[str, object]]:
    """The log of an entry that could not be moved there."""
    end = {"do": ENDED, "number": number, "state": FAILED, "why": f"{target} refused it", "again": again}
    return [*running(number, target), end]


def progress(*logs: list[dict[str, object]]) -> Progress:
    """The progress after these logs."""
    return progress_of(each for log in logs for each in log)

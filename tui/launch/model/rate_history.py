"""The rate of the workload in a guest over the last minutes."""

from collections import deque
from collections.abc import Sequence

from tui.core.quantity import MIB, rate
from tui.guest.model.workload import CPU, MEMORY, WorkloadStatus, number_of

KEPT_S = 300.0
RATES = {MEMORY: "mib_per_s", CPU: "additions_per_s"}


class RateHistory:
    """Points of time and rate of one workload at a time; another VM or workload begins anew."""

    def __init__(self) -> None:
        self._of: tuple[str, str, int] = ("", "", 0)
        self._points: deque[tuple[float, float]] = deque()

    def add(self, vm: str, status: WorkloadStatus, at_s: float) -> None:
        """Add the rate that a status has."""
        of = (vm, status.name, status.pid)
        if of != self._of:
            self._of, self._points = of, deque()
        now = number_of(status.values, RATES.get(status.name, "")) if status.running else None
        if now is not None:
            self._points.append((at_s, now))
        while self._points and self._points[0][0] < at_s - KEPT_S:
            self._points.popleft()

    def of(self, vm: str) -> Sequence[tuple[float, float]]:
        """The points of the workload that was last seen in that VM."""
        return tuple(self._points) if self._of[0] == vm else ()


def rate_text(name: str, value: float) -> str:
    """A rate with its unit."""
    return rate(value * MIB) if name == MEMORY else f"{value / 1e6:.1f} million additions per second"

"""The values a timeline consists of, and the rate at which memory is sent."""

from collections import deque
from dataclasses import dataclass

RATE_OVER_S = 0.7  # QEMU sends in bursts: over a shorter time the rate is mostly noise


@dataclass(frozen=True)
class Point:
    """One sample in bytes, bytes per second and seconds since the start."""

    t: float
    transferred: int
    remaining: int
    total: int
    rate: float | None  # measured over about the last second; None before that
    dirty_rate: float | None  # None until the first pass has ended: libvirt reports 0 until then
    iteration: int  # 1 is the first pass
    faults: int
    throttle: int  # per cent, 0 = not throttled
    expected_downtime_ms: int | None


@dataclass(frozen=True)
class GuestPoint:
    """The rate of the workload in the guest, in `unit`; None while no new line arrives."""

    t: float
    rate: float | None
    unit: str


@dataclass(frozen=True)
class Mark:
    """A mark on the charts: sign is "|" pass, "P" switch to post-copy, "S" switchover, "!" trouble, else a key."""

    t: float
    sign: str
    text: str


class SendRate:
    """Bytes per second over the shortest time of at least RATE_OVER_S that ends with the newest sample."""

    def __init__(self) -> None:
        self._sent: deque[tuple[float, int]] = deque()  # (seconds, bytes sent)
        self._rate: float | None = None

    def add(self, t: float, transferred: int) -> float | None:
        """Return the rate after a sample; the previous rate until RATE_OVER_S has passed."""
        self._sent.append((t, transferred))
        while len(self._sent) > 2 and t - self._sent[1][0] >= RATE_OVER_S:
            self._sent.popleft()
        began, before = self._sent[0]
        if t - began >= RATE_OVER_S:
            self._rate = max(0.0, (transferred - before) / (t - began))
        return self._rate

    def restart(self) -> None:
        """Forget the samples before a gap: a mean over the gap would look like a measurement."""
        self._sent.clear()

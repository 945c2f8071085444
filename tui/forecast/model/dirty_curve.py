"""The dirty curve of a VM: how much memory it dirties at least once within a time."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tui.core.quantity import GIB, MIB

WINDOWS_S = (1, 2, 4, 8)  # measured one after another; a longer one shows how much is dirtied again and again
SAMPLES_PER_GIB = 512  # pages that QEMU's page-sampling compares (DIRTYRATE_DEFAULT_SAMPLE_PAGES)
UNSEEN = 20 * MIB  # may be missed by the sampling of a VM of any size: a page that is compared stands for 2 MiB
FASTEST = 4.0 * GIB  # bytes a second, assumed; a workload of ours that is faster reports its rate, which counts then
DEVIATIONS = 1.2816  # standard deviations on each side that hold 80 % of a normal distribution


@dataclass(frozen=True)
class DirtyCurve:
    """`points` are (seconds, bytes), ascending in both, without the origin; no value exceeds `memory` in bytes.

    Within a time a page counts once however often it is written, so this is what a pass of that length leaves.
    """

    points: tuple[tuple[float, float], ...]
    memory: float

    def at(self, seconds: float) -> float:
        """The bytes dirtied at least once within `seconds`."""
        if not self.points or seconds <= 0:
            return 0.0
        known = ((0.0, 0.0), *self.points)
        after = min(bisect_left(known, (seconds, -math.inf)), len(known) - 1)
        (t0, u0), (t1, u1) = known[max(after, 1) - 1], known[max(after, 1)]
        return min(self.memory, u0 + (u1 - u0) * (seconds - t0) / (t1 - t0))

    @classmethod
    def measured(cls, windows: Iterable[tuple[float, float]], memory: float) -> "DirtyCurve":
        """The curve of measurements (seconds, bytes per second over these), as libvirt's dirty-rate calculation gives.

        A longer window can't leave less than a shorter one; where the measurements say so, their mean counts for both.
        """
        totals = [(seconds, min(memory, rate * seconds)) for seconds, rate in sorted(windows)]
        return cls(_monotone(totals), memory)

    @classmethod
    def of_workload(cls, rate: float, working_set: float, memory: float) -> "DirtyCurve":
        """The curve of a workload that writes `rate` bytes per second, over and over the same `working_set` bytes."""
        limit = min(working_set, memory)
        if rate <= 0 or limit <= 0:
            return cls((), memory)
        filled = limit / rate if math.isfinite(rate) else 1e-9
        return cls(((filled, limit), (2 * filled, limit)), memory)

    def with_rate(self, rate: float) -> "DirtyCurve":
        """The curve below its first point made steeper: the workload reports that it writes `rate` bytes per second."""
        if not self.points:
            return self
        seconds, dirtied = self.points[0]
        reached = dirtied / rate if rate > 0 else seconds
        return self if not 0 < reached < seconds else replace(self, points=((reached, dirtied), *self.points))

    def with_pass(self, seconds: float, left: float) -> "DirtyCurve":
        """The curve after a pass of `seconds` has left `left` bytes; what contradicts it gives way, as it is newer.

        One of 0 seconds, which the clock can't tell from one before it, shows nothing.
        """
        if seconds <= 0:
            return self
        shorter = [(t, min(u, left)) for t, u in self.points if t < seconds * 0.999]
        longer = [(t, min(max(u, left), self.memory)) for t, u in self.points if t > seconds * 1.001]
        return replace(self, points=(*shorter, (seconds, min(left, self.memory)), *longer))

    def faster(self, factor: float) -> "DirtyCurve":
        """The curve of a guest that does everything `factor` times as fast: 0.8 if a throttle takes a fifth."""
        if factor <= 0:
            return replace(self, points=())
        if factor == 1:
            return self
        return replace(self, points=tuple((t / factor, u) for t, u in self.points))

    def deviating(self, deviations: float) -> "DirtyCurve":
        """The curve if the sampling erred by so many standard deviations."""
        shifted = []
        for seconds, dirtied in self.points:
            value = dirtied + deviations * self._deviation(dirtied)
            if deviations > 0:
                value = max(value, UNSEEN)
            shifted.append((seconds, min(max(value, 0.0), self.memory)))
        return replace(self, points=_monotone(shifted))

    def steepest(self) -> "DirtyCurve":
        """The most that may be dirtied within less than the shortest window: all of it soon, but for the later rise.

        The longer the time, the slower a workload reaches new pages. So the line through the first two points, drawn
        back to 0 s, is a bound; with one window, all that it shows is.
        """
        if not self.points or self.points[0][0] != WINDOWS_S[0]:  # the rate that the workload reports is a better bound
            return self
        (t1, u1), (t2, u2) = self.points[0], self.points[min(1, len(self.points) - 1)]
        slope = (u2 - u1) / (t2 - t1) if t2 > t1 else 0.0
        begin = u1 - slope * t1
        soon = begin / FASTEST
        return replace(self, points=((soon, begin + slope * soon), *self.points)) if 0 < soon < t1 else self

    def flattest(self) -> "DirtyCurve":
        """The least that may be dirtied within more than the longest window: no more than in that one."""
        if not self.points:
            return self
        seconds, dirtied = self.points[-1]
        return replace(self, points=(*self.points, (2 * seconds, dirtied)))

    def _deviation(self, dirtied: float) -> float:
        share = min(1.0, dirtied / self.memory) if self.memory else 0.0
        return self.memory * math.sqrt(share * (1 - share) / (SAMPLES_PER_GIB * max(self.memory / GIB, 0.01)))


def _monotone(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """The nearest ascending values (pool adjacent violators)."""
    pools: list[list[tuple[float, float]]] = []
    for point in points:
        pools.append([point])
        while len(pools) > 1 and _mean(pools[-2]) > _mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    return tuple((seconds, _mean(pool)) for pool in pools for seconds, _ in pool)


def _mean(pool: Sequence[tuple[float, float]]) -> float:
    return sum(value for _, value in pool) / len(pool)

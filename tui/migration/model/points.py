"""The values a timeline consists of, kept for drawing, and the rate at which memory is sent."""

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from tui.migration.model.record import Memory, number_in

T = TypeVar("T")

RATE_OVER_S = 0.7  # QEMU sends in bursts: over a shorter time the rate is mostly noise

# A migration of more than an hour has more points than a chart has columns. The log on disk has all of them.
MOST = 4000  # items of one list
NEWEST = 1000  # of these are never thinned
GROUP = 16  # older items, of which half are kept
SPREAD = (0, 8, 4, 12, 2, 10, 6, 14)
FIRST = 3  # rates of the workload that are kept, for a comparison
EVERY_PASS = 100  # a multiple of this is the number of a mark of a pass that is kept


class Point(NamedTuple):  # made in a quarter of a dataclass's time, and a day has 100,000 of them
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


def point_of(
    t: float, memory: Memory, rate: float | None, dirty_rate: float | None, number: int, *, downtime_known: bool
) -> Point:
    """The point of a sample of a running job; `number` is that of its pass."""
    total, transferred, remaining, _, _, _, faults, throttle, downtime = memory
    expected = downtime if downtime_known else None
    return Point(t, transferred, remaining, total, rate, dirty_rate, number, faults, throttle, expected)


class GuestPoint(NamedTuple):
    """The rate of the workload in the guest, in `unit`; None while no new line arrives."""

    t: float
    rate: float | None
    unit: str


class Mark(NamedTuple):
    """A mark on the charts: sign is "|" pass, "P" switch to post-copy, "S" switchover, "!" trouble, else a key."""

    t: float
    sign: str
    text: str
    number: int = 0  # of a pass: how many ends of passes were recorded up to here


class Thinned(list[T]):
    """A list that stays short: beyond MOST items it thins all but the NEWEST; `keep` chooses from GROUP items.

    All thinned items have been thinned equally often, so the oldest are as dense as those after them.
    """

    def __init__(self, keep: Callable[[list[T]], list[T]]) -> None:
        super().__init__()
        self.added = 0  # all items that were ever appended
        self.older = 0  # the number of items, from the first, that remain of thinned ones
        self._keep = keep
        self._times = 0  # how often they were thinned
        self._limit = MOST

    def append(self, item: T) -> None:
        """Append an item; thins if the list has become too long."""
        list.append(self, item)  # super() takes as long as all of this, and a day has 300,000 items
        self.added += 1
        if len(self) > self._limit:
            self._thin()

    def _thin(self) -> None:
        older = min(self.older, len(self) - NEWEST)  # some may have been popped
        old, fresh, newest = self[:older], self[older:-NEWEST], self[-NEWEST:]
        for _ in range(self._times):
            fresh = self._halved(fresh)
        old += fresh
        if len(old) > MOST // 2:
            old = self._halved(old)
            self._times += 1
        self[:] = [*old, *newest]
        self.older = len(old)
        self._limit = max(MOST, len(self) + NEWEST)  # `keep` may have kept all of them

    def _halved(self, items: list[T]) -> list[T]:
        return [each for start in range(0, len(items), GROUP) for each in self._keep(items[start : start + GROUP])]


class Points(Thinned[Point]):
    """The points of a timeline, and what is derived from all of them."""

    def __init__(self) -> None:
        super().__init__(_extremes)
        self.share = 0.0  # of the memory, sent at most: in the first pass it never decreases
        self.silent_s = 0.0  # for how long nothing has been sent, up to the newest point
        self._sent_at = 0.0

    def append(self, point: Point) -> None:
        """Append a point."""
        if not self or point.transferred != self[-1].transferred:
            self._sent_at = point.t
        self.silent_s = point.t - self._sent_at
        self.share = max(self.share, 1 - point.remaining / point.total)
        Thinned.append(self, point)


def _extremes(group: list[Point]) -> list[Point]:
    """The highest and lowest values of each curve, so also where passes begin and end."""
    found: set[int] = set()
    curves: tuple[list[float], ...] = (
        [each.remaining for each in group],
        [each.rate or 0.0 for each in group],
        [each.dirty_rate or 0.0 for each in group],
    )
    for curve in curves:
        found |= {curve.index(max(curve)), curve.index(min(curve))}
    return _half(group, found)


def guest_extremes(group: list[GuestPoint]) -> list[GuestPoint]:
    """The highest and lowest rates, and where the rate was unknown."""
    silent = [index for index, each in enumerate(group) if each.rate is None]
    known = [(each.rate, index) for index, each in enumerate(group) if each.rate is not None]
    return _half(group, {*silent[:4]} | ({min(known)[1], max(known)[1]} if known else set()))


def _half(group: list[T], indices: set[int]) -> list[T]:
    """The items of these indices, and as many others as make half of the group, spread over it."""
    for index in SPREAD:
        if len(indices) >= len(group) // 2:
            break
        if index < len(group):
            indices.add(index)
    return [group[index] for index in sorted(indices)]


def notable_marks(group: list[Mark]) -> list[Mark]:
    """All marks but those of passes; of these the ones that are drawn if there are many."""
    return [each for each in group if each.sign != "|" or each.number % EVERY_PASS == 0]


def every_other(group: list[T]) -> list[T]:
    """Every other item."""
    return group[1::2]


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


class GuestPoints(Thinned[GuestPoint]):
    """The rate of the workload; a point without a rate begins each time without an answer."""

    def __init__(self) -> None:
        super().__init__(guest_extremes)
        self.before = 0.0  # the rate before the migration; 0 if unknown
        self.first: list[float] = []  # rates
        self.least = math.inf
        self.until = math.inf  # the end of the migration: later rates show the recovery, and do not count
        self._sum, self._count = 0.0, 0

    @property
    def mean(self) -> float | None:
        """The mean of all rates up to the end; None before the first."""
        return self._sum / self._count if self._count else None

    def add(self, t: float, data: Mapping[str, Any]) -> tuple[float, str] | None:
        """Add what an event reports; if no line came, for how many seconds, and why."""
        if data.get("silent_s") is None:
            self.before = self.before or number_in(data, "before") or 0.0
            moment = t - (number_in(data, "ago") or 0.0)  # the guest replied only later
            self.answered(GuestPoint(moment, number_in(data, "rate") or 0.0, str(data.get("unit", ""))))
            return None
        self.silent(t)
        return number_in(data, "silent_s") or 0.0, str(data.get("why", ""))

    def answered(self, point: GuestPoint) -> None:
        """Add a rate, which may be of a moment for which no answer had come before."""
        while self and self[-1].rate is None and self[-1].t >= point.t:
            self.pop()
        self.append(point)
        if point.rate is not None and point.t <= self.until:
            self.first = [*self.first, point.rate][:FIRST]
            self.least = min(self.least, point.rate)
            self._sum += point.rate
            self._count += 1

    def silent(self, t: float) -> None:
        """No answer comes any more."""
        if self and self[-1].rate is not None:
            self.append(GuestPoint(t, None, self[-1].unit))

"""What the first pass of a migration sends: the memory in use, without its zero pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui.core.protocols import MemoryUse
from tui.forecast.model.interval import Interval

MOST = 2**64  # libvirt's statistics are unsigned and of 64 bits
SPREAD = 0.05  # of what it likely sends: so much differs from one migration to the next
ZERO_OF_USED = 0.15  # of what the guest counts as used; 10 % in a guest of 8 GiB that uses 640 MiB
UNKNOWN_SHARE = 0.5  # of QEMU's memory: so much of it may be zero pages, if nothing shows more


def sent_first(record: object) -> float | None:
    """The bytes that the first pass sent, all but the zero pages, by a run's last statistics; None if unknown."""
    stats = record.get("stats") if isinstance(record, Mapping) else None
    if not isinstance(stats, Mapping):
        return None
    found = [stats.get(name) for name in ("memory_total", "memory_constant", "memory_page_size")]
    numbers = [each for each in found if isinstance(each, int) and 0 < each < MOST]
    if len(numbers) < len(found):
        return None
    total, zero, page = numbers
    return max(0.0, float(total - zero * page))


@dataclass(frozen=True)
class Earlier:
    """What the first pass of an earlier run of the VM sent, and the most that was seen dirtied before it; bytes."""

    sent: float
    dirtied: float | None = None  # None if it was not measured

    def now(self, dirtied: float) -> tuple[float, float]:
        """The least and the most that it would send now: memory that is dirtied now may be new since then.

        What was freed since then is not zero, so it does not shrink.
        """
        new = max(0.0, dirtied - (self.dirtied or 0.0))
        return (self.sent if self.dirtied is None else self.sent + new), self.sent + new


@dataclass(frozen=True)
class InUse:
    """What is known of a VM's memory in use, before its dirty curve is measured; the newest earlier run first."""

    memory: int
    use: MemoryUse
    earlier: tuple[Earlier, ...] = ()
    emulated: bool = False

    def first(self, dirtied: float) -> Interval:
        """The bytes that the first pass will send, of a VM that was seen to dirty `dirtied` bytes.

        It is at least most of what the guest uses, and what it dirties. It is at most what QEMU has in the host's
        memory, which is far too much if the VM is emulated. In between, earlier runs show it.
        """
        most = float(min(self.memory, self.use.resident or self.memory))
        used = min(most, float(self.use.by_guest or 0))
        sure = (1 - ZERO_OF_USED) * used
        least = min(float(self.memory), max(sure, dirtied))
        most = max(most, least)
        if not self.earlier:
            likely = used if self.emulated and used else most
            return _within(Interval(sure or UNKNOWN_SHARE * most, likely, most), least, most)
        bounds = [each.now(dirtied) for each in self.earlier]
        likely, low, high = bounds[0][0], min(each for each, _ in bounds), max(each for _, each in bounds)
        return _within(Interval(min(low, (1 - SPREAD) * likely), likely, max(high, (1 + SPREAD) * likely)), least, most)


def _within(found: Interval, least: float, most: float) -> Interval:
    return Interval(*(min(most, max(least, each)) for each in (found.low, found.likely, found.high)))


def dirtied_before(tables: Mapping[str, Any]) -> float | None:
    """The most that was seen dirtied within a window before a run, by its run.toml; None if it was not measured."""
    forecast = tables.get("forecast")
    curve = forecast.get("curve") if isinstance(forecast, Mapping) else None
    points = [each for each in curve if isinstance(each, list) and len(each) == 2] if isinstance(curve, list) else []
    values = [each[1] for each in points if isinstance(each[1], (int, float)) and 0 <= each[1] < MOST]
    return float(max(values)) if values else None

"""What the first pass of a migration sends: the memory in use, without its zero pages."""

from collections.abc import Mapping

from tui.core.protocols import MemoryUse

MOST = 2**64  # libvirt's statistics are unsigned and of 64 bits


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


def in_use(memory: int, use: MemoryUse, sent_before: float | None, *, emulated: bool) -> float:
    """The bytes that the first pass will send, as far as is known: as in the newest run, within what is in use now.

    Without a run, what QEMU has in the host's memory bounds it. If the VM is emulated, that is far too much.
    """
    most = float(min(memory, use.resident or memory))
    least = min(most, float(use.by_guest or 0))
    if sent_before is None:
        return least if emulated and least else most
    return min(most, max(least, sent_before))

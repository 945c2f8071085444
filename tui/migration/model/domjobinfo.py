"""libvirt's job statistics in the text of `virsh domjobinfo` (English), so that scripts made for it keep working."""

from collections.abc import Iterator, Mapping

from tui.core.protocols import Stat

TYPES = ("None", "Bounded", "Unbounded", "Completed", "Failed", "Cancelled")
OPERATIONS = (
    "Unknown",
    "Start",
    "Save",
    "Restore",
    "Incoming migration",
    "Outgoing migration",
    "Snapshot",
    "Snapshot revert",
    "Dump",
    "Backup",
    "Snapshot delete",
)
UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
BOUNDED, COMPLETED = 1, 3


def text(stats: Mapping[str, Stat]) -> str:
    """The output of virsh for these statistics, with its empty last line; {} is a VM without a job."""
    numbers = {name: int(each) for name, each in stats.items() if isinstance(each, (int, float)) and abs(each) < 2**64}
    return "".join(line + "\n" for line in _lines(numbers)) + "\n"


def _lines(stats: Mapping[str, Stat]) -> Iterator[str]:
    kind = int(stats.get("type", 0))
    yield _row("Job type:", f"{_name(TYPES, kind):<12}")
    if not kind:
        return
    yield _row("Operation:", f"{_name(OPERATIONS, int(stats.get('operation', 0))):<12}")
    yield from _number(stats, "time_elapsed", "Time elapsed:", " ms")
    yield from _number(stats, "time_elapsed_net", "Time elapsed w/o network:", " ms")
    if kind == BOUNDED:
        yield from _number(stats, "time_remaining", "Time remaining:", " ms")
    yield from _amounts(stats, "data", "Data")
    yield from _amounts(stats, "memory", "Memory")
    yield from _bandwidth(stats, "memory_bps", "Memory bandwidth:")
    if stats.get("memory_total"):
        yield from _number(stats, "memory_dirty_rate", "Dirty rate:", " pages/s")
        yield from _number(stats, "memory_page_size", "Page size:", " bytes")
        yield from _number(stats, "memory_iteration", "Iteration:", "")
        yield from _number(stats, "memory_postcopy_requests", "Postcopy requests:", "")
    yield from _amounts(stats, "disk", "File")
    yield from _bandwidth(stats, "disk_bps", "File bandwidth:")
    yield from _number(stats, "memory_constant", "Constant pages:", "")
    yield from _number(stats, "memory_normal", "Normal pages:", "")
    yield from _size(stats, "memory_normal_bytes", "Normal data:")
    yield from _number(stats, "downtime", "Total downtime:" if kind == COMPLETED else "Expected downtime:", " ms")
    yield from _number(stats, "downtime_net", "Downtime w/o network:", " ms")
    yield from _number(stats, "setup_time", "Setup time:", " ms")
    yield from _size(stats, "compression_cache", "Compression cache:")
    yield from _size(stats, "compression_bytes", "Compressed data:")
    for field, label in (
        ("compression_pages", "Compressed pages:"),
        ("compression_cache_misses", "Compression cache misses:"),
        ("compression_overflow", "Compression overflows:"),
    ):
        if field in stats:
            yield _row(label, f"{int(stats[field]):<13}")
    if "auto_converge_throttle" in stats:
        yield _row("Auto converge throttle:", f"{int(stats['auto_converge_throttle']):<13}")


def _row(label: str, value: str) -> str:
    return f"{label:<17} {value}"


def _name(names: tuple[str, ...], number: int) -> str:
    return names[number] if 0 <= number < len(names) else "unknown"


def _number(stats: Mapping[str, Stat], field: str, label: str, unit: str) -> Iterator[str]:
    if field in stats:
        yield _row(label, f"{int(stats[field]):<12}{unit}")


def _amounts(stats: Mapping[str, Stat], prefix: str, label: str) -> Iterator[str]:
    """Processed, remaining and total, which virsh omits if all of them are 0."""
    fields = {word: f"{prefix}_{word}" for word in ("processed", "remaining", "total")}
    if any(stats.get(field) for field in fields.values()):
        for word, field in fields.items():
            yield _row(f"{label} {word}:", _scaled(int(stats.get(field, 0))))


def _size(stats: Mapping[str, Stat], field: str, label: str) -> Iterator[str]:
    if field in stats:
        yield _row(label, _scaled(int(stats[field])))


def _bandwidth(stats: Mapping[str, Stat], field: str, label: str) -> Iterator[str]:
    if stats.get(field):
        yield _row(label, f"{_scaled(int(stats[field]))}/s")


def _scaled(number: int) -> str:
    value, unit = float(number), 0
    while value >= 1024 and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.3f} {UNITS[unit]}"

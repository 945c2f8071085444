"""libvirt's job statistics in the text of `virsh domjobinfo` (English), so that scripts made for it keep working.

ROWS is the one table of labels: `text` writes with it, and the import of logs reads with it.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

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
NONE, BOUNDED, UNBOUNDED, COMPLETED, FAILED, CANCELLED = range(6)
MIGRATIONS = (0, 4, 5)  # the operations that are one, or not known

# What a value is: its unit, if that is fixed.
MS, PAGES, BYTES, COUNT, SIZE, SPEED = "ms", "pages/s", "bytes", "", "size", "speed"

# When virsh prints a row, besides that libvirt reported the field.
ALWAYS, NOT_ZERO, WITH_GROUP, WITH_MEMORY = "always", "not zero", "with its group", "with memory"
ONLY_BOUNDED, ONLY_COMPLETED, NOT_COMPLETED = "only bounded", "only completed", "not completed"

TYPE_LABEL, OPERATION_LABEL = "Job type:", "Operation:"


class Row(NamedTuple):
    """One line of virsh: libvirt's name of the field, virsh's label, the kind of value, and when it is printed."""

    field: str
    label: str
    unit: str
    when: str = ALWAYS
    width: int = 12  # of a number


ROWS = (
    Row("time_elapsed", "Time elapsed:", MS),
    Row("time_elapsed_net", "Time elapsed w/o network:", MS),
    Row("time_remaining", "Time remaining:", MS, ONLY_BOUNDED),
    Row("data_processed", "Data processed:", SIZE, WITH_GROUP),
    Row("data_remaining", "Data remaining:", SIZE, WITH_GROUP),
    Row("data_total", "Data total:", SIZE, WITH_GROUP),
    Row("memory_processed", "Memory processed:", SIZE, WITH_GROUP),
    Row("memory_remaining", "Memory remaining:", SIZE, WITH_GROUP),
    Row("memory_total", "Memory total:", SIZE, WITH_GROUP),
    Row("memory_bps", "Memory bandwidth:", SPEED, NOT_ZERO),
    Row("memory_dirty_rate", "Dirty rate:", PAGES, WITH_MEMORY),
    Row("memory_page_size", "Page size:", BYTES, WITH_MEMORY),
    Row("memory_iteration", "Iteration:", COUNT, WITH_MEMORY),
    Row("memory_postcopy_requests", "Postcopy requests:", COUNT, WITH_MEMORY),
    Row("disk_processed", "File processed:", SIZE, WITH_GROUP),
    Row("disk_remaining", "File remaining:", SIZE, WITH_GROUP),
    Row("disk_total", "File total:", SIZE, WITH_GROUP),
    Row("disk_bps", "File bandwidth:", SPEED, NOT_ZERO),
    Row("memory_constant", "Constant pages:", COUNT),
    Row("memory_normal", "Normal pages:", COUNT),
    Row("memory_normal_bytes", "Normal data:", SIZE),
    Row("downtime", "Total downtime:", MS, ONLY_COMPLETED),
    Row("downtime", "Expected downtime:", MS, NOT_COMPLETED),
    Row("downtime_net", "Downtime w/o network:", MS),
    Row("setup_time", "Setup time:", MS),
    Row("compression_cache", "Compression cache:", SIZE),
    Row("compression_bytes", "Compressed data:", SIZE),
    Row("compression_pages", "Compressed pages:", COUNT, width=13),
    Row("compression_cache_misses", "Compression cache misses:", COUNT, width=13),
    Row("compression_overflow", "Compression overflows:", COUNT, width=13),
    Row("auto_converge_throttle", "Auto converge throttle:", COUNT, width=13),
    Row("disk_temp_used", "Temporary disk space use:", SIZE),
    Row("disk_temp_total", "Temporary disk space total:", SIZE),
)


def text(stats: Mapping[str, Stat]) -> str:
    """The output of virsh for these statistics, with its empty last line; {} is a VM without a job."""
    numbers = {name: int(each) for name, each in stats.items() if isinstance(each, (int, float)) and abs(each) < 2**64}
    return "".join(line + "\n" for line in _lines(numbers)) + "\n"


def _lines(stats: Mapping[str, int]) -> Iterator[str]:
    kind = stats.get("type", NONE)
    yield _line(TYPE_LABEL, f"{_name(TYPES, kind):<12}")
    if not kind:
        return
    yield _line(OPERATION_LABEL, f"{_name(OPERATIONS, stats.get('operation', 0)):<12}")
    for row in ROWS:
        if _is_printed(row, stats, kind):
            yield _line(row.label, _value(row, stats.get(row.field, 0)))


def _is_printed(row: Row, stats: Mapping[str, int], kind: int) -> bool:
    if row.when == WITH_GROUP:  # virsh omits all three if they are 0
        group = row.field.partition("_")[0]
        return any(stats.get(f"{group}_{word}") for word in ("processed", "remaining", "total"))
    if row.field not in stats:
        return False
    if row.when == NOT_ZERO:
        return stats[row.field] != 0
    if row.when == WITH_MEMORY:
        return stats.get("memory_total", 0) != 0
    completed = kind == COMPLETED
    return {ONLY_BOUNDED: kind == BOUNDED, ONLY_COMPLETED: completed, NOT_COMPLETED: not completed}.get(row.when, True)


def _line(label: str, value: str) -> str:
    return f"{label:<17} {value}"


def _name(names: tuple[str, ...], number: int) -> str:
    return names[number] if 0 <= number < len(names) else "unknown"


def _value(row: Row, number: int) -> str:
    if row.unit in (SIZE, SPEED):
        return f"{_scaled(number)}/s" if row.unit == SPEED else _scaled(number)
    return f"{number:<{row.width}}" + (f" {row.unit}" if row.unit else "")


def _scaled(number: int) -> str:
    value, unit = float(number), 0
    while value >= 1024 and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.3f} {UNITS[unit]}"

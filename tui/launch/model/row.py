"""One line of the list of VMs, and the order of the lines by any of its columns."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tui.vm.model.blockers import Blocker
from tui.vm.model.domain import Disk, Domain
from tui.vm.model.location import VmPlacement
from tui.vm.model.rules.rule import on_shared
from tui.vm.model.use import Use

PLACES = {"block": "block device", "nvme": "NVMe device", "network": "network", "volume": "pool"}


@dataclass(frozen=True)
class Row:
    """One VM; `domain`, `blockers` (those to the best target) and `targets` (where it can go) are None while unknown.

    `disks` says where its disks are, "" if that is unknown.
    """

    where: VmPlacement
    domain: Domain | None = None
    blockers: Sequence[Blocker] | None = None
    targets: tuple[str, ...] | None = None
    use: Use | None = None
    cpu: Sequence[float] = ()  # its CPU use over the last minutes, in percent of one CPU
    disks: str = ""
    marked: bool = False


@dataclass(frozen=True)
class Column:
    """`value` returns a number, a text or None if it is unknown; `most` sorts the largest first."""

    name: str
    value: Callable[[Row], Any]
    most: bool = False


COLUMNS = (
    Column("name", lambda row: row.where.name.casefold()),
    Column("state", lambda row: row.where.vm and row.where.vm.state),
    Column("host", lambda row: row.where.host or None),
    Column("vCPUs", lambda row: row.where.vm and row.where.vm.vcpus, most=True),
    Column("memory", lambda row: row.where.vm and row.where.vm.memory_bytes, most=True),
    Column("CPU in use", lambda row: row.use and row.use.cpu_percent, most=True),
    Column("memory in use", lambda row: row.use and row.use.memory_bytes, most=True),
    Column("dirty rate", lambda row: row.use and row.use.dirty_bytes_s, most=True),
    Column("disks", lambda row: row.disks or None),
    Column("number of targets", lambda row: None if row.targets is None else len(row.targets)),
)


@dataclass(frozen=True)
class Order:
    """By the column of that number; `reverse` turns its usual direction."""

    number: int = 0
    reverse: bool = False

    @property
    def next(self) -> "Order":
        """By the next column."""
        return Order((self.number + 1) % len(COLUMNS))

    @property
    def words(self) -> str:
        """ "by memory, most first"; empty for the usual order."""
        column = COLUMNS[self.number]
        if self == Order():
            return ""
        return f"by {column.name}{', most first' if column.most != self.reverse else ', reversed' * self.reverse}"

    def sorted(self, rows: Iterable[Row]) -> list[Row]:
        """The rows in this order, equal ones by name, those without a value last."""
        column = COLUMNS[self.number]
        by_name = sorted(rows, key=lambda row: row.where.name)
        known = [row for row in by_name if column.value(row) is not None]
        known.sort(key=column.value, reverse=column.most != self.reverse)
        return [*known, *(row for row in by_name if column.value(row) is None)]


def disks_of(domain: Domain | None, folder: str) -> str:
    """Where the disks of a VM are: "shared", "local + pool"; `folder` is the shared one."""
    disks = () if domain is None else tuple(disk for disk in domain.disks if disk.source and disk.device == "disk")
    return " + ".join(dict.fromkeys(_place(disk, folder) for disk in disks))


def _place(disk: Disk, folder: str) -> str:
    if disk.kind == "file":
        return "shared" if all(on_shared(path, folder) for path in disk.files) else "local"
    return PLACES.get(disk.kind, disk.kind)


def targets_words(targets: Sequence[str], most: int) -> str:
    """ "can go to host3 and host4"; of more than `most` hosts only their number."""
    return f"can go to {' and '.join(targets) if len(targets) <= most else f'{len(targets)} hosts'}"

"""The list of the VMs of all hosts; the arrow marks the chosen VM, which the page's keys act on."""

from collections.abc import Callable, Sequence

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.content import Content
from textual.message import Message

from tui.core.quantity import rate, size
from tui.launch.model.row import Row, targets_words
from tui.ui.chart.spark import spark
from tui.ui.lines import Lines

WIDE = 110  # from this width on, the lines have further columns, as far as they fit
LONGEST_NAME = 30
USE_FROM = 118  # from this width on, the VMs' use of their hosts is read, and the workload has its rate
CURVE = 12  # columns of the curve of the CPU use: a minute
NAMES, NAMES_FROM = 3, 150  # so many targets are named from this width on
NAMES_BESIDE = 27  # also if they leave so many columns beside the chosen VM: its CPU and memory in use
PLACE, LONGEST_PLACE = 23, 40  # columns of the state and the host
SHAPE, GAP, MARKS = 17, 2, 3  # of vCPUs and memory; before each column; of the marks before the name


def _cpu(row: Row) -> str:
    known = None if row.use is None else row.use.cpu_percent
    return "" if known is None else f"{f'{known:.0f} % CPU':>10}"


def _cpu_curve(row: Row) -> str:
    """The newest means against 100 % of all CPUs of the VM."""
    vcpus = row.where.vm.vcpus if row.where.vm is not None else 1
    return f"{spark(row.cpu[-CURVE:], 100.0 * vcpus):>{CURVE}}" if row.cpu and row.where.active else ""


def _memory(row: Row) -> str:
    known = None if row.use is None else row.use.memory_bytes
    return "" if known is None else f"{f'{size(known)} used':>13}"


def _dirty(row: Row) -> str:
    known = None if row.use is None else row.use.dirty_bytes_s
    return "" if known is None else f"{f'dirty {rate(known)}':>16}"


def _nics(row: Row) -> str:
    return "" if row.domain is None else ", ".join(nic.text for nic in row.domain.nics) or "no network"


def _cpu_model(row: Row) -> str:
    return "" if row.domain is None else row.domain.cpu or "default CPU"


# The columns of a wide list, the first that does not fit is left out first: the cell of a row, and its width.
FURTHER: tuple[tuple[Callable[[Row], str], int], ...] = (
    (_cpu, 10), (_memory, 13), (_cpu_curve, CURVE), (_dirty, 16), (lambda row: row.disks, 12), (_cpu_model, 16),
    (_nics, 18),
)  # fmt: skip


class VmList(Lines):
    """One line per VM, and the number of VMs that do not fit."""

    class Chosen(Message):
        """The user clicked a VM."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: Sequence[Row] = ()

    def show_rows(self, rows: Sequence[Row], chosen: str, most: int, width: int, *, beside: bool = False) -> None:
        """Show at most `most` of the rows, the chosen one among them; `beside`: the chosen VM is beside the list."""
        index = next((number for number, row in enumerate(rows) if row.where.name == chosen), 0)
        first = max(0, min(index - most // 2, len(rows) - most))
        self._shown = rows[first : first + most]
        wide = min(LONGEST_NAME, max((cell_len(row.where.name) for row in rows), default=0))
        place = min(LONGEST_PLACE, max((PLACE, *(cell_len(row.where.sentence) for row in rows))))
        free = width - MARKS - wide - place - SHAPE - 3 * GAP
        named = width >= NAMES_FROM or (beside and free - _verdicts(rows, NAMES) >= NAMES_BESIDE)
        names = NAMES if named else 1
        free -= _verdicts(rows, names)
        further = _fitting(rows, free) if beside or width >= WIDE else []
        lines = [_line(row, row.where.name == chosen, (wide, place, names), further) for row in self._shown]
        if len(rows) > len(self._shown):
            lines.append(Content.styled(f"   {len(rows) - len(self._shown)} more", "dim"))
        self.show(*lines)

    @property
    def names(self) -> list[str]:
        """The VMs on the screen."""
        return [row.where.name for row in self._shown]

    def on_click(self, event: events.Click) -> None:
        if event.y < len(self._shown):
            self.post_message(self.Chosen(self._shown[event.y].where.name))


def _verdicts(rows: Sequence[Row], names: int) -> int:
    """The columns of the longest verdict."""
    return max((len(_verdict(row, names)[0]) for row in rows), default=0)


def _fitting(rows: Sequence[Row], free: int) -> list[tuple[Callable[[Row], str], int]]:
    """The further columns in which something is known, as far as they fit into `free` cells."""
    found = []
    for cell, wide in FURTHER:
        if any(map(cell, rows)):
            if free < GAP + wide:
                break
            free -= GAP + wide
            found.append((cell, wide))
    return found


def _line(
    row: Row, chosen: bool, columns: tuple[int, int, int], further: Sequence[tuple[Callable[[Row], str], int]]
) -> Content:
    (wide, place, names), where, vm = columns, row.where, row.where.vm
    name = set_cell_size(where.name, wide)
    shape = f"{vm.vcpus:>3} CPU{'s' if vm.vcpus != 1 else ' '} {size(vm.memory_bytes):>8}" if vm is not None else ""
    cells = [f"{where.arrival or where.sentence:<{place}}", f"{shape:<{SHAPE}}" if shape or further else ""]
    cells += [set_cell_size(cell(row), cells_wide) for cell, cells_wide in further]
    style = "bold" if where.active else "dim" if where.last_seen else ""
    return Content.assemble(
        (f"{'*' if row.marked else ' '}{'>' if chosen else ' '} ", "bold $accent"),
        (name, f"{style} reverse" if chosen else style),
        "  ",
        ("  ".join(filter(None, cells)), style),
        "  ",
        _verdict(row, names),
    )


def _verdict(row: Row, names: int) -> tuple[str, str]:
    """That several hosts have it, else whether it can migrate, or where it can go, with so many names at most."""
    where, blockers = row.where, row.blockers
    if where.elsewhere:
        return where.elsewhere, "bold $error" if where.twice else "$warning"
    if blockers is None:
        return "", ""
    if any(each.blocks for each in blockers):
        return "can't migrate", "bold $error"
    if any(each.doubt for each in blockers):
        return "may not migrate", "$warning"
    return (targets_words(row.targets, names) if row.targets else "can migrate"), "dim"

"""The list of the VMs of all hosts; the arrow marks the chosen VM, which the page's keys act on."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.content import Content
from textual.message import Message

from tui.core.quantity import size
from tui.ui.lines import Lines
from tui.vm.model.blockers import Blocker
from tui.vm.model.domain import Domain
from tui.vm.model.location import VmPlacement
from tui.vm.model.use import Use

WIDE = 110  # from this width on, the lines include the network and CPU model
LONGEST_NAME = 30
USE_FROM = 118  # from this width on, the lines include CPU and memory in use, and the workload its rate
# The columns of a line besides its name, with those in use; of the network, and of the CPU model.
FIXED, NETWORK, CPU_MODEL = 91, 20, 18
NO_USE = " " * 25
PLACE, LONGEST_PLACE = 23, 40  # columns of the state and the host


@dataclass(frozen=True)
class Row:
    """One VM; `domain` and `blockers` are None while unknown."""

    where: VmPlacement
    domain: Domain | None = None
    blockers: Sequence[Blocker] | None = None
    use: Use | None = None


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

    def show_rows(self, rows: Sequence[Row], chosen: str, most: int, width: int) -> None:
        """Show at most `most` of the rows, the chosen one among them."""
        index = next((number for number, row in enumerate(rows) if row.where.name == chosen), 0)
        first = max(0, min(index - most // 2, len(rows) - most))
        self._shown = rows[first : first + most]
        wide = min(LONGEST_NAME, max((cell_len(row.where.name) for row in rows), default=0))
        used = width >= USE_FROM and any(row.use not in (None, Use()) for row in rows)
        place = min(LONGEST_PLACE, max((PLACE, *(cell_len(row.where.sentence) for row in rows))))
        free = width - FIXED - wide - (place - PLACE) if used else -1
        lines = [_line(row, row.where.name == chosen, (wide, place), width, free) for row in self._shown]
        if len(rows) > len(self._shown):
            lines.append(Content.styled(f"   {len(rows) - len(self._shown)} more", "dim"))
        self.show(*lines)

    def on_click(self, event: events.Click) -> None:
        if event.y < len(self._shown):
            self.post_message(self.Chosen(self._shown[event.y].where.name))


def _line(row: Row, chosen: bool, columns: tuple[int, int], width: int, free: int) -> Content:
    """`free` columns are left by the line with what the VM uses; it has that only if they are not negative."""
    (wide, place), where, vm = columns, row.where, row.where.vm
    name = set_cell_size(where.name, wide)
    cells = [f"{where.arrival or where.sentence:<{place}}"]
    if vm is not None:
        cells.append(f"{vm.vcpus:>3} CPU{'s' if vm.vcpus != 1 else ' '} {size(vm.memory_bytes):>8}")
    if free >= 0:
        cells.append(_use(row.use))
    if row.domain is not None and width >= WIDE:
        nics = ", ".join(nic.text for nic in row.domain.nics) or "no network"
        if not 0 <= free < NETWORK + CPU_MODEL:
            cells.append(f"{row.domain.cpu or 'default CPU':<16}")
        if not 0 <= free < NETWORK:
            cells.append(f"{nics:<18}")
    style = "bold" if where.active else "dim" if where.last_seen else ""
    return Content.assemble(
        (" > " if chosen else "   ", "bold $accent"),
        (name, f"{style} reverse" if chosen else style),
        "  ",
        ("  ".join(cells), style),
        "  ",
        _elsewhere(where) or _verdict(row.blockers),
    )


def _use(use: Use | None) -> str:
    """A VM that is off uses nothing, and has blanks."""
    if use is None:
        return NO_USE
    cpu = "" if use.cpu_percent is None else f"{use.cpu_percent:.0f} % CPU"
    memory = "" if use.memory_bytes is None else f"{size(use.memory_bytes)} used"
    return f"{cpu:>10}  {memory:>13}"


def _elsewhere(where: VmPlacement) -> tuple[str, str] | None:
    """That other hosts have the VM, too; None if none has it."""
    return (where.elsewhere, "bold $error" if where.twice else "$warning") if where.elsewhere else None


def _verdict(blockers: Sequence[Blocker] | None) -> tuple[str, str]:
    if blockers is None:
        return "", ""
    if any(each.blocks for each in blockers):
        return "can't migrate", "bold $error"
    return ("may not migrate", "$warning") if any(each.doubt for each in blockers) else ("can migrate", "dim")

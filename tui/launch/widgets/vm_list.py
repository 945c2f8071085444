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

WIDE = 110  # from this width on, the lines include the network and CPU model
LONGEST_NAME = 30
PLACE, LONGEST_PLACE = 23, 40  # columns of the state and the host


@dataclass(frozen=True)
class Row:
    """One VM; `domain` and `blockers` are None while unknown."""

    where: VmPlacement
    domain: Domain | None = None
    blockers: Sequence[Blocker] | None = None


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
        place = min(LONGEST_PLACE, max((PLACE, *(cell_len(row.where.sentence) for row in rows))))
        lines = [_line(row, row.where.name == chosen, (wide, place), width) for row in self._shown]
        if len(rows) > len(self._shown):
            lines.append(Content.styled(f"   {len(rows) - len(self._shown)} more", "dim"))
        self.show(*lines)

    def on_click(self, event: events.Click) -> None:
        if event.y < len(self._shown):
            self.post_message(self.Chosen(self._shown[event.y].where.name))


def _line(row: Row, chosen: bool, columns: tuple[int, int], width: int) -> Content:
    (wide, place), where, vm = columns, row.where, row.where.vm
    name = set_cell_size(where.name, wide)
    cells = [f"{where.arrival or where.sentence:<{place}}"]
    if vm is not None:
        cells.append(f"{vm.vcpus:>3} CPU{'s' if vm.vcpus != 1 else ' '} {size(vm.memory_bytes):>8}")
    if row.domain is not None and width >= WIDE:
        nics = ", ".join(nic.text for nic in row.domain.nics) or "no network"
        cells += [f"{row.domain.cpu or 'default CPU':<16}", f"{nics:<18}"]
    style = "bold" if where.active else ""
    return Content.assemble(
        (" > " if chosen else "   ", "bold $accent"),
        (name, f"{style} reverse" if chosen else style),
        "  ",
        ("  ".join(cells), style),
        "  ",
        _elsewhere(where) or _verdict(row.blockers),
    )


def _elsewhere(where: VmPlacement) -> tuple[str, str] | None:
    """That other hosts have the VM, too; None if none has it."""
    return (where.elsewhere, "bold $error" if where.twice else "$warning") if where.elsewhere else None


def _verdict(blockers: Sequence[Blocker] | None) -> tuple[str, str]:
    if blockers is None:
        return "", ""
    if any(each.blocks for each in blockers):
        return "can't migrate", "bold $error"
    return ("may not migrate", "$warning") if any(each.doubt for each in blockers) else ("can migrate", "dim")

"""The list of many hosts, a line each, one of them under the cursor; those that are well fold to one line."""

from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from tui.checklist.widgets.item_lines import one_line
from tui.core.actions import FOLD as FOLD_KEY
from tui.core.actions import WithKeys
from tui.core.aged import last_answer
from tui.hosts.model.host import OK, READING, SILENT
from tui.hosts.model.overview import Glance, Overview
from tui.hosts.widgets.card import STYLES
from tui.ui.rows import Rows

WIDEST_NAME = 20
FOLD = ""  # the name of the line of folded hosts
Cells = tuple[str, str]


class HostRows(Rows, can_focus=True):
    """Shows an Overview; posts Chosen when another host comes under the cursor, Entered for Enter on one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home,g", "move(-1000000)", "first", show=False),
        Binding("end,G", "move(1000000)", "last", show=False),
        Binding("enter,right", "enter", "its checks", show=False),
    ]

    class Chosen(Message):
        """Another host is under the cursor."""

    class Entered(Message):
        """Enter was pressed on a host, or with `fold` on the line of the folded ones."""

        def __init__(self, *, fold: bool) -> None:
            super().__init__()
            self.fold = fold

    def __init__(self, with_keys: WithKeys, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._with_keys = with_keys
        self._overview = Overview(())
        self._at = ""  # the line under the cursor: the name of a host, or FOLD
        self._placed = False  # by the user: then the cursor stays on its host
        self.host = ""  # the host whose checks are shown; the last one, while the cursor is on the fold

    @property
    def _names(self) -> list[str]:
        return [*(each.facts.name for each in self._overview.shown), *([FOLD] if self._overview.fold else [])]

    def show_hosts(self, found: Overview) -> None:
        """Replace the hosts; the cursor stays on its host, and at first is on the worst one."""
        self._overview = found
        names = self._names
        if not self._placed or self._at not in names:
            self._at = names[0] if names else FOLD
        self._choose_host()
        self._draw()

    def _choose_host(self) -> None:
        """The checks are those of the host under the cursor; on the fold, those of the first folded one."""
        host = self._at or (self.host if self.host in self._overview.folded else (self._overview.folded or ("",))[0])
        if host != self.host:
            self.host = host
            self.post_message(self.Chosen())

    def on_resize(self) -> None:
        super().on_resize()
        self._draw()

    def _draw(self) -> None:
        width, found = self.room.width, self._overview
        if not width:
            return
        wide = min(WIDEST_NAME, max((cell_len(each.facts.name) for each in found.shown), default=0))
        state = max((len(each.facts.state) for each in found.shown), default=0)
        rows = [self._row(each, (wide, state), width) for each in found.shown]
        if found.fold:
            style = "$success" if found.well else "dim"
            hint = self._with_keys(f"  {FOLD_KEY} shows them")
            fold = Content.assemble((f"   {found.fold}", style), (hint, "dim"))
            rows.append(self._marked(fold, FOLD, width))
        self.show_rows(rows)

    def _row(self, each: Glance, columns: tuple[int, int], width: int) -> Content:
        """The line of one host; its name and state have so many `columns`. Green only if all is well."""
        (wide, state), facts = columns, each.facts
        cells: list[Cells] = [("   ", ""), (set_cell_size(one_line(facts.name), wide), "bold"), ("  ", "")]
        cells.append((f"{facts.state:<{state}}", "" if each.bad and facts.state == OK else STYLES[facts.state]))
        if facts.state == SILENT:
            cells = [*((text, "dim") for text, _ in cells), (f"  {last_answer(facts.age_s)}", "dim")]
        elif facts.state != READING:
            cells.append((f"  {each.words}", "bold $error" if each.bad else "dim"))
        cells += [("  " + " ".join(each.groups), "dim")] if each.groups else []
        return self._marked(Content.assemble(*cells), facts.name, width)

    def _marked(self, row: Content, name: str, width: int) -> Content:
        if name != self._at:
            return row
        text = f" > {row.plain[3:]}"
        return Content.styled(text + " " * max(0, width - cell_len(text)), "reverse")

    # -- keys --

    def action_move(self, by: int) -> None:
        """Move the cursor by so many lines, at most to the ends."""
        names = self._names
        if names:
            index = names.index(self._at) + by if self._at in names else 0
            self._move_to(names[max(0, min(len(names) - 1, index))])

    def action_page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.action_move(direction * max(1, self.room.height - 2))

    def _move_to(self, name: str) -> None:
        self._placed, self._at = True, name
        self._choose_host()
        self._draw()
        line, top, height = self._names.index(name), self.scroll_offset.y, self.room.height
        if not top <= line < top + height:
            self.scroll_to(y=max(0, line - height // 2), animate=False, force=True)

    def action_enter(self) -> None:
        """Go to the checks of the host, or unfold."""
        self.post_message(self.Entered(fold=self._at == FOLD))

    def on_click(self, event: events.Click) -> None:
        line = event.y + self.scroll_offset.y
        if line < len(self._names):
            self._move_to(self._names[line])

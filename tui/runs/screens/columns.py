"""The columns of the Runs page: their keys, and the dialog in which a person chooses them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.core.failure import Failure
from tui.runs.backend.kept_view import KeptView
from tui.runs.model.table import ALL
from tui.runs.model.view import BY_NAME, ON_SCREEN, View
from tui.runs.widgets.table import Header, RunTable, title
from tui.ui.dialog import Dialog
from tui.ui.page import Page

ABOUT = (
    "The table has the columns with an x, from left to right in this order. Those that do not fit are shown by the "
    "right arrow key. Of the usual columns, empty ones are left out."
)
NEED_NO_RUN = ("columns", "sort", "reverse")
KEYS: list[BindingType] = [
    Binding("s", "sort", "sort", tooltip="Sort by the next column; a click on a title sorts by it", id="runs.sort"),
    Binding("S", "reverse", "reverse", show=False, tooltip="Reverse the order", id="runs.reverse"),
    Binding("C", "columns", "columns", tooltip="Choose the columns and their order", id="runs.columns"),
    Binding(
        "right",
        "part(1)",
        "more columns",
        show=False,
        priority=True,
        tooltip="Show the columns that do not fit",
        id="runs.right",
    ),
    Binding(
        "left",
        "part(-1)",
        "fewer columns",
        show=False,
        priority=True,
        tooltip="Show the columns before them",
        id="runs.left",
    ),
]
AROUND_LIST = 7  # lines of the dialog that are not its list


class ColumnsPage(Page):
    """Base of the Runs page, which has KEYS: it sorts by any column, and the columns are chosen and kept."""

    def __init__(self, kept: KeptView) -> None:
        super().__init__()
        self._kept = kept
        self._view, self._part = View(), 0
        self._read = False  # whether the kept view was read
        self._shown: RunTable | None = None
        self._reported = ""  # why the view could not be kept

    def _show(self) -> None:
        """Update the table."""
        raise NotImplementedError

    async def _read_view(self) -> None:
        """Continue with the columns and the order of the last time."""
        if not self._read:
            try:
                self._view = await self._kept.read()
            except Failure as failure:
                self.explain(str(failure))
            self._read = True  # not if the page was left meanwhile: the next change would replace what was not read

    def _table_state(self) -> list[str]:
        """What the lines of the table do not show: the columns that do not fit, and the order by one of them."""
        table = self._shown
        if table is None or not table.hidden:
            return []
        first, last = table.part == 0, table.part == table.parts - 1
        arrows = "right shows" if first else "left shows" if last else "left and right show"
        columns, them = ("1 column does", "it") if table.hidden == 1 else (f"{table.hidden} columns do", "them")
        order = [] if self._view.sort in table.columns else [f"sorted by {title(self._view.sort)}"]
        return [*order, f"{columns} not fit: {arrows} {them}, C chooses"]

    def on_header_clicked(self, message: Header.Clicked) -> None:
        """Sort by the clicked column, a second click reverses."""
        name = self._shown.column_at(message.x) if self._shown else ""
        if name:
            self._change(self._view.sorted_by(name))

    def action_sort(self) -> None:
        """Sort by the next column that is shown."""
        names = self._shown.columns if self._shown else ()
        if names:
            at = names.index(self._view.sort) + 1 if self._view.sort in names else 0
            self._change(self._view.sorted_by(names[at % len(names)]))

    def action_reverse(self) -> None:
        """Reverse the order."""
        if self._shown is not None:
            self._change(replace(self._view, reverse=not self._view.reverse))

    def action_part(self, step: int) -> None:
        """Show the columns that do not fit, or those before them."""
        if self._shown is not None:
            self._part = min(max(0, self._shown.part + step), self._shown.parts - 1)
            self._show()

    def action_columns(self) -> None:
        """Let a person choose the columns."""

        def answered(names: Sequence[str] | None) -> None:
            if names is not None:
                self._part = 0
                self._change(self._view.with_columns(names))

        if self._shown is not None:
            self.app.push_screen(ColumnsDialog(self._view.names), answered)

    def _change(self, view: View) -> None:
        if view != self._view:
            self._view = view
            self._show()
            self._keep(view)

    @work(name="keep view")
    async def _keep(self, view: View) -> None:
        """Keep the view; the same failure is reported once."""
        problem = ""
        try:
            await self._kept.keep(view)
        except Failure as failure:
            problem = str(failure)
        if problem and problem != self._reported:
            self.explain(problem)
        self._reported = problem


class ColumnsDialog(Dialog[tuple[str, ...]]):
    """Dismissed with the names of the chosen columns in their order, with None by Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", "show or hide", key_display="space", priority=True),
        Binding("u,shift+up", "move(-1)", "up", key_display="u", priority=True),
        Binding("d,shift+down", "move(1)", "down", key_display="d", priority=True),
        Binding("r", "usual", "the usual ones", priority=True),
        Binding("enter", "apply", "apply", key_display="enter", priority=True),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    ColumnsDialog OptionList {
        height: auto; border: none; padding: 0; margin-top: 1; background: $surface; text-wrap: nowrap;
        scrollbar-size-vertical: 1;
    }
    ColumnsDialog OptionList:nocolor > .option-list--option-highlighted { text-style: bold underline; }
    """

    def __init__(self, chosen: Sequence[str]) -> None:
        super().__init__("Columns")
        self._set(chosen)
        self._list = OptionList(compact=True, markup=False)

    def _set(self, chosen: Sequence[str]) -> None:
        self._chosen = set(chosen)
        self._names = [*chosen, *(column.name for column in ALL if column.name not in chosen)]

    def body(self) -> ComposeResult:
        yield Static(Content(ABOUT))
        yield self._list

    def on_mount(self) -> None:
        self._show(0)
        self._list.focus()

    def on_resize(self) -> None:
        self._list.styles.max_height = max(3, self.size.height - AROUND_LIST)

    def _show(self, at: int) -> None:
        """Update the list, with the cursor on the column of this number."""
        self._list.clear_options()
        self._list.add_options([Option(self._line(name)) for name in self._names])
        self._list.highlighted = at

    def _line(self, name: str) -> Content:
        box = ("[x]", "bold $accent") if name in self._chosen else ("[ ]", "")
        return Content.assemble(" ", box, f" {title(name):<14}", (BY_NAME[name].about, "dim"))

    def action_choose(self) -> None:
        """Show the column, or hide it."""
        at = self._list.highlighted
        if at is not None:
            self._chosen ^= {self._names[at]}
            self._list.replace_option_prompt_at_index(at, self._line(self._names[at]))

    def action_move(self, step: int) -> None:
        """Move the column up or down."""
        at = self._list.highlighted
        if at is not None and 0 <= at + step < len(self._names):
            names = self._names
            names[at], names[at + step] = names[at + step], names[at]
            for each in (at, at + step):
                self._list.replace_option_prompt_at_index(each, self._line(names[each]))
            self._list.highlighted = at + step

    def action_usual(self) -> None:
        """Choose the usual columns in their usual order."""
        self._set(ON_SCREEN)
        self._show(0)

    def action_apply(self) -> None:
        """Close with the chosen columns, if there are any."""
        chosen = tuple(name for name in self._names if name in self._chosen)
        if chosen:
            self.dismiss(chosen)
        else:
            self.notify("Choose at least one column.", markup=False)

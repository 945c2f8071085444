"""The lines of a checklist under their hosts, one of them under the cursor."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from tui.checklist.model.check import WARNING, Item
from tui.checklist.model.summary import by_host
from tui.checklist.widgets.item_lines import host_row, item_row, one_line
from tui.ui.rows import Rows


class ChecklistRows(Rows, can_focus=True):
    """Shows Items by host, in the order of `addresses`; posts Chosen when the item under the cursor changes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding(
            "down,j", "move(1)", "down", show=False, key_display="up/down", tooltip="Choose a line", id="list.move"
        ),
        Binding("n", "next_bad", "next", show=False, tooltip="The next line that is not good", id="list.next-bad"),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home,g", "move(-1000000)", "first", show=False),
        Binding("end,G", "move(1000000)", "last", show=False),
    ]

    class Chosen(Message):
        """The item under the cursor has changed."""

        def __init__(self, item: Item) -> None:
            super().__init__()
            self.item = item

    def __init__(self, addresses: Mapping[str, str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._addresses = addresses
        self._items: tuple[Item, ...] = ()
        self._reading = False
        self._silent: Mapping[str, str] = {}
        self._chosen = ""  # the id of the item under the cursor
        self._placed = False  # by the user, or by the end of the first reading: then the cursor stays on its item
        self._moved = False  # by the user: the cursor or the window
        self._scrolled = False  # by the user, after the last move of the cursor: the window stays where it is
        self._posted: Item | None = None
        self._places: dict[str, int] = {}  # the line of each item

    @property
    def chosen(self) -> Item | None:
        """The item under the cursor; None in an empty list."""
        return next((item for item in self._items if item.id == self._chosen), None)

    def show_items(self, items: Sequence[Item], *, reading: bool, silent: Mapping[str, str] | None = None) -> None:
        """Replace the items; the cursor moves with its item. `silent` has the hosts that do not answer now."""
        before = self._items, self._reading, self._silent
        self._items, self._reading, self._silent = tuple(by_host(items, self._addresses)), reading, silent or {}
        if self._placed and self.chosen is not None and before == (self._items, self._reading, self._silent):
            return  # nothing is drawn anew
        if self.chosen is None or not self._placed:
            self._chosen = _first_bad(items) or (self._items[0].id if self._items else "")
        self._draw()
        if not self._placed:
            self._keep_in_sight(anew=not reading and not self._moved)
            self._placed = not reading and any(item.finding is not None for item in self._items)

    def on_resize(self) -> None:
        super().on_resize()
        self._draw()
        self._keep_in_sight(anew=not self._moved)

    # -- drawing --

    def _draw(self) -> None:
        width = self.room.width
        if not width:
            return
        titles = max((cell_len(one_line(item.title)) for item in self._items), default=0)
        rows: list[Content] = []
        self._places = {}
        host = ""
        for item in self._items:
            if item.host != host:
                host = item.host
                rows.append(host_row(host, self._addresses[host], self._silent.get(host, "")))
            self._places[item.id] = len(rows)
            row = item_row(item, width, titles, reading=self._reading, old=host in self._silent)
            rows.append(_under_cursor(row, width) if item.id == self._chosen else row)
        self.show_rows(rows)
        chosen = self.chosen
        if chosen is not None and chosen != self._posted:
            self._posted = chosen
            self.post_message(self.Chosen(chosen))

    def _keep_in_sight(self, *, anew: bool = False) -> None:
        """Scroll half a window at a time, because each scroll repaints the window.

        With `anew` the place does not depend on what was in the window before: on which host replied first.
        """
        if self._scrolled:
            return
        line, top, height = self._places.get(self._chosen, 0), self.scroll_offset.y, self.room.height
        if self._items and self._items[0].id == self._chosen:
            line = 0  # with the heading above it
        if anew or not top <= line < top + height:
            y = 0 if line < height else line - height // 2
            self.scroll_to(y=y, animate=False, force=True)  # also before the scroll bar is laid out

    # -- keys --

    def action_move(self, by: int) -> None:
        """Move the cursor by so many lines, at most to the ends."""
        ids = [item.id for item in self._items]
        if not ids:
            return
        index = ids.index(self._chosen) + by if self._chosen in ids else 0
        self._choose(ids[max(0, min(len(ids) - 1, index))])

    def action_next_bad(self) -> None:
        """Move the cursor to the next line that is not good, or to the next warning if all else is; goes round."""
        ids = [item.id for item in self._items]
        index = ids.index(self._chosen) + 1 if self._chosen in ids else 0
        ahead = (*self._items[index:], *self._items[:index])
        bad = [item.id for item in ahead if item.finding is not None and not item.finding.good]
        warned = [item.id for item in ahead if item.state == WARNING]
        if found := bad or warned:
            self._choose(found[0])

    def action_page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.action_move(direction * max(1, self.room.height - 2))

    def _choose(self, id: str) -> None:
        self._placed = self._moved = True
        self._scrolled = False
        if id != self._chosen:
            self._chosen = id
            self._draw()
            self._keep_in_sight()

    def on_mouse_scroll_up(self) -> None:
        self._scroll()

    def on_mouse_scroll_down(self) -> None:
        self._scroll()

    def on_scroll_to(self) -> None:  # the scroll bar is dragged
        self._scroll()

    def on_scroll_up(self) -> None:  # the scroll bar is clicked
        self._scroll()

    def on_scroll_down(self) -> None:
        self._scroll()

    def _scroll(self) -> None:
        self._moved = True
        self._scrolled = self.max_scroll_y > 0

    def on_click(self, event: events.Click) -> None:
        line = event.y + self.scroll_offset.y
        clicked = next((id for id, place in self._places.items() if place == line), "")
        if clicked:
            self._choose(clicked)


def _first_bad(items: Sequence[Item]) -> str:
    """The first item that is not good in the order of the list, where causes are before their consequences."""
    return next((item.id for item in items if item.finding is not None and not item.finding.good), "")


def _under_cursor(row: Content, width: int) -> Content:
    """The row with a sign and reversed, so that one of them shows on any terminal."""
    text = f"> {row.plain[2:]}"
    missing = width - cell_len(text)
    return Content.styled(text + " " * max(0, missing), "reverse")

"""Many lines of text that scroll, one of them under the cursor."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from tui.ui.rows import Rows

FAR = 1_000_000  # lines: to the first or the last


class PickRows(Rows, can_focus=True, inherit_bindings=False):
    """The first cell of a line is kept for the sign of the cursor, which follows the key of its line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home", f"move(-{FAR})", "first", show=False),
        Binding("end", f"move({FAR})", "last", show=False),
    ]

    class Moved(Message):
        """Another line is under the cursor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keys: Sequence[str] = ()
        self._plain: Sequence[Content] = ()  # the lines without the cursor
        self._at = 0

    @property
    def chosen(self) -> str:
        """The key of the line under the cursor, "" if there is none."""
        return self._keys[self._at] if self._keys else ""

    def show_lines(self, keys: Sequence[str], lines: Sequence[Content]) -> None:
        """Replace all lines; if the one under the cursor is gone, the cursor stays at its place."""
        chosen = self.chosen
        self._keys, self._plain = keys, lines
        if chosen in keys:
            self._at = keys.index(chosen)
        self._at = max(0, min(len(keys) - 1, self._at))
        self._draw()

    def choose(self, key: str) -> None:
        """Put the cursor on the line of this key, if there is one."""
        if key in self._keys:
            self._go_to(self._keys.index(key))

    def on_resize(self) -> None:
        super().on_resize()
        self._draw()

    def _draw(self) -> None:
        lines = list(self._plain)
        if lines:
            lines[self._at] = _under_cursor(lines[self._at], self.room.width)
        self.show_rows(lines)
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        top, height = self.scroll_offset.y, self.room.height
        if height and not top <= self._at < top + height:
            y = self._at if self._at < top else self._at - height + 1
            self.scroll_to(y=y, animate=False, force=True)  # also before the scroll bar is laid out

    # -- keys --

    def action_move(self, by: int) -> None:
        """Move the cursor by so many lines, at most to the ends."""
        self._go_to(self._at + by)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.action_move(direction * max(1, self.room.height - 1))

    def on_click(self, event: events.Click) -> None:
        line = event.y + self.scroll_offset.y
        if line < len(self._keys):
            self._go_to(line)

    def _go_to(self, line: int) -> None:
        line = max(0, min(len(self._keys) - 1, line))
        if line != self._at and self._keys:
            self._at = line
            self._draw()
            self.post_message(self.Moved())


def _under_cursor(line: Content, width: int) -> Content:
    """The line with a sign and reversed, so that one of them shows on any terminal."""
    text = f">{line.plain[1:]}"
    return Content.styled(text + " " * max(0, width - cell_len(text)), "reverse")

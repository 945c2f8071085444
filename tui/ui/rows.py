"""Many lines of text in a window that scrolls: only what is to be seen is drawn, and only what changed drawn again."""

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from tui.ui.lines import changed


class Rows(ScrollView):
    """Shows one Content a line, cut at the right edge."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Rows { overflow-x: hidden; overflow-y: auto; background: $background; }
    Rows { scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Content, ...] = ()
        self._drawn: dict[int, Strip] = {}  # by number of the line, as they were last drawn
        self._at_end = True

    @property
    def text(self) -> str:
        """What it says, seen or not, without styles."""
        return "\n".join(row.plain for row in self._rows)

    @property
    def room(self) -> Size:
        """The window, without the column of the scroll bar."""
        return self.scrollable_content_region.size

    @property
    def at_end(self) -> bool:
        """Whether it was last scrolled to its end; that the window has become lower since is nobody's scrolling."""
        return self._at_end

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._at_end = new_value >= self.max_scroll_y

    def show_rows(self, rows: Sequence[Content]) -> None:
        """Replace all lines; those that stayed the same cost nothing."""
        before, self._rows = self._rows, tuple(rows)
        if len(before) != len(self._rows):
            self.virtual_size = Size(self.room.width, len(self._rows))
        top = self.scroll_offset.y
        for number in range(top, top + self.room.height):
            old, new = (each[number] if number < len(each) else None for each in (before, self._rows))
            if old is not None and new is not None and old.is_same(new):
                continue
            region = self._difference(number)
            if region is not None:
                self.refresh(region.translate((0, -top)))

    def _difference(self, number: int) -> Region | None:
        """The cells of a line that are to be drawn again."""
        old, new = self._drawn.get(number), self._strip(number)
        if old is None:
            return Region(0, number, self.room.width, 1)
        return changed(number, old, new)

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        strip = self._drawn[number] = self._strip(number)
        return strip

    def _strip(self, number: int) -> Strip:
        width, style = self.room.width, self.visual_style
        if number >= len(self._rows):
            return Strip.blank(width, style.rich_style)
        row = self._rows[number]
        line = row.truncate(width, ellipsis=True) if row.cell_length > width else row
        rendered = Visual.to_strips(self, line, max(1, width), 1, style, apply_selection=False)
        return rendered[0].adjust_cell_length(width, style.rich_style)

    def on_resize(self) -> None:
        self._drawn.clear()
        self.virtual_size = Size(self.room.width, len(self._rows))

    def notify_style_update(self) -> None:
        self._drawn.clear()
        super().notify_style_update()

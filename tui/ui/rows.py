"""Many lines of text that scroll: renders only the visible lines and repaints only their changed cells."""

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.ui.lines import changed, rendered
from tui.ui.selectable import SelectableLines


class Rows(ScrollView, SelectableLines):
    """Shows one Content per line, cut at the right edge."""

    DEFAULT_CSS = """
    Rows { overflow-x: hidden; overflow-y: auto; background: $background; }
    Rows { scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Content, ...] = ()
        self._drawn: dict[int, Strip] = {}  # by line number, as last drawn
        self._at_end = True

    @property
    def text(self) -> str:
        """The text of all lines, without styles."""
        return "\n".join(row.plain for row in self._rows)

    @property
    def line_texts(self) -> Sequence[str]:
        return [row.plain for row in self._rows]

    @property
    def room(self) -> Size:
        """The size of the window without the scroll bar."""
        return self.scrollable_content_region.size

    @property
    def at_end(self) -> bool:
        """Whether the user last scrolled to the end; a resize does not count as scrolling."""
        return self._at_end

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Note whether the end is in view."""
        super().watch_scroll_y(old_value, new_value)
        self._at_end = new_value >= self.max_scroll_y

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """Textual puts a new scroll bar at the top, also in a window that was scrolled before."""
        if shown:
            self.vertical_scrollbar.position = self.scroll_y

    def show_rows(self, rows: Sequence[Content]) -> None:
        """Replace all lines; repaints only the changed cells in view."""
        before, self._rows = self._rows, tuple(rows)
        if len(before) != len(self._rows):
            self.virtual_size = Size(self.room.width, len(self._rows))
        top = self.scroll_offset.y
        for number in range(top, top + self.room.height):
            old, new = (each[number] if number < len(each) else None for each in (before, self._rows))
            if old is not None and new is not None and old.is_same(new):
                continue
            drawn = self._drawn.get(number)
            whole_line = Region(0, number, self.room.width, 1)
            gone = not self.is_attached  # a late reply may come while the app ends
            region = whole_line if drawn is None or gone else changed(number, drawn, self._strip(number))
            if region is not None:
                self.refresh(region.translate((0, -top)))

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        strip = self._drawn[number] = self._strip(number)
        return self.with_selection(strip, number)

    def _strip(self, number: int) -> Strip:
        if number >= len(self._rows):
            return Strip.blank(self.room.width, self.visual_style.rich_style)
        return rendered(self, self._rows[number], self.room.width)

    def on_resize(self) -> None:
        self._drawn.clear()
        self.virtual_size = Size(self.room.width, len(self._rows))

    def notify_style_update(self) -> None:
        self._drawn.clear()
        super().notify_style_update()

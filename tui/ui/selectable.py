"""Text that the mouse selects in widgets that draw their own lines.

Textual finds the character under the mouse by an offset in the style of every segment. Here the widget has its text, so
no style carries an offset, and lines still repaint only their changed cells.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.style import Style
from textual.geometry import Offset
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.screen import Screen

    AnyScreen = Screen[Any]
else:
    AnyScreen = object  # a Screen before the class's own would hide its CSS

SELECTED = Style(reverse=True, underline=True)  # underlined, too, because the line under a cursor is reversed already


class SelectableLines(Widget):
    """A widget whose lines are selectable; a subclass returns them and marks the selection in what it renders."""

    @property
    def line_texts(self) -> Sequence[str]:
        """The text of all lines, also of those out of sight."""
        raise NotImplementedError

    def character_at(self, x: int, y: int) -> Offset:
        """The character and line at a cell of the content, at most the last ones."""
        lines = self.line_texts
        number = max(0, min(y + self.scroll_offset.y, len(lines) - 1))
        text, at = lines[number] if lines else "", 0
        while at < len(text) and cell_len(text[: at + 1]) <= x:
            at += 1
        return Offset(at, number)

    def text_select_all(self) -> None:
        """Do nothing: a double click acts on a line, and Textual would select all of them."""

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text and what separates it from that of the next widget; None if its lines are gone."""
        text = "\n".join(line.rstrip() for line in self.line_texts)
        if selection.start is not None and selection.start.y >= len(text.splitlines()):  # also of empty last lines
            return None
        return selection.extract(text), "\n"

    def with_selection(self, strip: Strip, number: int) -> Strip:
        """The rendered line `number` with what is selected of it marked."""
        selection = self.text_selection
        span = selection.get_span(number) if selection is not None else None
        if span is None:
            return strip
        lines = self.line_texts
        if number >= len(lines):
            return strip
        text = lines[number].rstrip()
        start = cell_len(text[: span[0]])
        end = cell_len(text if span[1] < 0 else text[: span[1]])
        if end <= start:
            return strip
        parts = strip.crop(0, start), strip.crop(start, end).apply_style(SELECTED), strip.crop(end)
        return Strip.join(parts)


class SelectsLines(AnyScreen):
    """A mixin, named before the Screen class, on which the text of such widgets is selected."""

    def get_widget_and_offset_at(self, x: int, y: int) -> tuple[Widget | None, Offset | None]:
        """The widget at a cell of the screen, and the character of its text there."""
        widget, offset = super().get_widget_and_offset_at(x, y)
        if isinstance(widget, SelectableLines) and widget.allow_select:
            inside = widget.content_region
            offset = widget.character_at(x - inside.x, min(y, inside.bottom - 1) - inside.y)
        return widget, offset

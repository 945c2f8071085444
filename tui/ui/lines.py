"""Lines of text that repaint only their changed cells, because the app must work over a slow link."""

from collections.abc import Sequence
from functools import lru_cache

from rich.style import Style
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from tui.core.plain_text import CONTROLS
from tui.ui.selectable import SelectableLines

Cell = tuple[str, object]


class Lines(SelectableLines):
    """Shows one Content per line, cut at the right edge; `show` repaints only changes.

    If its style leaves no room for all lines, the last one in view ends with an ellipsis.
    """

    DEFAULT_CSS = """
    Lines { height: auto; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._contents: tuple[Content, ...] = ()
        self._strips: list[Strip] | None = None  # None: must be rendered

    @property
    def text(self) -> str:
        """The text without styles."""
        return "\n".join(content.plain for content in self._contents)

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        return len(self._contents)

    @property
    def line_texts(self) -> Sequence[str]:
        return [content.plain for content in self._contents]

    def show(self, *contents: Content) -> None:
        """Replace all lines; control characters in them are shown as U+FFFD."""
        contents = tuple(map(_printable, contents))
        if len(contents) == len(self._contents) and all(map(Content.is_same, contents, self._contents)):
            return
        old, more = self._strips, len(contents) != len(self._contents)
        self._contents = contents
        if old is None or more or not self.is_attached:  # a late reply may come while the app ends
            self._strips = None
            self.refresh(layout=more)
            if more:
                # Textual ignores this request while an earlier one is pending, and may keep the height of before.
                self.call_after_refresh(self.refresh, repaint=False, layout=True)
            return
        self._strips = new = self._render_strips()
        found = [changed(y, *pair) for y, pair in enumerate(zip(old, new, strict=False))]
        regions = [region for region in found if region is not None]
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        if self._strips is None:
            self._strips = self._render_strips()
        if y < len(self._strips):
            return self.with_selection(self._strips[y], y)
        return Strip.blank(self.size.width, self.visual_style.rich_style)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:  # noqa: ARG002
        return len(self._contents)

    def notify_style_update(self) -> None:
        self._strips = None
        super().notify_style_update()

    def on_resize(self) -> None:
        self._strips = None
        self.refresh()

    def _render_strips(self) -> list[Strip]:
        width, height = self.size
        shown = shortened(self._contents, height, width) if height else self._contents
        return [rendered(self, content, width) for content in shown]


def _printable(content: Content) -> Content:
    """Files and hosts may contain characters that reverse a line or end it; a log is drawn as it was recorded."""
    if content.plain.isprintable() or CONTROLS.search(content.plain) is None:
        return content
    return Content(CONTROLS.sub(lambda found: "\ufffd" * len(found[0]), content.plain), list(content.spans))


def rendered(widget: Widget, content: Content, width: int) -> Strip:
    """The content as one line of `width` columns in the widget's style, with an ellipsis where it is cut."""
    style = widget.visual_style
    line = content.truncate(width, ellipsis=True) if content.cell_length > width else content
    strips = Visual.to_strips(widget, line, max(1, width), 1, style, apply_selection=False)
    return strips[0].adjust_cell_length(width, style.rich_style)


def shortened(lines: Sequence[Content], most: int, width: int) -> Sequence[Content]:
    """At most so many lines of `width` columns; the last one ends with an ellipsis if others are left out."""
    if len(lines) <= most or most < 1:
        return lines[: max(0, most)]
    last = lines[most - 1]
    last = last if last.cell_length < width else last.truncate(width - 1)
    return [*lines[: most - 1], Content.assemble(last.rstrip(), "…")]


def _cells(strip: Strip) -> list[Cell]:
    return [(character, look) for segment in strip for look in [_look(segment.style)] for character in segment.text]


@lru_cache(maxsize=1024)
def _look(style: Style | None) -> Style | None:
    """What is seen of a style: it also has where its segment begins in the text, which moves with what is before it."""
    return style.clear_meta_and_links() if style is not None else None


def changed(y: int, old: Strip, new: Strip) -> Region | None:
    """The smallest region of line `y` that contains every change; None where nothing changed."""
    before, after = _cells(old), _cells(new)
    if before == after:
        return None
    if len(before) != len(after) or new.cell_length != len(after):  # wide characters: repaint the line
        return Region(0, y, new.cell_length, 1)
    different = [x for x, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    return Region(different[0], y, different[-1] - different[0] + 1, 1)

"""The details of the line under the cursor, as many as fit."""

from textual.content import Content

from tui.checklist.model.check import Item
from tui.checklist.widgets.item_lines import about
from tui.core.actions import DETAILS, WithKeys
from tui.ui.lines import Lines


class CheckDetail(Lines):
    """Where the details do not fit, its last line names the action that shows all."""

    DEFAULT_CSS = """
    CheckDetail { height: 1fr; }
    """

    def __init__(self, with_keys: WithKeys, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._with_keys = with_keys
        self._item: Item | None = None

    def show_item(self, item: Item | None) -> None:
        """Replace the item."""
        self._item = item
        self._draw()

    def on_resize(self) -> None:
        super().on_resize()
        self._draw()

    def get_content_height(self, container: object, viewport: object, width: int) -> int:  # noqa: ARG002
        """Its own height, because the text fits itself to that."""
        return self.size.height

    def _draw(self) -> None:
        width, height = self.size.width - 2, self.size.height
        if self._item is None or width < 1 or not height:
            return
        lines = list(about(self._item, width, self._with_keys))
        if len(lines) > height:
            more = len(lines) - height + 1
            lines = [*lines[: height - 1], Content.styled(self._with_keys(f"{DETAILS} shows {more} more lines"), "dim")]
        lines += [Content("")] * (height - len(lines))  # the same number of lines, so that only changes repaint
        self.show(*(Content.assemble(" ", line) for line in lines))

"""The first line of every page: the app, its host or what runs, and the pages with the current one marked."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message

from tui.ui.lines import Lines


class Tabs(Lines):
    """One line of pages; the current one is in brackets, so that it shows without colour too."""

    ALLOW_SELECT = False  # a click opens a page
    DEFAULT_CSS = """
    Tabs { dock: top; height: 1; text-wrap: nowrap; }
    """

    class Chosen(Message):
        """A page was clicked; `number` counts from 1."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, names: Sequence[str], current: int) -> None:
        super().__init__()
        self._names = names
        self._current = current
        self._places: list[tuple[int, int]] = []

    def on_mount(self) -> None:
        self.watch(self.app, "sub_title", self._draw, init=False)

    def on_resize(self) -> None:
        super().on_resize()
        self._draw()

    def _draw(self) -> None:
        if self.size.width:
            self.show(self._line(self.size.width))

    def _line(self, width: int) -> Content:
        labels = self._labels(width)
        needed = sum(map(cell_len, labels))
        room = width - needed - 1
        left = Content.assemble(" ", (self.app.title, "bold"), "  ", self.app.sub_title)
        for shorter in (self.app.sub_title, getattr(self.app, "short_title", "")):
            if left.cell_length > room and shorter:
                left = Content.assemble(" ", shorter)
        if left.cell_length > room:
            left = left.truncate(max(0, room), ellipsis=True)
        space = max(0, width - left.cell_length - needed)
        x = left.cell_length + space
        self._places = []
        for label in labels:
            self._places.append((x, x + cell_len(label)))
            x += cell_len(label)
        styled = [Content.styled(each, "bold" if each.startswith("[") else "") for each in labels]
        return left + Content(" " * space) + Content("").join(styled)

    def _labels(self, width: int) -> list[str]:
        pages = list(enumerate(self._names, 1))
        for full in (True, False):
            texts = [f"{n} {name}" if full or n == self._current else str(n) for n, name in pages]
            labels = [f"[{text}]" if n == self._current else f" {text} " for n, text in enumerate(texts, 1)]
            if sum(map(cell_len, labels)) <= width:
                return labels
        return [labels[self._current - 1]]

    def on_click(self, event: events.Click) -> None:
        for number, (begin, end) in enumerate(self._places, 1):
            if begin <= event.x < end:
                self.post_message(self.Chosen(number))

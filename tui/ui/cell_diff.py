"""Updates of the terminal that contain only the changed cells, because the app must work over a slow link."""

from collections.abc import Iterable
from itertools import accumulate

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.strip import Strip

# Every segment ends with a reset, so "default colours" at its beginning is redundant.
REDUNDANT = ((";39;49m", "m"), ("\x1b[39;49m", ""), (";49m", "m"), (";39m", "m"))


class Painted:
    """The lines of the terminal that were written whole since it was last cleared or resized, or got another page."""

    def __init__(self) -> None:
        self._lines: dict[int, str] = {}
        self._page: object = None

    def on(self, page: object) -> "Painted":
        """The lines of this page; another page is painted anew, which repairs what another program has written."""
        if page is not self._page:
            self._page = page
            self.forget()
        return self

    def forget(self) -> None:
        """The terminal may show anything."""
        self._lines.clear()

    def whole(self, y: int, text: str) -> str:
        """The text of a whole line if it is not there already, else nothing."""
        if self._lines.get(y) == text:
            return ""
        self._lines[y] = text
        return text

    def part(self, y: int) -> None:
        """A part of the line is written."""
        self._lines.pop(y, None)


class CellDiffUpdate(ChopsUpdate):
    """Writes the changed cells of each line; Textual's own update has three to five times as many bytes."""

    def __init__(self, update: ChopsUpdate, painted: Painted) -> None:
        super().__init__(update.chops, update.spans, update.chop_ends)
        self._painted = painted

    def render_segments(self, console: Console) -> str:
        """The escape sequences and text of the update."""
        sequences: list[str] = []
        for y, begin, end in self.spans:
            ends = self.chop_ends[y]
            text = _line(y, zip(self.chops[y].items(), ends, strict=False), begin, end, console)
            if begin == 0 and end >= ends[-1]:
                text = self._painted.whole(y, text)
            else:
                self._painted.part(y)
            sequences.append(text)
        return "".join(sequences)


class LineDiffUpdate(LayoutUpdate):
    """Writes those lines of the whole screen that are not there already."""

    def __init__(self, update: LayoutUpdate, painted: Painted) -> None:
        super().__init__(update.strips, update.region)
        self._painted = painted

    def render_segments(self, console: Console) -> str:
        """The escape sequences and text of the update."""
        sequences: list[str] = []
        for y, line in enumerate(self.strips, self.region.y):
            strips = list(line)
            ends = list(accumulate((strip.cell_length for strip in strips), initial=self.region.x))
            chops = zip(zip(ends, strips, strict=False), ends[1:], strict=False)
            sequences.append(self._painted.whole(y, _line(y, chops, self.region.x, self.region.right, console)))
        return "".join(sequences)


def _line(y: int, chops: Iterable[tuple[tuple[int, Strip | None], int]], begin: int, end: int, console: Console) -> str:
    """The strips of a line, each with its first column and its end, between two columns."""
    parts: list[str] = []
    for (x, strip), chop_end in chops:
        left, right = max(x, begin), min(chop_end, end)
        if strip is None or left >= right:
            continue
        parts.append(Control.move_to(left, y).segment.text)
        parts.append(strip.crop(left - x, right - x).render(console))
    text = "".join(parts)
    for long, short in REDUNDANT:
        text = text.replace(long, short)
    return text

"""Updates of the terminal that contain only the changed cells, because the app must work over a slow link."""

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate

# Every segment ends with a reset, so "default colours" at its beginning is redundant.
REDUNDANT = ((";39;49m", "m"), ("\x1b[39;49m", ""), (";49m", "m"), (";39m", "m"))


class CellDiffUpdate(ChopsUpdate):
    """Writes the changed cells of each line; Textual's own update has three to five times as many bytes."""

    def render_segments(self, console: Console) -> str:
        """The escape sequences and text of the update."""
        sequences: list[str] = []
        for y, begin, end in self.spans:
            for chop_end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                left, right = max(x, begin), min(chop_end, end)
                if strip is None or left >= right:
                    continue
                sequences.append(Control.move_to(left, y).segment.text)
                sequences.append(strip.crop(left - x, right - x).render(console))
        text = "".join(sequences)
        for long, short in REDUNDANT:
            text = text.replace(long, short)
        return text

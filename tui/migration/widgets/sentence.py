"""The sentence on what the figures mean, wrapped over several lines with a stable height."""

import time

from textual.content import Content

from tui.migration.model.verdict import BAD, GOOD, WARNING, Verdict
from tui.ui.lines import Lines, shortened

PATIENCE_S = 4.0
MOST = 4  # lines, unless the page has none for anything else
STYLES = {GOOD: "bold $success", WARNING: "bold $warning", BAD: "bold $error"}


class Sentence(Lines):
    """Grows at once but shrinks late, in a new phase or after PATIENCE_S: each change of height moves the charts."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._phase = ""
        self._filled_at = 0.0  # when the text last took all of its lines; monotonic

    @property
    def rows(self) -> int:
        """The number of its lines."""
        return len(self._contents)

    def show_verdict(self, verdict: Verdict, phase: str, late: str, width: int, most: int = MOST) -> None:
        """Show it on lines `width` cells wide: before its first layout the widget does not know its own width.

        `late` is a warning to show before it, such as an overdue reply of libvirt; empty if there is none. At most so
        many lines are shown.
        """
        lines = list(shortened(_wrapped(verdict, late, width), most, width))
        now, spare = time.monotonic(), len(self._contents) - len(lines)
        if spare <= 0 or phase != self._phase or now - self._filled_at > PATIENCE_S:
            self._filled_at = now
        else:
            lines += [Content("")] * min(spare, most - len(lines))
        self._phase = phase
        self.show(*lines)

    def on_resize(self) -> None:
        self._phase = ""  # may shrink at the new width
        super().on_resize()


def _wrapped(verdict: Verdict, late: str, width: int) -> list[Content]:
    text = Content.assemble((verdict.text, STYLES.get(verdict.tone, "bold")))
    if late:
        text = Content.assemble((f"{late}.", "bold $warning"), " ", text)
    return [Content.assemble(" ", line) for line in text.wrap(max(10, width - 1))]

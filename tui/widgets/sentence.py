"""The sentence that says what the numbers mean, over as many lines as it takes; it does not jump."""

from textual.content import Content

from tui.model.verdict import BAD, GOOD, WARNING, Verdict
from tui.widgets.lines import Lines

STYLES = {GOOD: "bold $success", WARNING: "bold $warning", BAD: "bold $error"}


class Sentence(Lines):
    """Grows with its text, and shrinks only when a new phase begins: every change of height moves the charts."""

    DEFAULT_CSS = """
    Sentence { height: auto; max-height: 4; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._phase = ""
        self._said: tuple[Verdict, str] = (Verdict(""), "")

    def say(self, verdict: Verdict, phase: str, late: str = "") -> None:
        """Show it; `late` says for how long libvirt has owed an answer."""
        self._said = (verdict, late)
        lines = self._wrapped(verdict, late)
        if phase == self._phase:
            lines += [Content("")] * (len(self._contents) - len(lines))
        self._phase = phase
        self.show(*lines)

    def on_resize(self) -> None:
        self._phase = ""  # another width: it may shrink
        super().on_resize()

    def _wrapped(self, verdict: Verdict, late: str) -> list[Content]:
        text = Content.assemble((verdict.text, STYLES.get(verdict.tone, "bold")))
        if late:
            text = Content.assemble((f"{late}.", "bold $warning"), " ", text)
        return [Content.assemble(" ", line) for line in text.wrap(max(10, self.size.width - 1))]

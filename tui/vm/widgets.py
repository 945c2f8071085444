"""How what is known of a VM's migration looks: as a list, and as one line."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from textual.content import Content

from tui.core.actions import without_keys
from tui.ui.lines import Lines
from tui.vm.model.blockers import Blocker, worst
from tui.vm.model.rules.rule import BLOCKED, DOUBTFUL, NOTE

STYLES = {BLOCKED: "bold $error", DOUBTFUL: "$warning", NOTE: "dim"}
LEVEL = 10  # columns of the level
INDENT = 3 + LEVEL


def finding_lines(findings: Sequence[Blocker], chosen: int, width: int) -> tuple[list[Content], int]:
    """The findings, the chosen one with an arrow, below each what its key does; and the line of the chosen one."""
    lines: list[Content] = []
    at = 0
    for number, each in enumerate(findings):
        if number == chosen:
            at = len(lines)
        lines += _lines(each, number == chosen, max(20, width - INDENT))
    return lines, at


def _lines(finding: Blocker, chosen: bool, room: int) -> Iterator[Content]:
    style = STYLES[finding.level]
    arrow = " > " if chosen else "   "
    for number, line in enumerate(Content(" ".join(without_keys(finding.text).split())).wrap(room)):
        left = f"{arrow}{finding.level:<{LEVEL}}" if not number else " " * INDENT
        yield Content.assemble((left, style if not number else ""), (line.plain, "bold" if chosen else ""))
    does = f"enter: {finding.fixes[0].does}" if finding.fixes else "no key mends it"
    yield from (
        Content.assemble(" " * INDENT, (line.plain, "$accent" if finding.fixes else "dim"))
        for line in Content(does).wrap(room)
    )


class FindingsLine(Lines):
    """The worst finding in one line, with the key for all of them; no line without one that blocks or is doubtful."""

    DEFAULT_CSS = """
    FindingsLine { padding: 0 0 0 2; }
    """

    def __init__(self, key: str) -> None:
        super().__init__(id="findings")
        self._key = key
        self._findings: tuple[Blocker, ...] = ()

    def show_findings(self, findings: Sequence[Blocker]) -> None:
        """Replace the line."""
        self._findings = tuple(each for each in findings if not each.note)
        self._draw()

    def on_resize(self) -> None:
        super().on_resize()
        self._draw()

    def _draw(self) -> None:
        if not self._findings:
            self.show()
            return
        level, others = worst(self._findings), len(self._findings) - 1
        more = f" (+{others})" if others else ""
        end = f"{more}  {self._key}: details"
        text = f"{level}: {' '.join(without_keys(self._findings[0].text).split())}"
        room = max(10, self.size.width - 2 - cell_len(end))
        first = Content.styled(text, STYLES[level])
        first = first.truncate(room, ellipsis=True) if first.cell_length > room else first
        self.show(Content.assemble(first, (more, STYLES[level]), "  ", (self._key, "bold $accent"), ": details"))

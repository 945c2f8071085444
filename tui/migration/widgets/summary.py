"""The panel with the result of a migration."""

from pathlib import Path

from textual.content import Content

from tui.core.actions import RESULT, WithKeys
from tui.migration.model.ending.outcome import PLAIN, STRONG, facts, title
from tui.migration.model.timeline import Timeline
from tui.migration.model.verdict import BAD, WARNING
from tui.ui.lines import Lines

STYLES = {PLAIN: "", STRONG: "bold", WARNING: "bold $warning", BAD: "bold $error"}
LABEL = 13


class Outcome(Lines):
    """Shows a timeline that is over."""

    DEFAULT_CSS = """
    Outcome { border: round $foreground; padding: 0 1; height: auto; border-title-style: bold; }
    Outcome.good { border: round $success; border-title-color: $success; }
    Outcome.warning { border: round $warning; border-title-color: $warning; }
    Outcome.bad { border: round $error; border-title-color: $error; }
    """

    is_cut = False  # whether some of the lines are left out

    def show_end(
        self, timeline: Timeline, folder: Path, origin: str, stopped: str | None, width: int, most: int,
        with_keys: WithKeys,
    ) -> None:  # fmt: skip
        """Show the result, `width` cells wide, in at most so many lines.

        `stopped` is why the VM can't be migrated again, or empty; None for a past run.
        """
        words, tone = title(timeline)
        self.border_title = Content(words)
        self.set_classes(tone)
        lines = outcome_lines(timeline, folder, origin, width - 4, with_keys, stopped)
        self.is_cut = len(lines) > most
        if self.is_cut:
            more = with_keys(f"{len(lines) - most + 1} more lines; {RESULT} shows them")
            indent = LABEL if LABEL + len(more) <= width - 4 else 0
            lines = (*lines[: most - 1], Content.styled(f"{'':<{indent}}{more}", "dim"))
        self.show(*lines)


def outcome_lines(
    timeline: Timeline, folder: Path, origin: str, width: int, with_keys: WithKeys, stopped: str | None = ""
) -> tuple[Content, ...]:
    """The facts of the result, the most important first."""
    return tuple(
        line
        for fact in facts(timeline, folder, origin, stopped)
        if (text := with_keys(fact.text))
        for line in _lines(fact.label, text, STYLES[fact.tone], max(10, width - LABEL))
    )


def _lines(label: str, text: str, style: str, width: int) -> list[Content]:
    wrapped = Content.styled(text, style).wrap(width)
    return [Content.assemble(f"{'' if n else label:<{LABEL}}", line) for n, line in enumerate(wrapped)]

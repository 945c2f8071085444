"""One recorded run in words: its heading, and the lines below the table."""

from datetime import datetime

from textual.content import Content

from tui.checklist.widgets.item_lines import one_line
from tui.core.plain_text import plain
from tui.core.plan import technique_words
from tui.migration.model.ending.outcome import home
from tui.runs.model.run import BROKEN, UNDER_WAY, UNFINISHED, Run
from tui.runs.model.table import UNKNOWN

NARROW = 100  # columns below which the year and the seconds are omitted
STYLES = {
    "completed": "$success",
    "failed": "$error",
    "cancelled": "$warning",
    "lost": "$warning",
    UNDER_WAY: "$accent",
    UNFINISHED: "$warning",
    BROKEN: "$error",
}


def about_lines(run: Run, width: int) -> tuple[Content, ...]:
    """Below the table: the folder of the chosen run, its note, why it is excluded, and its problems."""
    note, style = run.annotation, STYLES.get(run.outcome, "")
    excluded = f"Left out of statistics: {note.excluded}" if note.excluded else ""
    texts = [(home(run.folder), ""), (run.problem, style), (note.problem, "$warning")]
    texts += [(one_line(note.note), ""), (one_line(excluded), "$warning"), (one_line(run.imported), "dim")]
    parts = [Content.styled(plain(text), style) for text, style in texts if text]
    return tuple(Content.assemble(" ", line) for part in parts for line in part.wrap(max(10, width - 2)))


def heading(run: Run) -> Content:
    """The VM, its direction, the technique, the workload and the time, in one line."""
    how = " ".join([technique_words(run.technique), *run.options.changes])
    words = [run.way, how, f"workload {run.workload}" if run.workload else "", local_time(run.began, NARROW) or UNKNOWN]
    name, rest = one_line(run.vm or run.folder.name), "   ".join(one_line(word) for word in words if word)
    return Content.assemble(" ", (name, "bold"), "  ", rest)


def local_time(began: datetime | None, width: int) -> str:
    """Local time; empty if unknown."""
    pattern = "%m-%d %H:%M" if width < NARROW else "%Y-%m-%d %H:%M:%S"
    return began.astimezone().strftime(pattern) if began else ""

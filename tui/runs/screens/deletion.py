"""The question before runs are deleted."""

from collections.abc import Sequence

from tui.core.plain_text import plain
from tui.runs.backend.deletion import Contents
from tui.ui.question import Answer, Question

LISTED = 12  # folders that a question lists


class DeleteRuns(Question):
    """Dismissed with "y" to delete the folders, with "n" or None for nothing."""

    def __init__(self, found: Sequence[Contents]) -> None:
        lines = [f"   {plain(str(each.folder))}, {each.words}" for each in found[:LISTED]]
        lines += [f"   and {len(found) - LISTED} more"] if len(found) > LISTED else []
        runs = "this run" if len(found) == 1 else f"these {len(found)} runs"
        text = "\n".join(["The folder is deleted for good, with all files in it:", *lines])
        super().__init__(f"Delete {runs}?", text, (Answer("y", f"delete {runs}"), Answer("n", "delete nothing")))

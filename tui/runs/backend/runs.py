"""The recorded runs of one folder for the app, on threads: there may be thousands, on a slow disk."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tui.core.threads import on_thread
from tui.migration.model.call.migrate_call import CallOf
from tui.migration.model.call.script import Script
from tui.runs.backend.deletion import Contents, check_deletable, contents, delete_run
from tui.runs.backend.kept_view import KeptView
from tui.runs.backend.notes import annotate
from tui.runs.backend.previews import Previews
from tui.runs.backend.reading import OpenRun, RunReader, open_run
from tui.runs.backend.replay import ReplayLog
from tui.runs.backend.script import script_of
from tui.runs.model.annotation import Annotation
from tui.runs.model.run import Run


class Runs:
    """Works on threads; changes only what a person requests: the notes on a run, and whether it exists."""

    def __init__(self, folder: Path, view: Path | None = None, call_of: CallOf | None = None) -> None:
        """`view`: the file that keeps the columns of the page; without it, they stay until the app ends.

        `call_of`: what the app calls for a plan, because older records do not have it.
        """
        self._call_of = call_of
        self.folder = folder
        self.view = KeptView(view)
        self._reader = RunReader(folder)
        self.previews = Previews()

    async def list(self) -> tuple[Run, ...]:
        """All runs, the newest first, with broken ones; Failure if the folder itself can't be read."""
        return await on_thread(self._reader.list)

    async def read(self, folder: Path) -> Run:
        """The run in a folder, with what is damaged as its problem."""
        return await on_thread(self._reader.read, folder)

    async def open(self, run: Run) -> OpenRun:
        """The run with its log; Failure if there is no log."""
        return await on_thread(open_run, run)

    async def script(self, opened: OpenRun) -> Script:
        """What the app called for the run; Failure if that is not known."""
        return await on_thread(script_of, opened.run, opened.timeline, self._call_of)

    async def replay(self, run: Run) -> ReplayLog:
        """The log of the run, to be read up to any moment; Failure if there is no log."""
        return await on_thread(ReplayLog, run.folder)

    async def findings(self, runs: Sequence[Run]) -> Sequence[str]:
        """What the repeats among these runs show, in sentences."""
        from tui.runs.backend.repeats import sentences  # noqa: PLC0415  # what only a report needs, too

        return await on_thread(sentences, runs)

    async def annotate(self, runs: Sequence[Run], change: Callable[[Annotation], Annotation]) -> None:
        """Change what is noted on these runs; Failure if one can't be changed."""

        def change_all() -> None:
            for run in runs:
                annotate(run.folder, change)

        await on_thread(change_all)

    async def contents(self, runs: Sequence[Run]) -> tuple[Contents, ...]:
        """What the deletion of these runs would delete; Failure if one can't be deleted."""

        def check_all() -> tuple[Contents, ...]:
            for run in runs:
                check_deletable(self.folder, run.folder)
            return tuple(contents(run.folder) for run in runs)

        return await on_thread(check_all)

    async def delete(self, folders: Sequence[Path]) -> None:
        """Delete the folders of runs; Failure at the first one that can't be deleted."""

        def delete_all() -> None:
            for folder in folders:
                delete_run(self.folder, folder)

        await on_thread(delete_all)

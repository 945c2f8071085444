"""The recorded runs of one folder for the app: listed and opened on threads, because there may be thousands."""

from pathlib import Path

from tui.core.threads import on_thread
from tui.runs.backend.reading import OpenRun, RunReader, open_run
from tui.runs.model.run import Run


class Runs:
    """Reads on threads; changes nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._reader = RunReader(folder)

    async def list(self) -> tuple[Run, ...]:
        """All runs, the newest first, with broken ones; Failure if the folder itself can't be read."""
        return await on_thread(self._reader.list)

    async def open(self, run: Run) -> OpenRun:
        """The run with its log; Failure if there is no log."""
        return await on_thread(open_run, run)

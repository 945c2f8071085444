"""The logs of the runs that were under the cursor last, so that a person who looks through a list does not wait."""

import asyncio
from dataclasses import replace
from pathlib import Path

from tui.core.failure import Failure
from tui.core.quantity import size
from tui.core.threads import on_thread, retrieve
from tui.migration.backend.recording.recorder import RAW
from tui.runs.backend.reading import OpenRun, Stamp, open_run, stamp_of
from tui.runs.model.run import Run

KEPT_BYTES = 4 << 20  # of logs, which take several times as much once read; one of a short run has 30 KiB
MOST_BYTES = 64 << 20  # of a log: about 3 s of reading, and 10 hours of a migration


class Previews:
    """Reads one log at a time, on a thread; one that has not changed since is not read again."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[Stamp, OpenRun]] = {}  # by folder, the one requested last at the end
        self._reading: asyncio.Future[OpenRun] | None = None

    async def of(self, run: Run) -> OpenRun:
        """The run with its log, the same object if neither has changed; Failure if there is no log, or a huge one."""
        while self._reading is not None and not self._reading.done():
            await asyncio.wait([self._reading])  # of a run that the cursor has left
        self._reading = asyncio.ensure_future(self._read(run))
        self._reading.add_done_callback(retrieve)
        return await asyncio.shield(self._reading)

    async def _read(self, run: Run) -> OpenRun:
        stamp, opened = await on_thread(_opened, run, self._known.pop(run.folder, None))
        self._known[run.folder] = stamp, opened
        while len(self._known) > 1 and sum(known[0][1] for known in self._known.values()) > KEPT_BYTES:
            del self._known[next(iter(self._known))]
        return opened


def _opened(run: Run, known: tuple[Stamp, OpenRun] | None) -> tuple[Stamp, OpenRun]:
    stamp = stamp_of(run.folder / RAW)
    if known is not None and known[0] == stamp:
        return stamp, known[1] if known[1].run == run else replace(known[1], run=run)
    amount = stamp[1]
    if amount > MOST_BYTES:
        raise Failure(
            f"The log of {run.folder.name} is too large for a preview", size(amount), "Open the run to read it."
        )
    return stamp, open_run(run)

"""The log of a run as its readers get it, and disks that fail."""

import threading
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from tests.unit.fakes import PATIENCE_S
from tests.unit.until import until
from tui.core.threads import on_thread
from tui.migration.backend.recording.recorder import RAW, Recorder
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.model import record
from tui.migration.model.record import Event, Record


class Reader:
    """The records as one reader gets them: the history, then each new one."""

    def __init__(self, run_log: RunLog) -> None:
        self._run_log = run_log
        self._before: list[str] = []
        self._after: list[Record] = []

    async def start(self) -> "Reader":
        """Read the history, and follow from there."""
        pieces, rest = await on_thread(self._run_log.history, self._after.append)
        self._before = [*chain.from_iterable(pieces), *map(record.to_line, rest)]
        return self

    def follow(self) -> "Reader":
        """Follow from the first record on."""
        self._run_log.listen(self._after.append)
        return self

    @property
    def lines(self) -> list[str]:
        return [*self._before, *map(record.to_line, self._after)]

    @property
    def logged(self) -> list[str]:
        """Without what the log itself cannot contain."""
        return [each for each in self.lines if not (_is(each, record.ERROR) and '"action": "log"' in each)]

    def numbers(self) -> list[int]:
        """Of the events that `say` has published."""
        return [
            each.data["n"] for each in map(record.from_line, self.lines) if isinstance(each, Event) and "n" in each.data
        ]

    def actions(self) -> list[Mapping[str, Any]]:
        """What was reported of the log itself."""
        events = map(record.from_line, self.lines)
        return [each.data for each in events if isinstance(each, Event) and each.data.get("action") == "log"]

    def troubles(self) -> list[str]:
        return [str(each["why"]) for each in self.actions() if "why" in each]


def _is(line: str, kind: str) -> bool:
    read = record.from_line(line)
    return isinstance(read, Event) and read.kind == kind


def say(run_log: RunLog, *numbers: int) -> None:
    """Publish events with these numbers."""
    for n in numbers:
        run_log.event(record.KEY, n=n)


async def delivered(reader: Reader, n: int) -> None:
    await until(lambda: n in reader.numbers())


def lines_of(folder: Path) -> list[str]:
    return (folder / RAW).read_text("utf-8").split("\n")[:-1]


class HangingRecorder(Recorder):
    """A disk that hangs while `free` is cleared; `hangs` is set by the first write that waits."""

    def __init__(self, *files: Any) -> None:
        super().__init__(*files)
        self.free, self.hangs = threading.Event(), threading.Event()
        self.free.set()

    def write(self, each: Record) -> None:
        if not self.free.is_set():
            self.hangs.set()
            self.free.wait(PATIENCE_S)
        super().write(each)

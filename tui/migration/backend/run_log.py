"""The log of one migration: each record goes to disk first, then to the timeline and the listeners."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tui.core.actions import without_keys
from tui.core.clock import now, seconds_since
from tui.core.failure import Failure
from tui.migration.backend.recorder import NullRecorder, Recorder
from tui.migration.model import record
from tui.migration.model.record import Event, Record
from tui.migration.model.timeline import Timeline


class RunLog:
    """Created on the loop, written from any thread; `timeline` and the listeners are used on the loop only."""

    def __init__(self, recorder: Recorder | NullRecorder) -> None:
        self.folder: Path = recorder.folder
        self.timeline = Timeline()
        self.began_at = now()
        self.closed = False  # nothing more is written: it is over, or another process may continue the folder
        self._recorder = recorder
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Callable[[Record], None]] = []
        self._zero = time.monotonic()
        self._order = threading.Lock()  # listeners receive the records in the order of the file
        self._disk_failed = False

    def listen(self, listener: Callable[[Record], None]) -> None:
        """Call `listener` on the loop with each new record, after it was added to the timeline."""
        self._listeners.append(listener)

    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._zero

    def since_start(self, moment: float) -> float:
        """A moment of time.monotonic() in seconds since the start."""
        return moment - self._zero

    def resume(self, earlier: list[Record], began_at: str | None) -> None:
        """Continue after the records of an earlier process, which began at `began_at`, and record the gap."""
        for each in earlier:
            self.timeline.add(each)
        passed = self.now()
        if began_at is not None:
            self.began_at = began_at
            passed = max(seconds_since(began_at), self.timeline.now)  # the clock may have been set back
            self._zero = time.monotonic() - passed
        if earlier:
            seconds = round(passed - earlier[-1].t, 3)
            self.event(record.GAP, seconds=seconds, why="vmlm-tui was not running")

    # -- on any thread --

    def event(self, kind: str, *, at: float | None = None, **data: Any) -> None:
        """Write an event of now, or of the moment `at` of time.monotonic()."""
        self.log(kind, data, at)

    def log(self, kind: str, data: Mapping[str, Any], at: float | None = None) -> None:
        """The same, with the data as a mapping."""
        t = self.now() if at is None else self.since_start(at)
        self.publish(Event(t, now(), kind, data))

    def error(self, failure: Failure, **more: str) -> None:
        """Write a failure as an event."""
        self.log(record.ERROR, _failure_data(failure) | more)

    def publish(self, each: Record) -> None:
        """Write a record to disk, then deliver it on the loop."""
        with self._order:
            if self.closed:
                return
            self._write(each)
            self.on_loop(self._deliver, each)

    def on_loop(self, call: Callable[..., None], *arguments: Record) -> None:
        """Call it on the loop, after every record published so far."""
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            return  # the loop is closed because the app has quit; the record is on disk

    def _write(self, each: Record) -> None:
        try:
            self._recorder.write(each)
        except (OSError, ValueError) as error:
            self._report_disk(error)

    def _report_disk(self, error: Exception) -> None:
        if self._disk_failed:
            return
        self._disk_failed = True
        why = getattr(error, "strerror", None) or str(error)  # str() of an OSError repeats the path
        failure = Failure(f"The log in {self.folder} cannot be written", why, "The migration itself continues.")
        data = _failure_data(failure) | {"action": "log"}
        self.on_loop(self._deliver, Event(self.now(), now(), record.ERROR, data))

    # -- on the loop --

    def _deliver(self, each: Record) -> None:
        self.timeline.add(each)
        self.notify(each)

    def notify(self, each: Record) -> None:
        """Call all listeners with a record."""
        for listener in self._listeners:
            listener(each)

    def summarize(self, summary: Mapping[str, Any]) -> None:
        """Replace run.toml."""
        try:
            self._recorder.summarize(summary)
        except OSError as error:
            self._report_disk(error)

    def finish(self, end: Record) -> None:
        """Write the last record and close the log."""
        with self._order:
            self._write(end)
            self.closed = True
        self._close()

    def leave(self) -> None:
        """Close the log without an end."""
        self.closed = True
        self._close()

    def _close(self) -> None:
        try:
            self._recorder.close()
        except OSError as error:
            self._report_disk(error)


def _failure_data(failure: Failure) -> dict[str, str]:
    return {
        "what": failure.what,
        "why": without_keys(failure.why),
        "hint": without_keys(failure.hint),
        "detail": failure.detail,
    }

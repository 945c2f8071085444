"""The record of one migration as it is made: each line on disk first, then in the timeline and with who listens."""

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
    """Made on the loop, written to from any thread; `timeline` and the listeners are only ever touched on the loop."""

    def __init__(self, recorder: Recorder | NullRecorder) -> None:
        self.folder: Path = recorder.folder
        self.timeline = Timeline()
        self.began_at = now()
        self.closed = False  # nothing more is to be written: it is over, or another app may go on in the folder
        self._recorder = recorder
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Callable[[Record], None]] = []
        self._zero = time.monotonic()
        self._order = threading.Lock()  # what is written first is heard first
        self._disk_failed = False

    def listen(self, listener: Callable[[Record], None]) -> None:
        """Call `listener` on the loop with each new record, after the timeline has taken it in."""
        self._listeners.append(listener)

    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._zero

    def since_start(self, moment: float) -> float:
        """A monotonic moment in seconds since the start."""
        return moment - self._zero

    def resume(self, earlier: list[Record], began_at: str | None) -> None:
        """Go on after the records of an earlier process, whose clock began at `began_at`, with the gap marked."""
        for each in earlier:
            self.timeline.add(each)
        passed = self.now()
        if began_at is not None:
            self.began_at = began_at
            passed = max(seconds_since(began_at), self.timeline.now)  # a clock that was set back makes no time
            self._zero = time.monotonic() - passed
        if earlier:
            seconds = round(passed - earlier[-1].t, 3)
            self.event(record.GAP, seconds=seconds, why="vmlm-tui was not running")

    # -- from any thread --

    def event(self, kind: str, *, at: float | None = None, **data: Any) -> None:
        """Write an event of now, or of the monotonic moment `at`."""
        self.log(kind, data, at)

    def log(self, kind: str, data: Mapping[str, Any], at: float | None = None) -> None:
        """The same with data whose names come from elsewhere."""
        t = self.now() if at is None else self.since_start(at)
        self.publish(Event(t, now(), kind, data))

    def error(self, failure: Failure, **more: str) -> None:
        self.log(record.ERROR, _failure_data(failure) | more)

    def publish(self, each: Record) -> None:
        """Disk first, then the loop."""
        with self._order:
            if self.closed:
                return
            self._write(each)
            self.on_loop(self._deliver, each)

    def on_loop(self, call: Callable[..., None], *arguments: Record) -> None:
        """Have `call` made on the loop, behind every record published so far."""
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            return  # the loop is closed: the app has quit, and what there was to write is written

    def _write(self, each: Record) -> None:
        try:
            self._recorder.write(each)
        except (OSError, ValueError) as error:
            self._disk_trouble(error)

    def _disk_trouble(self, error: Exception) -> None:
        if self._disk_failed:
            return
        self._disk_failed = True
        failure = Failure(f"The log in {self.folder} cannot be written", str(error), "The migration itself goes on.")
        data = _failure_data(failure) | {"action": "log"}
        self.on_loop(self._deliver, Event(self.now(), now(), record.ERROR, data))

    # -- on the loop --

    def _deliver(self, each: Record) -> None:
        self.timeline.add(each)
        self.tell(each)

    def tell(self, each: Record) -> None:
        for listener in self._listeners:
            listener(each)

    def summarize(self, summary: Mapping[str, Any]) -> None:
        """Write run.toml anew."""
        try:
            self._recorder.summarize(summary)
        except OSError as error:
            self._disk_trouble(error)

    def finish(self, end: Record) -> None:
        """Write the last record."""
        with self._order:
            self._write(end)
            self.closed = True
        self._close()

    def leave(self) -> None:
        """Write nothing more; the folder stays without an end."""
        self.closed = True
        self._close()

    def _close(self) -> None:
        try:
            self._recorder.close()
        except OSError as error:
            self._disk_trouble(error)


def _failure_data(failure: Failure) -> dict[str, str]:
    return {
        "what": failure.what,
        "why": without_keys(failure.why),
        "hint": without_keys(failure.hint),
        "detail": failure.detail,
    }

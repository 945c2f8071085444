"""The log of one migration: each record goes to the timeline, to disk, then to the listeners."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tui.core.actions import without_keys
from tui.core.clock import now, seconds_since
from tui.core.failure import Failure
from tui.core.log import log
from tui.core.threads import start_thread
from tui.migration.backend.recording.recorder import RAW, NullRecorder, Recorder, append_after_end
from tui.migration.model import record
from tui.migration.model.record import Event, Record
from tui.migration.model.timeline import Timeline

STUCK_S = 2.0  # a write that takes longer does not hold up the listeners any more
RETRY_S, RETRY_LIMIT_S = 1.0, 600.0  # for what a full disk still refuses at the end
CLOSE_LIMIT_S = 2.0  # how long `leave` waits for the disk

Summary = dict[str, Any]


class RunLog:
    """Written from any thread; a thread of its own writes to disk, so that a disk that hangs blocks nothing else.

    Listeners are called on the loop that created it, in the order of the file, once a record is on disk, or STUCK_S
    later if the disk hangs.
    """

    def __init__(self, recorder: Recorder | NullRecorder) -> None:
        self.folder: Path = recorder.folder
        self.timeline = Timeline()
        self.began_at = now()
        self.zero = time.monotonic()  # the start, by the clock that all processes of this computer share
        self.closed = False  # nothing more is accepted: it is over, or another process may continue the folder
        self._recorder = recorder
        self._loop = asyncio.get_running_loop()
        self._listeners: tuple[Callable[[Record], None], ...] = ()
        self._changed = threading.Condition()
        self._waiting: deque[Record | Summary] = deque()  # not on disk yet, the oldest first
        self._ahead = 0  # how many of them, from the oldest, were delivered before they are on disk
        self._writing_since: float | None = None
        self._on_disk = recorder.size  # bytes
        self._refused: list[Record] = []  # by a full disk; the recorder tries them again with each later record
        self._lines_refused = self._summary_refused = False  # the last attempt to write them
        self._refused_since: float | None = None
        self._summary: Summary | None = None  # the newest
        self._trouble: Event | None = None  # what the log itself cannot contain
        self._leaving = False
        self._tail: deque[Record] = deque()  # of the guest after the end, not on disk yet
        self._tail_until = 0.0  # by time.monotonic()
        self._written = threading.Event()
        start_thread("run-log", self._write_all)

    def listen(self, listener: Callable[[Record], None]) -> None:
        """Call `listener` on the loop with each new record."""
        with self._changed:
            self._listeners = (*self._listeners, listener)

    def stop_listening(self, listener: Callable[[Record], None]) -> None:
        """Forget a listener."""
        with self._changed:
            self._listeners = tuple(each for each in self._listeners if each != listener)

    def history(self, listener: Callable[[Record], None]) -> tuple[Iterator[list[str]], list[Record]]:
        """The lines on disk, in pieces, and the records so far that are not; `listener` gets all later ones. Blocks."""
        with self._changed:
            size = self._on_disk
            rest = [*self._refused, *self._undelivered(0, self._ahead), *([self._trouble] if self._trouble else [])]
            self.listen(listener)
        return self._recorder.read(size), rest

    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.zero

    def since_start(self, moment: float) -> float:
        """A moment of time.monotonic() in seconds since the start."""
        return moment - self.zero

    def resume(self, earlier: list[Record], began_at: str | None) -> None:
        """Continue after the records of an earlier process, which began at `began_at`, and record the gap."""
        for each in earlier:
            self.timeline.add(each)
        passed = self.now()
        if began_at is not None:
            self.began_at = began_at
            passed = max(seconds_since(began_at), self.timeline.now)  # the clock may have been set back
            self.zero = time.monotonic() - passed
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
        """Add a record to the timeline and pass it to the thread that writes; returns at once."""
        with self._changed:
            if not self.closed:
                self.timeline.add(each)
                self._waiting.append(each)
            elif self.tail_left_s and isinstance(each, Event) and each.kind == record.GUEST:
                self._tail.append(each)
            self._changed.notify_all()

    def summarize(self, summary: Summary) -> None:
        """Replace run.toml, after all records so far; returns at once."""
        with self._changed:
            if not self.closed:
                self._waiting.append(summary)
                self._changed.notify_all()

    def deliver_overdue(self) -> None:
        """While the disk hangs, deliver the records that it has not written yet."""
        with self._changed:
            since = self._writing_since
            if since is None or time.monotonic() - since < STUCK_S:
                return
            new = self._undelivered(self._ahead)
            self._ahead = len(self._waiting)
            for each in new:
                self._deliver(each)
            if self._trouble is None:
                self._refused_since = since
                self._add_trouble("its disk does not respond")

    @property
    def done(self) -> bool:
        """Whether it is closed and on disk, as far as the disk takes it, and nothing more comes of the guest."""
        return self._written.is_set()

    def wait(self, limit_s: float) -> None:
        """Wait until it is on disk; blocks."""
        self._written.wait(limit_s)

    def finish(self, end: Record, summary: Callable[[], Summary], tail_s: float = 0.0) -> None:
        """Write run.toml with the summary that includes the end, then the end, and close; returns at once.

        For `tail_s` seconds it still takes events of the guest, which are appended behind the end.
        """
        with self._changed:
            if self.closed:
                return
            self._tail_until = time.monotonic() + tail_s
            self.timeline.add(end)
            self._waiting += (summary(), end)  # the end is last: a later start ignores an ended run
            self.closed = True
            self._changed.notify_all()

    @property
    def tail_left_s(self) -> float:
        """For how long it still takes events of the guest after the end, in seconds."""
        return max(0.0, self._tail_until - time.monotonic())

    def end_tail(self) -> None:
        """Take nothing more of the guest."""
        with self._changed:
            self._tail_until = 0.0
            self._changed.notify_all()

    def leave(self) -> None:
        """Close the log without an end, and wait a moment until it is on disk."""
        with self._changed:
            self.closed = self._leaving = True
            self._tail_until = 0.0
            self._changed.notify_all()
        self._written.wait(CLOSE_LIMIT_S)

    # -- on the thread that writes --

    def _write_all(self) -> None:
        while (each := self._next()) is not None:
            self._write(each)
            if self.closed and len(self._waiting) == 1 and self._sync():
                self._close()
            with self._changed:
                self._writing_since = None
                self._count(each)
                self._waiting.popleft()
                if self._ahead:
                    self._ahead -= 1
                elif not isinstance(each, dict):
                    self._deliver(each)
        until = time.monotonic() + (0.0 if self._leaving else RETRY_LIMIT_S)
        while not (synced := self._sync()) and time.monotonic() < until:
            time.sleep(RETRY_S)
        if synced and self._refused_since is not None:
            self._accepted(self._refused_since)
        self._close()
        if synced:
            self._write_tail()
        self._written.set()

    def _write_tail(self) -> None:
        """Append what comes of the guest after the end; it is given up if the disk refuses it."""
        while (each := self._next_of_tail()) is not None:
            try:
                size = append_after_end(self.folder / RAW, each)
            except Exception as error:  # noqa: BLE001  # else the log would never be done, and the runner never idle
                log.info("The guest's rate after the end was not written to %s: %s", self.folder, error)
                self.end_tail()
                return
            with self._changed:
                self._on_disk = size
                self.timeline.add(each)
                self._deliver(each)

    def _next_of_tail(self) -> Record | None:
        with self._changed:
            while not self._tail and (left := self.tail_left_s):
                self._changed.wait(left)
            return self._tail.popleft() if self._tail else None

    def _next(self) -> Record | Summary | None:
        with self._changed:
            while not self._waiting and not self.closed:
                self._changed.wait()
            self._writing_since = time.monotonic() if self._waiting else None
            return self._waiting[0] if self._waiting else None

    def _count(self, each: Record | Summary) -> None:
        """Take in, in one step for `history`, what is on disk now and what is not."""
        size = self._recorder.size
        if size > self._on_disk:  # the recorder has also written what it kept
            self._on_disk, self._refused = size, []
        elif not isinstance(each, dict):
            self._refused.append(each)

    def _write(self, each: Record | Summary) -> None:
        if isinstance(each, dict):
            self._summary = each
            self._write_summary()
        else:
            try:
                self._recorder.write(each)
                self._lines_refused = False
            except Exception as error:  # noqa: BLE001  # one record must not end the log
                self._lines_refused = True
                self._refuse(error)
            if self._summary_refused and not self._lines_refused:
                self._write_summary()
        if self._lines_refused or self._summary_refused:
            return
        if self._refused_since is not None:
            self._accepted(self._refused_since)
        if self._recorder.restored:
            self._recorder.restored = False
            self.event(record.ACTION, action="log", restored=True)

    def _write_summary(self) -> None:
        try:
            self._recorder.summarize(self._summary or {})
            self._summary_refused = False
        except Exception as error:  # noqa: BLE001
            self._summary_refused = True
            self._refuse(error)

    def _accepted(self, since: float) -> None:
        """The disk has room again, and the recorder has written what it kept."""
        seconds = round(time.monotonic() - since, 3)
        event = Event(self.now(), now(), record.ACTION, {"action": "log", "seconds": seconds})
        with self._changed:
            self._refused_since = self._trouble = None
            if self.closed:  # the end is the last line, so this one is only shown
                self.timeline.add(event)
                self._deliver(event)
            else:  # before another thread can close it
                self.publish(event)

    def _refuse(self, error: Exception) -> None:
        """Report once that the log cannot be written."""
        if not isinstance(error, OSError):
            log.error("A part of the log in %s cannot be written", self.folder, exc_info=error)
        with self._changed:
            if self._refused_since is None:
                self._refused_since = time.monotonic()
                self._add_trouble(error.strerror if isinstance(error, OSError) and error.strerror else str(error))

    def _sync(self) -> bool:
        """Whether all is on disk."""
        if self._summary_refused:
            self._write_summary()
        try:
            self._recorder.sync()
        except OSError as error:
            self._refuse(error)
            return False
        return not self._summary_refused

    def _close(self) -> None:
        try:
            self._recorder.close()
        except OSError as error:
            self._refuse(error)

    def _add_trouble(self, why: str) -> None:
        failure = Failure(f"The log in {self.folder} cannot be written", why, "The migration itself continues.")
        self._trouble = Event(self.now(), now(), record.ERROR, _failure_data(failure) | {"action": "log"})
        self.timeline.add(self._trouble)
        self._deliver(self._trouble)

    # -- delivery, with the lock --

    def _undelivered(self, first: int, last: int | None = None) -> list[Record]:
        return [each for each in list(self._waiting)[first:last] if not isinstance(each, dict)]

    def _deliver(self, each: Record) -> None:
        listeners = self._listeners
        self._on_loop(lambda: [listener(each) for listener in listeners])

    def _on_loop(self, call: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            return  # the loop is closed because the process ends; the record is on disk


def _failure_data(failure: Failure) -> dict[str, str]:
    return {
        "what": failure.what,
        "why": without_keys(failure.why),
        "hint": without_keys(failure.hint),
        "detail": failure.detail,
    }

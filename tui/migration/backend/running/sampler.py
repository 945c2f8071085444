"""Samples the job statistics on a thread of its own: on an absolute schedule, and at once after an event."""

import threading
import time
from collections.abc import Callable

from tui.core import log
from tui.core.clock import now
from tui.core.failure import Failure
from tui.core.protocols import JobInfo
from tui.core.threads import start_thread
from tui.migration.model.record import Sample

SLOW_S = 0.5  # a reply that takes longer than this and than the interval is slow

OnSample = Callable[[Sample | Failure], None]
OnSlow = Callable[[float, float, int], None]  # when it came, how long it took, how many scheduled samples were missed


class Sampler:
    """Calls `read` every `interval` seconds and passes the sample or the failure to `on_sample`, on its own thread.

    A slow reply delays no other sample: the moments missed meanwhile are skipped, reported to `on_slow`, and the
    schedule stays the same. `since_start` converts a moment of time.monotonic() to the time of the log.
    """

    def __init__(
        self,
        read: Callable[[], JobInfo],
        on_sample: OnSample,
        on_slow: OnSlow,
        since_start: Callable[[float], float],
        interval: float,
    ) -> None:
        self._read = read
        self._on_sample = on_sample
        self._on_slow = on_slow
        self._since_start = since_start
        self._interval = interval
        self._condition = threading.Condition()
        self._requested = False
        self._stopped = False
        self._pending_since: float | None = None

    def start(self) -> None:
        """Start the thread; the first sample is due at once."""
        start_thread("sampler", self._run)

    def sample_now(self) -> None:
        """Request one more sample, outside the schedule."""
        with self._condition:
            self._requested = True
            self._condition.notify()

    def stop(self) -> None:
        """End after the pending request; does not wait for it."""
        with self._condition:
            self._stopped = True
            self._condition.notify()

    def waiting_s(self) -> float:
        """For how long a slow reply has been pending, in seconds; 0.0 if none is."""
        since = self._pending_since
        waited = time.monotonic() - since if since is not None else 0.0
        return waited if self._is_slow(waited) else 0.0

    def _is_slow(self, waited: float) -> bool:
        return waited > max(self._interval, SLOW_S)

    def _run(self) -> None:
        due, missed = time.monotonic(), 0
        while self._wait(due):
            scheduled = time.monotonic() >= due
            self._sample(due if scheduled else None, missed if scheduled else 0)
            if scheduled:
                missed = int((time.monotonic() - due) / self._interval)
                due += (missed + 1) * self._interval

    def _wait(self, due: float) -> bool:
        """Sleep until `due` or a request; False once stopped."""
        with self._condition:
            while not self._stopped and not self._requested:
                left = due - time.monotonic()
                if left <= 0:
                    break
                self._condition.wait(left)
            self._requested = False
            return not self._stopped

    def _sample(self, due: float | None, missed: int) -> None:
        self._pending_since = began = time.monotonic()
        result: JobInfo | Failure
        try:
            result = self._read()
        except Failure as failure:
            result = failure
        except Exception as error:  # noqa: BLE001  # no error may end the samples
            log.log.exception("A sample failed")
            result = Failure("The job statistics could not be read", f"unexpected error: {error!r}")
        ended = time.monotonic()
        self._pending_since = None
        if missed or self._is_slow(ended - began):
            self._on_slow(ended, ended - began, missed)
        if isinstance(result, JobInfo):
            late = None if due is None else began - due
            t = self._since_start(ended)
            self._on_sample(Sample(t, now(), result.stats, result.state, ended - began, late))
        else:
            self._on_sample(result)

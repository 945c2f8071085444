"""Job statistics on a thread of their own: on an absolute schedule, and at once when something has happened."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tui.core.failure import Failure
from tui.core.protocols import JobInfo
from tui.core.threads import start_thread


@dataclass(frozen=True)
class Reading:
    """One answer of the daemon, or the failure to get one.

    `asked` and `answered` are of time.monotonic(); `due` is when the schedule wanted it, None at an event.
    """

    asked: float
    answered: float
    due: float | None
    job: JobInfo | None
    failure: Failure | None = None


class Sampler:
    """Calls `read` every `interval` seconds and gives what came to `take`, both on the sampling thread.

    A slow answer delays nothing: the moments missed meanwhile are left out, and the schedule stays what it was.
    """

    def __init__(self, read: Callable[[], JobInfo], take: Callable[[Reading], None], interval: float) -> None:
        self._read = read
        self._take = take
        self._interval = interval
        self._condition = threading.Condition()
        self._poked = False
        self._stopped = False
        self.asked: float | None = None  # when the pending question was asked; None while none is pending

    def start(self) -> None:
        start_thread("sampler", self._run)

    def poke(self) -> None:
        """Take one more reading now."""
        with self._condition:
            self._poked = True
            self._condition.notify()

    def stop(self) -> None:
        """End after the reading under way; does not wait for it."""
        with self._condition:
            self._stopped = True
            self._condition.notify()

    def _run(self) -> None:
        due = time.monotonic()
        while self._wait(due):
            scheduled = time.monotonic() >= due
            self._take(self._ask(due if scheduled else None))
            if scheduled:
                missed = int((time.monotonic() - due) / self._interval)
                due += (missed + 1) * self._interval

    def _wait(self, due: float) -> bool:
        """Sleep until `due` or a poke; False when it is over."""
        with self._condition:
            while not self._stopped and not self._poked:
                left = due - time.monotonic()
                if left <= 0:
                    break
                self._condition.wait(left)
            self._poked = False
            return not self._stopped

    def _ask(self, due: float | None) -> Reading:
        self.asked = asked = time.monotonic()
        try:
            job, failure = self._read(), None
        except Failure as error:
            job, failure = None, error
        self.asked = None
        return Reading(asked, time.monotonic(), due, job, failure)

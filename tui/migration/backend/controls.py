"""The wheel of one migration: what a person or the timeout asks of it, held until QEMU can take it, and called."""

import threading
import time
from collections.abc import Callable, Iterable

from tui.core.failure import Failure
from tui.core.threads import start_thread
from tui.migration.backend.connections import MigrationConnections
from tui.migration.backend.run_log import RunLog
from tui.migration.model import record
from tui.migration.model.keys import BANDWIDTH, CANCEL, DOWNTIME, POST_COPY_NOW
from tui.migration.model.record import Event, Record


class Controls:
    """No request blocks: each call into libvirt goes out on a daemon thread of its own.

    `moved` is called when something has happened that is worth a look at the job.
    """

    def __init__(self, vm: str, connections: MigrationConnections, run_log: RunLog, moved: Callable[[], None]) -> None:
        self.cancel_asked = False
        self._vm = vm
        self._connections = connections
        self._run_log = run_log
        self._moved = moved
        self._state = threading.Lock()  # for the fields below, which several threads touch
        self._post_copy = "no"  # -> "held" -> "sent" -> "done"
        self._passes_seen = False
        self._held: dict[str, Callable[[], None]] = {}  # changes that wait for the first pass, the last of each kind
        self._let_go = False

    # -- what is asked for, on the loop --

    def switch_to_post_copy(self) -> None:
        """Switch now, or as soon as QEMU can: before the first pass it would refuse and forget."""
        pressed = time.monotonic()
        with self._state:
            ready = self._passes_seen
            if self._post_copy != "no" or self._let_go:
                return
            self._post_copy = "sent" if ready else "held"
            if ready:
                start_thread("post-copy", lambda: self._send_post_copy(pressed))
            # Within the lock: a request that is held may be sent as soon as it is let go, and the log has to say
            # that it was held before it says that it was sent.
            self._run_log.event(record.KEY, at=pressed, action=POST_COPY_NOW, held=not ready)

    def cancel(self) -> None:
        """Abort the job."""
        self.cancel_asked = self.cancel_asked or not self._let_go
        self._change(CANCEL, None, lambda: self._connections.steer().abort_job(self._vm))

    def set_max_downtime(self, milliseconds: int) -> None:
        self._change(DOWNTIME, milliseconds, lambda: self._connections.steer().set_max_downtime(self._vm, milliseconds))

    def set_bandwidth(self, mib_per_s: int) -> None:
        self._change(BANDWIDTH, mib_per_s, lambda: self._connections.steer().set_bandwidth(self._vm, mib_per_s))

    def resume(self, earlier: Iterable[Record]) -> None:
        """Take up what an earlier process had been asked for."""
        if self._run_log.timeline.post_copy_held:
            self._post_copy = "held"  # it was promised, and the key is shut because of it
        self.cancel_asked = _cancel_stands(earlier)

    # -- what is seen of the job, on any thread --

    def passes_have_begun(self) -> None:
        """QEMU takes everything from now on."""
        with self._state:
            self._passes_seen = True
        self._send_held()
        with self._state:
            if self._post_copy != "held":
                return
            self._post_copy = "sent"
        start_thread("post-copy", lambda: self._send_post_copy(time.monotonic()))

    def in_post_copy(self) -> None:
        """It has been switched, be it by us, by somebody else, or before we came back."""
        self._post_copy = "done"

    def let_go(self) -> None:
        """Nothing more is to be changed."""
        with self._state:
            self._let_go = True

    # -- the calls --

    def _send_post_copy(self, wanted: float) -> None:
        called = time.monotonic()
        try:
            self._connections.steer().start_post_copy(self._vm)
        except Failure as failure:
            with self._state:
                self._post_copy = "no"  # a further press may try again
            self._run_log.event(record.ACTION, action=POST_COPY_NOW, failed=True)
            self._run_log.error(failure)
        else:
            took = time.monotonic() - called
            self._post_copy = "done"
            self._run_log.event(
                record.ACTION, at=called, action=POST_COPY_NOW, after=round(called - wanted, 5), seconds=round(took, 5)
            )
            self._moved()

    def _change(self, action: str, value: int | None, call: Callable[[], None]) -> None:
        if self._let_go:
            return
        with self._state:
            early = not self._passes_seen and action in (DOWNTIME, BANDWIDTH)
            self._run_log.event(record.KEY, action=action, value=value, held=early)

        def run() -> None:
            try:
                call()
            except Failure as failure:
                self.cancel_asked = self.cancel_asked and action != CANCEL
                self._run_log.event(record.ACTION, action=action, value=value, failed=True)
                self._run_log.error(failure)
            else:
                self._run_log.event(record.ACTION, action=action, value=value)

        if early:  # while it sets up, QEMU takes a limit and then puts the one from the start in its place
            self._held[action] = run
            if self._passes_seen:
                self._send_held()
        else:
            start_thread(action, run)

    def _send_held(self) -> None:
        with self._state:
            held, self._held = self._held, {}
        for action, run in held.items():
            start_thread(action, run)


def _cancel_stands(records: Iterable[Record]) -> bool:
    """Whether somebody cancelled, and was not refused."""
    cancels = [each.data for each in records if isinstance(each, Event) and each.data.get("action") == CANCEL]
    return bool(cancels) and not cancels[-1].get("failed")

"""The controls of one migration: requests of a person or the timeout, held until QEMU accepts them."""

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
    """No request blocks: each libvirt call has a daemon thread of its own. `sample_now` runs after the switch."""

    def __init__(
        self, vm: str, connections: MigrationConnections, run_log: RunLog, sample_now: Callable[[], None]
    ) -> None:
        self.cancel_requested = False
        self._vm = vm
        self._connections = connections
        self._run_log = run_log
        self._sample_now = sample_now
        self._state = threading.Lock()  # for the fields below, which several threads use
        self._post_copy = "no"  # -> "held" -> "sent" -> "done"
        self._passes_seen = False
        self._held: dict[str, Callable[[], None]] = {}  # changes that wait for the first pass, the newest of each kind
        self._stopped = False

    # -- requests, on the loop --

    def switch_to_post_copy(self) -> None:
        """Switch now, or when the first pass begins: QEMU ignores the request before."""
        pressed = time.monotonic()
        with self._state:
            ready = self._passes_seen
            if self._post_copy != "no" or self._stopped:
                return
            self._post_copy = "sent" if ready else "held"
            if ready:
                start_thread("post-copy", lambda: self._send_post_copy(pressed))
            # Under the lock: a held request may be sent as soon as the lock is free, and the log must record that it
            # was held before it records that it was sent.
            self._run_log.event(record.KEY, at=pressed, action=POST_COPY_NOW, held=not ready)

    def cancel(self) -> None:
        """Abort the job."""
        self.cancel_requested = self.cancel_requested or not self._stopped
        self._change(CANCEL, None, lambda: self._connections.steer().abort_job(self._vm))

    def set_max_downtime(self, milliseconds: int) -> None:
        """Change the maximum downtime."""
        self._change(DOWNTIME, milliseconds, lambda: self._connections.steer().set_max_downtime(self._vm, milliseconds))

    def set_bandwidth(self, mib_per_s: int) -> None:
        """Change the bandwidth limit; 0 removes it."""
        self._change(BANDWIDTH, mib_per_s, lambda: self._connections.steer().set_bandwidth(self._vm, mib_per_s))

    def resume(self, earlier: Iterable[Record]) -> None:
        """Restore the requests of an earlier process that are still open."""
        if self._run_log.timeline.post_copy_held:
            self._post_copy = "held"  # the page shows it as requested, so the key cannot send it again
        self.cancel_requested = _cancel_stands(earlier)

    # -- the state of the job, from any thread --

    def passes_have_begun(self) -> None:
        """The first pass has begun: QEMU accepts all requests from now on."""
        with self._state:
            self._passes_seen = True
        self._send_held()
        with self._state:
            if self._post_copy != "held":
                return
            self._post_copy = "sent"
        start_thread("post-copy", lambda: self._send_post_copy(time.monotonic()))

    def in_post_copy(self) -> None:
        """The migration is in post-copy, whether this app switched it or another program."""
        self._post_copy = "done"

    def stop(self) -> None:
        """Ignore all further requests."""
        with self._state:
            self._stopped = True

    # -- the calls --

    def _send_post_copy(self, requested: float) -> None:
        called = time.monotonic()
        try:
            self._connections.steer().start_post_copy(self._vm)
        except Failure as failure:
            with self._state:
                self._post_copy = "no"  # the key may be pressed again
            self._run_log.event(record.ACTION, action=POST_COPY_NOW, failed=True)
            self._run_log.error(failure)
        else:
            took = time.monotonic() - called
            self._post_copy = "done"
            self._run_log.event(
                record.ACTION,
                at=called,
                action=POST_COPY_NOW,
                after=round(called - requested, 5),
                seconds=round(took, 5),
            )
            self._sample_now()

    def _change(self, action: str, value: int | None, call: Callable[[], None]) -> None:
        if self._stopped:
            return
        with self._state:
            early = not self._passes_seen and action in (DOWNTIME, BANDWIDTH)
            self._run_log.event(record.KEY, action=action, value=value, held=early)

        def run() -> None:
            try:
                call()
            except Failure as failure:
                self.cancel_requested = self.cancel_requested and action != CANCEL
                self._run_log.event(record.ACTION, action=action, value=value, failed=True)
                self._run_log.error(failure)
            else:
                self._run_log.event(record.ACTION, action=action, value=value)

        if early:  # during setup QEMU accepts a limit, then replaces it with the one from the start
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
    """Whether a cancel was requested and not refused."""
    cancels = [each.data for each in records if isinstance(each, Event) and each.data.get("action") == CANCEL]
    return bool(cancels) and not cancels[-1].get("failed")

"""What one migration does to the guest: its workload's rate, and the downtime that the network and the guest see."""

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from tui.core.failure import Failure
from tui.guest.backend.clock import GuestClocks
from tui.guest.backend.guest import WORKLOAD, Guest
from tui.guest.backend.heartbeats import Heartbeats
from tui.guest.model.heartbeat import SUBFOLDER
from tui.migration.backend.guest.probes import LINE_LIMIT_S, GuestProbes
from tui.migration.backend.guest.rate import GuestRate
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.model import record
from tui.migration.model.record import Event, Record

T = TypeVar("T")

AFTER_S = 10.0  # the rate is read for so long after the end, because it shows how the guest recovers
SETTLE_LIMIT_S = 3.0  # how long the end waits for one more reply of the guest's probes, and of its shell


@dataclass(frozen=True)
class GuestAccess:
    """Access to the guests: `guest` returns the programs in a subfolder of a VM's guest, or raises Failure.

    `clocks` are None where the clocks are not compared.
    """

    guest: Callable[[str, str], Guest]
    heartbeats: Heartbeats
    clocks: GuestClocks | None = None


class GuestMonitor:
    """Writes the events guest, echo and felt, without delaying the migration or its samples.

    `begin`, `ended` and `stop` are called on the loop, `conclude` on a thread. Nothing is written without
    `guest_access`. `renamed` is the name that the VM gets on the target, "" if it keeps its own: libvirt reaches its
    guest agent by that one then.
    """

    def __init__(self, vm: str, guest_access: GuestAccess | None, run_log: RunLog, renamed: str = "") -> None:
        self.probes = GuestProbes(vm, run_log)
        self._rate = GuestRate(run_log)
        self._vm = vm
        self._names = (vm, renamed) if renamed else (vm,)
        self._guest_access = guest_access
        self._run_log = run_log
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def resume(self, earlier: Iterable[Record]) -> None:
        """Continue after the records that an earlier process has written."""
        events = [each for each in earlier if isinstance(each, Event)]
        if events:
            self.probes.resume(events)

    def begin(self) -> None:
        """Start to read the workload's rate and to probe, whether the guest replies or not."""
        access = self._guest_access
        if access is None:
            return
        self._loop = asyncio.get_running_loop()
        self._tasks = [
            self._loop.create_task(self._rate.follow(*(partial(access.guest, each, WORKLOAD) for each in self._names))),
            self._loop.create_task(self.probes.search(access.heartbeats, lambda: access.guest(self._vm, SUBFOLDER))),
        ]

    def tail_s(self, facts: Mapping[str, Any]) -> float:
        """For how long the rate is read after the end; 0.0 without a rate so far, or if a study measures it itself."""
        return 0.0 if not self._tasks or "study" in facts or self._run_log.timeline.guest.mean is None else AFTER_S

    def ended(self) -> None:
        """Stop probing at the end; the rate is read as long as the log takes it."""
        if self._loop is None or not (left_s := self._run_log.tail_left_s):
            self.stop()
            return
        self.probes.stop()
        self._tasks[1].cancel()
        self._loop.call_later(left_s, self.stop)

    def stop(self) -> None:
        """Stop reading and probing; the heartbeat keeps running in the guest for the next migration."""
        for task in self._tasks:
            task.cancel()
        self.probes.stop()
        self._run_log.end_tail()

    def switch_over(self) -> None:
        """The VM has just been stopped at its origin; can be called on any thread and does not block."""
        self.probes.switch_over()

    def conclude(self, *, completed: bool) -> None:
        """Write the observed downtime, after a short wait for the guest's last replies."""
        access = self._guest_access
        if access is None:
            return
        if not self._rate.caught_up.is_set():  # a shell that was blocked in post-copy replies as soon as it is over
            self._on_loop(self._rate.caught_up.wait(), SETTLE_LIMIT_S)
        log = None
        if not self.probes.settle(SETTLE_LIMIT_S):
            for name in self._names:
                if log is None:
                    reading = self.probes.read_log(partial(access.guest, name, SUBFOLDER))
                    log = self._on_loop(reading, 2 * LINE_LIMIT_S)
        self._run_log.log(record.OBSERVED, self.probes.observed(log, completed=completed).data)
        if completed and access.clocks is not None:
            clock = self._on_loop(access.clocks.compare(self._names[-1]), SETTLE_LIMIT_S)
            if clock is not None:
                self._run_log.log(record.CLOCK, clock.data)

    def _on_loop(self, call: Coroutine[Any, Any, T], limit_s: float) -> T | None:
        """Run `call` on the loop, from another thread; None if it fails or takes longer, or if the loop is closed."""
        try:
            if self._loop is None:
                raise RuntimeError("nothing has begun")
            result = asyncio.run_coroutine_threadsafe(call, self._loop)
        except RuntimeError:
            call.close()
            return None
        try:
            return result.result(limit_s)
        except (Failure, concurrent.futures.TimeoutError, concurrent.futures.CancelledError):
            return None  # the log already has the reason why the guest does not reply
        finally:
            result.cancel()

"""The UDP probes of one guest during one migration: finding the heartbeat, probing it, and what the replies show."""

import asyncio
import time
from collections.abc import Callable, Iterable

from tui.core.failure import Failure
from tui.core.protocols import LIFECYCLE
from tui.core.threads import retrieve
from tui.guest.backend.guest import Guest
from tui.guest.backend.heartbeats import HeartbeatEndpoint, Heartbeats
from tui.guest.backend.udp_probe import UdpProbe
from tui.guest.model.udp_probe import ProbeAnswers, Window
from tui.guest.model.workload import number_of
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.model import record
from tui.migration.model.observed_downtime import HeartbeatLog, ObservedDowntime, milliseconds, observed_downtime
from tui.migration.model.record import Event, is_switchover

LINE_LIMIT_S, READS = 3.0, 10  # for the next line of the heartbeat's own log


class GuestProbes:
    """Writes the echo events of one migration; `search_ended` is set once the heartbeat is found or known to be absent.

    `search` runs on the loop and `settle` on a thread; `switch_over` and `observed` block on neither.
    """

    def __init__(self, vm: str, run_log: RunLog) -> None:
        self.search_ended = asyncio.Event()
        self._vm = vm
        self._run_log = run_log
        self._endpoint: HeartbeatEndpoint | None = None
        self._udp_probe: UdpProbe | None = None
        self._why = "the migration ended before the guest's heartbeat was found"
        self._ran_s: float | None = None  # how long the heartbeat had run when this migration began
        self._probe_answers = ProbeAnswers()
        self._open_s = 0.0  # for how long no probe had been answered at the end
        self._unwatched_s = 0.0
        self._since_ns: int | None = None

    def resume(self, events: list[Event]) -> None:
        """Continue after the events that an earlier process has written."""
        gaps = [each.data.get("seconds") for each in events if each.kind == record.GAP]
        known = sum(each for each in gaps if isinstance(each, (int, float)))
        self._unwatched_s = round(known + self._run_log.now() - events[-1].t, 3)
        self._why = (
            "the app was not running for a while, and the migration ended before the guest's heartbeat was found again"
        )
        reports = [each for each in events if each.kind == record.UDP_PROBE]
        since = reports[-1].data.get("since_ns") if reports else None
        self._since_ns = since if isinstance(since, int) else None
        stopped = min((each.t for each in events if each.kind == LIFECYCLE and is_switchover(each.data)), default=None)
        before = [each for each in reports if stopped is not None and each.t <= stopped]
        after = [each for each in reports if each not in before]
        self._probe_answers = ProbeAnswers(_longest_pause(after), _longest_pause(before) if before else None)

    async def search(self, heartbeats: Heartbeats, open_guest: Callable[[], Guest]) -> None:
        """Find the heartbeat, or start one, and probe it from then on."""
        known = heartbeats.known(self._vm)
        if known is not None:  # most likely it is still there; the search takes a second or more in a busy guest
            self._probe(known)
        # The search outlives a short migration: the next one finds the heartbeat.
        search = asyncio.ensure_future(heartbeats.ensure_running(self._vm, _ignore_progress))
        search.add_done_callback(retrieve)
        try:
            endpoint = await asyncio.shield(search)
            if endpoint != known:
                self._probe(endpoint)
            self._ran_s = number_of((await open_guest().newest_output()).values, "seconds")
        except Failure as failure:
            self._why = failure.reason
        finally:
            self.search_ended.set()

    def _probe(self, endpoint: HeartbeatEndpoint) -> None:
        self.stop()
        self._endpoint = endpoint
        self._why = (
            f"no reply from UDP port {endpoint.port} of {', '.join(endpoint.addresses)}"
            if endpoint.addresses
            else f"nothing probed UDP port {endpoint.port} because the guest's addresses are unknown"
        )
        self._udp_probe = UdpProbe(endpoint.addresses, endpoint.port, self._report, self._probe_answers, self._since_ns)
        self._udp_probe.start()

    def stop(self) -> None:
        """Stop probing; the heartbeat keeps running in the guest for the next migration."""
        if self._udp_probe is not None:
            self._udp_probe.stop()

    def switch_over(self) -> None:
        """The VM has just been stopped at its origin; does not block."""
        if self._udp_probe is not None:
            self._udp_probe.switch_over()

    def _report(self, window: Window, probe_answers: ProbeAnswers) -> None:
        """Write an echo event, on the thread of the probes."""
        answer = probe_answers.answer
        if answer is None or self._udp_probe is None:
            return
        self._run_log.event(
            record.UDP_PROBE,
            sent=window.sent,
            answered=window.answered,
            rtt_ms=milliseconds(window.round_trip),
            pause_ms=milliseconds(window.pause),
            pause_at=round(self._run_log.since_start(window.pause_began), 4) if window.pause else None,
            guest_gap_ms=round(answer.gap_ns / 1e6, 3),
            since_ns=self._udp_probe.since_ns,
            clock_lost_ms=milliseconds(probe_answers.lost),
            clock_error_ms=milliseconds(probe_answers.lost_error),
        )

    def settle(self, limit_s: float) -> bool:
        """Stop after one more reply of a guest that has replied before; blocks. False if no probe was ever answered."""
        if self._udp_probe is not None and not self._udp_probe.settle(limit_s):
            self._open_s = self._probe_answers.unanswered(time.monotonic())
        return self._probe_answers.answer is not None

    async def read_log(self, open_guest: Callable[[], Guest]) -> HeartbeatLog:
        """The heartbeat's own log, from its next line; Failure if none comes."""
        if self._endpoint is None or self._ran_s is None:
            raise Failure("The heartbeat was not found")
        guest = open_guest()
        before = await guest.newest_output()
        for _ in range(READS):
            await asyncio.sleep(LINE_LIMIT_S / READS)
            now = await guest.newest_output()
            if now != before:
                gap_ms, ended_s = number_of(now.values, "longest_gap_ms"), number_of(now.values, "longest_gap_at")
                if gap_ms is not None and ended_s is not None:
                    return HeartbeatLog(gap_ms, before_start=ended_s <= self._ran_s)
                break
        raise Failure("The heartbeat's log has no new line")

    def observed(self, log: HeartbeatLog | None, *, completed: bool) -> ObservedDowntime:
        """The result, after `settle`; `log` is used if no probe was ever answered."""
        return observed_downtime(
            self._probe_answers,
            log,
            completed=completed,
            open_s=self._open_s,
            unwatched_s=self._unwatched_s,
            counted_before=self._since_ns is not None,
            why=self._why,
        )


def _ignore_progress(_text: str) -> None:
    """The search for the heartbeat runs in the background."""


def _longest_pause(reports: Iterable[Event]) -> float:
    """The longest pause of echo events, in seconds."""
    pauses = (each.data.get("pause_ms") for each in reports)
    return max((pause / 1000 for pause in pauses if isinstance(pause, (int, float))), default=0.0)

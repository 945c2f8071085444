"""What the guest feels of one migration: its workload's rate, and the pauses that it and the network saw."""

import asyncio
import concurrent.futures
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from tui.core.failure import Failure
from tui.core.protocols import LIFECYCLE
from tui.guest.backend.guest import WORKLOAD, Guest
from tui.guest.backend.heartbeats import HeartbeatEndpoint, Heartbeats
from tui.guest.backend.udp_probe import UdpProbe
from tui.guest.model.heartbeat import BEAT_S, SUBFOLDER, HeartbeatReply
from tui.guest.model.rate import NewestOutput, rate_of
from tui.guest.model.udp_probe import EVERY_S, ProbeAnswers, Window
from tui.guest.model.workload import number_of, parse_values
from tui.migration.backend.run_log import RunLog
from tui.migration.model import record
from tui.migration.model.observed_downtime import ObservedDowntime
from tui.migration.model.record import Event, Record

T = TypeVar("T")
UNHEARD = (concurrent.futures.TimeoutError, concurrent.futures.CancelledError, RuntimeError)

EVERY_LOOK_S = 1.0  # the workload says something every second
LATE_S = 2.0  # without news from a workload that has something to say each second
SETTLE_LIMIT_S = 3.0  # how long the end waits for an answer of a guest that has answered before, and of its shell
LAST_LOOK_LIMIT_S, LAST_LOOKS = 3.0, 10


@dataclass(frozen=True)
class GuestAccess:
    """How to get at the guests: `guest` gives the place of a program in the guest of a VM, or raises Failure."""

    guest: Callable[[str, str], Guest]
    heartbeats: Heartbeats


class GuestMonitor:
    """Writes the events guest, echo and felt. Nothing here holds up the migration or its sampling.

    `begin` and `let_go` are called on the loop, `conclude` on a thread. Without `senses` nothing is felt or written.
    """

    def __init__(self, vm: str, guest_access: GuestAccess | None, run_log: RunLog) -> None:
        self.looked = asyncio.Event()  # set when it is known whether there is a heartbeat
        self._caught_up = asyncio.Event()  # the guest's shell owes no answer: what its workload has said is written
        self._caught_up.set()
        self._vm = vm
        self._guest_access = guest_access
        self._run_log = run_log
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pulse: HeartbeatEndpoint | None = None
        self._udp_probe: UdpProbe | None = None
        self._why = "its end came before the heartbeat was found in the guest"
        self._first_line_s: float | None = None  # of the heartbeat's own clock, when this began
        self._probe_answers = ProbeAnswers()
        self._unwatched_s = 0.0
        self._since_ns: int | None = None

    # -- on the loop --

    def resume(self, earlier: Iterable[Record]) -> None:
        """Go on after what an earlier process has felt."""
        events = [each for each in earlier if isinstance(each, Event)]
        if not events:
            return
        gaps = [each.data.get("seconds") for each in events if each.kind == record.GAP]
        known = sum(each for each in gaps if isinstance(each, (int, float)))
        self._unwatched_s = round(known + self._run_log.now() - events[-1].t, 3)
        self._why = "the app was not running for a while, and its end came before the heartbeat was found again"
        probe_answers = [each for each in events if each.kind == record.UDP_PROBE]
        since = probe_answers[-1].data.get("since_ns") if probe_answers else None
        self._since_ns = since if isinstance(since, int) else None
        stopped = min((each.t for each in events if each.kind == LIFECYCLE and is_stop(each.data)), default=None)
        before = [each for each in probe_answers if stopped is not None and each.t <= stopped]
        after = [each for each in probe_answers if each not in before]
        self._probe_answers = ProbeAnswers(_longest(after), _longest(before) if before else None)

    def begin(self) -> None:
        """Start to look and to probe; the guest may answer or not."""
        if self._guest_access is None:
            return
        self._loop = asyncio.get_running_loop()
        self._tasks = [
            self._loop.create_task(self._watch_rate()),
            self._loop.create_task(self._find_pulse(self._guest_access.heartbeats)),
        ]

    def let_go(self) -> None:
        """Look and probe no more; the heartbeat goes on in the guest, where the next one finds it."""
        for task in self._tasks:
            task.cancel()
        if self._udp_probe is not None:
            self._udp_probe.stop()

    async def _watch_rate(self) -> None:
        """One question at a time, on an absolute schedule; what is late or missing is written down as that."""
        due = news = time.monotonic()
        known = ""  # the line seen last: the same again is no news, and the first one may be an hour old
        try:
            guest = self._guest()
        except Failure as failure:  # nobody knows its address
            self._silent(news, _reason(failure))
            return
        while True:
            why, asked, before = "its workload said nothing new", time.monotonic(), known
            try:
                glance = await self._answered(guest, news)
            except Failure as failure:
                why, late = _reason(failure), True
            else:
                fresh, known = bool(known) and glance.line != known, glance.line
                if fresh:
                    self._log_rates(glance, glance.after(before), time.monotonic() - asked)
                # Where there is no line, or none with a rate, nothing is awaited.
                news = time.monotonic() if fresh or rate_of(glance.values) is None else news
                late = time.monotonic() - news > LATE_S
            self._caught_up.set()
            if late:
                self._silent(news, why)
            due += EVERY_LOOK_S * (int(max(0.0, time.monotonic() - due) / EVERY_LOOK_S) + 1)
            await asyncio.sleep(due - time.monotonic())

    async def _answered(self, guest: Guest, news: float) -> NewestOutput:
        """The guest's answer, however long it takes; that it is owed is written down meanwhile."""
        asking = asyncio.ensure_future(guest.newest_output())
        try:
            while not (await asyncio.wait({asking}, timeout=LATE_S))[0]:
                self._caught_up.clear()
                self._silent(news, "it has not answered yet")
            return await asking
        finally:
            asking.cancel()

    def _silent(self, since: float, why: str) -> None:
        self._run_log.event(record.GUEST, silent_s=round(time.monotonic() - since, 3), why=why)

    def _log_rates(self, glance: NewestOutput, lines: Iterable[str], waited: float) -> None:
        """Also of the seconds in which nobody could ask: the workload has told its log."""
        newest = number_of(glance.values, "seconds")
        for line in lines:
            values = parse_values(line)
            rate, seconds = rate_of(values), number_of(values, "seconds")
            ago = newest - seconds if newest is not None and seconds is not None else 0.0
            if rate is None or (line != glance.line and ago <= 0):  # one that began anew has begun its clock anew
                continue
            data = {"workload": glance.name, "rate": rate[0], "unit": rate[1], "seconds": seconds}
            data |= {"waited": round(waited, 3)} | ({"ago": round(ago, 3)} if ago else {})
            self._run_log.log(record.GUEST, data)

    async def _find_pulse(self, heartbeats: Heartbeats) -> None:
        known = heartbeats.known(self._vm)
        if known is not None:  # it will beat there still: what comes below takes a second or more in a busy guest
            self._probe(known)
        # A migration that ends sooner does not undo half of it: the next one finds the heartbeat.
        readying = asyncio.ensure_future(heartbeats.ensure_running(self._vm, _unheard))
        readying.add_done_callback(_note)
        try:
            pulse = await asyncio.shield(readying)
            if pulse != known:
                self._probe(pulse)
            self._first_line_s = number_of((await self._guest(SUBFOLDER).newest_output()).values, "seconds")
        except Failure as failure:
            self._why = _reason(failure)
        finally:
            self.looked.set()

    def _probe(self, pulse: HeartbeatEndpoint) -> None:
        if self._udp_probe is not None:
            self._udp_probe.stop()
        self._pulse = pulse
        self._why = f"no probe of UDP port {pulse.port} was answered" + (
            f" by {', '.join(pulse.addresses)}" if pulse.addresses else ", for the guest's addresses are not known"
        )
        self._udp_probe = UdpProbe(pulse.addresses, pulse.port, self._heard, self._probe_answers, self._since_ns)
        self._udp_probe.start()

    def _guest(self, place: str = WORKLOAD) -> Guest:
        if self._guest_access is None:
            raise Failure("Nobody has said how to get into the guest")
        return self._guest_access.guest(self._vm, place)

    # -- on any thread --

    def switch_over(self) -> None:
        """The VM has just been stopped, at its origin, to go on at the target; blocks nobody."""
        if self._udp_probe is not None:
            self._udp_probe.switch_over()

    # -- on the thread of the echo --

    def _heard(self, window: Window, probe_answers: ProbeAnswers) -> None:
        answer = probe_answers.answer
        if answer is None or self._udp_probe is None:
            return
        self._run_log.event(
            record.UDP_PROBE,
            sent=window.sent,
            answered=window.answered,
            rtt_ms=_ms(window.round_trip),
            pause_ms=_ms(window.pause),
            pause_at=round(self._run_log.since_start(window.pause_began), 4) if window.pause else None,
            guest_gap_ms=round(answer.gap_ns / 1e6, 3),
            since_ns=self._udp_probe.since_ns,
            clock_lost_ms=_ms(probe_answers.lost),
            clock_error_ms=_ms(probe_answers.lost_error),
        )

    # -- on the thread that sees to the end --

    def conclude(self, *, completed: bool) -> None:
        """Write what was felt, after a moment in which a guest that was answering answers once more."""
        if self._guest_access is None:
            return
        self._catch_up()
        in_time = self._udp_probe.settle(SETTLE_LIMIT_S) if self._udp_probe is not None else True
        answer = self._probe_answers.answer
        if answer is None:
            observed = self._felt_by_itself()
        else:
            observed = self._felt(answer, open_s=0.0 if in_time else self._probe_answers.unanswered(time.monotonic()))
        observed = replace(observed, unwatched_s=self._unwatched_s)
        if completed and answer is not None and self._probe_answers.pause_before is None:
            observed = self._without_switchover(observed)
        self._run_log.log(record.OBSERVED, observed.data)

    def _catch_up(self) -> None:
        """A shell that could do nothing in post-copy can as soon as that is over."""
        if self._loop is None or self._caught_up.is_set():
            return
        with contextlib.suppress(*UNHEARD):  # that it is silent is written down already
            self._on_loop(self._caught_up.wait(), self._loop, SETTLE_LIMIT_S)

    @staticmethod
    def _on_loop(asked: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop, limit_s: float) -> T:
        """What it comes to there, for who is on a thread; one of UNHEARD where nothing came of it in time."""
        try:
            answer = asyncio.run_coroutine_threadsafe(asked, loop)
        except RuntimeError:  # the app has quit, and its loop is closed
            asked.close()
            raise
        try:
            return answer.result(limit_s)
        finally:
            answer.cancel()

    def _felt(self, answer: HeartbeatReply, open_s: float) -> ObservedDowntime:
        probe_answers = self._probe_answers
        observed = ObservedDowntime(
            network_ms=_ms(max(probe_answers.pause, open_s)),
            network_resolution_ms=_ms(EVERY_S + (probe_answers.round_trip or 0.0)),
            network_before_ms=_ms(probe_answers.pause_before),
            network_open=open_s > probe_answers.pause,
        )
        if observed.network_open:
            return replace(observed, guest_why="it answers no more")
        if probe_answers.restarted:
            return replace(observed, guest_why="its heartbeat, or the guest, began anew meanwhile")
        before = probe_answers.gap_before_ns
        observed = replace(
            observed,
            guest_ms=_ms(answer.gap_ns / 1e9),
            guest_resolution_ms=_ms(BEAT_S),
            guest_before_ms=_ms(before / 1e9) if before is not None else None,
        )
        if self._unwatched_s:
            return replace(observed, clock_why="nobody compared the clocks while the app was not running")
        return replace(observed, clock_lost_ms=_ms(probe_answers.lost), clock_error_ms=_ms(probe_answers.lost_error))

    def _without_switchover(self, observed: ObservedDowntime) -> ObservedDowntime:
        """There was one, and nobody was probing: what was seen of other moments is not to stand for it."""
        why = "the first probe was answered only after the switchover, or nobody saw that"
        if self._unwatched_s:
            why = "the app was not running at the switchover"
        observed = replace(observed, network_ms=None, network_resolution_ms=None, network_open=False, network_why=why)
        if self._since_ns is not None:  # an earlier app's: the heartbeat has counted from then on
            return observed
        no_clock = replace(observed, clock_lost_ms=None, clock_error_ms=None, clock_why="")
        return replace(no_clock, guest_ms=None, guest_resolution_ms=None, guest_why=why)

    def _felt_by_itself(self) -> ObservedDowntime:
        """Where no probe was ever answered: what the heartbeat has said to its own log."""
        why = self._why
        known = ObservedDowntime(network_why=why, guest_why=why)
        if self._pulse is None or self._loop is None:
            return known
        try:
            values = self._on_loop(self._last_line(), self._loop, 2 * LAST_LOOK_LIMIT_S)
        except (Failure, *UNHEARD):
            return known
        longest, ended = number_of(values, "longest_gap_ms"), number_of(values, "longest_gap_at")
        if longest is None or ended is None or self._first_line_s is None:
            return known
        if ended <= self._first_line_s:
            return replace(known, guest_why=f"its longest gap, {longest:.0f} ms, was before this migration; {why}")
        return replace(known, guest_ms=longest, guest_resolution_ms=_ms(BEAT_S), clock_why=why)

    async def _last_line(self) -> Mapping[str, str]:
        """The heartbeat's first line from now on."""
        guest = self._guest(SUBFOLDER)
        before = await guest.newest_output()
        for _ in range(LAST_LOOKS):
            await asyncio.sleep(LAST_LOOK_LIMIT_S / LAST_LOOKS)
            now = await guest.newest_output()
            if now != before:
                return now.values
        raise Failure("The heartbeat says nothing new")


def _unheard(_text: str) -> None:
    """Nobody waits for the heartbeat, so nobody is told how far it is."""


def _note(readying: "asyncio.Task[HeartbeatEndpoint]") -> None:
    """Look at the outcome that nobody may be waiting for any more."""
    if not readying.cancelled():
        readying.exception()


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def _reason(failure: Failure) -> str:
    return f"{failure.what}: {failure.why}" if failure.why else failure.what


def is_stop(data: Mapping[str, object]) -> bool:
    """Whether a lifecycle event says that the VM was stopped for the switchover."""
    return data.get("event") == "suspended" and data.get("detail") in ("migrated", "post-copy")


def _longest(probe_answers: Iterable[Event]) -> float:
    """The longest pause of echo events, in seconds."""
    pauses = (each.data.get("pause_ms") for each in probe_answers)
    return max((pause / 1000 for pause in pauses if isinstance(pause, (int, float))), default=0.0)

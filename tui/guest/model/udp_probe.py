"""Computes from probes and replies how long the guest was unreachable, and how far its clock fell behind."""

from collections import deque
from dataclasses import dataclass

from tui.guest.model.heartbeat import HeartbeatReply

EVERY_S = 0.02  # between two probes; an interval of 0.01 s used 2 % of a core
BEST_OF = 50  # replies; the one with the shortest round trip gives the best estimate of the clock offset
NOTABLE_S = 0.03  # the guest's clock is compared before and after a pause of at least this length
UNPROBED_S = 1.0  # this process did not run if it sent no probe for that long
MOST_UNANSWERED = 15_000  # probes that are kept, of five minutes: a guest may be silent for a day
DRIFT = 500e-6  # seconds per second that two running clocks may drift apart: NTP's maximum slew


@dataclass(frozen=True)
class Offset:
    """The source's clock minus the guest's at the time `t`, in seconds; its error is at most half the round trip."""

    t: float
    seconds: float
    round_trip: float


@dataclass
class Window:
    """The probes and replies since the last report; times in seconds."""

    sent: int = 0
    answered: int = 0
    round_trip: float | None = None  # the shortest
    pause: float = 0.0  # the longest that ended in it
    pause_began: float = 0.0


class ProbeAnswers:
    """Statistics of all probes and replies; times are of the source's monotonic clock, in seconds.

    A pause lasts from the first unanswered probe to the next reply, so a probe that the app sends late is no pause.
    """

    def __init__(self, pause: float = 0.0, pause_before: float | None = None) -> None:
        self.pause = pause  # the longest one; after the switchover, the longest since then
        self.pause_before = pause_before  # the longest one before the switchover; None until then
        self.gap_before_ns: int | None = None  # the guest's longest gap before the switchover
        self.lost = 0.0  # seconds that the guest's clock fell behind in notable pauses, over the same time as `pause`
        self.lost_error = 0.0  # its maximum error
        self.answer: HeartbeatReply | None = None  # the newest
        self.restarted = False  # the guest or its heartbeat has restarted
        self.round_trip: float | None = None  # the shortest
        self.window = Window()
        self.unprobed = 0.0  # seconds without a probe because this process was halted
        self._number = 0
        self._last_sent: float | None = None
        self._sent: deque[tuple[int, float]] = deque()  # the probes after the last answered one
        self._recent: deque[Offset] = deque(maxlen=BEST_OF)
        self._before: Offset | None = None  # before the last notable pause, until it is compared with one after it

    def switch_over(self) -> None:
        """The VM has just been stopped: from now on pauses count as its downtime; earlier ones are for comparison."""
        if self.pause_before is not None:
            return
        self.compare()
        self.pause_before, self.pause, self.lost, self.lost_error = self.pause, 0.0, 0.0, 0.0
        self.gap_before_ns = self.answer.gap_ns if self.answer else None

    def send(self, t: float) -> int:
        """Record that a probe is sent at `t`; returns its number."""
        if self._last_sent is not None and t - self._last_sent >= UNPROBED_S:
            self.unprobed += t - self._last_sent
            self._compare_from_now()  # the guest may have paused meanwhile
        self._last_sent = t
        self._number += 1
        self._sent.append((self._number, t))
        if len(self._sent) > MOST_UNANSWERED:
            del self._sent[1]  # a pause is counted from the first
        self.window.sent += 1
        return self._number

    def add(self, reply: HeartbeatReply, t: float) -> None:
        """Record a reply received at `t`; ignored if it is a duplicate or a later probe was answered before."""
        if not self._sent or not self._sent[0][0] <= reply.number <= self._sent[-1][0]:
            return
        since = self._sent[0][1]
        sent = since
        while self._sent and self._sent[0][0] <= reply.number:
            sent = self._sent.popleft()[1]
        self._record(reply)
        self._measure(since, sent, t, reply)

    def unanswered(self, now: float) -> float:
        """Seconds since the oldest unanswered probe, 0 if all are answered."""
        return now - self._sent[0][1] if self._sent else 0.0

    @property
    def newest(self) -> int:
        """The number of the newest probe, 0 before the first."""
        return self._number

    def settled(self, now: float, after: int) -> bool:
        """Whether a probe newer than `after` is answered, and the guest's clock compared after the last pause."""
        answered = self.answer is not None and self.answer.number > after
        return answered and self._before is None and self.unanswered(now) < NOTABLE_S

    @property
    def offset(self) -> Offset | None:
        """The recent offset with the shortest round trip."""
        return min(self._recent, key=lambda each: each.round_trip, default=None)

    def compare(self) -> None:
        """Compare the guest's clock before and after the last notable pause, with the replies received so far."""
        before, after = self._before, self.offset
        self._before = None
        if before is None or after is None:
            return
        step = after.seconds - before.seconds
        error = (before.round_trip + after.round_trip) / 2 + DRIFT * (after.t - before.t)
        if abs(step) > error:
            self.lost += step
            self.lost_error += error
        elif not self.lost:
            self.lost_error = max(self.lost_error, error)

    def _compare_from_now(self) -> None:
        """Compare the guest's clock as it was known so far with the replies that follow."""
        if self._before is None:
            self._before = self.offset
            self._recent.clear()

    def _record(self, reply: HeartbeatReply) -> None:
        last = self.answer
        if last is not None and (reply.now_ns < last.now_ns or reply.beats < last.beats):
            self.restarted = True
        self.answer = reply
        self.window.answered += 1

    def _measure(self, since: float, sent: float, t: float, reply: HeartbeatReply) -> None:
        pause, round_trip = t - since, t - sent
        self.pause = max(self.pause, pause)
        window = self.window
        if pause > window.pause:
            window.pause, window.pause_began = pause, since
        window.round_trip = round_trip if window.round_trip is None else min(window.round_trip, round_trip)
        self.round_trip = round_trip if self.round_trip is None else min(self.round_trip, round_trip)
        if pause >= NOTABLE_S:
            self._compare_from_now()
        self._recent.append(Offset(t, (sent + t) / 2 - reply.now_ns / 1e9, round_trip))
        if self._before is not None and len(self._recent) == BEST_OF:
            self.compare()

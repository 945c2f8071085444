"""What the answers to a train of probes tell: how long the guest could not be reached, and what its clock did then."""

from collections import deque
from dataclasses import dataclass

from tui.guest.model.heartbeat import Answer

EVERY_S = 0.02  # between two probes: at 0.01 they took 2 % of a core
BEST_OF = 50  # answers, of which the one with the shortest round trip tells the offset of the guest's clock best
NOTABLE_S = 0.03  # pauses from this length on are looked at for what the guest's clock did in them
DRIFT = 500e-6  # seconds a second by which two running clocks may drift apart: what NTP may slew


@dataclass(frozen=True)
class Offset:
    """The source's clock less the guest's at the moment `t`, all in seconds; wrong by at most half the round trip."""

    t: float
    seconds: float
    round_trip: float


@dataclass
class Window:
    """What happened since the last time somebody asked; times in seconds."""

    sent: int = 0
    answered: int = 0
    round_trip: float | None = None  # the shortest
    pause: float = 0.0  # the longest that ended in it
    pause_began: float = 0.0


class ProbeAnswers:
    """Told of every probe and answer, by moments of the source's monotonic clock in seconds.

    A pause is how long from the first probe that was not answered in time until an answer came: that the app itself
    was late with a probe does not count.
    """

    def __init__(self, pause: float = 0.0, pause_before: float | None = None) -> None:
        self.pause = pause  # the longest one, since the switchover where that has been
        self.pause_before = pause_before  # the longest one before the switchover, None before that
        self.gap_before_ns: int | None = None  # the guest's longest gap until then
        self.lost = 0.0  # seconds by which the guest's clock fell behind in all notable pauses, counted as `pause` is
        self.lost_error = 0.0  # by which that may be wrong
        self.answer: Answer | None = None  # the newest
        self.restarted = False  # the guest's clock, or its heartbeat, began anew
        self.round_trip: float | None = None  # the shortest
        self.window = Window()
        self._number = 0
        self._sent: deque[tuple[int, float]] = deque()  # the probes after the last that was answered
        self._recent: deque[Offset] = deque(maxlen=BEST_OF)
        self._before: Offset | None = None  # of the last notable pause, while what came after it is still awaited

    def switch_over(self) -> None:
        """The VM has just been stopped: what comes from now on is its downtime, what was before is for comparison."""
        if self.pause_before is not None:
            return
        self.compare()
        self.pause_before, self.pause, self.lost, self.lost_error = self.pause, 0.0, 0.0, 0.0
        self.gap_before_ns = self.answer.gap_ns if self.answer else None

    def send(self, t: float) -> int:
        """A probe goes out; its number."""
        self._number += 1
        self._sent.append((self._number, t))
        self.window.sent += 1
        return self._number

    def add(self, answer: Answer, t: float) -> None:
        """An answer came; one that comes after that of a later probe is counted, and tells nothing new."""
        if not self._sent or not self._sent[0][0] <= answer.number <= self._sent[-1][0]:
            return
        since = self._sent[0][1]
        sent = since
        while self._sent and self._sent[0][0] <= answer.number:
            sent = self._sent.popleft()[1]
        self._note(answer)
        self._time(since, sent, t, answer)

    def unanswered(self, now: float) -> float:
        """For how long there has been no answer, in seconds."""
        return now - self._sent[0][1] if self._sent else 0.0

    @property
    def newest(self) -> int:
        """The number of the newest probe, 0 before the first."""
        return self._number

    def settled(self, now: float, after: int) -> bool:
        """Whether the guest answers, also a probe that is newer than the one numbered `after`, and its clock has been
        compared with what it was before the last pause."""
        answered = self.answer is not None and self.answer.number > after
        return answered and self._before is None and self.unanswered(now) < NOTABLE_S

    @property
    def offset(self) -> Offset | None:
        """The best of the newest."""
        return min(self._recent, key=lambda each: each.round_trip, default=None)

    def compare(self) -> None:
        """Compare the guest's clock after the last notable pause with what it was before, as well as it can be now."""
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

    def _note(self, answer: Answer) -> None:
        last = self.answer
        if last is not None and (answer.now_ns < last.now_ns or answer.beats < last.beats):
            self.restarted = True
        self.answer = answer
        self.window.answered += 1

    def _time(self, since: float, sent: float, t: float, answer: Answer) -> None:
        pause, round_trip = t - since, t - sent
        self.pause = max(self.pause, pause)
        window = self.window
        if pause > window.pause:
            window.pause, window.pause_began = pause, since
        window.round_trip = round_trip if window.round_trip is None else min(window.round_trip, round_trip)
        self.round_trip = round_trip if self.round_trip is None else min(self.round_trip, round_trip)
        if pause >= NOTABLE_S and self._before is None:
            self._before = self.offset
            self._recent.clear()
        self._recent.append(Offset(t, (sent + t) / 2 - answer.now_ns / 1e9, round_trip))
        if self._before is not None and len(self._recent) == BEST_OF:
            self.compare()

"""How far another host's clock is from this one's, and how sure that is."""

from collections.abc import Iterable
from dataclasses import dataclass

from tui.core.quantity import duration

ARGV = ("date", "+%s.%N")


@dataclass(frozen=True)
class Clock:
    """Ahead of this host's clock by so much (less than 0: behind), give or take half the time the question took."""

    ahead_s: float
    give_or_take_s: float

    @property
    def words(self) -> str:
        size = abs(self.ahead_s)
        if size <= self.give_or_take_s:
            return f"equal, give or take {duration(self.give_or_take_s)}"
        side = "ahead" if self.ahead_s > 0 else "behind"
        return f"{duration(size)} {side}, give or take {duration(self.give_or_take_s)}"

    def surely_off(self, limit_s: float) -> bool:
        """Whether it is further off than `limit_s` even if the measurement erred as far as it can."""
        return abs(self.ahead_s) - self.give_or_take_s > limit_s


def measured(asked_at: float, answer: str, answered_at: float) -> Clock | None:
    """From what ARGV printed, asked and answered at these times of this host; None where it is no time."""
    try:
        there = float(answer)
    except ValueError:
        return None
    return Clock(there - (asked_at + answered_at) / 2, (answered_at - asked_at) / 2)


def surest(clocks: Iterable[Clock | None]) -> Clock | None:
    """The one with the quickest answer."""
    return min((clock for clock in clocks if clock), key=lambda clock: clock.give_or_take_s, default=None)

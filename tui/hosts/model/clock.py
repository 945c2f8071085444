"""The offset of another host's clock from this one's, with its error."""

from collections.abc import Iterable
from dataclasses import dataclass

from tui.core.quantity import duration, number

ARGV = ("date", "+%s.%N")


@dataclass(frozen=True)
class Clock:
    """A host's clock compared to that of the app's host: seconds ahead, negative if behind; ± half the round trip."""

    ahead_s: float
    error_s: float

    @property
    def words(self) -> str:
        """The offset as a finding: "2.0 s behind (±100 ms)"."""
        size = abs(self.ahead_s)
        if size <= self.error_s:
            return f"equal (±{duration(self.error_s)})"
        side = "ahead" if self.ahead_s > 0 else "behind"
        return f"{duration(size)} {side} (±{duration(self.error_s)})"

    def exceeds(self, limit_s: float) -> bool:
        """Whether the offset is more than `limit_s` despite the error."""
        return abs(self.ahead_s) - self.error_s > limit_s


def measured(sent_at: float, reply: str, received_at: float) -> Clock | None:
    """The clock from the output of ARGV, sent and received at these times of this host; None if it is not a number."""
    there = number(reply)
    if there is None:
        return None
    return Clock(there - (sent_at + received_at) / 2, (received_at - sent_at) / 2)


def most_accurate(clocks: Iterable[Clock | None]) -> Clock | None:
    """The sample with the smallest error."""
    return min((clock for clock in clocks if clock), key=lambda clock: clock.error_s, default=None)

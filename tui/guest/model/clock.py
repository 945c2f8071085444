"""How far a guest's clock is from that of its host, from readings that each have taken some time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tui.core.quantity import duration


class Reading(NamedTuple):
    """A clock in ns, read between two moments of this computer's monotonic clock, in ns."""

    before: int
    after: int
    clock: int

    @property
    def error(self) -> int:
        """How far `offset` may be off, in ns."""
        return (self.after - self.before + 1) // 2

    @property
    def offset(self) -> int:
        """By how much the clock is ahead of this computer's monotonic one."""
        return self.clock - (self.before + self.after) // 2


def quickest(readings: Iterable[Reading]) -> Reading:
    """The reading with the smallest error."""
    return min(readings, key=lambda each: each.error)


MOST_MS = 1e13  # 300 years; more is a damaged record


@dataclass(frozen=True)
class GuestClock:
    """By how many milliseconds the guest's clock is ahead of that of `host`, negative if it is behind."""

    host: str
    ahead_ms: float
    error_ms: float

    @classmethod
    def between(cls, host: str, guest: Reading, of_host: Reading) -> "GuestClock":
        """The difference of two readings."""
        ahead, error = guest.offset - of_host.offset, guest.error + of_host.error
        return cls(host, round(ahead / 1e6, 3), round(error / 1e6, 3))

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "GuestClock | None":
        """The value from an event's data; None if a number is missing, or damaged."""
        ahead, error = data.get("ahead_ms"), data.get("error_ms")
        if not isinstance(ahead, (int, float)) or not isinstance(error, (int, float)):
            return None
        if not (abs(ahead) <= MOST_MS and abs(error) <= MOST_MS):
            return None
        return cls(str(data.get("host", "")), float(ahead), float(error))

    @property
    def data(self) -> dict[str, Any]:
        """The fields for the event and run.toml."""
        return {"host": self.host, "ahead_ms": self.ahead_ms, "error_ms": self.error_ms}

    @property
    def agrees(self) -> bool:
        """Whether no difference was measured."""
        return abs(self.ahead_ms) <= self.error_ms

    @property
    def text(self) -> str:
        """The difference as the rest of a sentence on the guest's clock: "is 312 ms behind destination's (±3 ms)"."""
        error, amount = f"±{duration(self.error_ms / 1000)}", duration(abs(self.ahead_ms) / 1000)
        if self.agrees:
            return f"agrees with {self.host}'s ({error})"
        return f"is {amount} {'ahead of' if self.ahead_ms > 0 else 'behind'} {self.host}'s ({error})"


@dataclass(frozen=True)
class ClockSet:
    """A guest's clock before and after it was set, and what the agent could not do besides."""

    before: GuestClock
    after: GuestClock
    trouble: str = ""

    def sentence(self, name: str) -> str:
        """What was done, as sentences."""
        done = f"The clock of {name} now {self.after.text}; before, it {self.before.text.replace('is ', 'was ', 1)}."
        return f"{done} The agent reported: {self.trouble}." if self.trouble else done

"""Facts of hosts with their age: what was answered last, when, and whether the host still answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from tui.core.failure import Failure

T = TypeVar("T")

SILENT_AFTER_S = 2.0  # a request that waits longer makes its host silent, until the next answer
VMS, SYSTEM, DAEMON = "vms", "system", "daemon"  # what several pages read of a host


@dataclass(frozen=True)
class Aged(Generic[T]):
    """The newest answer to one question; times are those of time.monotonic(), None for never, or for no request."""

    value: T | None = None
    read_at: float | None = None
    failure: Failure | None = None  # why the newest request had no answer; None if it had one
    asked_at: float | None = None  # since when a request waits

    def age_s(self, now: float) -> float | None:
        """Seconds since the value was read; None if it never was."""
        return None if self.read_at is None else max(0.0, now - self.read_at)

    def waits_s(self, now: float) -> float:
        """For how long a request waits, 0.0 if none does."""
        return 0.0 if self.asked_at is None else max(0.0, now - self.asked_at)

    def silent(self, now: float) -> bool:
        """Whether the value is only that of before: the newest request failed, or waits for too long."""
        return self.failure is not None or self.waits_s(now) >= SILENT_AFTER_S


class AgedFacts:
    """The newest facts of all hosts, by the name of the host and of the fact; all pages share them."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._known: dict[tuple[str, str], Aged[Any]] = {}
        self._waiting: dict[tuple[str, str], list[float]] = {}

    def of(self, host: str, fact: str) -> Aged[Any]:
        """What is known of one fact."""
        return self._known.get((host, fact), Aged())

    async def read(
        self, host: str, fact: str, reading: Awaitable[T], keep: Callable[[T], object] = lambda value: value
    ) -> T:
        """The result of `reading`; `keep` makes of it the fact that is kept. Its Failure is kept, too, and raised."""
        key, began = (host, fact), self.now()
        self._waiting.setdefault(key, []).append(began)
        self._known[key] = replace(self.of(host, fact), asked_at=self._oldest(key))
        found = self.of(host, fact)
        try:
            value = await reading
            found = Aged(keep(value), self.now())
        except Failure as failure:
            found = replace(self.of(host, fact), failure=failure)
            raise
        except asyncio.CancelledError:
            found, waited_s = self.of(host, fact), self.now() - began
            if waited_s >= SILENT_AFTER_S:  # it stays silent until it answers
                found = replace(found, failure=Failure(f"{host} did not answer", f"it was asked {waited_s:.0f} s ago"))
            raise
        finally:
            self._waiting[key].remove(began)
            self._known[key] = found
            self._known[key] = replace(found, asked_at=self._oldest(key))
        return value

    def _oldest(self, key: tuple[str, str]) -> float | None:
        """Since when a request waits; those from before the last answer do not count."""
        read_at = self.of(*key).read_at
        return min((at for at in self._waiting[key] if read_at is None or at >= read_at), default=None)


def ago(seconds: float | None) -> str:
    """An age in words: "12 s ago", "3 min ago", "2 h ago"; "never" for None."""
    if seconds is None:
        return "never"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s ago"
    return f"{whole // 60} min ago" if whole < 3600 else f"{whole // 3600} h ago"


def last_answer(seconds: float | None) -> str:
    """ "last answer 12 s ago", for a host that does not answer."""
    return "no answer yet" if seconds is None else f"last answer {ago(seconds)}"

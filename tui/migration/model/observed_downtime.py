"""The downtime as the network and as the guest itself saw it, beside libvirt's; what is not known says why."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from tui.core.quantity import duration


@dataclass(frozen=True)
class ObservedDowntime:
    """Milliseconds; None where it is not known, and why then stands in the field beside it.

    `network_ms` is how long no probe was answered (`network_open`: and none was until the end), `guest_ms` the longest
    time between two beats by the guest's own clock, `clock_lost_ms` by how much that clock fell behind the source's in
    the pauses; each may be wrong by what stands beside it. All are from the switchover on; the longest pauses before
    it, while the VM ran, are in `network_before_ms` and `guest_before_ms`. Where no switchover was seen, all of the
    migration counts, and these are None. `unwatched_s` is how long nobody probed in between.
    """

    network_ms: float | None = None
    network_resolution_ms: float | None = None
    network_before_ms: float | None = None
    network_open: bool = False
    network_why: str = ""
    guest_ms: float | None = None
    guest_resolution_ms: float | None = None
    guest_before_ms: float | None = None
    guest_why: str = ""
    clock_lost_ms: float | None = None
    clock_error_ms: float | None = None
    clock_why: str = ""
    unwatched_s: float = 0.0

    @property
    def data(self) -> dict[str, Any]:
        """As an event and run.toml have it: without what is not known."""
        unsaid = {name for name, value in asdict(self).items() if value is None or value == "" or value is False}
        unsaid |= set() if self.unwatched_s else {"unwatched_s"}
        return {name: value for name, value in asdict(self).items() if name not in unsaid}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "ObservedDowntime":
        """From an event's data; what is missing or of another kind is as if it were not known."""
        values: dict[str, Any] = {each: _number(data, each) for each in NUMBERS}
        values |= {each: str(data.get(each, "")) for each in TEXTS}
        open_ = data.get("network_open") is True
        return cls(**values, network_open=open_, unwatched_s=_number(data, "unwatched_s") or 0.0)

    @property
    def network(self) -> str:
        """As a person says it: "no answer for 341 ms (to within 11 ms)"."""
        if self.network_ms is None:
            return f"not known: {self.network_why}"
        notes = ["and none until the end"] if self.network_open else []
        notes.append(f"to within {_ms(self.network_resolution_ms or 0.0)}")
        notes += [f"before: {_ms(self.network_before_ms)}"] if self.network_before_ms is not None else []
        notes += [f"not probed for {duration(self.unwatched_s)}"] if self.unwatched_s else []
        return f"no answer for {_ms(self.network_ms)} ({', '.join(notes)})"

    @property
    def guest(self) -> str:
        """As a person says it; two clocks that can't be compared are not made one number."""
        if self.guest_ms is None:
            return f"not known: {self.guest_why}"
        before = f" (before: {_ms(self.guest_before_ms)})" if self.guest_before_ms is not None else ""
        return f"no beat for {_ms(self.guest_ms)}{before} by its own clock{self._clock}"

    @property
    def _clock(self) -> str:
        if self.clock_lost_ms is None:
            return f"; whether that stood still meanwhile is not known: {self.clock_why}"
        error = self.clock_error_ms or 0.0
        if abs(self.clock_lost_ms) <= error:
            return f", which ran on (to within {_ms(error)})"
        what = "stood still for about" if self.clock_lost_ms > 0 else "was put forward by about"
        return f", which {what} {_ms(abs(self.clock_lost_ms))} (to within {_ms(error)})"


TEXTS = ("network_why", "guest_why", "clock_why")
NUMBERS = tuple(each.name for each in fields(ObservedDowntime) if each.name.endswith("_ms"))


def _ms(milliseconds: float) -> str:
    return duration(milliseconds / 1000)


def _number(data: Mapping[str, Any], name: str) -> float | None:
    value = data.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or abs(value) >= 2**63:
        return None
    return float(value)

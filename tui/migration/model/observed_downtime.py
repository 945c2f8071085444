"""The downtime measured over the network and in the guest, besides libvirt's; a missing figure has a reason."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from tui.core.quantity import duration
from tui.guest.model.heartbeat import BEAT_S
from tui.guest.model.udp_probe import EVERY_S, ProbeAnswers
from tui.migration.model.record import number_in


@dataclass(frozen=True)
class ObservedDowntime:
    """Milliseconds; None where not measured, with the reason in the `_why` field beside it.

    `network_ms` is the longest time without a reply to a probe (`network_open`: it had not ended at the end),
    `guest_ms` the longest time between two beats by the guest's own clock, `clock_lost_ms` by how much that clock fell
    behind the source's during the pauses; `_resolution_ms` and `_error_ms` are their possible errors. All count from
    the switchover; the longest pauses before it are in `network_before_ms` and `guest_before_ms`, which are None if no
    switchover was seen: then the whole migration counts. `unwatched_s` is how long nothing probed in between, because
    no app ran or the app was halted.
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
        """The fields for the event and run.toml, without the unknown ones."""
        values = asdict(self) | {"unwatched_s": self.unwatched_s or None}
        return {name: value for name, value in values.items() if not (value is None or value is False or value == "")}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "ObservedDowntime":
        """The value from an event's data; a missing field, or one of another type, counts as unknown."""
        values: dict[str, Any] = {each: number_in(data, each) for each in NUMBERS}
        values |= {each: str(data.get(each, "")) for each in TEXTS}
        open_ = data.get("network_open") is True
        return cls(**values, network_open=open_, unwatched_s=number_in(data, "unwatched_s") or 0.0)

    @property
    def guest_pause_ms(self) -> float | None:
        """How long the guest paused: by its own clock, plus the time for which that clock stood still."""
        if self.guest_ms is None or self.clock_lost_ms is None or abs(self.clock_lost_ms) <= (self.clock_error_ms or 0):
            return self.guest_ms
        return self.guest_ms + self.clock_lost_ms

    @property
    def unmeasured_why(self) -> str:
        """The reason why neither network nor guest was measured, if it is the same for both; else empty."""
        measured = self.network_ms is not None or self.guest_ms is not None
        return "" if measured or self.network_why != self.guest_why else self.network_why

    @property
    def network(self) -> str:
        """The network's downtime as a sentence: "no reply for 341 ms (±11 ms)"."""
        if self.network_ms is None:
            return f"not measured: {self.network_why}"
        notes = [f"±{_ms(self.network_resolution_ms or 0.0)}"]
        notes += ["still none at the end"] if self.network_open else []
        notes += _before(self.network_before_ms)
        notes += [f"not probed for {duration(self.unwatched_s)}"] if self.unwatched_s else []
        return f"no reply for {_ms(self.network_ms)} ({'; '.join(notes)})"

    @property
    def guest(self) -> str:
        """The guest's downtime as a sentence: by its own clock, plus the time for which that clock stood still."""
        if self.guest_ms is None:
            return f"not measured: {self.guest_why}"
        lost, error, pause = self.clock_lost_ms, self.clock_error_ms or 0.0, _ms(self.guest_ms)
        if lost is None:
            notes = ["by its own clock", f"guest clock drift unknown: {self.clock_why}"]
        elif abs(lost) <= error:
            notes = [f"its clock kept running, ±{_ms(error)}"]
        else:
            pause, own, rest = _sum_of(self.guest_ms, lost)
            moved = f"plus {rest} its clock stood still" if lost > 0 else f"minus {rest} its clock jumped"
            notes = [f"{own} by its own clock, {moved}, ±{_ms(error)}"]
        return f"the guest paused {pause} ({'; '.join([*notes, *_before(self.guest_before_ms)])})"


def _sum_of(own_ms: float, lost_ms: float) -> list[str]:
    """The sum, the guest's own time and the size of the rest, rounded so that the shown figures add up."""
    shown, decimals, unit = (1, 0, "ms") if max(own_ms, own_ms + lost_ms) < 9999.5 else (1000, 1, "s")
    total, own = round((own_ms + lost_ms) / shown, decimals), round(own_ms / shown, decimals)
    return [f"{each:.{decimals}f} {unit}" for each in (total, own, abs(total - own))]


def _before(milliseconds: float | None) -> list[str]:
    return [] if milliseconds is None else [f"before the switchover {_ms(milliseconds)}"]


TEXTS = ("network_why", "guest_why", "clock_why")
NUMBERS = tuple(each.name for each in fields(ObservedDowntime) if each.name.endswith("_ms"))


@dataclass(frozen=True)
class HeartbeatLog:
    """The heartbeat's own log in the guest: its longest gap, and whether that was before this migration."""

    longest_gap_ms: float
    before_start: bool


def observed_downtime(
    probe_answers: ProbeAnswers,
    log: HeartbeatLog | None = None,
    *,
    completed: bool,
    open_s: float = 0.0,
    unwatched_s: float = 0.0,
    counted_before: bool = False,
    why: str = "",
) -> ObservedDowntime:
    """The downtime from the replies to the probes, or from the heartbeat's log if no probe was answered.

    `open_s` is how long no reply had come at the end, `unwatched_s` how long nothing probed, `why` the reason why no
    probe was answered; `counted_before`: an earlier process has set the moment from which the heartbeat counts gaps.
    """
    if probe_answers.answer is None:
        return replace(_from_log(log, why), unwatched_s=unwatched_s)
    observed = replace(_from_probes(probe_answers, open_s, unwatched_s), unwatched_s=unwatched_s)
    if completed and probe_answers.pause_before is None:
        observed = _without_switchover(observed, counted_before=counted_before)
    return replace(observed, unwatched_s=round(unwatched_s + probe_answers.unprobed, 3))


def _from_probes(probe_answers: ProbeAnswers, open_s: float, unwatched_s: float) -> ObservedDowntime:
    observed = ObservedDowntime(
        network_ms=milliseconds(max(probe_answers.pause, open_s)),
        network_resolution_ms=milliseconds(EVERY_S + (probe_answers.round_trip or 0.0)),
        network_before_ms=milliseconds(probe_answers.pause_before),
        network_open=open_s > probe_answers.pause,
    )
    if observed.network_open or probe_answers.answer is None:
        return replace(observed, guest_why="the guest no longer replies")
    if probe_answers.restarted:
        return replace(observed, guest_why="the heartbeat or the guest restarted during the migration")
    before = probe_answers.gap_before_ns
    observed = replace(
        observed,
        guest_ms=milliseconds(probe_answers.answer.gap_ns / 1e9),
        guest_resolution_ms=milliseconds(BEAT_S),
        guest_before_ms=milliseconds(before / 1e9) if before is not None else None,
    )
    if unwatched_s:
        return replace(observed, clock_why="the app was not running for a while, so it did not compare the clocks")
    lost, error = milliseconds(probe_answers.lost), milliseconds(probe_answers.lost_error)
    return replace(observed, clock_lost_ms=lost, clock_error_ms=error)


def _without_switchover(observed: ObservedDowntime, *, counted_before: bool) -> ObservedDowntime:
    """Nothing was probing at the switchover: earlier pauses are not its downtime."""
    why = "the first reply came only after the switchover, or the switchover was not seen"
    if observed.unwatched_s:
        why = "the app was not running at the switchover"
    observed = replace(observed, network_ms=None, network_resolution_ms=None, network_open=False, network_why=why)
    if counted_before:  # the heartbeat has counted gaps since before the switchover
        return observed
    no_clock = replace(observed, clock_lost_ms=None, clock_error_ms=None, clock_why="")
    return replace(no_clock, guest_ms=None, guest_resolution_ms=None, guest_why=why)


def _from_log(log: HeartbeatLog | None, why: str) -> ObservedDowntime:
    unknown = ObservedDowntime(network_why=why, guest_why=why)
    if log is None:
        return unknown
    if log.before_start:
        longest = f"its longest gap, {log.longest_gap_ms:.0f} ms, was before this migration"
        return replace(unknown, guest_why=f"{longest}; {why}")
    return ObservedDowntime(
        network_why=why, guest_ms=log.longest_gap_ms, guest_resolution_ms=milliseconds(BEAT_S), clock_why=why
    )


def milliseconds(seconds: float | None) -> float | None:
    """Seconds as the log keeps them; None stays None."""
    return None if seconds is None else round(seconds * 1000, 3)


def _ms(milliseconds: float) -> str:
    return duration(milliseconds / 1000)

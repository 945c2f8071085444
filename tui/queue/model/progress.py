"""The progress of a queue: what its log says of each entry, and whether it goes on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tui.core.journal import after_all, seconds_of

# The states of an entry.
QUEUED, RUNNING, MOVED, FAILED = "queued", "running", "moved", "failed"
CANNOT, TAKEN_OUT, KEPT = "cannot move", "taken out", "kept"  # KEPT: it was no longer where the plan has it from
OVER = (MOVED, FAILED, CANNOT, TAKEN_OUT, KEPT)

# The entries of the log; each has `number`, but for those of the queue itself.
BEGUN, PAUSED, RESUMED, STOPPED, FINISHED = "begun", "paused", "resumed", "stopped", "finished"
STARTING = "starting"  # target: before libvirt is asked for anything
STARTED = "started"  # run: its folder
NOT_STARTED = "not-started"  # an earlier process ended between the two, and the VM was not touched
ENDED = "ended"  # state, why, figures, `run` if it was not known before; with `again`, it is tried elsewhere
LIMITS = "limits"  # limits: those that hold from here on
DROPPED = "dropped"  # state TAKEN_OUT, KEPT or CANNOT, and why: without a migration


@dataclass(frozen=True)
class Attempt:
    """One migration to a host; `run` is its folder, "" if it was not started, `why` the reason if it failed."""

    target: str
    run: str = ""
    why: str = ""


@dataclass(frozen=True)
class EntryState:
    """What is known of one entry; the figures are libvirt's of the migration that moved it, None if unknown."""

    state: str = QUEUED
    why: str = ""
    attempts: tuple[Attempt, ...] = ()
    total_s: float | None = None
    downtime_s: float | None = None

    @property
    def target(self) -> str:
        """The host of the newest attempt, "" if there was none."""
        return self.attempts[-1].target if self.attempts else ""

    @property
    def run(self) -> str:
        """The folder of the newest attempt, "" if there is none."""
        return self.attempts[-1].run if self.attempts else ""

    @property
    def tried(self) -> frozenset[str]:
        """The hosts that it could not be moved to."""
        return frozenset(each.target for each in self.attempts if each.why)

    def last(self, **values: Any) -> tuple[Attempt, ...]:
        """The attempts with other values of the newest one."""
        return (*self.attempts[:-1], replace(self.attempts[-1], **values)) if self.attempts else ()


@dataclass(frozen=True)
class Progress:
    """The states of the entries that are not simply queued, by number."""

    entries: Mapping[int, EntryState] = field(default_factory=dict)
    paused: bool = False
    stopped: str = ""  # why it stopped: by a person, or by failures
    finished: bool = False
    forgiven: int = 0  # failures before it was continued last
    other_limits: bool = False  # they were changed while it ran

    def of(self, number: int) -> EntryState:
        """The state of an entry."""
        return self.entries.get(number, EntryState())

    @property
    def failures(self) -> tuple[int, ...]:
        """The numbers of the entries that have failed."""
        return tuple(number for number, each in self.entries.items() if each.state == FAILED)

    @property
    def running(self) -> tuple[int, ...]:
        """The numbers of the entries that were begun and have no end."""
        return tuple(number for number, each in self.entries.items() if each.state == RUNNING)

    def after(self, entry: Mapping[str, Any]) -> "Progress":
        """The progress after one more entry of the log; unknown kinds change nothing.

        KeyError, TypeError or ValueError if it is damaged.
        """
        kind = entry.get("do")
        if kind == BEGUN:
            return Progress(self.entries, forgiven=len(self.failures), other_limits=self.other_limits)
        if kind in (PAUSED, RESUMED):
            return replace(self, paused=kind == PAUSED)
        if kind == STOPPED:
            return replace(self, stopped=str(entry.get("why", "")) or "it was stopped")
        if kind == FINISHED:
            return replace(self, finished=True)
        if kind == LIMITS:
            return replace(self, other_limits=True)
        if kind not in (STARTING, STARTED, NOT_STARTED, ENDED, DROPPED):
            return self
        number = _number(entry["number"])
        return replace(self, entries={**self.entries, number: _after(self.of(number), str(kind), entry)})


def _after(known: EntryState, kind: str, entry: Mapping[str, Any]) -> EntryState:
    why = str(entry.get("why", ""))
    if kind == STARTING:
        return replace(known, state=RUNNING, why="", attempts=(*known.attempts, Attempt(str(entry["target"]))))
    if kind == STARTED:
        return replace(known, attempts=known.last(run=str(entry["run"])))
    if kind == NOT_STARTED:
        return replace(known, state=QUEUED, attempts=known.attempts[:-1])
    state = _known_state(entry["state"])
    if kind == DROPPED:
        return replace(known, state=state, why=why)
    known = replace(known, attempts=known.last(run=str(entry["run"]))) if entry.get("run") else known
    attempts = known.last(why=why) if state == FAILED else known.attempts
    if state == FAILED and entry.get("again") is True:
        return replace(known, state=QUEUED, why=why, attempts=attempts)
    figures = {name: seconds_of(entry.get(name)) for name in ("total_s", "downtime_s")}
    return replace(known, state=state, why=why, attempts=attempts, **figures)


def progress_of(entries: Iterable[Mapping[str, Any]]) -> Progress:
    """The progress after all entries of a log; an entry that is damaged is skipped."""
    return after_all(Progress(), entries, Progress.after)


def _number(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{value!r} is no number of an entry")
    return value


def _known_state(value: Any) -> str:
    if value not in OVER:
        raise ValueError(f"{value!r} is no end of an entry")
    return str(value)

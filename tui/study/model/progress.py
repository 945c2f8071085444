"""The progress of a study: what its log says of each run, and whether it goes on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tui.core.journal import after_all, seconds_of
from tui.study.model.schedule import number_of

BEGUN, MIGRATING, ENDED, STOPPED, FINISHED = "begun", "migrating", "ended", "stopped", "finished"
DONE_OK, DONE_CENSORED, DONE_CANCELLED, DONE_FAILED = "completed", "censored", "cancelled", "failed"
ENDS = {DONE_OK: "completed", DONE_CENSORED: "over the limit", DONE_CANCELLED: "cancelled", DONE_FAILED: "failed"}
SHORT_ENDS = ENDS | {DONE_CENSORED: "over limit"}  # in a table
OUT, BACK = "out", "back"  # from the first host of the study to the other one, and back


@dataclass(frozen=True)
class Done:
    """A run that has ended; `total_s` and `downtime_s` of its migration are libvirt's, `took_s` is all of the run."""

    number: int
    result: str
    direction: str = ""
    run: str = ""  # its folder, "" if no migration was started
    why: str = ""
    total_s: float | None = None
    took_s: float | None = None
    downtime_s: float | None = None  # of a migration that completed

    @property
    def failed(self) -> bool:
        """Whether it counts as a failure: a run that was cancelled by hand or by the limit does not."""
        return self.result == DONE_FAILED


@dataclass(frozen=True)
class Progress:
    """The runs that are done, by number, and what was under way when the log ended."""

    done: Mapping[int, Done] = field(default_factory=dict)
    migrating: tuple[int, str, str] | None = None  # number, run and direction of a migration without an end
    stopped: str = ""  # why it stopped by itself or by a person

    def after(self, entry: Mapping[str, Any]) -> "Progress":
        """The progress after one more entry of the log; FINISHED and unknown kinds change nothing."""
        kind = entry.get("do")
        if kind == BEGUN:
            return replace(self, stopped="")
        if kind == MIGRATING:
            found = number_of(entry["number"]), str(entry["run"]), str(entry.get("direction", ""))
            return replace(self, migrating=found)
        if kind == ENDED:
            done = done_of(entry)
            return replace(self, done={**self.done, done.number: done}, migrating=None)
        if kind == STOPPED:
            return replace(self, stopped=str(entry.get("why", "")) or "it was stopped")
        return self

    @property
    def failures_in_a_row(self) -> int:
        """How many of the newest runs have failed."""
        count = 0
        for done in reversed(list(self.done.values())):
            if not done.failed:
                break
            count += 1
        return count


def progress_of(entries: Iterable[Mapping[str, Any]]) -> Progress:
    """The progress after all entries of a log; an entry that is damaged is skipped."""
    return after_all(Progress(), entries, Progress.after)


def done_of(entry: Mapping[str, Any]) -> Done:
    """The run of an entry; KeyError, TypeError or ValueError if a value is missing or of another type."""
    seconds = [seconds_of(entry.get(name)) for name in ("total_s", "took_s", "downtime_s")]
    direction, run, why = (str(entry.get(name, "")) for name in ("direction", "run", "why"))
    return Done(number_of(entry["number"]), str(entry["result"]), direction, run, why, *seconds)

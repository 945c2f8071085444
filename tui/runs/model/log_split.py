"""Tells the migrations of a log apart."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tui.migration.model.domjobinfo import CANCELLED, COMPLETED, FAILED, MIGRATIONS
from tui.runs.model.domjobinfo_log import Gone, Output

SAMPLE, RESULT, ENDED = "sample", "result", "ended"
INCOMING, OUTGOING = MIGRATIONS[1:]
RESULTS = (COMPLETED, FAILED, CANCELLED)
NEVER_FALL = ("time_elapsed", "memory_processed", "memory_iteration")  # within one migration

# What follows a migration in the log.
NO_JOB, NO_VM, ANOTHER, NOTHING = "no job", "no VM", "another", "nothing"


class Part(NamedTuple):
    """An output of a migration; `follows` is what of an ENDED one comes after it."""

    kind: str
    output: Output
    follows: str = ""


class Splitter:
    """Splits the outputs of one log; the counts are complete when `split` has ended."""

    def __init__(self) -> None:
        self.idle = 0  # outputs without a job
        self.others = 0  # outputs of other jobs, such as a snapshot
        self._last: Output | None = None  # the newest output of the migration, while it may continue
        self._result: Output | None = None
        self._follows = ""
        self._idle_since = 0  # outputs without a job since the newest one of the migration

    def split(self, outputs: Iterable[Output | Gone]) -> Iterator[Part]:
        """The parts in the order of the log; each migration ends with one of kind ENDED."""
        for each in outputs:
            if isinstance(each, Gone):
                self._follows = self._follows or NO_VM
            elif each.idle:
                self.idle += 1
                self._idle_since += 1
                self._follows = self._follows or NO_JOB
            elif int(each.number("operation") or 0) not in MIGRATIONS:
                self.others += 1
                yield from self._end(ANOTHER)
            elif each.kind in RESULTS:
                yield from self._take_result(each)
            else:
                yield from self._take_sample(each)
        yield from self._end(NOTHING)

    def _take_sample(self, output: Output) -> Iterator[Part]:
        last = self._last
        if last is not None and not self._follows and _is_destinations(last, output):
            self.others += 1  # a second loop writes to the same file
            return
        if last is not None and self._follows == NO_JOB and self._idle_since == 1:
            self._follows = ""  # that of `--completed`, which the loop calls, too
        if last is not None and (self._follows or self._result or falls_back(last, output)):
            yield from self._end(ANOTHER)
        yield from self._add(SAMPLE, output)

    def _take_result(self, output: Output) -> Iterator[Part]:
        if self._result is not None and self._result.stats == output.stats:
            return  # it was kept, and read again
        last = self._last
        if last is not None and (self._result or not _is_result_of(output, last)):
            yield from self._end(ANOTHER)
        yield from self._add(RESULT, output)
        self._result = output

    def _add(self, kind: str, output: Output) -> Iterator[Part]:
        if self._last is None:
            self._follows = ""
        self._last, self._idle_since = output, 0
        yield Part(kind, output)

    def _end(self, follows: str) -> Iterator[Part]:
        if self._last is not None:
            yield Part(ENDED, self._last, self._follows or follows)
        self._last = self._result = None
        self._follows = ""


def falls_back(before: Output, after: Output) -> bool:
    """Whether `after` is of another migration than `before`: what only grows has become less, or the job is another."""
    if _differ(before.number("operation"), after.number("operation")):
        return True
    return any(_less(after.number(name), before.number(name)) for name in NEVER_FALL)


def _is_destinations(before: Output, after: Output) -> bool:
    """Whether it is the destination's view of the migration that the source reports."""
    return (before.number("operation"), after.number("operation")) == (OUTGOING, INCOMING)


def _is_result_of(result: Output, last: Output) -> bool:
    """Whether a result can be that of the migration; the destination reports the same one as incoming."""
    elapsed = result.number("time_elapsed")
    return not elapsed or not _less(elapsed, last.number("time_elapsed"))  # that of a cancelled job may be 0


def _less(after: float | None, before: float | None) -> bool:
    return after is not None and before is not None and after < before


def _differ(before: float | None, after: float | None) -> bool:
    return bool(before and after and before != after)

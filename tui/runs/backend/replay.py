"""Reads the records of a run up to any of its moments. Blocks; for threads."""

import errno
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tui.core.failure import Failure
from tui.core.regular_file import LARGE_READS, open_regular
from tui.migration.backend.recording.recorder import RAW
from tui.migration.model.record import EVERY_SECOND, Event, Record, from_line
from tui.migration.model.timeline import POST_COPY, SWITCHOVER, Timeline
from tui.runs.model.replay import Track

HIDING = EVERY_SECOND | {"iteration"}  # kinds of events that are not jumped to: they would hide the others


class ReplayLog:
    """The places of the records in raw.jsonl and their moments, not the records: a log may have 100 MB.

    A record counts at the latest moment of those before it, because records of two threads may be out of order.
    """

    def __init__(self, folder: Path) -> None:
        """Read the log once; Failure if it can't be read or has no record."""
        self._raw = folder / RAW
        self._places, self._moments = array("q"), array("d")
        passes, events = array("d"), array("d")
        switch: float | None = None
        timeline, now = Timeline(), 0.0
        number, phase = timeline.iteration, timeline.phase  # after the record before
        try:
            for place, each in _places_of(self._raw):
                try:
                    timeline.add(each)
                except (ValueError, KeyError, TypeError, AttributeError):  # as open_run, which reports how many
                    continue
                now = max(now, each.t)
                self._places.append(place)
                self._moments.append(now)
                if isinstance(each, Event) and each.kind in EVERY_SECOND:  # nothing begins with one
                    continue
                if timeline.iteration > number and timeline.post_copy_at is None:
                    passes.append(now)
                if timeline.phase in (SWITCHOVER, POST_COPY) and phase not in (SWITCHOVER, POST_COPY):
                    switch = now
                if isinstance(each, Event) and each.kind not in HIDING:
                    events.append(now)
                number, phase = timeline.iteration, timeline.phase
        except OSError as error:
            raise self._unreadable(error) from error
        if not self._moments:
            raise Failure(f"The log of {folder.name} has no record")
        self.track = Track(self._moments[0], now, passes, events, switch)

    def count_at(self, at: float) -> int:
        """The number of records up to this moment."""
        return bisect_right(self._moments, at)

    def records(self, first: int, end: int) -> list[Record]:
        """The records from number `first` up to `end`, without it."""
        return list(self._records(first, end))

    def timeline(self, end: int) -> Timeline:
        """The timeline of the records before number `end`."""
        return Timeline(self._records(0, end))

    def _records(self, first: int, end: int) -> Iterator[Record]:
        try:
            with open_regular(self._raw, LARGE_READS) as file:
                for place in self._places[first:end]:
                    file.seek(place)
                    yield from_line(_text(file.readline()))
        except ValueError as error:
            raise self._unreadable(OSError(errno.EIO, "it has changed meanwhile")) from error
        except OSError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: OSError) -> Failure:
        reason = error.strerror or str(error)
        return Failure(f"The log of {self._raw.parent.name} can't be read", reason, detail=str(self._raw))


def _places_of(raw: Path) -> Iterator[tuple[int, Record]]:
    """The records with their places in the file, without broken lines."""
    with open_regular(raw, LARGE_READS) as file:
        for place, line in _lines(file):
            try:
                each = from_line(_text(line))
            except ValueError:  # open_run reports how many
                continue
            yield place, each


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    place = 0
    for line in file:
        yield place, line
        place += len(line)


def _text(line: bytes) -> str:
    return line.decode(errors="replace")

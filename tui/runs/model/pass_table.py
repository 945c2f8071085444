"""The passes of one run as rows: what each sent and left, how fast pages were dirtied, and what it had to get under."""

from collections.abc import Sequence
from typing import NamedTuple

from tui.migration.model.points import Point
from tui.migration.model.record import EVERY_SECOND, Event, Record, number_in
from tui.migration.model.timeline import Timeline

TITLES = ("pass", "began s", "ended s", "sent MiB", "left MiB", "dirty MiB/s", "threshold MiB")


class PassRow(NamedTuple):  # a day has 30,000 of them
    """Seconds since the start, bytes, and bytes per second; `threshold` is rate x maximum downtime at its end.

    `left` is None for a pass that did not end: the switchover or the switch to post-copy interrupted it.
    """

    number: int
    began_s: float
    ended_s: float
    sent_bytes: int
    left_bytes: int | None
    dirty_rate: float | None
    threshold_bytes: int | None


class PassTable:
    """Feeds a timeline, and keeps a row for each of its passes."""

    def __init__(self) -> None:
        self.timeline = Timeline()
        self._rows: list[PassRow] = []
        self._sent_before: int | None = None  # bytes, when the current pass began
        self._newest: Point | None = None  # before post-copy
        self._threshold: int | None = None

    def add(self, each: Record) -> None:
        """Add the next record."""
        timeline = self.timeline
        if isinstance(each, Event) and each.kind in EVERY_SECOND:  # changes no pass, and most records are such events
            timeline.add(each)
            return
        ended = timeline.passes.added
        timeline.add(each)
        point = timeline.point
        if point is None:
            return
        if timeline.passes.added > ended:
            last = timeline.passes[-1]
            row = PassRow(last.number, last.began, last.ended, last.sent, last.left, point.dirty_rate, self._threshold)
            self._rows.append(row)
            self._sent_before = point.transferred
        elif self._sent_before is None:
            self._sent_before = point.transferred
        if timeline.post_copy_at is None:
            self._newest, self._threshold = point, timeline.threshold or self._threshold

    @property
    def rows(self) -> tuple[PassRow, ...]:
        """The passes, with the last one up to the switch to post-copy or the end."""
        newest, timeline = self._newest, self.timeline
        if newest is None:
            return tuple(self._rows)
        number = self._rows[-1].number + 1 if self._rows else 1
        sent, ended = newest.transferred, timeline.post_copy_at
        if ended is None:  # the switchover sent the rest
            ended = timeline.total_s or newest.t
            sent = max(sent, int(number_in(timeline.final, "memory_processed") or 0))
        sent, began = max(0, sent - (self._sent_before or 0)), timeline.pass_began
        last = PassRow(number, began, max(began, ended), sent, None, newest.dirty_rate, self._threshold)
        return (*self._rows, last)


def pass_lines(passes: Sequence[PassRow]) -> list[str]:
    """A header and one line a pass; a dash if a figure is unknown."""
    rows = [TITLES]
    for each in passes:
        sizes = (each.sent_bytes, each.left_bytes, each.dirty_rate, each.threshold_bytes)
        mib = ("-" if amount is None else f"{amount / (1 << 20):.1f}" for amount in sizes)
        rows.append((str(each.number), f"{each.began_s:.2f}", f"{each.ended_s:.2f}", *mib))  # type: ignore[arg-type]
    return ["  ".join(f"{cell:>{len(title)}}" for cell, title in zip(row, TITLES, strict=True)) for row in rows]

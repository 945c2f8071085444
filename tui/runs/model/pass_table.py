"""The passes of one run as rows: what each sent and left, how fast pages were dirtied, and what it had to get under."""

from collections.abc import Sequence
from typing import NamedTuple

from tui.migration.model.points import Point
from tui.migration.model.record import EVERY_SECOND, Event, Record, number_in
from tui.migration.model.timeline import Timeline

TITLES = ("pass", "began s", "ended s", "sent MiB", "left MiB", "dirty MiB/s", "threshold MiB")


class PassRow(NamedTuple):  # a day has 30,000 of them
    """Seconds since the start, bytes, and bytes per second; `threshold` is rate x maximum downtime at its end.

    If more than one pass ended between two samples, the row is all of them, from the pass `first`. `sent_bytes` is None
    if nothing was read after its begin. `left_bytes` is None for a pass that did not end: the switchover or the switch
    to post-copy interrupted it.
    """

    number: int
    began_s: float
    ended_s: float
    sent_bytes: int | None
    left_bytes: int | None
    dirty_rate: float | None
    threshold_bytes: int | None
    first: int


class PassTable:
    """Feeds a timeline, and keeps a row for each of its passes."""

    def __init__(self) -> None:
        self.timeline = Timeline()
        self._rows: list[PassRow] = []
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
            number, began, ended_s, left, sent, first = timeline.passes[-1]
            row = PassRow(number, began, ended_s, sent, left, point.dirty_rate, self._threshold, first)
            self._rows.append(row)
        if timeline.post_copy_at is None:
            self._newest, self._threshold = point, timeline.threshold or self._threshold

    @property
    def rows(self) -> tuple[PassRow, ...]:
        """The passes, with the last one up to the switch to post-copy or the end."""
        newest, timeline = self._newest, self.timeline
        if newest is None:
            return tuple(self._rows)
        number, began, before = timeline.current_pass, timeline.pass_began, timeline.sent_before_pass
        sent, ended = newest.transferred, timeline.post_copy_at
        if ended is None:  # the switchover sent the rest
            ended = timeline.total_s or newest.t
            sent = max(sent, int(number_in(timeline.final, "memory_processed") or 0))
        ended = max(began, ended)
        if self._rows and sent <= before and not self._rows[-1].left_bytes and self._rows[-1].number == number - 1:
            # The pass before left nothing when it was read: the rest had been sent in the pause.
            return (*self._rows[:-1], self._rows[-1]._replace(number=number, ended_s=ended, left_bytes=None))
        read = newest.t > began or sent > before
        row = PassRow(
            number, began, ended, sent - before if read else None, None, newest.dirty_rate, self._threshold, number
        )
        return (*self._rows, row)


def pass_lines(passes: Sequence[PassRow]) -> list[str]:
    """A header and one line a row; a dash if a figure is unknown."""
    rows = [TITLES]
    for each in passes:
        sizes = (each.sent_bytes, each.left_bytes, each.dirty_rate, each.threshold_bytes)
        mib = ("-" if amount is None else f"{amount / (1 << 20):.1f}" for amount in sizes)
        number = str(each.number) if each.first == each.number else f"{each.first}-{each.number}"
        rows.append((number, f"{each.began_s:.2f}", f"{each.ended_s:.2f}", *mib))  # type: ignore[arg-type]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]

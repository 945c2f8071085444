"""One VM of the table of many migrations: its entry in the queue, and what its records show now."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui.forecast.model.interval import Interval
from tui.migration.model.headline import progress
from tui.migration.model.outlook import expected, fetching, left_of
from tui.migration.model.record import number_in
from tui.migration.model.timeline import COMPLETED, POST_COPY, Timeline
from tui.queue.model.progress import CANNOT, FAILED, KEPT, MOVED, QUEUED, RUNNING, TAKEN_OUT

FEW = 2  # migrations under way, from which they have a table
# What needs a person or changes comes first, what is over last.
ORDER = (RUNNING, FAILED, QUEUED, CANNOT, TAKEN_OUT, KEPT, MOVED)


@dataclass(frozen=True)
class Move:
    """One line; `run` is the name of its newest migration, "" before it, `phase` how far that is, in a few words.

    `curve` are (seconds, bytes remaining). Bytes, bytes per second and seconds are None while they are unknown.
    `left_s` are the seconds until its end, `total_s` those that it took. A pause is a forecast while it is under way.
    """

    vm: str
    origin: str
    target: str
    state: str = QUEUED
    run: str = ""
    number: int = 0  # its place in the queue, 0 if it is not of the queue
    phase: str = ""
    curve: tuple[tuple[float, float], ...] = ()
    remaining: int | None = None
    rate: float | None = None
    left_s: Interval | None = None
    total_s: float | None = None
    pause_s: float | None = None
    why: str = ""

    @property
    def key(self) -> str:
        """What identifies the line: a VM is once in a queue, and has one migration at a time."""
        return self.vm

    @property
    def under_way(self) -> bool:
        """Whether it is being migrated."""
        return self.state == RUNNING


def move_of(entry: Mapping[str, Any], timeline: Timeline | None, elapsed: float) -> Move:
    """The line of an entry of the queue; `timeline` is that of its newest migration, None if it is not followed."""
    state, number = str(entry["state"]), int(entry["number"])
    way = str(entry["vm"]), str(entry["origin"]), str(entry["target"]), state, str(entry["run"]), number
    figures = _figures(timeline, elapsed) if timeline is not None else _read(entry["migration"])
    if state == RUNNING:
        return Move(*way, **figures)
    curve, tried = figures.get("curve", ()), [each for each in entry["attempts"] if each["why"]]
    why = str(entry["why"])
    if state == QUEUED:  # an earlier attempt is no part of what is to come
        return Move(*way, why=f"{tried[-1]['target']}: {why}" if tried and why else "")
    return Move(*way, curve=curve, total_s=entry["total_s"], pause_s=entry["downtime_s"], why=why)


def move_of_other(vm: str, way: tuple[str, str], run: str, timeline: Timeline, elapsed: float) -> Move:
    """The line of a migration that is not of the queue."""
    state = RUNNING if not timeline.over else MOVED if timeline.phase == COMPLETED else FAILED
    return Move(vm, *way, state, run, **_figures(timeline, elapsed))


def ordered(moves: Sequence[Move]) -> list[Move]:
    """What is under way first, then what failed and what waits; what is over last."""
    return sorted(moves, key=lambda each: (ORDER.index(each.state), each.number, each.run))


def total_rate(moves: Sequence[Move]) -> float | None:
    """The bytes per second of all that are under way; None if none is known."""
    rates = [each.rate for each in moves if each.under_way and each.rate is not None]
    return sum(rates) if rates else None


def _read(migration: Mapping[str, Any] | None) -> dict[str, Any]:
    """The figures that the status of the queue has of a migration."""
    if migration is None:
        return {"phase": "starting"}
    phase = f"pass {migration['pass']}" if migration["phase"] == "pass" else str(migration["phase"])
    return {"phase": phase, "remaining": migration["remaining_bytes"]}


def _figures(timeline: Timeline, elapsed: float) -> dict[str, Any]:
    point = timeline.point
    found: dict[str, Any] = {"phase": progress(timeline), "curve": tuple((p.t, p.remaining) for p in timeline.points)}
    if timeline.over:
        downtime_ms = number_in(timeline.final, "downtime")
        error = ": ".join(str(timeline.error[key]) for key in ("what", "why") if timeline.error.get(key))
        pause_s = downtime_ms / 1000 if downtime_ms is not None else None
        return found | {"total_s": timeline.total_s, "pause_s": pause_s, "why": error}
    if point is not None:
        found |= {"remaining": point.remaining, "rate": point.rate}
    return found | {"left_s": _left(timeline, elapsed), "pause_s": _pause(timeline)}


def _left(timeline: Timeline, elapsed: float) -> Interval | None:
    if timeline.phase == POST_COPY:
        fetched = fetching(timeline)
        return fetched.left_s if fetched is not None else None
    forecast = expected(timeline)
    return left_of(forecast, elapsed) if forecast is not None else None


def _pause(timeline: Timeline) -> float | None:
    """The pause that the forecast expects, else QEMU."""
    forecast, point = expected(timeline), timeline.point
    if forecast is not None and math.isfinite(forecast.downtime_s.likely):
        return forecast.downtime_s.likely
    if point is None or not point.expected_downtime_ms:
        return None
    return point.expected_downtime_ms / 1000

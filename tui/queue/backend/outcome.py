"""What came of one migration of a queue: from its actor, or from the folder of its run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.migration.backend.recording.run_result import result_in
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.model.record import RUNNING, number_in
from tui.migration.model.timeline import CANCELLED, COMPLETED, Timeline
from tui.queue.model.progress import FAILED, MOVED, TAKEN_OUT

WAS_CANCELLED = "its migration was cancelled"


@dataclass(frozen=True)
class Outcome:
    """`state` is MOVED, FAILED or TAKEN_OUT (it was cancelled); the figures are libvirt's, None if unknown.

    `recorded` is whether the end of the migration was recorded.
    """

    state: str
    why: str = ""
    total_s: float | None = None
    downtime_s: float | None = None
    recorded: bool = True


def outcome_of(migration: MigrationActor) -> Outcome:
    """The outcome of a migration that is over."""
    timeline = migration.timeline
    if timeline.phase == CANCELLED:
        return Outcome(TAKEN_OUT, WAS_CANCELLED)
    if timeline.phase != COMPLETED:
        return Outcome(FAILED, _why(timeline))
    verified = timeline.verified
    if verified is not None and not verified[0]:
        return Outcome(FAILED, verified[1])
    downtime_ms = number_in(timeline.final, "downtime")
    downtime_s = downtime_ms / 1000 if downtime_ms is not None and downtime_ms >= 0 else None
    return Outcome(MOVED, "", timeline.total_s, downtime_s)


def _why(timeline: Timeline) -> str:
    what, why = (str(timeline.error.get(key, "")) for key in ("what", "why"))
    return ": ".join(filter(None, (what, why))) or f"its outcome is {timeline.phase}"


def outcome_in(folder: Path) -> Outcome:
    """The outcome in the folder of a run; one without an end has failed, as far as is recorded."""
    try:
        found = result_in(folder)
    except (OSError, ValueError) as error:
        return Outcome(FAILED, f"its record cannot be read: {error}", recorded=False)
    if found.outcome == COMPLETED:
        return Outcome(MOVED, "", found.total_s, found.downtime_s)
    if found.outcome == CANCELLED:
        return Outcome(TAKEN_OUT, WAS_CANCELLED)
    if found.outcome == RUNNING:
        return Outcome(FAILED, "the end of its migration was not recorded", recorded=False)
    reason = found.table("error")
    words = ": ".join(str(reason[key]) for key in ("what", "why") if reason.get(key))
    return Outcome(FAILED, words or f"the outcome of its migration is {found.outcome}")


def table_of(queue: str, number: int, attempt: int) -> dict[str, Any]:
    """The table of run.toml that says to which attempt of which queue a run belongs."""
    return {"queue": {"id": queue, "number": number, "attempt": attempt}}


def is_of(tables: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether tables of a run name that attempt."""
    return bool(tables.get("queue") == wanted["queue"])


def run_of(runs: Path, since: str, wanted: Mapping[str, Any]) -> Path | None:
    """The folder of the run of an attempt, None if there is none; `since` begins the names that may be it. Blocks."""
    for folder in _newest(runs, since):
        try:
            if is_of(result_in(folder).tables, wanted):
                return folder
        except (OSError, ValueError):
            continue  # another run, or one whose record is damaged: its VM shows what came of it
    return None


def _newest(runs: Path, since: str) -> Iterable[Path]:
    try:
        return sorted((each for each in runs.iterdir() if each.name >= since), reverse=True)
    except OSError:
        return ()

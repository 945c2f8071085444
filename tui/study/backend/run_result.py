"""What became of a run of a study that no process of the study has seen end, read from its folder."""

import sys
from pathlib import Path

from tui.core.quantity import MOST_S
from tui.core.regular_file import read_regular
from tui.migration.backend.recording.recorder import SUMMARY
from tui.migration.model.record import RUNNING
from tui.migration.model.timeline import CANCELLED, COMPLETED
from tui.study.model.progress import DONE_CANCELLED, DONE_CENSORED, DONE_FAILED, DONE_OK, Done

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def result_of(folder: Path, number: int, direction: str) -> Done:
    """The result in run.toml; a run without an end has failed, because nobody knows what became of it."""
    try:
        found = tomllib.loads(read_regular(folder / SUMMARY).decode())
        outcome, figures, study = (found.get(name) for name in ("outcome", "figures", "study"))
        total_s, downtime_s = (_seconds(figures, name) for name in ("total_time_ms", "downtime_ms"))
    except (OSError, ValueError) as error:
        return Done(number, DONE_FAILED, direction, str(folder), f"its record cannot be read: {error}")
    result = {COMPLETED: DONE_OK, CANCELLED: DONE_CANCELLED}.get(str(outcome), DONE_FAILED)
    study = study if isinstance(study, dict) else {}
    limit_s = study.get("limit_s")
    unmarked = isinstance(limit_s, (int, float)) and total_s is not None and total_s > limit_s  # nobody watched it
    if result != DONE_FAILED and (unmarked or study.get("censored") is True):
        result = DONE_CENSORED
    why = "its end was not recorded" if outcome == RUNNING else f"its outcome is {outcome}"
    why = "" if result in (DONE_OK, DONE_CENSORED) else why
    downtime_s = downtime_s if outcome == COMPLETED else None
    return Done(number, result, direction, str(folder), why, total_s, downtime_s=downtime_s)


def _seconds(figures: object, name: str) -> float | None:
    """A figure of run.toml; None if it is missing or the file is damaged."""
    found = figures.get(name) if isinstance(figures, dict) else None
    return found / 1000 if isinstance(found, (int, float)) and 0 <= found <= MOST_S * 1000 else None

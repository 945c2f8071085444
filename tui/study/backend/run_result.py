"""What became of a run of a study that no process of the study has seen end, read from its folder."""

from pathlib import Path

from tui.migration.backend.recording.run_result import result_in
from tui.migration.model.record import RUNNING
from tui.migration.model.timeline import CANCELLED, COMPLETED
from tui.study.model.progress import DONE_CANCELLED, DONE_CENSORED, DONE_FAILED, DONE_OK, Done


def result_of(folder: Path, number: int, direction: str) -> Done:
    """The result in run.toml; a run without an end has failed, because nobody knows what became of it."""
    try:
        found = result_in(folder)
    except (OSError, ValueError) as error:
        return Done(number, DONE_FAILED, direction, str(folder), f"its record cannot be read: {error}")
    result = {COMPLETED: DONE_OK, CANCELLED: DONE_CANCELLED}.get(found.outcome, DONE_FAILED)
    study = found.table("study")
    limit_s = study.get("limit_s")
    # nobody watched it
    unmarked = isinstance(limit_s, (int, float)) and found.total_s is not None and found.total_s > limit_s
    if result != DONE_FAILED and (unmarked or study.get("censored") is True):
        result = DONE_CENSORED
    why = "its end was not recorded" if found.outcome == RUNNING else f"its outcome is {found.outcome}"
    why = "" if result in (DONE_OK, DONE_CENSORED) else why
    downtime_s = found.downtime_s if found.outcome == COMPLETED else None
    return Done(number, result, direction, str(folder), why, found.total_s, downtime_s=downtime_s)

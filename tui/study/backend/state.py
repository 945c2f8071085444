"""What a study does, or has done."""

from typing import TYPE_CHECKING

from tui.study.backend import store
from tui.study.backend.store import Study
from tui.study.model import status

if TYPE_CHECKING:
    from tui.study.backend.engine import Engine  # only the runner has one


def state_of(study: Study, engine: "Engine | None" = None) -> str:
    """What a study does, by the engine that works on it, or has done; without one, by its log."""
    if engine is not None and engine.under_way:
        return status.STOPPING if engine.stopping else status.WAITING if engine.waiting else status.RUNNING
    if not study.left:
        return status.FINISHED
    if study.progress.stopped:
        return status.STOPPED
    return status.RUNNING if engine is None and store.in_use(study.folder) else status.INTERRUPTED

"""The queues of a configuration as their folders have them, without the process that works on one."""

from pathlib import Path
from typing import Any

from tui.core.failure import Failure
from tui.queue.backend import store
from tui.queue.backend.service import state_of
from tui.queue.model.estimate import estimate
from tui.queue.model.status import DAMAGED, status_fields


def list_queues(queues: Path, config: str) -> list[dict[str, Any]]:
    """The status of each queue, the newest first; one that cannot be read has only `id`, `folder`, `state` and `why`.

    Blocks.
    """
    return [_status(folder) for folder in store.own(queues, config)]


def _status(folder: Path) -> dict[str, Any]:
    about = {"id": folder.name, "folder": str(folder)}
    try:
        queue = store.load(folder)
    except Failure as failure:
        return {**about, "state": DAMAGED, "why": failure.reason}
    plan, progress = queue.plan, queue.progress
    about |= {"state": state_of(queue), "why": progress.stopped, "began": queue.began, "ended": queue.ended}
    return about | status_fields(plan, progress, estimate(plan, progress), {})

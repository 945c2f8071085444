"""The actions on a checklist, done by a Job: each returns its outcome as a sentence."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tui.checklist.backend.checklist import Checklist, require_good
from tui.checklist.backend.jobs import Job
from tui.checklist.model.check import Item
from tui.checklist.model.summary import fixed
from tui.core.failure import Failure
from tui.linux.change import Change

Call = Callable[[Job], Awaitable[str]]


async def fix(checklist: Checklist[Any], id: str, shown: Change, job: Job) -> str:
    """Fix one line, only by the change that was shown."""
    if checklist[id].change != shown:
        why, hint = "the fix has changed since you saw it", "Fix the line again to see the new one."
        raise Failure("Nothing was changed", why, hint)
    item = await checklist.apply(id, job.record)
    return f"Fixed: {item.title}. {require_good(item).found}."


async def fix_all(checklist: Checklist[Any], shown: Mapping[str, Change], job: Job) -> str:
    """Fix all that is missing, only by the changes that were shown."""
    applied = await checklist.apply_missing(job.record, shown, lambda item: _begin(job, item))
    return f"{'Stopped, as you asked. ' if job.stopping else ''}{fixed(applied, checklist.items)}"


async def undo(checklist: Checklist[Any], id: str, job: Job) -> str:
    """Undo what was applied for one line."""
    return f"Undone: {(await checklist.undo(id, job.record)).title}."


async def undo_all(checklist: Checklist[Any], job: Job) -> str:
    """Undo all that was applied."""
    await checklist.undo_all(job.record, lambda item: _begin(job, item))
    left = sum(item.undo is not None for item in checklist.items)
    return f"Stopped, as you asked; still to undo: {left}." if left else "All changes were undone."


def _begin(job: Job, item: Item) -> bool:
    """Whether the job may begin this line; if so, its transcript names the line."""
    if not job.stopping:
        job.step(f"{item.host}: {item.title}")
    return not job.stopping

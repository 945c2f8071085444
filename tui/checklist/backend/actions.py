"""The actions on a checklist as calls for a Job: each returns its outcome as a sentence."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tui.checklist.backend.checklist import Checklist, require_good
from tui.checklist.backend.jobs import Job
from tui.checklist.model.check import Item
from tui.checklist.model.summary import fixed
from tui.core.failure import Failure
from tui.linux.change import Change

Call = Callable[[Job], Awaitable[str]]


def fix(checklist: Checklist[Any], id: str, shown: Change) -> Call:
    """Fix one line, only by the change that was shown."""

    async def call(job: Job) -> str:
        if checklist[id].change != shown:
            raise Failure(
                "Nothing was changed", "the fix has changed since you saw it", "Fix the line again to see the new one."
            )
        item = await checklist.apply(id, job.record)
        return f"Fixed: {item.title}. {require_good(item).found}."

    return call


def fix_all(checklist: Checklist[Any], shown: Mapping[str, Change]) -> Call:
    """Fix all that is missing, only by the changes that were shown."""

    async def call(job: Job) -> str:
        applied = await checklist.apply_missing(job.record, shown, lambda item: _begin(job, item))
        return f"{'Stopped, as you asked. ' if job.stopping else ''}{fixed(applied, checklist.items)}"

    return call


def undo(checklist: Checklist[Any], id: str) -> Call:
    """Undo what was applied for one line."""

    async def call(job: Job) -> str:
        return f"Undone: {(await checklist.undo(id, job.record)).title}."

    return call


def undo_all(checklist: Checklist[Any]) -> Call:
    """Undo all that was applied."""

    async def call(job: Job) -> str:
        await checklist.undo_all(job.record, lambda item: _begin(job, item))
        left = sum(item.undo is not None for item in checklist.items)
        return f"Stopped, as you asked; still to undo: {left}." if left else "All changes were undone."

    return call


def _begin(job: Job, item: Item) -> bool:
    """Whether the job may begin this line; if so, its transcript names the line."""
    if not job.stopping:
        job.step(f"{item.host}: {item.title}")
    return not job.stopping

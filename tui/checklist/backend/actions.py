"""What a person asks of a checklist, as works: each ends with the sentence that says what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tui.checklist.backend.changes import reported_to
from tui.checklist.backend.checklist import Checklist
from tui.checklist.backend.jobs import Job
from tui.checklist.model.check import Item
from tui.checklist.model.summary import fixed
from tui.core.failure import Failure
from tui.linux.change import Change

Call = Callable[[Job], Awaitable[str]]


def fix(checklist: Checklist[Any], id: str, shown: Change) -> Call:
    """One line, by the change that was shown and no other."""

    async def call(job: Job) -> str:
        if checklist[id].change != shown:
            raise Failure("Nothing was changed", "by now something else would be done", "Fix the line again to see it.")
        item = await checklist.apply(id, reported_to(job))
        found = item.finding.found if item.finding else "it can't be looked at"
        if item.finding is None or not item.finding.good:
            raise Failure(f"{item.title}: that was done, and it is not right yet", found)
        return f"Fixed: {item.title}. {found}."

    return call


def fix_all(checklist: Checklist[Any], shown: Mapping[str, Change]) -> Call:
    """All that is missing, by the changes that were shown."""

    async def call(job: Job) -> str:
        applied = await checklist.apply_missing(reported_to(job), shown, lambda item: _goes_on(job, item))
        return f"{'Stopped, as you asked. ' if job.stopping else ''}{fixed(applied, checklist.items)}"

    return call


def undo(checklist: Checklist[Any], id: str) -> Call:
    """What was applied for one line."""

    async def call(job: Job) -> str:
        return f"Taken back: {(await checklist.undo(id, reported_to(job))).title}."

    return call


def undo_all(checklist: Checklist[Any]) -> Call:
    """All that was applied."""

    async def call(job: Job) -> str:
        await checklist.undo_all(reported_to(job), lambda item: _goes_on(job, item))
        left = sum(item.undo is not None for item in checklist.items)
        return f"Stopped, as you asked: {left} are left." if left else "All that was done was taken back."

    return call


def _goes_on(job: Job, item: Item) -> bool:
    """Whether the next line is to begin; the work says which it is."""
    if not job.stopping:
        job.step(f"{item.host}: {item.title}")
    return not job.stopping

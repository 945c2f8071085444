"""What a person asks of a checklist, as works: each ends with the sentence that says what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tui.checklist.backend.changes import into
from tui.checklist.backend.checklist import Checklist
from tui.checklist.backend.jobs import Work
from tui.checklist.model.check import Item
from tui.checklist.model.summary import fixed
from tui.core.failure import Failure
from tui.linux.change import Change

Call = Callable[[Work], Awaitable[str]]


def fix(checklist: Checklist[Any], id: str, shown: Change) -> Call:
    """One line, by the change that was shown and no other."""

    async def call(work: Work) -> str:
        if checklist[id].change != shown:
            raise Failure("Nothing was changed", "by now something else would be done", "Press f again to see it.")
        item = await checklist.apply(id, into(work))
        found = item.finding.found if item.finding else "it can't be looked at"
        if item.finding is None or not item.finding.good:
            raise Failure(f"{item.title}: that was done, and it is not right yet", found)
        return f"Fixed: {item.title}. {found}."

    return call


def fix_all(checklist: Checklist[Any], shown: Mapping[str, Change]) -> Call:
    """All that is missing, by the changes that were shown."""

    async def call(work: Work) -> str:
        applied = await checklist.apply_missing(into(work), shown, lambda item: _goes_on(work, item))
        return f"{'Stopped, as you asked. ' if work.stopping else ''}{fixed(applied, checklist.items)}"

    return call


def undo(checklist: Checklist[Any], id: str) -> Call:
    """What was applied for one line."""

    async def call(work: Work) -> str:
        return f"Taken back: {(await checklist.undo(id, into(work))).title}."

    return call


def undo_all(checklist: Checklist[Any]) -> Call:
    """All that was applied."""

    async def call(work: Work) -> str:
        await checklist.undo_all(into(work), lambda item: _goes_on(work, item))
        left = sum(item.undo is not None for item in checklist.items)
        return f"Stopped, as you asked: {left} are left." if left else "All that was done was taken back."

    return call


def _goes_on(work: Work, item: Item) -> bool:
    """Whether the next line is to begin; the work says which it is."""
    if not work.stopping:
        work.step(f"{item.host}: {item.title}")
    return not work.stopping

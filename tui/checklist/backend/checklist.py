"""The checklist behind the Hosts and the NFS page: its steps are checked, applied and undone."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Generic

from tui.checklist.backend.changes import Changes, OnProgress
from tui.checklist.model.check import UNKNOWN, Finding, Item
from tui.checklist.model.step import F, Step
from tui.core.failure import Failure
from tui.linux.change import Change

MORE_READINGS = 2  # of a line that is unknown after its change
LONG = 150  # steps; from there on it takes long to evaluate them
PART = 0.1  # of the time of a reading, at most, goes to the evaluation of a long list for pages


class Checklist(Generic[F]):
    """Steps, the newest facts about them, and their changes.

    `read` yields increasingly complete facts and changes nothing on a host. `reading` is true while it runs, `was_read`
    once it has completed.
    """

    def __init__(
        self, steps: tuple[Step[F], ...], facts: F, read: Callable[[F], AsyncIterator[F]], changes: Changes
    ) -> None:
        self.steps = {step.id: step for step in steps}
        self.facts = facts
        self._read = read
        self._changes = changes
        self.sudo, self.jobs = changes.sudo, changes.jobs
        self._listeners: list[Callable[[], None]] = []
        self._one_reading = asyncio.Lock()
        self.reading = self.was_read = False
        self.since: float | None = None  # when the reading began that is under way, by time.monotonic()
        self.read_at: float | None = None  # when the last one was complete
        self.waits_for: Callable[[], str] = lambda: ""  # what the reading waits for, in words
        self._items: tuple[Item, ...] = ()
        # The facts and the revision of the journal that the items were made from.
        self._items_of: tuple[F, tuple[int, ...]] | None = None
        self._not_before = 0.0  # when a page may have a long list evaluated again, by time.monotonic()

    @property
    def problem(self) -> str:
        """Why something that was applied can't be undone here; usually empty."""
        return self._changes.journal.problem

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever the list may have changed."""
        self._listeners.append(listener)

    @property
    def items(self) -> tuple[Item, ...]:
        """The current items, in the order of the steps; evaluated once per change of the facts or of the journal."""
        made_of, revision = self._items_of, self._changes.journal.revision
        if made_of is None or made_of[0] is not self.facts or made_of[1] != revision:
            began = time.monotonic()
            findings = {step.id: step.check(self.facts) for step in self.steps.values()}
            applied = self._changes.journal.steps
            self._items = tuple(self._item(step, findings, applied) for step in self.steps.values())
            self._items_of = self.facts, revision  # the one from before: another app may write meanwhile
            ended = time.monotonic()
            self._not_before = ended + (ended - began) / PART
        return self._items

    @property
    def long(self) -> bool:
        """Whether it takes long to evaluate."""
        return len(self.steps) > LONG

    @property
    def recent(self) -> tuple[Item, ...]:
        """The items for a page: of a long list, those of some time ago while it is read, so that keys are not late."""
        if self.long and self.reading and self._items_of is not None and time.monotonic() < self._not_before:
            return self._items
        return self.items

    def __getitem__(self, id: str) -> Item:
        return next(item for item in self.items if item.id == id)

    async def refresh(self) -> AsyncIterator[tuple[Item, ...]]:
        """Read the hosts again; yields the items each time the facts become more complete."""
        async for _ in self._refresh():
            yield self.items

    async def _refresh(self) -> AsyncIterator[None]:
        """As `refresh`; does not evaluate the items, which takes long with many hosts."""
        async with self._one_reading:
            self.reading, self.since = True, time.monotonic()
            self._notify()
            try:
                async for facts in self._read(self.facts):
                    self.facts = facts
                    self._notify()
                    yield
                self.was_read, self.read_at = True, time.monotonic()
            finally:
                self.reading, self.since = False, None
                self._notify()

    async def apply(self, id: str, on_progress: OnProgress) -> Item:
        """Fix one step and read the hosts again; Failure where it could not be fixed."""
        item = self[id]
        if item.change is None or item.why_not:
            raise Failure(f"{item.title}: nothing was changed", item.why_not or "there is nothing to fix")
        try:
            await self._changes.apply(id, item.change, on_progress)
        finally:
            await self.refresh_fully()
        for _ in range(MORE_READINGS):
            if self[id].state != UNKNOWN:
                break
            await self.refresh_fully()  # a busy host, or a server that the change restarted, may reply now
        return self[id]

    async def apply_missing(
        self,
        on_progress: OnProgress,
        shown: Mapping[str, Change] | None = None,
        begin: Callable[[Item], bool] = lambda _: True,
    ) -> tuple[Item, ...]:
        """Fix all that is missing, in the order of the list; Failure at the first that did not become good.

        Skips steps whose needs can't be fixed here. `shown` holds the confirmed changes by step; of the others, only
        those that a fix of this call has made possible are applied, unless a person has to compare something first.
        `begin` is called before each and returns whether to continue. Returns the items that were fixed.
        """
        applied: list[Item] = []
        confirmed = shown
        while True:
            before, done = len(applied), {item.id for item in applied}
            for id in self.steps:
                item = self[id]
                if id in done or not item.missing or item.why_not:
                    continue
                if confirmed is not None and confirmed.get(id) != item.change:
                    continue
                if not begin(item):
                    return tuple(applied)
                item = await self.apply(id, on_progress)
                require_good(item)
                applied.append(item)
            if len(applied) == before:
                return tuple(applied)
            possible = {item.id: item.change for item in self.items if item.change and not item.change.compare}
            confirmed = {**(shown or {}), **possible}

    async def undo(self, id: str, on_progress: OnProgress) -> Item:
        """Undo what was applied for one step, and read the hosts again."""
        try:
            await self._changes.undo(id, on_progress)
        finally:
            await self.refresh_fully()
        return self[id]

    async def undo_all(self, on_progress: OnProgress, begin: Callable[[Item], bool] = lambda _: True) -> None:
        """Undo all that was applied, from the end of the list; `begin` as in apply_missing."""
        try:
            for item in reversed(self.items):
                if item.undo is None:
                    continue
                if not begin(item):
                    break
                await self._changes.undo(item.id, on_progress)
        finally:
            await self.refresh_fully()

    def _notify(self) -> None:
        for listener in self._listeners:
            listener()

    async def refresh_fully(self) -> tuple[Item, ...]:
        """Read the hosts again, until the facts are complete."""
        async for _ in self._refresh():
            pass
        return self.items

    def _item(self, step: Step[F], findings: dict[str, Finding | None], applied: frozenset[str]) -> Item:
        finding = findings[step.id]
        undo = self._changes.undo_of(step.id) if step.id in applied else None
        item = Item(step.id, step.host, step.title, step.why, finding, undo=undo)
        if finding is None or finding.good:
            return item
        change = step.change(self.facts)
        if isinstance(change, str):
            return replace(item, why_not=change)
        return replace(item, change=change, why_not=self._waits_for(step, findings))

    def _waits_for(self, step: Step[F], findings: dict[str, Finding | None]) -> str:
        bad = [need for need in step.needs if (found := findings[need]) is None or not found.good]
        return f"first: {self.steps[bad[0]].title} ({self.steps[bad[0]].host})" if bad else ""


def require_good(item: Item) -> Finding:
    """The finding of an item after its change; Failure where it is not good."""
    if item.finding is None or not item.finding.good:
        found = item.finding.found if item.finding else "it can't be read"
        raise Failure(f"{item.title}: changed, but not right yet", found)
    return item.finding

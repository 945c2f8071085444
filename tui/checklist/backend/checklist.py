"""A list of steps that are checked, explained, applied and undone: what the Hosts and the NFS page have in common."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Generic

from tui.checklist.backend.changes import Changes, OnChange
from tui.checklist.model.check import Finding, Item
from tui.checklist.model.step import F, Step
from tui.core.failure import Failure
from tui.linux.change import Change


class Checklist(Generic[F]):
    """Steps, the newest facts about them, and the way to change what is missing.

    `read` gives facts that become more complete, the last of them whole; it changes nothing on a host. `looking` while
    that goes on, `looked` when it has once come to its end.
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
        self._one_look = asyncio.Lock()
        self.looking = self.looked = False
        self._items: tuple[Item, ...] = ()
        # The facts and the revision of the journal that the items were made from.
        self._items_of: tuple[F, tuple[int, ...]] | None = None

    @property
    def problem(self) -> str:
        """Why something that was applied cannot be undone here; mostly nothing."""
        return self._changes.problem

    def listen(self, listener: Callable[[], None]) -> None:
        """Call it whenever the list may have changed, whoever has looked."""
        self._listeners.append(listener)

    @property
    def items(self) -> tuple[Item, ...]:
        """The list as it stands, in its order; evaluated once per change of the facts or of the journal."""
        made_of = self._items_of
        if made_of is None or made_of[0] is not self.facts or made_of[1] != self._changes.revision:
            findings = {step.id: step.check(self.facts) for step in self.steps.values()}
            self._items = tuple(self._item(step, findings) for step in self.steps.values())
            self._items_of = self.facts, self._changes.revision
        return self._items

    def __getitem__(self, id: str) -> Item:
        return next(item for item in self.items if item.id == id)

    async def look(self) -> AsyncIterator[tuple[Item, ...]]:
        """Read the hosts again; the list each time that more of it is known."""
        async with self._one_look:
            self.looking = True
            self._tell()
            try:
                async for facts in self._read(self.facts):
                    self.facts = facts
                    self._tell()
                    yield self.items
                self.looked = True
            finally:
                self.looking = False
                self._tell()

    async def apply(self, id: str, on_change: OnChange) -> Item:
        """Make one step right and look again; a Failure says why it could not be."""
        item = self[id]
        if item.change is None or item.why_not:
            raise Failure(f"{item.title}: nothing was applied", item.why_not or "there is nothing to do")
        try:
            await self._changes.apply(id, item.change, on_change)
        finally:
            await self.look_once()
        return self[id]

    async def apply_missing(
        self,
        on_change: OnChange,
        shown: Mapping[str, Change] | None = None,
        begin: Callable[[Item], bool] = lambda _: True,
    ) -> tuple[Item, ...]:
        """All that is missing, in the order of the list; ends with a Failure at the first that did not become good.

        Passed over are steps that wait for something that can't be made good here. Where `shown` says which changes
        were agreed to, by step, no other is made; `begin` is told of each before, and answers whether to go on. Returns
        what was applied.
        """
        applied: list[Item] = []
        for id in self.steps:
            item = self[id]
            if not item.missing or item.why_not or (shown is not None and shown.get(id) != item.change):
                continue
            if not begin(item):
                break
            item = await self.apply(id, on_change)
            if item.finding is None or not item.finding.good:
                found = item.finding.found if item.finding else "it can't be looked at"
                raise Failure(f"{item.title}: it was applied and is not right yet", found)
            applied.append(item)
        return tuple(applied)

    async def undo(self, id: str, on_change: OnChange) -> Item:
        """Take back what was applied for one step, and look again."""
        try:
            await self._changes.undo(id, on_change)
        finally:
            await self.look_once()
        return self[id]

    async def undo_all(self, on_change: OnChange, begin: Callable[[Item], bool] = lambda _: True) -> None:
        """Take back all that was applied, from the end of the list; `begin` as for apply_missing."""
        try:
            for item in reversed(self.items):
                if item.undo is None:
                    continue
                if not begin(item):
                    break
                await self._changes.undo(item.id, on_change)
        finally:
            await self.look_once()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    async def look_once(self) -> tuple[Item, ...]:
        """Read the hosts again, to the end."""
        async for _ in self.look():
            pass
        return self.items

    def _item(self, step: Step[F], findings: dict[str, Finding | None]) -> Item:
        finding = findings[step.id]
        item = Item(step.id, step.host, step.title, step.why, finding, undo=self._changes.undo_of(step.id))
        if finding is None or finding.good:
            return item
        change = step.change(self.facts)
        if isinstance(change, str):
            return replace(item, why_not=change)
        return replace(item, change=change, why_not=self._waits_for(step, findings))

    def _waits_for(self, step: Step[F], findings: dict[str, Finding | None]) -> str:
        bad = [need for need in step.needs if (found := findings[need]) is None or not found.good]
        return f"first: {self.steps[bad[0]].title} ({self.steps[bad[0]].host})" if bad else ""

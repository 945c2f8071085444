"""Carries one VM of a queue: starts its migration, follows it, and finds out what came of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.log import log
from tui.core.plan import with_technique
from tui.core.threads import on_thread
from tui.migration.backend.before.preflight import BeingMigrated, Moved, job_of
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.running.actor import MigrationActor
from tui.queue.backend.outcome import Outcome, is_of, outcome_in, outcome_of, run_of, table_of
from tui.queue.backend.store import Queue
from tui.queue.model.progress import DROPPED, ENDED, FAILED, KEPT, MOVED, NOT_STARTED
from tui.queue.model.whereabouts import (
    AT_ORIGIN,
    AT_TARGET,
    ELSEWHERE,
    MOVING,
    UNKNOWN,
    Whereabouts,
    whereabouts,
)
from tui.vm.backend.maintenance import Maintenance

ASK_AGAIN_S = 5.0  # while a host does not reply that is needed to know where a VM is

OnStarted = Callable[[MigrationActor], Awaitable[None]]
Fields = dict[str, Any]  # of an entry of the log, without its number; `may_retry`: the VM runs where it was


@dataclass(frozen=True)
class Tools:
    """What a queue works with; `runs` is the folder of the runs."""

    connections: Connections
    owner: MigrationOwner
    maintenance: Maintenance
    runs: Path


class Carrier:
    """One attempt for one entry; `say` gets what it waits for, "" for nothing."""

    def __init__(self, queue: Queue, number: int, target: str, tools: Tools, say: Callable[[str], None]) -> None:
        self._queue = queue
        self._entry = queue.plan.entry(number)
        self._known = queue.progress.of(number)
        self._target = target
        self._tools = tools
        self._owner = tools.owner
        self._say = say

    @property
    def _table(self) -> dict[str, Any]:
        return table_of(self._queue.id, self._entry.number, len(self._known.attempts))

    async def moved(self, mib_s: int, on_started: OnStarted) -> Fields:
        """Start the migration and wait for its end; returns the entry for the log."""
        entry = self._entry
        try:
            options = self._tools.connections.config.plan(entry.vm, self._queue.plan.preset)
            plan = replace(with_technique(options, entry.technique), to=self._target)
            plan = replace(plan, bandwidth_mib_s=mib_s or plan.bandwidth_mib_s)
            actor = await self._owner.start(plan, entry.origin, tables=self._table)
        except Moved as moved:
            return {"do": DROPPED, "state": KEPT, "why": moved.what}
        except BeingMigrated as failure:
            self._say(f"{entry.vm} waits until the migration of another client ends")
            log.info("The queue: %s", failure)
            await asyncio.sleep(ASK_AGAIN_S)
            return {"do": NOT_STARTED}
        except Failure as failure:
            return {"do": ENDED, "state": FAILED, "why": failure.reason, "may_retry": True}
        return await self._followed(actor, on_started)

    async def rejoined(self, on_started: OnStarted) -> Fields:
        """Find what an earlier process began, and wait for its end; it is started again by no one but the scheduler."""
        actor = self._actor()
        if actor is not None:
            return await self._followed(actor, on_started)
        run = Path(self._known.run) if self._known.run else await on_thread(self._unnamed_run)
        outcome = await on_thread(outcome_in, run) if run else None
        place = await self._place()
        actor = self._actor()  # it may have been found while a host did not reply
        if actor is not None:
            return await self._followed(actor, on_started)
        named = {"run": str(run)} if run else {}
        if place.kind == AT_TARGET:
            known = outcome if outcome is not None and outcome.state == MOVED else Outcome(MOVED)
            return self._end(known) | named
        if outcome is None and place.kind == AT_ORIGIN:
            return {"do": NOT_STARTED}
        return self._judged(outcome or Outcome(FAILED, "it was not started"), place) | named

    async def _followed(self, actor: MigrationActor, on_started: OnStarted) -> Fields:
        await on_started(actor)
        await actor.ended()
        outcome = outcome_of(actor)
        if outcome.state != FAILED:
            return self._end(outcome)
        return self._judged(outcome, await self._place(followed=True))

    def _judged(self, outcome: Outcome, place: Whereabouts) -> Fields:
        """The end of a migration that did not succeed, by where its VM is."""
        if place.kind == AT_TARGET:
            return self._end(Outcome(MOVED, outcome.why if outcome.recorded else ""))
        if place.kind == ELSEWHERE:
            return {"do": DROPPED, "state": KEPT, "why": place.sentence}
        if outcome.state != FAILED:
            return self._end(outcome)
        if place.kind == AT_ORIGIN:
            return self._end(outcome) | {"may_retry": outcome.recorded}
        return self._end(replace(outcome, why=f"{outcome.why.rstrip('.')}; {place.sentence}"))

    def _end(self, outcome: Outcome) -> Fields:
        figures = {"total_s": outcome.total_s, "downtime_s": outcome.downtime_s}
        return {"do": ENDED, "state": outcome.state, "why": outcome.why, **figures}

    def _unnamed_run(self) -> Path | None:
        """The run of an attempt whose process ended before it wrote the name of the run. Blocks."""
        return run_of(self._tools.runs, self._queue.id.partition("-")[0], self._table)

    def _actor(self) -> MigrationActor | None:
        """The migration of this attempt that the runner follows, or one of its VM that is under way."""
        known = [each for each in self._owner.all if each.vm.uuid == self._entry.uuid]
        ours = (each for each in known if str(each.folder) == self._known.run or is_of(each.facts, self._table))
        return next(ours, self._under_way())

    def _under_way(self) -> MigrationActor | None:
        """A migration of the VM that the runner follows."""
        known = (each for each in self._owner.all if each.vm.uuid == self._entry.uuid)
        return next((each for each in known if not each.timeline.over), None)

    async def _place(self, *, followed: bool = False) -> Whereabouts:
        """Where the VM is, once the hosts that know it reply and no migration of it is under way.

        Without `followed`, it returns as soon as the runner follows the migration.
        """
        while True:
            place = await self._whereabouts()
            if place.kind not in (UNKNOWN, MOVING) or (not followed and self._under_way() is not None):
                self._say("")
                return place
            self._say(f"it is unknown where {self._entry.vm} is: {place.sentence}")
            await asyncio.sleep(ASK_AGAIN_S)
            try:
                await self._owner.attach()
            except Failure as failure:
                log.info("The queue: %s", failure)

    async def _whereabouts(self) -> Whereabouts:
        entry = self._entry
        inventory = await self._owner.vms()
        place = whereabouts(inventory, entry.uuid, entry.origin, self._target)
        if place.kind != AT_ORIGIN:
            return place
        found = next(each for each in inventory.found if (each.vm.uuid, each.host) == (entry.uuid, entry.origin))
        try:
            job = await job_of(self._tools.connections, found)
        except Failure as failure:
            return Whereabouts(UNKNOWN, failure.reason)
        return Whereabouts(MOVING, "its migration is under way") if job else place

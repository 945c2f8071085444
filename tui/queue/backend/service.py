"""The queues of one configuration in the runner, and what a client may request of them."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tui.core.failure import Failure
from tui.core.log import log
from tui.core.threads import on_thread, retrieve
from tui.queue.backend import find, store
from tui.queue.backend.carrier import Tools
from tui.queue.backend.engine import CONTINUED, Engine, Work
from tui.queue.backend.find import names_of
from tui.queue.backend.planner import Planner
from tui.queue.backend.requests import (
    LIMIT,
    MAINTENANCE,
    PAUSE,
    PLAN,
    RESUME,
    START,
    STATUS,
    STOP,
    TAKE_OUT,
    Wish,
    wish_of,
)
from tui.queue.backend.store import Queue, Store
from tui.queue.model import status
from tui.queue.model.estimate import estimate
from tui.queue.model.limits import limits_of
from tui.queue.model.plan import QueuePlan, plan_of
from tui.queue.model.progress import BEGUN, OVER, Progress
from tui.queue.model.scheduler import all_over

BY_CLIENT = "a client requested it"
# A queue whose runner was killed goes on by itself for so long: later, nobody may expect it any more.
GOES_ON_S = 600.0


class Queues:
    """The queues of one configuration, of which one at most is under way; `folder` has those of all."""

    def __init__(self, tools: Tools, planner: Planner, folder: Path) -> None:
        self._tools = tools
        self._folder = folder
        self._engine: Engine | None = None
        self._lock = asyncio.Lock()  # one start at a time
        self._about_to: frozenset[str] = frozenset()  # the UUIDs of the VMs of a queue whose folder is being made
        self._waking: dict[str, asyncio.Task[None]] = {}  # by configuration
        self._left_alone: dict[str, str] = {}  # by queue that an earlier process left: why it was not continued
        self.planner = planner

    @property
    def busy(self) -> bool:
        """Whether the process has to stay for it: not for a queue that is paused while nothing runs."""
        engine = self._engine
        return engine is not None and engine.under_way and (bool(engine.work) or not engine.queue.progress.paused)

    def wake(self, config: str) -> None:
        """Continue the queue that an earlier process left, unless that was long ago; a client has come."""
        if config not in self._waking:
            self._waking[config] = asyncio.ensure_future(self._wake(config))
            self._waking[config].add_done_callback(retrieve)

    async def _wake(self, config: str) -> None:
        async with self._lock:
            if self._engine is not None and self._engine.under_way:
                return
            left: Queue | None = None
            try:
                left = await on_thread(_left, self._folder, config)
                if left is not None:
                    self.planner.require_usable(left.plan.preset)
                    with self._claimed(left.plan, left.progress):
                        self._begin(*await on_thread(Store.open, left.folder), CONTINUED)
            except Failure as failure:
                log.warning("The queue was not continued: %s", failure)
                if left is not None:
                    self._left_alone[left.id] = failure.why or failure.what

    async def plan(self, wish: Wish, config: str) -> QueuePlan:
        """The plan for a wish; changes nothing. Raises Failure."""
        return await self.planner.plan(wish, config)

    async def start(self, plan: QueuePlan, config: str) -> dict[str, Any]:
        """Start a queue; returns its status, raises Failure."""
        await self._awake(config)
        async with self._lock:
            self._require_idle()
            self.planner.require_usable(plan.preset)
            with self._claimed(plan, Progress()):
                self._begin(*await on_thread(Store.create, self._folder, plan, config), BEGUN)
            return self._status_now()

    async def resume(self, name: str, config: str) -> dict[str, Any]:
        """Go on with a queue that is paused, stopped or interrupted; returns its status, raises Failure."""
        await self._awake(config)
        async with self._lock:
            engine = self._engine
            if engine is not None and engine.under_way and name in ("", *names_of(engine.queue.id)):
                await engine.pause(on=False)
                return self._status_now()
            self._require_idle()
            queue = await on_thread(self._found, name, config)
            if all_over(queue.plan, queue.progress):
                raise Failure(f"The queue {queue.id} is done", "nothing of it waits", "Make a new plan.")
            self.planner.require_usable(queue.plan.preset)
            with self._claimed(queue.plan, queue.progress):
                self._begin(*await on_thread(Store.open, queue.folder), BEGUN)
            return self._status_now()

    async def pause(self, config: str) -> dict[str, Any]:
        """Start no more migrations."""
        engine = await self._under_way(config)
        await engine.pause(on=True)
        return self._status_now()

    async def limit(self, changes: object, config: str) -> dict[str, Any]:
        """Change limits of the queue under way, by their names; raises Failure."""
        engine = await self._under_way(config)
        if not isinstance(changes, Mapping):
            raise Failure("The limits of a queue are malformed", str(changes))
        await engine.limit(limits_of({**engine.queue.plan.limits.fields, **changes}))
        return self._status_now()

    async def take_out(self, vm: str, config: str) -> dict[str, Any]:
        """Take a VM out that waits; raises Failure."""
        engine = await self._under_way(config)
        entry = next((each for each in engine.queue.plan.movable if each.vm == vm), None)
        if entry is None:
            raise Failure(f"{vm} cannot be taken out", "it is not in the queue")
        await engine.take_out(entry.number)
        return self._status_now()

    async def stop(self, config: str, *, cancel: bool) -> dict[str, Any]:
        """Start no more, and end with what is under way."""
        engine = await self._under_way(config)
        await engine.stop(BY_CLIENT, cancel=cancel)
        return self._status_now()

    async def status(self, name: str, config: str) -> dict[str, Any] | None:
        """The status of a queue, by default of the one this process works on, else of the newest; None if none is."""
        await self._awake(config)
        engine = self._engine
        if engine is not None and name in ("", *names_of(engine.queue.id)):
            return self._status_now()
        if not name and not await on_thread(store.own, self._folder, config):
            return None
        queue = await on_thread(self._found, name, config)
        found = await on_thread(_status_of, queue, None)
        return found | {"why": found["why"] or self._left_alone.get(queue.id, "")}

    async def maintenance(self, host: str, on: object) -> dict[str, Any]:
        """The hosts in maintenance, after one was marked or its mark taken off; "" changes nothing. Raises Failure."""
        known = self._tools.maintenance
        if host:
            if host not in self.planner.config.hypervisors:
                raise Failure(f"There is no host {host!r} that runs VMs")
            await on_thread(known.mark if on is True else known.clear, host)
        marks = await on_thread(known.marks)
        return {host: asdict(each) for host, each in marks.items()}

    async def close(self) -> None:
        """Leave the queue under way, because the process ends; the next one continues it."""
        for task in self._waking.values():
            task.cancel()
        if self._engine is not None:
            await self._engine.close()

    def holds(self) -> dict[str, str]:
        """By the UUID of each VM that the queue under way has still to move, which queue has it."""
        engine = self._engine
        found = dict.fromkeys(self._about_to, "in a queue that is about to start")
        if engine is not None and engine.under_way:
            which = f"in the queue {engine.queue.id}, which is under way"
            found |= dict.fromkeys(_open(engine.queue.plan, engine.queue.progress), which)
        return found

    # -- helpers --

    @contextlib.contextmanager
    def _claimed(self, plan: QueuePlan, progress: Progress) -> Iterator[None]:
        """Keep studies from the VMs of a queue that is about to start; Failure if one has them."""
        vms, reserved = _open(plan, progress), self.planner.reserved()
        used = next((uuid for uuid in vms if uuid in reserved), None)
        if used is not None:
            hint = "Wait for its end, or stop it; or take the VM out of the plan."
            raise Failure("The queue cannot start", f"{vms[used]} is {reserved[used]}", hint)
        self._about_to = frozenset(vms)
        try:
            yield
        finally:
            self._about_to = frozenset()

    async def _awake(self, config: str) -> None:
        """Return when it is known whether an earlier process left a queue."""
        self.wake(config)
        await asyncio.shield(self._waking[config])

    async def _under_way(self, config: str) -> Engine:
        await self._awake(config)
        if self._engine is None or not self._engine.under_way:
            raise Failure("No queue is under way")
        return self._engine

    def _require_idle(self) -> None:
        if self._engine is not None and self._engine.under_way:
            raise Failure(f"The queue {self._engine.queue.id} is under way", "", "Wait for its end, or stop it.")

    def _begin(self, opened: Store, queue: Queue, kind: str) -> None:
        self._left_alone.pop(queue.id, None)
        self._engine = Engine(opened, queue, self._tools)
        self._engine.start(kind)

    def _found(self, name: str, config: str) -> Queue:
        return find.found(self._folder, name, config)

    def _status_now(self) -> dict[str, Any]:
        if self._engine is None:
            raise Failure("No queue is under way")
        return _status_of(self._engine.queue, self._engine)


def _open(plan: QueuePlan, progress: Progress) -> dict[str, str]:
    """By UUID the VMs that are still to be moved."""
    return {each.uuid: each.vm for each in plan.movable if progress.of(each.number).state not in OVER}


def _left(folder: Path, config: str) -> Queue | None:
    """The newest queue, if an earlier process ended while it worked on it a short time ago, or it is paused."""
    newest = next(iter(store.own(folder, config)), None)
    if newest is None or store.in_use(newest):
        return None
    queue = store.load(newest)
    progress = queue.progress
    if progress.stopped or progress.finished or all_over(queue.plan, progress):
        return None
    waits = progress.paused and not progress.running
    return queue if waits or store.silent_s(queue) < GOES_ON_S else None


def _status_of(queue: Queue, engine: Engine | None) -> dict[str, Any]:
    work = engine.work if engine is not None else {}
    known = {number: each for number, each in work.items() if each.actor is not None}
    migrations = {number: _migration_fields(each) for number, each in known.items()}
    left_bytes = {number: found["remaining_bytes"] for number, found in migrations.items()
                  if found["remaining_bytes"] is not None}  # fmt: skip
    left = estimate(queue.plan, queue.progress, left_bytes)
    fields: dict[str, Any] = {"id": queue.id, "folder": str(queue.folder), "state": state_of(queue, engine)}
    fields |= {"why": queue.progress.stopped, "doing": _doing(engine)}
    fields |= {"began": queue.began, "ended": "" if engine is not None and engine.under_way else queue.ended}
    return fields | status.status_fields(queue.plan, queue.progress, left, migrations)


def _doing(engine: Engine | None) -> str:
    """What it waits for, or how many migrations are under way; "" if it does nothing."""
    if engine is None or not engine.under_way:
        return ""
    if engine.looks_back:
        return "it looks for the migrations that were under way"
    if engine.waiting:
        return "; ".join(dict.fromkeys(engine.waiting.values()))
    count = len(engine.work)
    if count:
        return "1 migration is under way" if count == 1 else f"{count} migrations are under way"
    return "" if engine.queue.progress.paused else "it waits until migrations of other clients end"


def _migration_fields(work: Work) -> dict[str, Any]:
    actor = work.actor
    if actor is None:
        raise ValueError("it has not started")
    timeline = actor.timeline
    left_bytes = timeline.point.remaining if timeline.point is not None else None
    elapsed_s = round(max(0.0, actor.elapsed()), 3)
    fields: dict[str, Any] = {"run": actor.folder.name, "phase": timeline.phase, "pass": timeline.iteration}
    return fields | {"remaining_bytes": left_bytes, "elapsed_s": elapsed_s, "mib_s": work.mib_s}


def state_of(queue: Queue, engine: Engine | None = None) -> str:
    """What a queue does, by the engine that works on it; without one, by its log."""
    progress = queue.progress
    if engine is not None and engine.under_way:
        return status.STOPPING if engine.stopping else status.PAUSED if progress.paused else status.WORKING
    if progress.stopped:
        return status.STOPPED
    if progress.finished:
        return status.FINISHED
    if engine is not None or not store.in_use(queue.folder):
        return status.INTERRUPTED
    return status.PAUSED if progress.paused else status.WORKING


class Session:
    """The queues for one client; `config` is the path of its configuration."""

    def __init__(self, queues: Queues, config: str) -> None:
        self._queues = queues
        self._config = config
        self._actions: dict[str, Callable[[Mapping[str, Any]], Awaitable[Any]]] = {
            PLAN: self._plan, START: self._start, STATUS: self._status, PAUSE: self._pause, RESUME: self._resume,
            TAKE_OUT: self._take_out, STOP: self._stop, MAINTENANCE: self._maintenance, LIMIT: self._limit,
        }  # fmt: skip
        queues.wake(config)

    @property
    def actions(self) -> Collection[str]:
        """The requests that it takes."""
        return self._actions

    async def call(self, action: str, parameters: Mapping[str, Any]) -> Any:
        """The result of a request, as JSON; raises Failure."""
        return await self._actions[action](parameters)

    def close(self) -> None:
        """The client has gone; its queue continues."""

    async def _plan(self, parameters: Mapping[str, Any]) -> Any:
        return (await self._queues.plan(wish_of(parameters), self._config)).fields

    async def _start(self, parameters: Mapping[str, Any]) -> Any:
        return await self._queues.start(plan_of(parameters.get("plan")), self._config)

    async def _status(self, parameters: Mapping[str, Any]) -> Any:
        return await self._queues.status(str(parameters.get("queue", "")), self._config)

    async def _pause(self, _parameters: Mapping[str, Any]) -> Any:
        return await self._queues.pause(self._config)

    async def _resume(self, parameters: Mapping[str, Any]) -> Any:
        return await self._queues.resume(str(parameters.get("queue", "")), self._config)

    async def _take_out(self, parameters: Mapping[str, Any]) -> Any:
        return await self._queues.take_out(str(parameters.get("vm", "")), self._config)

    async def _limit(self, parameters: Mapping[str, Any]) -> Any:
        return await self._queues.limit(parameters.get("limits"), self._config)

    async def _stop(self, parameters: Mapping[str, Any]) -> Any:
        return await self._queues.stop(self._config, cancel=parameters.get("cancel") is True)

    async def _maintenance(self, parameters: Mapping[str, Any]) -> Any:
        return await self._queues.maintenance(str(parameters.get("host", "")), parameters.get("on"))

"""Works off one queue in the runner: starts what its scheduler decides, follows it, and writes what came of it."""

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import Any

from tui.core.clock import now
from tui.core.failure import Failure, as_failure
from tui.core.limit import within
from tui.core.log import log
from tui.core.threads import on_thread, retrieve
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.model.keys import BANDWIDTH, CANCEL, why_not
from tui.migration.model.record import Record
from tui.queue.backend.carrier import Carrier, Tools
from tui.queue.backend.store import Queue, Store
from tui.queue.backend.summary import summarize
from tui.queue.model.limits import Limits
from tui.queue.model.plan import BACK, EVACUATE
from tui.queue.model.progress import (
    BEGUN,
    DROPPED,
    FAILED,
    FINISHED,
    LIMITS,
    PAUSED,
    QUEUED,
    RESUMED,
    STARTED,
    STARTING,
    STOPPED,
    TAKEN_OUT,
)
from tui.queue.model.scheduler import (
    Act,
    GiveUp,
    Running,
    SetBandwidth,
    Situation,
    Start,
    Stop,
    all_over,
    decide,
    next_target,
)

TICK_S = 5.0  # how often migrations of others are looked for while a VM waits
CONTINUED = "continued"  # in the log: another runner works on it from here on


@dataclass
class Work:
    """One migration of the queue; `mib_s` is its limit, None if it has to be set; no `actor` before it has started."""

    target: str
    mib_s: int | None
    actor: MigrationActor | None = None
    in_post_copy: bool = False


class Engine:
    """The work on one queue; `queue` has its progress, `work` what is under way by entry."""

    def __init__(self, store: Store, queue: Queue, tools: Tools) -> None:
        self.queue = queue
        self.work: dict[int, Work] = {}
        self.waiting: dict[int, str] = {}  # by entry: what its end waits for
        self.looks_back = False  # for what an earlier process had under way
        self._store = store
        self._tools = tools
        self._changed = asyncio.Event()
        self._carrying: dict[int, asyncio.Task[None]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._fault: Exception | None = None
        self._cancels = False  # those that start meanwhile, too

    # -- for its owner --

    def start(self, kind: str = BEGUN) -> None:
        """Begin, or with CONTINUED go on as the log says."""
        self._task = asyncio.ensure_future(self._run(kind))

    @property
    def under_way(self) -> bool:
        """Whether it works, waits or is paused."""
        return self._task is not None and not self._task.done()

    @property
    def stopping(self) -> bool:
        """Whether it was stopped, and only waits for the end of migrations."""
        return self.under_way and bool(self.queue.progress.stopped)

    async def pause(self, *, on: bool) -> None:
        """Start no more, or go on; also after a stop, as long as migrations are under way."""
        if not on and self.stopping:
            self._cancels = False
            await self.record(BEGUN)
        elif self.queue.progress.paused != on:
            await self.record(PAUSED if on else RESUMED)
        self._changed.set()

    async def limit(self, limits: Limits) -> None:
        """Work with other limits from now on; migrations under way go on, with their share of the new bandwidth."""
        if limits != self.queue.plan.limits:
            await self.record(LIMITS, limits=limits.fields)
            self._changed.set()

    async def take_out(self, number: int) -> None:
        """Take out an entry that waits; raises Failure if it does not."""
        state, vm = self.queue.progress.of(number).state, self.queue.plan.entry(number).vm
        if state != QUEUED:
            hint = f"`vmlm-tui cancel {vm}` cancels its migration." if number in self.work else ""
            raise Failure(f"{vm} cannot be taken out", f"it does not wait: it is {state}", hint)
        await self.record(DROPPED, number=number, state=TAKEN_OUT, why="a client took it out")
        self._changed.set()

    async def stop(self, why: str, *, cancel: bool) -> None:
        """Start no more; with `cancel`, cancel the migrations under way that can be."""
        if not self.queue.progress.stopped:
            await self.record(STOPPED, why=why)
        self._cancels = self._cancels or cancel
        for each in self.work.values():
            self._cancel_if_wanted(each)
        self._changed.set()

    def _cancel_if_wanted(self, work: Work) -> None:
        if self._cancels and work.actor is not None and not why_not(CANCEL, work.actor.timeline):
            work.actor.controls.cancel()

    async def ended(self) -> None:
        """Return when nothing is under way any more."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def close(self) -> None:
        """Leave it as it is, because the process ends; the next one continues it."""
        tasks = [each for each in (self._task, self._looking, *self._carrying.values()) if each is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._store.close()

    # -- the work --

    async def _run(self, kind: str) -> None:
        try:
            await self.record(kind)
            await self._mark()
            await self._rejoin()
            while not self._is_over():
                self._changed.clear()
                for act in decide(self.queue.plan, self.queue.progress, await self._situation()):
                    await self._do(act)
                if self._is_over():
                    break
                await self._change()
            if all_over(self.queue.plan, self.queue.progress):
                await self.record(FINISHED)
            await on_thread(summarize, self.queue)
        except Failure as failure:  # the disk refuses the log: without it a VM might be started twice
            self._note_end(failure)
        except Exception as error:  # noqa: BLE001  # a fault of the program ends the queue, not the runner
            log.exception("The queue failed")
            self._note_end(as_failure("The queue failed", error))
        finally:
            for task in self._carrying.values():
                task.cancel()  # their migrations go on in the runner
            self._store.close()

    def _is_over(self) -> bool:
        if self._fault is not None:
            raise self._fault
        over = bool(self.queue.progress.stopped) or all_over(self.queue.plan, self.queue.progress)
        return over and not self.work

    def _note_end(self, failure: Failure) -> None:
        log.error("The queue %s: %s", self.queue.id, failure)
        self.queue = self.queue.after({"do": STOPPED, "why": failure.reason})

    async def _mark(self) -> None:
        """The host that is emptied is in maintenance from now on, the one that gets its VMs back is no longer."""
        plan, maintenance = self.queue.plan, self._tools.maintenance
        if plan.purpose == EVACUATE:
            await on_thread(maintenance.mark, plan.host, self.queue.id, self.queue.began)
        elif plan.purpose == BACK:
            await on_thread(maintenance.clear, plan.host)

    async def _situation(self) -> Situation:
        plan, entries = self.queue.plan, self.work.items()
        running = tuple(Running(n, plan.entry(n).origin, each.target, each.mib_s) for n, each in entries)
        ours = {each.actor for each in self.work.values()}
        others = [each for each in self._tools.owner.all if not each.timeline.over and each not in ours]
        busy = frozenset(each.vm.name for each in others) - {plan.entry(n).vm for n in self.work}
        ways = tuple((each.origin, each.target) for each in others if each.vm.name in busy)
        marks = await on_thread(self._tools.maintenance.marks)
        return Situation(running, ways, busy, frozenset(marks))

    async def _do(self, act: Act) -> None:
        if isinstance(act, Stop):
            await self.record(STOPPED, why=act.why)
        elif isinstance(act, GiveUp):
            await self.record(DROPPED, number=act.number, state=FAILED, why=act.why)
        elif isinstance(act, SetBandwidth):
            self._set_bandwidth(self.work.get(act.number), act.mib_s)
        elif isinstance(act, Start):
            await self.record(STARTING, number=act.number, target=act.target)
            self._carry(act.number, Work(act.target, act.mib_s))

    def _set_bandwidth(self, work: Work | None, mib_s: int) -> None:
        """Request the limit; one that starts gets it later, one that has ended meanwhile needs it no more."""
        if work is not None and work.actor is not None and not why_not(BANDWIDTH, work.actor.timeline):
            work.actor.controls.share(mib_s)
            work.mib_s = mib_s

    async def _change(self) -> None:
        """Wait for a request or the end of a migration; others are looked for meanwhile."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._look())
            self._looking.add_done_callback(retrieve)
        with contextlib.suppress(asyncio.TimeoutError):
            await within(TICK_S, self._changed.wait())

    async def _look(self) -> None:
        try:
            await self._tools.owner.look()
        except Failure as failure:
            log.info("The queue: other migrations were not looked for: %s", failure)

    # -- one migration --

    def _carry(self, number: int, work: Work, *, rejoins: bool = False) -> None:
        self.work[number] = work
        task = asyncio.ensure_future(self._carried(number, work, rejoins=rejoins))
        self._carrying[number] = task

    async def _carried(self, number: int, work: Work, *, rejoins: bool) -> None:
        """Follow one migration to its end, in a task of its own: a host that hangs delays no other one."""
        carrier = Carrier(self.queue, number, work.target, self._tools, lambda text: self._wait_for(number, text))
        try:
            if rejoins:
                entry = await carrier.rejoined(lambda actor: self._started(number, work, actor))
            else:
                entry = await carrier.moved(work.mib_s or 0, lambda actor: self._started(number, work, actor))
            entry |= self._again(number, entry)
            await self.record(**entry, number=number)
        except Exception as error:  # noqa: BLE001  # the queue ends with it: what is not in the log may be done twice
            self._fault = error
        finally:
            self.work.pop(number, None)
            self.waiting.pop(number, None)
            self._changed.set()

    async def _started(self, number: int, work: Work, actor: MigrationActor) -> None:
        work.actor = actor
        if self.queue.progress.of(number).run != str(actor.folder):
            await self.record(STARTED, number=number, run=str(actor.folder))

        def on_record(_record: Record) -> None:
            if actor.timeline.post_copy_at is not None and not work.in_post_copy:
                work.in_post_copy = True
                work.mib_s = None if self.queue.plan.limits.bandwidth else 0  # post-copy begins without a limit
                self._changed.set()

        actor.listen(on_record)
        self._cancel_if_wanted(work)
        self._changed.set()

    def _again(self, number: int, entry: dict[str, Any]) -> dict[str, Any]:
        """Whether a failed one is tried on another host: it must run where it was, and a host be left."""
        if entry.pop("may_retry", False) is not True:
            return {}
        queue = self.queue.after({**entry, "number": number, "again": True})
        return {"again": bool(next_target(queue.plan, queue.plan.entry(number), queue.progress.of(number)))}

    async def _rejoin(self) -> None:
        """Look for what an earlier process had under way, before anything is started."""
        if not self.queue.progress.running:
            return
        self.looks_back = True
        await self._look_for_all()
        self.looks_back = False
        for number in self.queue.progress.running:
            unknown = self.queue.plan.limits.bandwidth or self.queue.progress.other_limits
            limited = None if unknown else 0  # what it was set to last
            self._carry(number, Work(self.queue.progress.of(number).target, limited), rejoins=True)

    async def _look_for_all(self) -> None:
        try:
            await self._tools.owner.attach()
        except Failure as failure:
            log.info("The queue: %s", failure)

    # -- helpers --

    def _wait_for(self, number: int, text: str) -> None:
        self.waiting[number] = text
        if not text:
            del self.waiting[number]

    async def record(self, do: str, **fields: Any) -> None:
        """Write an entry of the log, then count it; raises Failure."""
        await on_thread(lambda: self._store.append(do, **fields))
        self.queue = replace(self.queue.after({"do": do, **fields}), ended=now())

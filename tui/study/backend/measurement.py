"""One run of a study: prepares the guest, migrates the VM, and measures the guest before and after."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import tomli_w

from tui.core.failure import Failure
from tui.core.host_words import none_of
from tui.core.log import log
from tui.core.plan import POST_COPY_MANUAL
from tui.core.threads import on_thread
from tui.forecast.backend.forecaster import BandwidthUnknown, Forecaster
from tui.forecast.model.forecast import Inputs
from tui.guest.backend.workloads import Workloads
from tui.guest.model.workload import WorkloadStatus
from tui.migration.backend.before.preflight import Moved
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.recording.recorder import AFTERWARDS, without_none
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.backend.running.state import Stage
from tui.migration.model.keys import CANCEL, POST_COPY_NOW, why_not
from tui.migration.model.record import Record, number_in
from tui.migration.model.timeline import CANCELLED, COMPLETED, Timeline
from tui.study.model.guest_loss import Lines, Rate, keeps_no_rate, loss, median_rate
from tui.study.model.plan import StudyPlan
from tui.study.model.progress import DONE_CANCELLED, DONE_CENSORED, DONE_FAILED, DONE_OK, Done
from tui.study.model.schedule import Step
from tui.study.model.ways import ways
from tui.vm.model.location import VmOnHost, state_words

T = TypeVar("T")

FOREVER_S = 1e7
READ_EVERY_S = 2.0  # the newest lines of the workload; a guest keeps about 20 of them

Say = Callable[[str, bool], None]  # a sentence on what it does now, and whether it waits for somebody else
Pause = Callable[[float], Awaitable[bool]]  # for some seconds; returns whether the study was stopped meanwhile
OnStarted = Callable[[MigrationActor, str], Awaitable[None]]  # with the direction


class Interrupted(Exception):
    """The study was stopped before the migration of this run began."""


@dataclass(frozen=True)
class Tools:
    """What a run works with."""

    owner: MigrationOwner
    workloads: Workloads
    forecaster: Forecaster


class Measurement:
    """One step; `study` has the name and the id of its study."""

    def __init__(
        self,
        plan: StudyPlan,
        step: Step,
        study: dict[str, str],
        tools: Tools,
        say: Say,
        pause: Pause,
    ) -> None:
        self._plan = plan
        self._step = step
        self._study = study
        self._owner, self._workloads, self._forecaster = tools.owner, tools.workloads, tools.forecaster
        self._say = say
        self._pause = pause
        self._vm = step.cell.vm
        self._before: Rate | None = None
        self._lines = Lines()
        self._records: list[Record] = []

    async def run(self, on_started: OnStarted) -> Done:
        """Do all of it; raises Interrupted, or the Failure that kept the migration from starting."""
        began = time.monotonic()
        try:
            migration, direction = await self._start()
            await on_started(migration, direction)
        except (Failure, Interrupted):
            with contextlib.suppress(Failure):  # the first failure is the one to report
                await self._clear()
            raise
        censored = await self.until_over(migration)
        after = await self._recovered(migration)
        status, trouble = await self._stopped()
        tables = self._tables(direction, censored=censored)
        guest = tables.setdefault("guest", {})
        guest |= {"rate_after": after.value if after else None, "unit": _unit(self._before or after)}
        flat_out = keeps_no_rate(self._step.cell.spec)
        lost = loss(self._before, self._records, self._lines, migration.timeline.observed, flat_out=flat_out)
        guest |= {"lost_s": lost.seconds, "lost_at_least": lost.why} if lost else {}
        guest |= {"wrong_pages": status.wrong_pages if status and "wrong_pages" in status.values else None}
        await on_thread(_write, migration.folder / AFTERWARDS, tables | ({"error": trouble} if trouble else {}))
        self._say("resting before the next run", False)
        await self._pause(self._plan.rest_s)
        done = done_of(self._step.number, direction, migration, censored=censored)
        result = DONE_FAILED if trouble else done.result
        return replace(done, result=result, why=done.why or trouble, took_s=round(time.monotonic() - began, 3))

    # -- before --

    async def _start(self) -> tuple[MigrationActor, str]:
        while True:
            found = await self._ready()
            await self._prepare(found)
            inputs = await self._forecast(found) if self._plan.forecast else None
            if self._under_way() is not None:
                continue  # another client has started one while the guest was prepared
            target, direction = ways(self._plan.between, self._owner.hosts, found.host)
            tables = self._tables(direction)
            self._say("starting the migration", False)
            try:
                plan = replace(self._step.cell.plan, to=target)
                migration = await self._owner.start(plan, found.host, tables=tables, forecast=inputs)
            except Moved:
                continue
            migration.listen(self._records.append)
            return migration, direction

    async def _ready(self) -> VmOnHost:
        """The VM, once no migration of it is under way; Failure if it does not run or a host does not reply."""
        try:
            await self._owner.look()  # for migrations of other programs
        except Failure as failure:
            log.info("The study: %s", failure)
        while (other := self._under_way()) is not None:
            self._say(f"waiting until the migration of {self._vm} ends that another client started", True)
            await self._unless_stopped(other.ended())
        inventory = await self._owner.all_vms()
        found = inventory.origin(self._vm)
        if found is None or not found.vm.running:
            reason = next(map(str, inventory.failures.values()), "")
            state = (
                f"it is {state_words(found.vm)} on {found.host}"
                if found
                else reason or f"{none_of(inventory.hosts)} has it"
            )
            raise Failure(f"{self._vm} does not run", state, "Start it on the Launch page.")
        return found

    def _under_way(self) -> MigrationActor | None:
        return next((each for each in self._owner.all if each.vm.name == self._vm and not each.timeline.over), None)

    async def _prepare(self, found: VmOnHost) -> None:
        """Start the workload, let it settle, and read its rate."""
        self._say(f"preparing the guest of {self._vm}", False)
        await self._clear()
        spec = self._step.cell.spec
        if spec is not None:
            await self._workloads.start(self._vm, spec, found.vm.memory_bytes, lambda text: self._say(text, False))
        self._say("letting the guest settle", False)
        await self._interruptible(self._plan.settle_s)
        self._say(f"{self._measuring} before the migration", False)
        lines = await self._lines_over(self._plan.baseline_s, interruptible=True)
        self._before, self._lines = median_rate(lines), Lines(before=lines[-1:])

    @property
    def _measuring(self) -> str:
        return "waiting" if self._step.cell.spec is None else "measuring the guest"

    async def _clear(self) -> None:
        """End the workload that runs in the guest; Failure if the guest does not answer."""
        if (await self._workloads.status(self._vm)).running:
            await self._workloads.stop(self._vm, lambda text: self._say(text, False))

    async def _forecast(self, found: VmOnHost) -> Inputs | None:
        """What a forecast of this migration is made from; None if that is not known, and the run goes on without."""
        self._say("measuring how fast the VM dirties memory", False)
        target, _ = ways(self._plan.between, self._owner.hosts, found.host)
        try:
            return await self._unless_stopped(self._inputs(found, target))
        except Failure as failure:
            log.info("The study has no forecast of run %s: %s", self._step.number, failure)
            return None

    async def _inputs(self, found: VmOnHost, target: str) -> Inputs:
        """Measured now; a link of which nothing is known is probed first. Raises Failure."""

        def measure() -> Coroutine[Any, Any, Inputs]:
            return self._forecaster.inputs(found.vm, found.host, target, self._step.cell.plan, lambda _progress: None)

        try:
            return await measure()
        except BandwidthUnknown:
            self._say(f"probing the link from {found.host} to {target} for a second", False)
            await self._forecaster.probe(found.host, target)
            return await measure()

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """Its result; it is cancelled, and Interrupted raised, if the study is stopped before it has one."""
        working, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self._pause(FOREVER_S))
        try:
            await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise Interrupted
            return working.result()
        finally:
            working.cancel()
            stopped.cancel()

    async def _interruptible(self, seconds: float) -> None:
        if await self._pause(seconds):
            raise Interrupted

    # -- during --

    async def until_over(self, migration: MigrationActor) -> bool:
        """Wait for the end of the migration; returns whether it took longer than the limit, which ends pre-copy."""
        ended = asyncio.ensure_future(migration.ended())
        censored = False
        if self._step.cell.plan.technique == POST_COPY_MANUAL and not why_not(POST_COPY_NOW, migration.timeline):
            migration.controls.send(POST_COPY_NOW)
        self._say("migrating", False)
        try:
            await asyncio.wait({ended}, timeout=max(0.0, self._plan.limit_s - migration.run_log.now()))
            if not migration.timeline.over and migration.state.stage is Stage.JOB:  # else only its end is looked into
                censored = True
                _mark_censored(migration)
                cancels = not why_not(CANCEL, migration.timeline)
                what = "it is cancelled" if cancels else "it cannot be cancelled any more"
                self._say(f"the migration has passed the limit of {self._plan.limit_s:g} s; {what}", not cancels)
                if cancels:
                    migration.controls.send(CANCEL)
            await ended
        finally:
            ended.cancel()
        return censored or (migration.timeline.total_s or 0.0) > self._plan.limit_s

    # -- after --

    async def _recovered(self, migration: MigrationActor) -> Rate | None:
        self._say(f"{self._measuring} after the migration", False)
        if migration.timeline.phase not in (COMPLETED, CANCELLED):
            return None  # the guest may be gone
        try:
            if self._step.cell.spec is not None:
                self._lines = replace(self._lines, at_end=(await self._workloads.newest_output(self._vm)).lines)
            known = next(iter(self._lines.at_end[-1:]), "")
            after = await self._lines_over(self._plan.recovery_s, known, interruptible=False)
            self._lines = replace(self._lines, after=after)
            return median_rate(after)
        except Failure as failure:
            log.info("The study: %s", failure)
            return None

    async def _stopped(self) -> tuple[WorkloadStatus | None, str]:
        """The last status of the workload, and what is wrong with it: it has found wrong pages, or cannot be ended."""
        if self._step.cell.spec is None:
            return None, ""
        try:
            status = await self._workloads.stop(self._vm, lambda text: self._say(text, False))
        except Failure as failure:
            return None, str(failure)
        return status, status.error

    async def _lines_over(self, seconds: float, known: str = "", *, interruptible: bool) -> list[str]:
        """The workload's lines of some seconds, after the line `known`; none if another client migrates the VM."""
        lines: list[str] = []
        until = time.monotonic() + seconds
        spec = self._step.cell.spec
        while (rest := until - time.monotonic()) > 0:
            stopped = await self._pause(rest if spec is None else min(rest, READ_EVERY_S))
            if stopped and interruptible:
                raise Interrupted
            if stopped:
                return []  # what is known by then would be a rate over another time
            if self._under_way() is not None:
                return []  # another migration would lower the rate
            if spec is None:
                continue
            output = await self._workloads.newest_output(self._vm)
            fresh = output.after(known) if known else output.lines[-1:]
            lines, known = [*lines, *fresh], output.line
        return lines

    def _tables(self, direction: str, *, censored: bool = False) -> dict[str, Any]:
        """The tables of run.toml that say which run of the study it is."""
        step, before = self._step, self._before
        about = {"cell": step.cell.text, "direction": direction, "repeat": step.repeat, "warm_up": step.warm_up}
        study = {**self._study, **about, "censored": censored, "limit_s": self._plan.limit_s}
        return {"study": study} | (
            {"guest": {"rate_before": before.value, "unit": before.unit}} if before is not None else {}
        )


def done_of(number: int, direction: str, migration: MigrationActor, *, censored: bool) -> Done:
    """The result of a migration that is over."""
    timeline = migration.timeline
    result = {COMPLETED: DONE_OK, CANCELLED: DONE_CANCELLED}.get(timeline.phase, DONE_FAILED)
    if censored and result != DONE_FAILED:
        result = DONE_CENSORED
    why = _why(timeline, result)
    downtime_ms = number_in(timeline.final, "downtime") if timeline.phase == COMPLETED else None
    downtime_s = downtime_ms / 1000 if downtime_ms is not None and downtime_ms >= 0 else None
    return Done(number, result, direction, str(migration.folder), why, timeline.total_s, downtime_s=downtime_s)


def _why(timeline: Timeline, result: str) -> str:
    if result == DONE_CANCELLED:
        return "it was cancelled by another client"
    if result == DONE_FAILED:
        what, why = (str(timeline.error.get(key, "")) for key in ("what", "why"))
        return ": ".join(filter(None, (what, why))) or f"its outcome is {timeline.phase}"
    return ""


def _mark_censored(migration: MigrationActor) -> None:
    facts = migration.facts
    migration.facts = facts | {"study": facts.get("study", {}) | {"censored": True}}


def _unit(rate: Rate | None) -> str | None:
    return rate.unit if rate else None


def _write(path: Path, tables: dict[str, Any]) -> None:
    """Write a file in one step; a disk that refuses it only costs these figures."""
    try:
        part = path.with_name(f".{path.name}.part")
        part.write_text(tomli_w.dumps(without_none(tables)), "utf-8")
        part.replace(path)
    except OSError as error:
        log.warning("%s cannot be written: %s", path, error)

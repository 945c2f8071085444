"""The studies of one configuration in the runner, and what a client may request of them."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.settings import Config
from tui.core.threads import on_thread
from tui.core.vm import Daemon
from tui.migration.backend.before.preflight import Refused
from tui.migration.model.call.gate import Case, refusals
from tui.study.backend import find, store
from tui.study.backend.engine import Engine
from tui.study.backend.measurement import Tools
from tui.study.backend.plan_file import read
from tui.study.backend.requests import CHECK, RESUME, START, STATUS, STOP
from tui.study.backend.state import state_of
from tui.study.backend.store import Store, Study
from tui.study.model import status
from tui.study.model.cell import Cell
from tui.study.model.estimate import Estimate, estimate
from tui.study.model.plan import MOST_SEED, StudyPlan
from tui.study.model.progress import Progress
from tui.study.model.schedule import schedule, seed_of
from tui.study.model.ways import ends

BY_COMMAND = "a client requested it"

# By the UUID of a VM, what has it: "in the queue 1, which is under way".
Held = Callable[[], Mapping[str, str]]
VmKeys = Mapping[tuple[str, str], str]  # the names of VMs, by the UUIDs of the VM and of each host


class Studies:
    """The studies of one configuration, of which one at most is under way; `folder` has those of all."""

    def __init__(self, tools: Tools, config: Config, folder: Path) -> None:
        self._tools = tools
        self._config = config
        self._folder = folder
        self._engine: Engine | None = None
        self._lock = asyncio.Lock()  # one start at a time
        self._all: list[Studies] = []
        self._vms: VmKeys = {}  # of the study under way, or of the one that is about to begin
        self._which = ""  # which study that is
        self.held: Held = dict  # the VMs of queues under way
        self._memory_bytes = {config.vm.name: config.vm.memory_bytes}  # of each VM, once it was read

    @property
    def busy(self) -> bool:
        """Whether a study works or waits."""
        return self._engine is not None and self._engine.under_way

    def share(self, studies: "list[Studies]") -> None:
        """Join the studies of all configurations, which never use a VM at the same time."""
        self._all = studies
        self._all.append(self)

    def holds(self) -> dict[str, str]:
        """By the UUID of each VM of the study under way, which study has it."""
        return dict.fromkeys((uuid for uuid, _host in self._claimed), f"in the study {self._which}, which is under way")

    async def check(self, text: str) -> dict[str, Any]:
        """The memory of the plan's VMs; raises the Failure with which a start would be refused now. Changes nothing."""
        plan, cells = self._read(text)
        async with self._lock:
            self._require_idle()
            self._require_free(await self._ready(plan, cells))
        return {"memory_bytes": {each.vm: self._memory_bytes[each.vm] for each in cells}}

    async def start(self, text: str, config: str, seed: int | None = None) -> dict[str, Any]:
        """Start a new study of the plan in `text`; returns its status, raises Failure.

        `seed` is that of the order, for a plan without one.
        """
        plan, cells = self._read(text)
        seed = seed_of(plan, seed)
        steps = schedule(plan, cells, seed)
        async with self._lock:
            self._require_idle()
            self._claim(await self._ready(plan, cells), plan.name, config)
            head = {"seed": seed, "config": config}
            made = await on_thread(Store.create, self._folder, plan.name, text, steps, head)
            return self._begin(made, Study(made.folder, plan, steps, Progress(), config))

    async def resume(self, name: str, config: str) -> dict[str, Any]:
        """Continue a study that is not complete, the newest one without a name; returns its status."""
        async with self._lock:
            self._require_idle()
            study = await on_thread(self._found, name, config)
            if not study.left:
                raise Failure(f"The study {study.id} is complete", "all of its runs are done")
            if study.config != config:
                hint = f"Give it with --config {study.config}."
                raise Failure(f"The study {study.id} has another configuration", study.config, hint)
            self._claim(await self._ready(study.plan, [each.cell for each in study.left]), study.name, config)
            return self._begin(*await on_thread(store.locked, study.folder))

    def stop(self) -> dict[str, Any]:
        """Stop the study under way; a migration is measured to its end first. Returns the status."""
        if self._engine is None or not self._engine.under_way:
            raise Failure("No study is under way")
        self._engine.stop(BY_COMMAND)
        return self._status_of(self._engine.study, self._engine)

    async def status(self, name: str, config: str, after: int | None = None) -> dict[str, Any] | None:
        """The status of a study, by default of the one this process worked on, else of the newest; None if none is.

        With `after`, it has the runs that have ended, without the first `after`.
        """
        engine = self._engine
        if engine is not None and name in ("", engine.study.id):
            return self._status_of(engine.study, engine, after)
        if not name and not await on_thread(find.own, self._folder, config):
            return None
        study = await on_thread(self._found, name, config)
        return await on_thread(self._status_of, study, None, after)

    async def close(self) -> None:
        """Leave the study under way, because the process ends."""
        if self._engine is not None:
            await self._engine.close()

    # -- helpers --

    def _begin(self, opened: Store, study: Study) -> dict[str, Any]:
        self._engine = Engine(opened, study, self._tools)
        self._engine.start()
        return self._status_of(study, self._engine)

    def _read(self, text: str) -> tuple[StudyPlan, Sequence[Cell]]:
        return read(text, self._config.vm.name, "The plan")

    def _require_idle(self) -> None:
        if self._engine is not None and self._engine.under_way:
            what = f"The study {self._engine.study.id} is under way"
            raise Failure(what, "", "Wait for its end, or stop it.")
        self._vms = {}  # of the study before

    @property
    def _claimed(self) -> VmKeys:
        return self._vms if self.busy or self._lock.locked() else {}

    def _claim(self, vms: VmKeys, study: str, config: str) -> None:
        """Keep the studies of other configurations from these VMs; Failure if one has them."""
        self._require_free(vms)
        self._vms, self._which = vms, f"{study} of {config}"

    def _require_free(self, vms: VmKeys) -> None:
        held = self.held()
        for (uuid, _host), name in vms.items():
            if uuid in held:
                raise Failure("The study cannot start", f"{name} is {held[uuid]}", "Wait for its end, or stop it.")
        for other in self._all:
            used = next((name for key, name in vms.items() if other is not self and key in other._claimed), None)
            if used is not None:
                why = f"{used} is in the study {other._which}, which is under way"
                raise Failure("The study cannot start", why, "Wait for its end, or stop it.")

    async def _ready(self, study: StudyPlan, cells: Collection[Cell]) -> VmKeys:
        """The VMs; Failure if one does not run, its guest does not answer, or an end is unread or refuses an option.

        Each run would fail then.
        """
        plans = {each.plan for each in cells}
        names = {each.vm for each in plans}
        both = ends(study.between, self._tools.owner.hosts)
        inventory = (await self._tools.owner.all_vms()).only(both)
        for failure in inventory.failures.values():
            raise failure
        for name in sorted(names):
            reason = inventory.stopped(name)
            if reason:
                raise Failure("The study cannot start", reason)
            await self._tools.workloads.status(name)
        vms = [found.vm for name in names if (found := inventory.origin(name)) is not None]
        self._memory_bytes |= {vm.name: vm.memory_bytes for vm in vms}
        daemons = await self._tools.owner.daemons(*both)
        _require_allowed(plans, daemons)
        await self._require_certificates(plans, both)
        return {(vm.uuid, each.uuid): vm.name for each in daemons for vm in vms}

    async def _require_certificates(self, plans: Collection[Plan], both: tuple[str, str]) -> None:
        """Failure if the certificates of the hosts prevent a migration with TLS in one of the two directions."""
        encrypted = [each for each in sorted(plans, key=str) if each.tls][:1]  # all use the same certificates
        for plan, (origin, target) in itertools.product(encrypted, (both, both[::-1])):
            try:
                await self._tools.owner.on_hosts.unchecked(replace(plan, to=target), origin)
            except Refused as refused:
                raise Failure("The study cannot start", refused.reason, refused.hint) from refused

    def _found(self, name: str, config: str) -> Study:
        return find.found(self._folder, name, config)

    def _status_of(self, study: Study, engine: Engine | None, after: int | None = None) -> dict[str, Any]:
        left = self._left(study, engine)
        fields: dict[str, Any] = {"id": study.id, "folder": str(study.folder), "name": study.name}
        fields |= {"state": state_of(study, engine), "why": study.progress.stopped}
        fields |= {"left_s": round(left.likely_s), "left_unknown_runs": left.unknown, "left": left.text}
        fields |= status.counts(study.steps, study.progress)
        fields |= {"newest": status.newest_fields(study.steps, study.progress)}
        fields |= {"cells": status.cell_fields(study.steps, study.progress, study.plan.limit_s)}
        fields |= {"step": None, "doing": "", "migration": None}
        if engine is not None and engine.under_way:
            step = engine.step
            fields |= {"doing": engine.doing, "step": status.step_fields(step, study.plan) if step else None}
            fields |= {"migration": _migration_fields(engine)}
        if after is not None:
            fields |= {"runs": status.run_fields(study.steps, study.progress, after)}
        if not study.left:
            fields["left"] = ""
        return fields

    def _left(self, study: Study, engine: Engine | None) -> Estimate:
        found = estimate(study.plan, study.steps, study.left, study.progress.done, self._memory_bytes)
        passed = engine.step_s if engine else 0.0
        return Estimate(max(0.0, found.likely_s - passed), found.unknown, found.limit_s)


def _migration_fields(engine: Engine) -> dict[str, Any] | None:
    """The migration under way of the run under way."""
    migration = engine.migration
    if migration is None or migration.timeline.over:
        return None
    timeline, (_number, _run, direction) = migration.timeline, engine.study.progress.migrating or (0, "", "")
    fields: dict[str, Any] = {"run": migration.folder.name, "direction": direction, "phase": timeline.phase}
    left_bytes = timeline.point.remaining if timeline.point is not None else None
    elapsed_s = round(max(0.0, migration.run_log.now()), 3)
    return fields | {"pass": timeline.iteration, "remaining_bytes": left_bytes, "elapsed_s": elapsed_s}


class Session:
    """The studies for one client; `config` is the path of its configuration."""

    def __init__(self, studies: Studies, config: str) -> None:
        self._studies = studies
        self._config = config
        self._actions: dict[str, Callable[[Mapping[str, Any]], Awaitable[Any]]] = {
            CHECK: self._check, START: self._start, STATUS: self._status, STOP: self._stop, RESUME: self._resume,
        }  # fmt: skip

    @property
    def actions(self) -> Collection[str]:
        """The requests that it takes."""
        return self._actions

    async def call(self, action: str, parameters: Mapping[str, Any]) -> Any:
        """The result of a request, as JSON; raises Failure."""
        return await self._actions[action](parameters)

    def close(self) -> None:
        """The client has gone; its study continues."""

    async def _check(self, parameters: Mapping[str, Any]) -> Any:
        return await self._studies.check(str(parameters.get("plan", "")))

    async def _start(self, parameters: Mapping[str, Any]) -> Any:
        seed = parameters.get("seed")
        return await self._studies.start(str(parameters.get("plan", "")), self._config, _whole(seed))

    async def _status(self, parameters: Mapping[str, Any]) -> Any:
        study, after = str(parameters.get("study", "")), _whole(parameters.get("after"))
        return await self._studies.status(study, self._config, after)

    async def _stop(self, _parameters: Mapping[str, Any]) -> Any:
        return self._studies.stop()

    async def _resume(self, parameters: Mapping[str, Any]) -> Any:
        return await self._studies.resume(str(parameters.get("study", "")), self._config)


def _whole(value: object) -> int | None:
    """The number of a request; None if it has none, Failure if it is none."""
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= MOST_SEED:
        raise Failure("A request to the studies is malformed", f"{value!r} is not a number")
    return value


def _require_allowed(plans: Collection[Plan], daemons: list[Daemon]) -> None:
    """Raise a Failure if these hosts refuse an option in one of the two directions."""
    for plan in sorted(plans, key=str):
        for here, there in (daemons, daemons[::-1]):
            for failure in refusals(Case(plan, here, there)):
                raise Failure("The study cannot start", failure.reason, failure.hint)

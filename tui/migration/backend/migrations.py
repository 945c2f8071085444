"""The migrations between the configured hosts: what can be moved, why not, starting one, and finding one that runs."""

import asyncio
import platform
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tui import __version__
from tui.core.clock import seconds_since
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.plan import Plan, refuse
from tui.core.protocols import Hypervisor, Stat
from tui.core.settings import HYPERVISORS, OTHER
from tui.core.threads import on_thread
from tui.core.vm import Daemon, Vm
from tui.guest.model.workload import Workload
from tui.migration.backend.connections import MigrationConnections
from tui.migration.backend.guest_monitor import GuestAccess
from tui.migration.backend.migration import Migration
from tui.migration.backend.recorder import NullRecorder, Recorder, folder_name
from tui.migration.backend.run_summary import MIGRATION_OUT
from tui.migration.backend.unfinished import Unfinished, unfinished_runs
from tui.vm.model.location import Inventory, VmOnHost

UNKNOWN = "unknown"
SAME_START_S = 60.0  # a job that began later than this after a run is another one; the clock may have been set


class Refused(Failure):
    """A plan that was not started; reads as the first of `failures`, which are all that stand in its way."""

    def __init__(self, failures: tuple[Failure, ...]) -> None:
        first = failures[0]
        super().__init__(first.what, first.why, first.hint, detail=first.detail)
        self.failures = failures


class Migrations:
    """One at a time: `current` is the migration under way or the last one over."""

    def __init__(
        self,
        connections: Connections,
        open_hypervisor: Callable[[str], Hypervisor],
        runs: Path,
        interval: float,
        workload: Callable[[str], Awaitable[Workload]],
        guest_access: GuestAccess | None = None,
    ) -> None:
        self.current: Migration | None = None
        self._connections = connections
        self._open = open_hypervisor
        self._runs = runs
        self._interval = interval
        self._workload = workload
        self._guest_access = guest_access
        self._one = asyncio.Lock()  # who starts or attaches: a second one sees what the first has done

    async def vms(self) -> Inventory:
        """The VMs of both hosts, and why a host could not be asked for its own."""
        answers = dict(zip(HYPERVISORS, await asyncio.gather(*map(self._vms_of, HYPERVISORS)), strict=True))
        known = ((host, vms) for host, vms in answers.items() if not isinstance(vms, Failure))
        found = tuple(VmOnHost(vm, host) for host, vms in known for vm in vms)
        return Inventory(found, {host: answer for host, answer in answers.items() if isinstance(answer, Failure)})

    async def _vms_of(self, host: str) -> tuple[Vm, ...] | Failure:
        try:
            return await self._connections.query(host, lambda hypervisor: hypervisor.vms())
        except Failure as failure:
            return failure

    async def _cleared(self, plan: Plan) -> VmOnHost:
        """The VM of `plan` on the host it starts from; raises everything that is known to stand in the way."""
        if self.current is not None and not self.current.timeline.over:
            raise Failure(f"{self.current.vm.name} is being migrated", "", "Wait for its end, or cancel it.")
        inventory = await self.vms()
        origin = inventory.origin(plan.vm)
        if origin is None:
            raise _not_found(plan.vm, inventory)
        vm = origin.vm
        if await self._anybody_migrates(plan.vm, inventory):
            hint = "Leave this page and come back to follow it."
            raise Failure(f"{vm.name} is being migrated already", "somebody else started it", hint)
        here = await self._daemon(origin.host)
        failures: list[Failure | None] = [refuse(plan, here.hypervisor_version)]
        if not vm.running:
            why = f"it is {vm.state} on {origin.host}"
            failures.append(Failure(f"{vm.name} cannot be migrated live", why, "Start it on the Launch page."))
        failures += await self._target_trouble(origin, here, inventory)
        known = tuple(failure for failure in failures if failure is not None)
        if known:
            raise Refused(known)
        return origin

    async def _anybody_migrates(self, name: str, inventory: Inventory) -> bool:
        having = [each for each in inventory.found if each.vm.name == name and each.vm.active]
        return any([await self._job(each) for each in having])

    async def _target_trouble(self, origin: VmOnHost, here: Daemon, inventory: Inventory) -> list[Failure]:
        vm, target = origin.vm, OTHER[origin.host]
        if target in inventory.failures:
            said = inventory.failures[target]
            return [Failure(f"The {target} cannot be reached", said.why or said.what, said.hint, detail=said.detail)]
        there = await self._daemon(target)
        failures = []
        if here.uuid and here.uuid == there.uuid:
            failures.append(_same_host(here.uuid))
        for each in inventory.found:
            if each.host == target and each.vm.name == vm.name and (each.vm.uuid != vm.uuid or each.vm.active):
                failures.append(_name_taken(each))
        return failures

    async def _daemon(self, host: str) -> Daemon:
        return await self._connections.query(host, lambda hypervisor: hypervisor.daemon())

    async def _job(self, found: VmOnHost) -> Mapping[str, Stat]:
        """The statistics of its migration away from its host, empty where none is under way."""
        job = await self._connections.query(found.host, lambda hypervisor: hypervisor.job(found.vm.name))
        return job.stats if job.stats.get("operation") == MIGRATION_OUT else {}

    async def start(self, plan: Plan) -> Migration:
        """Check `plan` and start it; raises Refused with all that the checks found, or the Failure that ended them."""
        async with self._one:
            return await self._start(plan)

    async def _start(self, plan: Plan) -> Migration:
        found = await self._cleared(plan)
        vm, origin = found.vm, found.host
        workload = await self._workload(vm.name)
        route, facts = await self._route(origin, workload)
        name = folder_name(vm.name, workload.name, plan.technique)
        recorder = await on_thread(Recorder.create, self._runs, name)
        self.current = migration = Migration(plan, vm, route, recorder, self._interval, self._guest_access)
        migration.facts = facts
        migration.begin(self._options(plan, vm, origin, workload))
        return migration

    async def attach(self, inventory: Inventory | None = None) -> Migration | None:
        """Follow a migration that runs already, or end the record of one that ended while nobody watched; else None.

        `inventory` is what `vms` has just returned, where the caller has it.
        """
        async with self._one:
            if self.current is not None and not self.current.timeline.over:
                return self.current
            unfinished = await on_thread(unfinished_runs, self._runs)
            inventory = inventory or await self.vms()
            all_answered = not inventory.failures
            for found in inventory.found:
                try:
                    job = await self._job(found) if found.vm.active else {}
                except Failure:
                    all_answered = False  # it may be migrating: the end of no run is judged below
                    continue
                if job:
                    return await self._rejoin(found, job, unfinished, inventory)
            known = {found.vm.uuid for found in inventory.found}
            for run in reversed(unfinished):  # the newest is to be the current one
                # Else a host that did not answer may still migrate it, or it is of the hosts of another configuration.
                if all_answered and run.vm.uuid in known:
                    await self._conclude(run)
            return self.current

    async def _rejoin(
        self, found: VmOnHost, job: Mapping[str, Stat], unfinished: list[Unfinished], inventory: Inventory
    ) -> Migration:
        vm, host = found.vm, found.host
        run = next((each for each in unfinished if _same_job(each, found, job)), None)
        workload = run.workload if run else await self._workload(vm.name)
        plan = run.plan if run else Plan(vm.name, technique=UNKNOWN)
        route, facts = await self._route(host, workload, inventory)
        recorder = await self._recorder_of(run, vm, workload, plan)
        self.current = migration = Migration(plan, vm, route, recorder, self._interval, self._guest_access)
        migration.facts = facts
        options = self._options(plan, vm, host, workload)
        earlier, began = (run.records, run.began) if run else ([], None)
        migration.rejoin(earlier, began, options)
        return migration

    async def _recorder_of(
        self, run: Unfinished | None, vm: Vm, workload: Workload, plan: Plan
    ) -> Recorder | NullRecorder:
        """Where to go on writing; a migration that runs is followed and steered though nothing can be written."""
        if run is not None:
            try:
                return await on_thread(Recorder.open, run.folder)
            except BlockingIOError:
                pass  # another vmlm-tui records it there; this one keeps a record of its own
            except OSError as error:
                return NullRecorder(run.folder, error.strerror or str(error))
        name = folder_name(vm.name, workload.name, plan.technique)
        try:
            return await on_thread(Recorder.create, self._runs, name)
        except Failure as failure:
            return NullRecorder(self._runs / name, failure.why)

    async def _conclude(self, run: Unfinished) -> None:
        """Write the end of a run whose job is gone, from what both daemons still know."""
        try:
            route, facts = await self._route(run.origin, run.workload)
            recorder = await on_thread(Recorder.open, run.folder)
        except (Failure, OSError):
            return  # a host is away, or another app was faster: the run stays unfinished for the next start
        self.current = migration = Migration(run.plan, run.vm, route, recorder, self._interval, self._guest_access)
        migration.facts = facts
        migration.conclude_unwatched(run.records, run.began)
        await migration.ended()

    async def _route(
        self, origin: str, workload: Workload, running: Inventory | None = None
    ) -> tuple[MigrationConnections, dict[str, Any]]:
        """The open route and its facts for run.toml.

        `running` is given where the migration runs already: it can be followed though nobody reaches its target.
        """
        target = OTHER[origin]
        route = MigrationConnections(
            origin, target, {host: self._connections.config.hosts[host].libvirt for host in HYPERVISORS}, self._open
        )
        # All are opened now: it is what takes time, and where a host cannot be reached this is when to hear of it.
        _steer, here, there = await asyncio.gather(
            on_thread(route.steer),
            on_thread(lambda: route.at(origin).daemon()),
            self._facts_of(route, target, running),
        )
        facts = {
            "hosts": {"origin": origin, "target": target, origin: _host(here), target: there},
            "workload": {"name": workload.name, **workload.parameters},
            "destination_uri": self._connections.config.hosts[target].peer_uri,
            "interval_s": self._interval,
            "versions": {"vmlm-tui": __version__, "python": platform.python_version()},
        }
        return route, facts

    async def _facts_of(self, route: MigrationConnections, target: str, running: Inventory | None) -> dict[str, Any]:
        if running is not None and target in running.failures:
            return {}
        try:
            return _host(await on_thread(lambda: route.at(target).daemon()))
        except Failure:
            if running is None:
                raise
            return {}

    def _options(self, plan: Plan, vm: Vm, origin: str, workload: Workload) -> dict[str, Any]:
        options = asdict(plan) | {"uuid": vm.uuid, "vcpus": vm.vcpus, "memory_bytes": vm.memory_bytes}
        options |= {"workload": workload.name, "workload_parameters": dict(workload.parameters)}
        return options | {"origin": origin, "target": OTHER[origin], "interval_s": self._interval}

    async def close(self) -> None:
        """Quit: what runs goes on, and the next start finds it."""
        if self.current is not None and not self.current.timeline.over:
            self.current.leave()


def _same_job(run: Unfinished, found: VmOnHost, job: Mapping[str, Stat]) -> bool:
    """Whether `job` is what `run` began to record, and not a later one of the same VM."""
    elapsed_ms = job.get("time_elapsed", 0)
    passed_s = float(elapsed_ms) / 1000 if isinstance(elapsed_ms, (int, float)) else 0.0
    later = 0 < passed_s < seconds_since(run.began) - SAME_START_S
    return run.vm.uuid == found.vm.uuid and run.origin == found.host and not later


def _not_found(name: str, inventory: Inventory) -> Failure:
    for host, failure in inventory.failures.items():
        what = f"{name} was not found, and {host} could not be asked"
        return Failure(what, failure.why, failure.hint, detail=failure.detail)
    return Failure(f"There is no VM {name!r}", "neither host has it", "Choose one that the Launch page lists.")


def _same_host(uuid: str) -> Failure:
    return Failure(
        "Source and destination are the same host",
        f"both have the host UUID {uuid}",
        "Look at the addresses in the configuration; two cloned hosts need a host_uuid each in libvirtd.conf.",
    )


def _name_taken(found: VmOnHost) -> Failure:
    return Failure(
        f"The name {found.vm.name} is taken on {found.host}",
        f"a VM of that name is {found.vm.state} there",
        "Rename or undefine it there.",
    )


def _host(daemon: Daemon) -> dict[str, Any]:
    return {
        "hostname": daemon.hostname,
        "uri": daemon.uri,
        "libvirt": ".".join(map(str, daemon.libvirt_version)),
        "qemu": ".".join(map(str, daemon.hypervisor_version)),
        "cpus": daemon.cpus,
        "cpu_model": daemon.cpu_model,
        "memory_bytes": daemon.memory_bytes,
    }

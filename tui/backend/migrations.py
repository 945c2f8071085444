"""The migrations between the configured hosts: what can be moved, why not, starting one, and finding one that runs."""

import asyncio
import platform
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tui import __version__
from tui.adapters.protocols import Hypervisor
from tui.backend.connections import HYPERVISORS, Connections
from tui.backend.migration import Migration
from tui.backend.recorder import Recorder, folder_name
from tui.backend.route import Route
from tui.backend.threads import on_thread
from tui.backend.unfinished import Unfinished, unfinished_runs
from tui.config import DESTINATION, SOURCE
from tui.model.failure import Failure
from tui.model.plan import Plan, refuse
from tui.model.vm import Daemon, Vm

MIGRATION_OUT = 5  # VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Found:
    """A VM and the host that has it ("source" or "destination")."""

    vm: Vm
    host: str


class Migrations:
    """One at a time: `current` is the migration under way or the last one over."""

    def __init__(
        self,
        connections: Connections,
        open_hypervisor: Callable[[str], Hypervisor],
        runs: Path,
        interval: float,
        workload: Callable[[], Awaitable[str]],
    ) -> None:
        self.current: Migration | None = None
        self.unreachable: dict[str, Failure] = {}
        self._connections = connections
        self._open = open_hypervisor
        self._runs = runs
        self._interval = interval
        self._workload = workload

    async def vms(self) -> tuple[Found, ...]:
        """The VMs of both hosts; a host that cannot be asked stands in `unreachable`."""
        answers = await asyncio.gather(*(self._vms_of(host) for host in HYPERVISORS))
        return tuple(found for answer in answers for found in answer)

    async def _vms_of(self, host: str) -> tuple[Found, ...]:
        try:
            vms = await self._connections.ask(host, lambda hypervisor: hypervisor.vms())
        except Failure as failure:
            self.unreachable[host] = failure
            return ()
        self.unreachable.pop(host, None)
        return tuple(Found(vm, host) for vm in vms)

    async def preflight(self, plan: Plan) -> list[Failure]:
        """Everything that is known to stand in the way of `plan`; empty where nothing does."""
        if self.current is not None and not self.current.timeline.over:
            return [Failure(f"{self.current.vm.name} is being migrated", "", "Wait for its end, or cancel it.")]
        found = await self.vms()
        origin = origin_of(plan.vm, found)
        if origin is None:
            return [self._not_found(plan.vm)]
        vm = next(each.vm for each in found if each.host == origin and each.vm.name == plan.vm)
        failures: list[Failure | None] = [refuse(plan, (await self._daemon(origin)).hypervisor_version)]
        if not vm.running:
            why = f"it is {vm.state} on {origin}"
            failures.append(Failure(f"{vm.name} cannot be migrated live", why, "Start it on the Launch page."))
        elif await self._migrates(origin, vm):
            hint = "Start vmlm-tui anew to follow it."
            failures.append(Failure(f"{vm.name} is being migrated already", "somebody else started it", hint))
        failures += await self._target_trouble(vm, origin, found)
        return [failure for failure in failures if failure is not None]

    def _not_found(self, name: str) -> Failure:
        if self.unreachable:
            host, failure = next(iter(self.unreachable.items()))
            what = f"{name} was not found, and {host} could not be asked"
            return Failure(what, failure.why, failure.hint, detail=failure.detail)
        return Failure(f"There is no VM {name!r}", "neither host has it", "Choose one that the Launch page lists.")

    async def _target_trouble(self, vm: Vm, origin: str, found: tuple[Found, ...]) -> list[Failure | None]:
        target = other(origin)
        if target in self.unreachable:
            said = self.unreachable[target]
            return [Failure(f"The {target} cannot be reached", said.why or said.what, said.hint, detail=said.detail)]
        here, there = await asyncio.gather(self._daemon(origin), self._daemon(target))
        failures: list[Failure | None] = []
        if here.uuid == there.uuid:
            why = f"both have the host UUID {here.uuid}"
            hint = (
                "Look at the addresses in the configuration; two cloned hosts need a host_uuid each in libvirtd.conf."
            )
            failures.append(Failure("Source and destination are the same host", why, hint))
        for each in found:
            if each.host == target and each.vm.name == vm.name and (each.vm.uuid != vm.uuid or each.vm.active):
                why = f"a VM of that name is {each.vm.state} there"
                failures.append(
                    Failure(f"The name {vm.name} is taken on {target}", why, "Rename or undefine it there.")
                )
        return failures

    async def _daemon(self, host: str) -> Daemon:
        return await self._connections.ask(host, lambda hypervisor: hypervisor.daemon())

    async def _migrates(self, host: str, vm: Vm) -> bool:
        job = await self._connections.ask(host, lambda hypervisor: hypervisor.job(vm.name))
        return job.stats.get("operation") == MIGRATION_OUT

    async def _found_migrating(self, host: str, vm: Vm) -> bool:
        try:
            return await self._migrates(host, vm)
        except Failure as failure:
            self.unreachable[host] = failure
            return False

    async def start(self, plan: Plan) -> Migration:
        """Start `plan`; what preflight finds, or a connection that cannot be made, is raised."""
        failures = await self.preflight(plan)
        if failures:
            raise failures[0]
        found = await self.vms()
        origin = origin_of(plan.vm, found)
        if origin is None:
            raise self._not_found(plan.vm)
        vm = next(each.vm for each in found if each.host == origin and each.vm.name == plan.vm)
        workload = await self._workload()
        route, facts = await self._route(origin, workload)
        name = folder_name(vm.name, workload, plan.technique)
        recorder = await on_thread(Recorder.create, self._runs, name)
        self.current = migration = Migration(plan, vm, route, recorder, self._interval)
        migration.facts = facts
        migration.begin(self._options(plan, vm, origin, workload))
        return migration

    async def attach(self) -> Migration | None:
        """Follow a migration that runs already, or end the record of one that ended while nobody watched; else None."""
        unfinished = await on_thread(unfinished_runs, self._runs)
        for host in HYPERVISORS:
            for found in await self._vms_of(host):
                if found.vm.active and await self._found_migrating(host, found.vm):
                    return await self._rejoin(found.vm, host, unfinished)
        for run in unfinished:
            await self._conclude(run)
        return self.current

    async def _rejoin(self, vm: Vm, host: str, unfinished: list[Unfinished]) -> Migration:
        run = next((each for each in unfinished if each.vm_uuid == vm.uuid and each.origin == host), None)
        workload = run.workload if run else await self._workload()
        plan = run.plan if run else Plan(vm.name, technique=UNKNOWN)
        route, facts = await self._route(host, workload)
        recorder = await self._recorder_of(run, vm, workload, plan)
        self.current = migration = Migration(plan, vm, route, recorder, self._interval)
        migration.facts = facts
        options = self._options(plan, vm, host, workload)
        earlier, began = (run.records, run.began) if run else ([], None)
        migration.rejoin(earlier, began, options)
        return migration

    async def _recorder_of(self, run: Unfinished | None, vm: Vm, workload: str, plan: Plan) -> Recorder:
        if run is not None:
            return await on_thread(Recorder.open, run.folder)
        return await on_thread(Recorder.create, self._runs, folder_name(vm.name, workload, plan.technique))

    async def _conclude(self, run: Unfinished) -> None:
        """Write the end of a run whose job is gone, from what both daemons still know."""
        try:
            route, facts = await self._route(run.origin, run.workload)
        except Failure:
            return  # not to be known now: the run stays unfinished, and the next start looks again
        vm = Vm(run.plan.vm, run.vm_uuid, "")
        recorder = await on_thread(Recorder.open, run.folder)
        self.current = migration = Migration(run.plan, vm, route, recorder, self._interval)
        migration.facts = facts
        migration.conclude_unwatched(run.records, run.began)
        await migration.ended()

    async def _route(self, origin: str, workload: str) -> tuple[Route, dict[str, Any]]:
        target = other(origin)
        uri = self._connections.uri(origin)
        steer, watch, arrive = await asyncio.gather(
            on_thread(self._open, uri), on_thread(self._open, uri), self._connections.hypervisor(target)
        )
        here, there = await asyncio.gather(on_thread(steer.daemon), on_thread(arrive.daemon))
        facts = {
            "hosts": {"origin": origin, "target": target, origin: _host(here), target: _host(there)},
            "workload": {"name": workload},
            "destination_uri": self._connections.peer_uri(target),
            "interval_s": self._interval,
            "versions": {"vmlm-tui": __version__, "python": platform.python_version()},
        }
        return Route(origin, target, steer, watch, arrive, self._open), facts

    def _options(self, plan: Plan, vm: Vm, origin: str, workload: str) -> dict[str, Any]:
        options = asdict(plan) | {"uuid": vm.uuid, "vcpus": vm.vcpus, "memory_bytes": vm.memory_bytes}
        return options | {"origin": origin, "target": other(origin), "workload": workload, "interval_s": self._interval}

    async def close(self) -> None:
        """Quit: what runs goes on, and the next start finds it."""
        if self.current is not None and not self.current.timeline.over:
            self.current.leave()


def other(host: str) -> str:
    """The other end of the way."""
    return DESTINATION if host == SOURCE else SOURCE


def origin_of(name: str, found: tuple[Found, ...]) -> str | None:
    """The host a VM would start from: where it runs, else where it is defined, the source first."""
    having = [each for each in found if each.vm.name == name]
    having.sort(key=lambda each: (not each.vm.active, each.host != SOURCE))
    return having[0].host if having else None


def _same_host(uuid: str) -> Failure:
    return Failure(
        "Source and destination are the same host",
        f"both have the host UUID {uuid}",
        "Look at the addresses in the configuration; two cloned hosts need a host_uuid each in libvirtd.conf.",
    )


def _name_taken(found: Found) -> Failure:
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

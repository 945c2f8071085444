"""The migrations between the configured hosts: checks one, starts it, and finds one that runs already."""

import asyncio
import contextlib
import platform
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tui import __version__
from tui.core.connections import Connections
from tui.core.failure import Failure, or_failure
from tui.core.limit import within
from tui.core.log import log
from tui.core.plan import UNKNOWN, Plan, possible
from tui.core.protocols import Hypervisor, Stat
from tui.core.threads import on_thread, retrieve
from tui.core.together import together
from tui.core.vm import Daemon, Vm
from tui.forecast.model.forecast import Inputs
from tui.guest.model.workload import Workload
from tui.migration.backend.after.aftermath import OnHosts
from tui.migration.backend.before.disk_images import recorder_and_images
from tui.migration.backend.before.preflight import BeingMigrated, checked, job_of, limits_of
from tui.migration.backend.guest.monitor import GuestAccess
from tui.migration.backend.inventory import LATE_S, HostVms, Show, inventory_of
from tui.migration.backend.recorded import Recorded
from tui.migration.backend.recording.recorder import NullRecorder, Recorder, folder_name
from tui.migration.backend.recording.run_summary import host_facts, start_fields, vm_facts
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.backend.running.connections import MigrationConnections
from tui.migration.backend.scripts import recorded_call
from tui.migration.backend.unfinished import Unfinished, same_job, target_of, unfinished_runs
from tui.migration.model.call.migrate_call import CallOf
from tui.vm.model.location import Inventory, VmOnHost

CONCLUDE_S, CLOSE_LIMIT_S = 10.0, 5.0  # the second one for the end of a record, when the process ends
FIND_HEARTBEAT_S = 2.0  # a short migration would end before the guest's heartbeat is found
# Of a VM, by its name; the second is what a client knows, in case the guest does not reply.
CurrentWorkload = Callable[[str, Workload | None], Awaitable[Workload]]


class MigrationOwner:
    """Owns the migrations of one configuration; `current` is the newest, `all` has those it has followed."""

    def __init__(
        self,
        connections: Connections,
        open_hypervisor: Callable[[str], Hypervisor],
        runs: Path,
        interval: float,
        workload: CurrentWorkload,
        guest_access: GuestAccess | None = None,
        recorded: Recorded | None = None,
    ) -> None:
        self.current: MigrationActor | None = None
        self.all: list[MigrationActor] = []
        self._listeners: list[Callable[[MigrationActor], None]] = []
        self._connections = connections
        self._open = open_hypervisor
        self._runs = runs
        self._interval = interval
        self._workload = workload
        self._guest_access = guest_access
        self.on_hosts = OnHosts()
        self._recorded = recorded or Recorded()
        self._adopted: set[MigrationActor] = set()  # another owner records them
        self.call_of: CallOf | None = None  # if it is set, what is called is recorded
        self._host_vms = HostVms(connections)
        self._config = connections.config
        self.hosts = self._config.hypervisors
        self._uris = {host: self._config.hosts[host].libvirt for host in self.hosts}
        self._looking = False
        self._lock = asyncio.Lock()  # one start or attach at a time

    def listen(self, listener: Callable[[MigrationActor], None]) -> None:
        """Call `listener` on the loop with each migration that is followed from now on."""
        self._listeners.append(listener)

    def stop_listening(self, listener: Callable[[MigrationActor], None]) -> None:
        """Forget a listener."""
        self._listeners.remove(listener)

    def _followed(self, migration: MigrationActor, *, current: bool = True) -> None:
        self.all = [*(each for each in self.all if not each.run_log.done or each is self.current), migration]
        self._adopted.intersection_update(self.all)
        if current:
            self.current = migration
        for listener in self._listeners:
            listener(migration)

    def _under_way(self, uuid: str) -> MigrationActor | None:
        return next((each for each in self.all if each.vm.uuid == uuid and not each.timeline.over), None)

    async def vms(self, show: Show = lambda _inventory: None) -> Inventory:
        """The VMs of the hosts that reply within some seconds, and why another could not be read; see HostVms."""
        return await self._host_vms.read(show)

    async def all_vms(self) -> Inventory:
        """As `vms`, but it waits for each host as long as for a call."""
        return await inventory_of(self._connections)

    async def daemons(self, *hosts: str) -> list[Daemon]:
        """The daemons of these hosts; raises the Failure of one without a reply."""
        return list(await together(*(self._connections.query(host, lambda each: each.daemon()) for host in hosts)))

    async def start(
        self,
        plan: Plan,
        expected: str = "",
        workload: Workload | None = None,
        tables: Mapping[str, Any] | None = None,
        forecast: Inputs | None = None,
        on_checked: Callable[[], None] = lambda: None,
    ) -> MigrationActor:
        """Check `plan` and start it; raises Refused with all failed checks, or the Failure that interrupted them.

        Raises Moved if the VM is not on the host `expected`. `workload` is what the client knows of it; `tables` are
        added to run.toml. `forecast` is judged at the end. A cancellation before `on_checked` changes nothing.
        """
        async with self._lock:
            return await self._start(plan, expected, workload, tables or {}, forecast, on_checked)

    async def _start(
        self, plan: Plan, expected: str, known: Workload | None, tables: Mapping[str, Any], forecast: Inputs | None,
        on_checked: Callable[[], None],
    ) -> MigrationActor:  # fmt: skip
        if any(each.vm.name == plan.vm and not each.timeline.over for each in self.all):
            raise BeingMigrated(f"{plan.vm} is being migrated", "", "Wait until it ends, or cancel it.")
        found, daemon = await checked(self._connections, plan, expected)
        plan = self._config.addressed(plan, found.host)
        unchecked = await self.on_hosts.unchecked(plan, found.host)
        on_checked()
        plan = possible(plan, daemon.hypervisor_version)
        vm, origin, key = found.vm, found.host, (found.vm.uuid, daemon.uuid)
        with self._recorded.claimed(key) as free:
            if not free:
                raise BeingMigrated(f"{vm.name} is being migrated", "", "Wait until it ends, or cancel it.")
            workload = await self._workload(vm.name, known)
            opened, facts = await self._connect(vm, origin, self._config.target(origin, plan.to), workload)
            await self._find_heartbeat(vm.name)
            name = folder_name(vm.name, workload.name, plan.technique)
            create = partial(Recorder.create, self._runs, name)
            recorder, made = await recorder_and_images(create, self.on_hosts.images, plan, origin)
            migration = self._actor(plan, vm, opened, recorder, facts | dict(tables))
            options = self._options(migration, workload) | made | unchecked
            options |= recorded_call(self.call_of, plan, self._uris[origin], facts["destination_uri"])
            migration.begin(options | ({"tables": dict(tables)} if tables else {}), forecast)
            self._recorded.add(key, migration, self._uris)
        self._followed(migration)
        return migration

    async def _find_heartbeat(self, vm: str) -> None:
        """Wait a moment for the guest's heartbeat; the search itself goes on."""
        if self._guest_access is not None:
            search = asyncio.ensure_future(self._guest_access.heartbeats.ensure_running(vm, log.info))
            search.add_done_callback(retrieve)
            await asyncio.wait({search}, timeout=FIND_HEARTBEAT_S)

    async def attach(self) -> MigrationActor | None:
        """Follow a running migration, or conclude one that ended while no process recorded it; else None."""
        async with self._lock:
            inventory = await self.vms()
            jobs, idle = await self._jobs(inventory)
            unfinished = await self._unfinished()
            failures = await self._rejoin_all(jobs, unfinished, inventory)
            for run in reversed(unfinished):  # the newest becomes the current one
                if run.vm.uuid in idle:
                    await self._conclude(run)
            if failures:
                raise failures[0]
            return self.current

    async def look(self) -> None:
        """Follow the migrations that other programs have started; raises Failure."""
        if self._looking:  # for another client; a daemon that hangs must not get a call of each
            return
        self._looking = True
        try:
            inventory = await self.vms()  # without the lock: a host that does not respond must not delay a start
        finally:
            self._looking = False
        async with self._lock:
            jobs, _ = await self._jobs(inventory)
            if jobs:
                failures = await self._rejoin_all(jobs, await self._unfinished(), inventory)
                if failures:
                    raise failures[0]

    async def _unfinished(self) -> list[Unfinished]:
        """Those from the configured hosts, newest first."""
        return [each for each in await on_thread(unfinished_runs, self._runs) if each.origin in self._uris]

    @property
    def busy(self) -> bool:
        """Whether a migration is under way."""
        return any(not each.timeline.over for each in self.all)

    async def _jobs(self, inventory: Inventory) -> tuple[list[tuple[VmOnHost, Mapping[str, Stat]]], set[str]]:
        """The migrations under way that are not followed yet, and the UUIDs of the VMs that do not migrate."""
        everything = {found.vm.uuid for found in inventory.found}
        asked = [each for each in inventory.found if each.vm.active and not self._under_way(each.vm.uuid)]
        replies = await together(*(or_failure(job_of(self._connections, each, limit_s=LATE_S)) for each in asked))
        found = list(zip(asked, replies, strict=True))
        unread = {each.vm.uuid for each, job in found if isinstance(job, Failure)}  # they may be migrating
        jobs = [(each, job) for each, job in found if job and not isinstance(job, Failure)]
        busy = unread | {each.vm.uuid for each, _job in jobs} | set(filter(self._under_way, everything))
        return jobs, set() if inventory.failures else everything - busy  # an unreachable host may migrate any of them

    async def _rejoin_all(
        self, jobs: list[tuple[VmOnHost, Mapping[str, Stat]]], unfinished: list[Unfinished], inventory: Inventory
    ) -> list[Failure]:
        """Follow all of them; returns why some could not be followed."""
        followed = [await or_failure(self._rejoin(found, job, unfinished, inventory)) for found, job in jobs]
        return [each for each in followed if isinstance(each, Failure)]

    async def _rejoin(
        self, found: VmOnHost, job: Mapping[str, Stat], unfinished: list[Unfinished], inventory: Inventory
    ) -> None:
        """Follow a running migration, unless the owner of another configuration does."""
        daemon = await self._connections.query(found.host, lambda hypervisor: hypervisor.daemon())
        key = (found.vm.uuid, daemon.uuid)
        with self._recorded.claimed(key) as free:
            if free:
                migration = await self._follow_job(found, job, unfinished, inventory)
                self._recorded.add(key, migration, self._uris)
                self._followed(migration)
                return
        # None: its hosts have other names, or it is about to be followed, and the next look finds it.
        if (adopted := self._recorded.find(key, self._uris)) is not None:
            self._adopted.add(adopted)
            self._followed(adopted)

    async def _follow_job(
        self, found: VmOnHost, job: Mapping[str, Stat], unfinished: list[Unfinished], inventory: Inventory
    ) -> MigrationActor:
        vm = found.vm
        run = next((each for each in unfinished if same_job(each, found, job)), None)
        workload = run.workload if run else await self._workload(vm.name, None)
        plan = run.plan if run else Plan(vm.name, technique=UNKNOWN)
        opened, facts = await self._connect(vm, found.host, target_of(found, run, inventory), workload, inventory)
        recorder = await self._recorder_of(run, vm, workload, plan)
        migration = self._actor(plan, vm, opened, recorder, facts | dict(run.tables if run else {}))
        earlier, began = (run.records, run.began) if run else ([], None)
        options = self._options(migration, workload)
        if plan.technique == UNKNOWN:
            options |= await limits_of(self._connections, found)
        migration.rejoin(earlier, began, options)
        return migration

    async def _recorder_of(
        self, run: Unfinished | None, vm: Vm, workload: Workload, plan: Plan
    ) -> Recorder | NullRecorder:
        """The recorder of a running migration, which is followed even if nothing can be written."""
        if run is not None:
            try:
                return await on_thread(Recorder.open, run.folder)
            except BlockingIOError:
                pass  # another vmlm-tui records it there, so this one starts its own record
            except OSError as error:
                return NullRecorder(run.folder, error.strerror or str(error))
        name = folder_name(vm.name, workload.name, plan.technique)
        try:
            return await on_thread(Recorder.create, self._runs, name)
        except Failure as failure:
            return NullRecorder(self._runs / name, failure.why)

    async def _conclude(self, run: Unfinished) -> None:
        """Write the end of a run whose job has ended, from what both daemons still have."""
        try:
            opened, facts = await self._connect(run.vm, run.origin, run.target, run.workload)
            recorder = await on_thread(Recorder.open, run.folder)
        except (Failure, OSError):
            return  # a host is unreachable, or another app was faster: the next start tries again
        migration = self._actor(run.plan, run.vm, opened, recorder, facts | dict(run.tables))
        migration.conclude_unwatched(run.records, run.began)
        known = self.current
        self._followed(migration, current=not known or (known.timeline.over and known.run_log.began_at <= run.began))
        with contextlib.suppress(asyncio.TimeoutError):  # a host may not answer; other migrations must not wait for it
            await within(CONCLUDE_S, migration.ended())

    def _actor(
        self,
        plan: Plan,
        vm: Vm,
        opened: MigrationConnections,
        recorder: Recorder | NullRecorder,
        facts: dict[str, Any],
    ) -> MigrationActor:
        actor = MigrationActor(plan, vm, opened, recorder, self._interval, self._guest_access, self.on_hosts)
        actor.facts = facts
        return actor

    async def _connect(
        self, vm: Vm, origin: str, target: str, workload: Workload, running: Inventory | None = None
    ) -> tuple[MigrationConnections, dict[str, Any]]:
        """The open connections of a migration, and the facts for run.toml as if the peer were its target.

        `target` is "" if unknown. `running` is passed if the migration runs already: it can be followed even if its
        target is unreachable.
        """
        known = target in self._uris
        peer = target if known else next(iter(self._config.targets(origin)), "")
        peers = {name: self._config.hosts[name].peer_uri for name in self._uris}
        opened = MigrationConnections(origin, peer, self._uris, self._open, target_known=known, peer_uris=peers)
        # Opening takes time and reports an unreachable host, so all are opened now.
        _steer, here, there, about = await together(
            on_thread(opened.steer),
            on_thread(lambda: opened.at(origin).daemon()),
            self._facts_of(opened, peer, running),
            on_thread(vm_facts, opened, vm.name),
        )
        facts = {
            "vm": about,
            "hosts": {"origin": origin, "target": peer, origin: host_facts(here), peer: there},
            "workload": {"name": workload.name, **workload.parameters},
            "destination_uri": peers.get(peer, ""),
            "interval_s": self._interval,
            "versions": {"vmlm-tui": __version__, "python": platform.python_version()},
        }
        return opened, facts

    async def _facts_of(self, opened: MigrationConnections, peer: str, running: Inventory | None) -> dict[str, Any]:
        if running is not None and (not peer or peer in running.failures):
            return {}
        try:
            return host_facts(await on_thread(lambda: opened.at(peer).daemon()))
        except Failure:
            if running is None:
                raise
            return {}

    def _options(self, migration: MigrationActor, workload: Workload) -> dict[str, Any]:
        fields = start_fields(migration.plan, migration.vm, workload, migration.facts["vm"])
        return fields | {"origin": migration.origin, "target": migration.target, "interval_s": self._interval}

    async def close(self) -> None:
        """Stop following when the app quits; the migration continues, and the next start finds it."""
        for each in set(self.all) - self._adopted:
            if not each.timeline.over:
                each.leave()
                continue
            each.guest_monitor.stop()
            if not each.run_log.done:
                await on_thread(each.run_log.wait, CLOSE_LIMIT_S)

"""What is read and recorded between the end of a migration and the end of its record."""

import asyncio
import concurrent.futures
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from tui.core.failure import Failure, as_failure
from tui.core.log import log
from tui.core.plan import Plan
from tui.core.vm import Vm
from tui.migration.backend.after.autostart import restore_autostart
from tui.migration.backend.after.host_logs import LIMIT_S, HostLogs
from tui.migration.backend.before.disk_images import DiskImages
from tui.migration.backend.before.tls_check import TlsCheck
from tui.migration.backend.guest.monitor import GuestMonitor
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.backend.recording.run_summary import record_completed_job
from tui.migration.backend.running.connections import MigrationConnections
from tui.migration.backend.running.job import Job
from tui.migration.model import record
from tui.migration.model.disk_images import made_of
from tui.migration.model.ending.log_reason import with_logs
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED, LOST

T = TypeVar("T")

REMOVE_LIMIT_S = 20.0


@dataclass
class OnHosts:
    """What is done on both hosts besides the migration; None: it is not done."""

    logs: HostLogs | None = None  # reads what explains a failure
    images: DiskImages | None = None  # makes what a copy of disks needs
    tls: TlsCheck | None = None  # checks the certificates before the start

    async def unchecked(self, plan: Plan, origin: str) -> dict[str, list[str]]:
        """The field of a start with what could not be checked of its certificates; Refused if they prevent it."""
        doubts = await self.tls.require(plan, origin) if self.tls is not None else ()
        return {"unchecked": list(doubts)} if doubts else {}


class Aftermath:
    """Blocks, so it is for a thread; created on the loop, on which `on_hosts` works."""

    def __init__(
        self,
        vm: Vm,
        connections: MigrationConnections,
        run_log: RunLog,
        guest_monitor: GuestMonitor,
        on_hosts: OnHosts,
    ) -> None:
        self._vm = vm
        self._connections = connections
        self._run_log = run_log
        self._guest_monitor = guest_monitor
        self._on_hosts = on_hosts
        self._loop = asyncio.get_running_loop()

    def settle(self, job: Job, outcome: str, cause: Failure | None, *, figures: bool) -> None:
        """Record the cause, the logs behind it, and the last figures unless they are known."""
        try:
            if cause is not None and outcome != COMPLETED:
                cause = self._with_logs(cause, outcome)
                self._run_log.error(cause, action="migrate")
            if outcome == COMPLETED and not figures:
                record_completed_job(self._connections, self._vm, self._run_log)
            if outcome == COMPLETED:
                restore_autostart(self._connections, self._vm, self._run_log)
            self._guest_monitor.conclude(completed=outcome == COMPLETED)
            job.unsubscribe_all()
            if outcome in (FAILED, CANCELLED):
                self._remove_images()
        except Exception as error:  # noqa: BLE001  # the record must get an end
            self._run_log.error(as_failure("The last figures were not read", error))
        self._connections.close()

    def _with_logs(self, cause: Failure, outcome: str) -> Failure:
        """The cause as far as the logs of both hosts show it; they are recorded."""
        hosts = (self._connections.origin, self._connections.peer)
        if self._on_hosts.logs is None or outcome not in (FAILED, LOST) or not all(hosts):
            return cause
        names = {host: self._connections.name_on(host, self._vm.name) for host in hosts}
        read = self._on_loop(self._on_hosts.logs.read(names, self._vm.uuid, self._run_log.now()), LIMIT_S + 1)
        if read is None:
            return cause
        origin, target = read
        for each in (target, origin):  # the first one is read first
            self._run_log.log(record.HOST_LOG, each.data)
        return with_logs(cause, origin, target)

    def _remove_images(self) -> None:
        """Remove the images that were made for the copy of disks."""
        made = made_of(self._run_log.timeline.options.get("made"))
        if not made or self._on_hosts.images is None:
            return
        kept = self._on_loop(self._on_hosts.images.remove(made), REMOVE_LIMIT_S)
        if kept is not None:
            removed = [each.path for each in made if not any(why.startswith(f"{each.path} on ") for why in kept)]
            self._run_log.event(record.IMAGES, removed=removed, kept=kept)

    def _on_loop(self, work: Coroutine[Any, Any, T], limit_s: float) -> T | None:
        """The result of a coroutine on the loop; None if it takes too long, or if the process ends."""
        try:
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError as error:  # the loop is closed, because the process ends
            work.close()
            log.info("The hosts were not asked after the end: %s", error)
            return None
        try:
            return future.result(limit_s)
        except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError) as error:
            log.info("The hosts did not respond after the end: %r", error)
            return None
        finally:
            future.cancel()

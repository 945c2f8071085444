"""What is read and recorded between the end of a migration and the end of its record."""

import asyncio
import concurrent.futures

from tui.core.failure import Failure, as_failure
from tui.core.log import log
from tui.core.vm import Vm
from tui.migration.backend.autostart import restore_autostart
from tui.migration.backend.connections import MigrationConnections
from tui.migration.backend.guest_monitor import GuestMonitor
from tui.migration.backend.host_logs import LIMIT_S, HostLogs
from tui.migration.backend.job import Job
from tui.migration.backend.run_log import RunLog
from tui.migration.backend.run_summary import record_completed_job
from tui.migration.model import record
from tui.migration.model.log_reason import with_logs
from tui.migration.model.timeline import COMPLETED, FAILED, LOST


class Aftermath:
    """Blocks, so it is for a thread; created on the loop, on which `host_logs` reads."""

    def __init__(
        self,
        vm: Vm,
        connections: MigrationConnections,
        run_log: RunLog,
        guest_monitor: GuestMonitor,
        host_logs: HostLogs | None,
    ) -> None:
        self._vm = vm
        self._connections = connections
        self._run_log = run_log
        self._guest_monitor = guest_monitor
        self._host_logs = host_logs
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
        except Exception as error:  # noqa: BLE001  # the record must get an end
            self._run_log.error(as_failure("The last figures were not read", error))
        self._connections.close()

    def _with_logs(self, cause: Failure, outcome: str) -> Failure:
        """The cause as far as the logs of both hosts show it; they are recorded."""
        if self._host_logs is None or outcome not in (FAILED, LOST):
            return cause
        hosts = (self._connections.origin, self._connections.peer)
        names = {host: self._connections.name_on(host, self._vm.name) for host in hosts}
        reading = self._host_logs.read(names, self._vm.uuid, self._run_log.now())
        try:
            future = asyncio.run_coroutine_threadsafe(reading, self._loop)
        except RuntimeError as error:  # the loop is closed, because the process ends
            reading.close()
            log.info("The logs of the hosts were not read: %s", error)
            return cause
        try:
            origin, target = future.result(LIMIT_S + 1)
        except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError) as error:
            log.info("The logs of the hosts were not read: %r", error)
            return cause
        finally:
            future.cancel()
        for each in (target, origin):  # the first one is read first
            self._run_log.log(record.HOST_LOG, each.data)
        return with_logs(cause, origin, target)

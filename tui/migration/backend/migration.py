"""One migration: started here or found running, controlled, followed to its end, and recorded."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from tui.core.clock import now
from tui.core.failure import Failure
from tui.core.plan import POST_COPY_TIMEOUT, Plan
from tui.core.protocols import ITERATION, JOB_COMPLETED, LIFECYCLE, Aborted, Hypervisor, HypervisorEvent, JobInfo
from tui.core.threads import start_thread
from tui.core.vm import Vm
from tui.migration.backend.connections import MigrationConnections
from tui.migration.backend.controls import Controls
from tui.migration.backend.guest_monitor import GuestAccess, GuestMonitor
from tui.migration.backend.location import locate
from tui.migration.backend.recorder import NullRecorder, Recorder
from tui.migration.backend.run_log import RunLog
from tui.migration.backend.run_summary import completed_job, summary
from tui.migration.backend.sampler import Sampler
from tui.migration.model import record
from tui.migration.model.record import Event, Record, Sample, is_switchover
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED

FINAL_FIGURES_S = 3.0  # JOB_COMPLETED may come this long after migrateToURI3 returned; measured: 10 ms


class Migration:
    """All public methods are called on the asyncio loop; libvirt is called on daemon threads only.

    libvirt's daemon owns the job, so the migration continues without this object or this process. `controls` takes the
    requests of the user.
    """

    def __init__(
        self,
        plan: Plan,
        vm: Vm,
        connections: MigrationConnections,
        recorder: Recorder | NullRecorder,
        interval: float,
        guest_access: GuestAccess | None = None,
    ) -> None:
        self.plan = plan
        self.vm = vm
        self.origin = connections.origin
        self.target = connections.target
        self.folder = recorder.folder
        self.facts: dict[str, Any] = {}  # for run.toml: hosts, versions, workload
        self._connections = connections
        self._run_log = RunLog(recorder)
        self.timeline = self._run_log.timeline
        self._sampler = Sampler(self._read, self._on_sample, self._on_slow, self._run_log.since_start, interval)
        self.controls = Controls(vm.name, connections, self._run_log, self._sampler.sample_now)
        self._guest_monitor = GuestMonitor(vm.name, guest_access, self._run_log)
        self._unsubscribe: list[Callable[[], None]] = []
        self._ours = False  # a thread of ours waits in migrateToURI3; else the job was found running
        self._ending = threading.Lock()
        self._concluding = False  # one thread concludes
        self._concluded = False  # later samples and events are ignored
        self._final_figures = threading.Event()
        self._failing = False
        self._ended = asyncio.Event()
        self._timeout: asyncio.TimerHandle | None = None

    # -- for the pages --

    def listen(self, listener: Callable[[Record], None]) -> None:
        """Call `listener` on the loop with each new record, after it was added to the timeline."""
        self._run_log.listen(listener)

    def elapsed(self) -> float:
        """Seconds since the start, up to the end of the migration."""
        ended = self.timeline.ended_at
        return ended if ended is not None else self._run_log.now()

    def waiting_s(self) -> float:
        """For how long libvirt has not replied to a request for a sample, in seconds; 0.0 if no reply is overdue."""
        return self._sampler.waiting_s()

    async def ended(self) -> None:
        """Return when the migration is over and recorded."""
        await self._ended.wait()

    # -- begin and end, called by Migrations --

    def begin(self, options: dict[str, Any]) -> None:
        """Start the migration, and follow it."""
        self._ours = True
        self._run_log.event(record.START, began=self._run_log.began_at, **options)
        self._summarize("running")
        self._set_timeout()
        start_thread("migrate", self._migrate)
        self._guest_monitor.begin()

    def rejoin(self, earlier: list[Record], began_at: str | None, options: dict[str, Any]) -> None:
        """Follow a running job, after the records of an earlier process (none: another program started it)."""
        self._resume(earlier, began_at)
        self._run_log.event(record.ATTACHED, began=self._run_log.began_at, **options)
        self._summarize("running")
        self._set_timeout()
        start_thread("follow", self._follow)
        self._guest_monitor.begin()

    def conclude_unwatched(self, earlier: list[Record], began_at: str) -> None:
        """For a run whose job ended while the app was not running: record the result as far as libvirt has it."""
        self._resume(earlier, began_at)
        start_thread("conclude", lambda: self._conclude(None))

    def _resume(self, earlier: list[Record], began_at: str | None) -> None:
        self._run_log.resume(earlier, began_at)
        self.controls.resume(earlier)
        self._guest_monitor.resume(earlier)

    def leave(self) -> None:
        """Stop following; the migration continues, and the next start of the app continues the record."""
        self._sampler.stop()
        if self._timeout:
            self._timeout.cancel()
        with self._ending:
            self._concluding = self._concluded = True
        self.controls.stop()
        self._guest_monitor.stop()
        self._run_log.leave()

    def _set_timeout(self) -> None:
        if self.plan.technique == POST_COPY_TIMEOUT:
            left = max(0.0, self.plan.timeout_s - self.elapsed())
            self._timeout = asyncio.get_running_loop().call_later(left, self._timed_out)

    def _timed_out(self) -> None:
        if not self.timeline.over and self.timeline.post_copy_at is None:
            self._run_log.event(record.ACTION, action="timeout", value=self.plan.timeout_s)
            self.controls.switch_to_post_copy()

    # -- following, on threads: what follows reaches the loop only through the run's log --

    def _follow(self) -> None:
        """Subscribe to the events of both daemons, on each connection, and start sampling."""
        self._listen(self.origin)
        self._sampler.start()  # first, because the target may be unreachable
        self._listen(self.target)

    def _listen(self, host: str) -> None:
        def subscribe(hypervisor: Hypervisor) -> None:
            try:
                self._unsubscribe.append(hypervisor.subscribe(self.vm.name, self._on_event(host)))
            except Failure as failure:
                self._run_log.error(failure)  # sampling continues without events

        self._connections.on_open(host, subscribe)
        try:
            self._connections.at(host)
        except Failure as failure:
            self._run_log.error(failure)  # the next call to the host retries

    def _read(self) -> JobInfo:
        return self._connections.at(self.origin).job(self.vm.name)

    def _migrate(self) -> None:
        self._follow()
        try:
            steer = self._connections.steer()
            steer.set_max_downtime(self.vm.name, self.plan.downtime_ms)
            steer.migrate(self.plan, self.facts["destination_uri"])
        except Failure as failure:
            self._run_log.event(record.ACTION, action="migrate", failed=True)
            self._after_failure(failure)
        else:
            self._conclude(COMPLETED)

    def _after_failure(self, failure: Failure) -> None:
        """migrateToURI3 has failed, but the job may continue if only our connection broke."""
        try:
            running = bool(self._read().stats)
        except Failure:
            running = True  # unknown for now; the sampler keeps trying
        if running:
            self._run_log.error(failure, action="migrate")
            self._ours = False  # the sampler sees its end
            return
        cancelled = self.controls.cancel_requested or isinstance(failure, Aborted)  # by us, or by another program
        if not cancelled:
            self._run_log.error(failure, action="migrate")
        self._conclude(CANCELLED if cancelled else FAILED)

    def _on_slow(self, at: float, seconds: float, missed: int) -> None:
        if not self._concluded:
            self._run_log.event(record.SLOW, at=at, seconds=round(seconds, 3), missed=missed)

    def _on_sample(self, sample: Sample | Failure) -> None:
        """Write it and act on it, on the thread of the sampler."""
        if self._concluded:
            return
        if isinstance(sample, Failure):
            if not self._failing:
                self._failing = True
                self._run_log.error(sample)
            return
        self._failing = False
        if sample.stats:
            self._run_log.publish(sample)
            if sample.state.startswith("paused (post-copy"):
                self.controls.in_post_copy()
            if sample.number("memory_iteration"):
                self.controls.passes_have_begun()
        elif not self._ours:
            start_thread("conclude", lambda: self._conclude(None))  # the job that was found running has ended

    def _on_event(self, host: str) -> Callable[[HypervisorEvent], None]:
        """The listener for one host's daemon; it runs on the thread of libvirt's events and must not block."""

        def on_event(event: HypervisorEvent) -> None:
            if self._concluded:
                return
            self._run_log.log(event.kind, {"host": host, **event.data})
            if event.kind == LIFECYCLE and host == self.origin and is_switchover(event.data):
                self._guest_monitor.switch_over()
            if event.kind == ITERATION:
                self.controls.passes_have_begun()
            if event.kind == JOB_COMPLETED:
                self._final_figures.set()
            else:
                self._sampler.sample_now()

        return on_event

    # -- the end --

    def _conclude(self, outcome: str | None) -> None:
        """Locate the VM, record the result and end; `outcome` None: derive it from the VM's location."""
        with self._ending:
            if self._concluding:
                return
            self._concluding = True
        self._sampler.stop()
        received = self._final_figures.wait(
            FINAL_FIGURES_S if outcome in (COMPLETED, None) and self._unsubscribe else 0
        )
        self._concluded = True
        self.controls.stop()
        location = locate(self._connections, self.vm)
        outcome = outcome or location.outcome(cancelled=self.controls.cancel_requested)
        if outcome == COMPLETED and not received:
            self._read_final_figures()
        self._guest_monitor.conclude(completed=outcome == COMPLETED)
        self._run_log.event(
            record.VERIFIED, ok=location.fits(outcome), sentence=location.sentence, advice=location.advice
        )
        for unsubscribe in self._unsubscribe:
            try:
                unsubscribe()
            except Failure as failure:
                self._run_log.error(failure)
        self._run_log.on_loop(self._finish, Event(self._run_log.now(), now(), record.END, {"outcome": outcome}))

    def _finish(self, end: Record) -> None:
        """On the loop, after all other records. The end is written last: a later start ignores an ended run."""
        if self._run_log.closed:
            return
        self.timeline.add(end)
        if self._timeout:
            self._timeout.cancel()
        self._guest_monitor.stop()
        self._summarize(self.timeline.phase)
        self._run_log.finish(end)
        self._ended.set()
        self._run_log.notify(end)

    def _read_final_figures(self) -> None:
        """Read the statistics of the completed job, which each daemon keeps as long as it has the VM."""
        found = completed_job(self._connections, self.vm, self._run_log.error)
        if found:
            self._run_log.event(JOB_COMPLETED, host=found[0], stats=dict(found[1]))

    def _summarize(self, outcome: str) -> None:
        began = self._run_log.began_at
        self._run_log.summarize(summary(self.plan, self.vm, self.facts, began, self.timeline, outcome))

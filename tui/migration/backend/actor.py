"""One migration as an actor: one thread handles samples, events, requests and results, and changes its state."""

import asyncio
import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tui.core.clock import now
from tui.core.failure import Failure, unexpected
from tui.core.log import log
from tui.core.plan import POST_COPY_TIMEOUT, Plan
from tui.core.protocols import ITERATION, JOB_COMPLETED, LIFECYCLE, Aborted, Hypervisor, HypervisorEvent, JobInfo
from tui.core.threads import start_thread
from tui.core.vm import Vm
from tui.migration.backend.connections import MigrationConnections
from tui.migration.backend.controls import Controls
from tui.migration.backend.guest_monitor import GuestAccess, GuestMonitor
from tui.migration.backend.location import VmLocation, locate
from tui.migration.backend.recorder import NullRecorder, Recorder
from tui.migration.backend.run_log import RunLog
from tui.migration.backend.run_summary import completed_job, summary
from tui.migration.backend.sampler import Sampler
from tui.migration.model import record
from tui.migration.model.record import END, Event, Record, Sample, is_switchover
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED

FINAL_FIGURES_S = 3.0  # JOB_COMPLETED may come this long after migrateToURI3 returned; measured: 10 ms
TICK_S = 0.5  # how often the actor checks for replies that are overdue
LEAVE_LIMIT_S = 1.0
LOCATE_AGAIN_S = 5.0  # while a host that is needed to know where the VM is does not reply
UNVERIFIED_LIMIT_S = 60.0  # if libvirt has reported how it ended
UNKNOWN_LIMIT_S = 600.0


class Stage(Enum):
    """What the actor waits for."""

    JOB = "job"  # the end of the job
    FIGURES = "figures"  # libvirt's final figures
    LOCATION = "location"  # where the VM is
    OVER = "over"  # nothing: the end is recorded, or another process may continue


@dataclass
class State:
    """The state of the actor; only its thread changes it."""

    stage: Stage = Stage.JOB
    ours: bool = False  # a thread of ours waits in migrateToURI3; else the job was found running
    subscribed: bool = False  # to the events of a daemon
    failing: bool = False  # the last sample failed
    answered: float = 0.0  # the last reply of the daemon, in seconds since the start
    outcome: str | None = None  # None: the location of the VM decides
    figures: bool = False  # libvirt's final figures came
    deadline: float | None = None  # of the stage, by time.monotonic()
    located_from: float = 0.0  # when the first attempt to locate the VM began


class MigrationActor:
    """Its public methods are called on the asyncio loop and return at once.

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
        self.seen = False  # a client has seen its end
        self.facts: dict[str, Any] = {}  # for run.toml: hosts, versions, workload
        self.state = State()
        self._connections = connections
        self.run_log = RunLog(recorder)
        self.timeline = self.run_log.timeline
        self._inbox: queue.SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]]] = queue.SimpleQueue()
        self._sampler = Sampler(
            self._read,
            lambda sample: self._post(self._on_sample, sample),
            lambda *slow: self._post(self._on_slow, *slow),
            self.run_log.since_start,
            interval,
        )
        self.controls = Controls(vm.name, connections, self.run_log, self._post, self._sampler.sample_now)
        self._guest_monitor = GuestMonitor(vm.name, guest_access, self.run_log)
        self._unsubscribe: list[Callable[[], None]] = []
        self._timeout_at: float | None = None
        self._left = False  # messages are ignored, because another process may continue
        self._ended = asyncio.Event()
        self.run_log.listen(self._on_delivered)

    # -- for its owner --

    def listen(self, listener: Callable[[Record], None]) -> None:
        """Call `listener` on the loop with each new record, after it was added to the timeline."""
        self.run_log.listen(listener)

    def elapsed(self) -> float:
        """Seconds since the start, up to the end of the migration."""
        ended = self.timeline.ended_at
        return ended if ended is not None else self.run_log.now()

    def waiting_s(self) -> float:
        """For how long libvirt has not replied, in seconds; 0.0 if no reply is overdue."""
        return self.timeline.waiting_s(self.elapsed())

    async def ended(self) -> None:
        """Return when the migration is over and recorded."""
        await self._ended.wait()

    def _on_delivered(self, each: Record) -> None:
        if isinstance(each, Event) and each.kind == END:
            self._guest_monitor.stop()
            self._ended.set()

    # -- begin and end, called by MigrationOwner --

    def begin(self, options: dict[str, Any]) -> None:
        """Start the migration, and follow it."""
        self.state.ours = True
        self.run_log.event(record.START, began=self.run_log.began_at, **options)
        self.run_log.summarize(self._summary("running"))
        self._guest_monitor.begin()
        self._start(lambda: start_thread("migrate", self._migrate))

    def rejoin(self, earlier: list[Record], began_at: str | None, options: dict[str, Any]) -> None:
        """Follow a running job, after the records of an earlier process (none: another program started it)."""
        self._resume(earlier, began_at)
        self.run_log.event(record.ATTACHED, began=self.run_log.began_at, **options)
        self.run_log.summarize(self._summary("running"))
        self._guest_monitor.begin()
        self._start(lambda: start_thread("follow", self._follow))

    def conclude_unwatched(self, earlier: list[Record], began_at: str) -> None:
        """For a run whose job ended while nothing recorded it: record the result as far as libvirt has it."""
        self._resume(earlier, began_at)
        self._start(lambda: self._conclude(None))

    def _resume(self, earlier: list[Record], began_at: str | None) -> None:
        self.run_log.resume(earlier, began_at)
        self.controls.resume(earlier)
        self._guest_monitor.resume(earlier)

    def _start(self, first: Callable[[], None]) -> None:
        if self.plan.technique == POST_COPY_TIMEOUT and self.timeline.post_copy_at is None:
            self._timeout_at = self.run_log.zero + self.plan.timeout_s
        self.state.answered = self.run_log.now()
        self._post(first)
        start_thread("migration", self._run)

    def leave(self) -> None:
        """Stop following; the migration continues, and the next process continues the record."""
        self._sampler.stop()
        self._guest_monitor.stop()
        handled = threading.Event()
        self._post(self._leave, handled)
        handled.wait(LEAVE_LIMIT_S)  # requests before this one are recorded
        self._left = True
        self.run_log.leave()

    def _leave(self, handled: threading.Event) -> None:
        self._left = True
        self.controls.stop()
        self.state.stage = Stage.OVER
        handled.set()

    # -- the actor --

    def _post(self, call: Callable[..., None], *arguments: Any) -> None:
        """Queue a call for the actor's thread; from any thread, returns at once."""
        self._inbox.put((call, arguments))

    def _run(self) -> None:
        tick = time.monotonic()
        while self.state.stage is not Stage.OVER or not self.run_log.done:
            with contextlib.suppress(queue.Empty):
                wait = min(tick, self._next_moment()) - time.monotonic()
                call, arguments = self._inbox.get(timeout=max(0.0, wait))
                if not self._left:
                    self._handle(call, *arguments)
            if not self._left and time.monotonic() >= min(tick, self._next_moment()):
                tick = time.monotonic() + TICK_S
                self._handle(self._tick)

    def _next_moment(self) -> float:
        return min((each for each in (self._timeout_at, self.state.deadline) if each is not None), default=math.inf)

    def _handle(self, call: Callable[..., None], *arguments: Any) -> None:
        try:
            call(*arguments)
        except Exception as error:  # noqa: BLE001  # one message must not end the record of a migration
            log.exception("A message of the migration of %s failed", self.vm.name)
            self.run_log.error(unexpected("A part of the record failed", error))

    def _tick(self) -> None:
        moment = time.monotonic()
        self.run_log.deliver_overdue()
        if self._timeout_at is not None and moment >= self._timeout_at:
            self._timeout_at = None
            if self.state.stage is Stage.JOB and self.timeline.post_copy_at is None:
                self.controls.timed_out(self.plan.timeout_s)
        waiting = self._sampler.waiting_s()
        if self.state.stage is Stage.JOB and waiting and self.timeline.unanswered is None:
            self._no_answer("")
        if self.state.deadline is not None and moment >= self.state.deadline:
            self.state.deadline = None
            if self.state.stage is Stage.FIGURES:
                self._locate()
            elif self.state.stage is Stage.LOCATION:
                start_thread("locate", self._read_location)

    def _no_answer(self, why: str) -> None:
        self.run_log.event(record.NO_ANSWER, since=round(self.state.answered, 3), why=why)

    # -- following, on threads: results come back through the inbox --

    def _follow(self) -> None:
        """Subscribe to the events of both daemons, on each connection, and start sampling."""
        self._listen(self.origin)
        self._sampler.start()  # first, because the target may be unreachable
        self._listen(self.target)

    def _listen(self, host: str) -> None:
        def subscribe(hypervisor: Hypervisor) -> None:
            try:
                end = hypervisor.subscribe(
                    self.vm.name, lambda event: self._post(self._on_event, host, event, time.monotonic())
                )
            except Failure as failure:
                self.run_log.error(failure)  # sampling continues without events
            else:
                self._post(self._subscribed, end)

        self._connections.on_open(host, subscribe)
        try:
            self._connections.at(host)
        except Failure as failure:
            self.run_log.error(failure)  # the next call to the host retries

    def _subscribed(self, end: Callable[[], None]) -> None:
        self._unsubscribe.append(end)
        self.state.subscribed = True

    def _read(self) -> JobInfo:
        return self._connections.at(self.origin).job(self.vm.name)

    def _migrate(self) -> None:
        self._follow()
        try:
            steer = self._connections.steer()
            steer.set_max_downtime(self.vm.name, self.plan.downtime_ms)
            steer.migrate(self.plan, self.facts["destination_uri"])
        except Exception as error:  # noqa: BLE001  # the record must get an end
            failure = error if isinstance(error, Failure) else unexpected(f"{self.vm.name} was not migrated", error)
            try:
                running = bool(self._read().stats)
            except Failure:
                running = True  # unknown for now; the sampler keeps trying
            self._post(self._call_failed, failure, running)
        else:
            self._post(self._conclude, COMPLETED)

    # -- messages, on the actor's thread --

    def _call_failed(self, failure: Failure, running: bool) -> None:
        """migrateToURI3 has failed, but the job may continue if only our connection broke."""
        self.run_log.event(record.ACTION, action="migrate", failed=True)
        cancelled = self.controls.cancel_requested or isinstance(failure, Aborted)  # by us, or by another program
        if running or not cancelled:
            self.run_log.error(failure, action="migrate")
        if running:
            self.state.ours = False  # the sampler sees its end
            return
        self._conclude(CANCELLED if cancelled else FAILED)

    def _on_slow(self, at: float, seconds: float, missed: int) -> None:
        if self.state.stage is Stage.JOB:
            self.run_log.event(record.SLOW, at=at, seconds=round(seconds, 3), missed=missed)

    def _on_sample(self, sample: Sample | Failure) -> None:
        if self.state.stage is not Stage.JOB:
            return
        if isinstance(sample, Failure):
            if not self.state.failing:
                self.state.failing = True
                self.run_log.error(sample)
                self._no_answer(sample.reason)
            return
        self.state.failing = False
        self.state.answered = sample.t
        if sample.stats:
            self.run_log.publish(sample)
            if sample.state.startswith("paused (post-copy"):
                self.controls.in_post_copy()
            if sample.number("memory_iteration"):
                self.controls.passes_have_begun()
        elif not self.state.ours:
            self._conclude(None)  # the job that was found running has ended

    def _on_event(self, host: str, event: HypervisorEvent, at: float) -> None:
        if self.state.stage not in (Stage.JOB, Stage.FIGURES):
            return
        self.run_log.log(event.kind, {"host": host, **event.data}, at)
        if event.kind == LIFECYCLE and host == self.origin and is_switchover(event.data):
            self._guest_monitor.switch_over()
        if event.kind == ITERATION:
            self.controls.passes_have_begun()
        if event.kind != JOB_COMPLETED:
            self._sampler.sample_now()
            return
        self.state.figures = True
        if self.state.stage is Stage.FIGURES:
            self._locate()

    # -- the end --

    def _conclude(self, outcome: str | None) -> None:
        """Wait for libvirt's final figures, locate the VM, record the result and end."""
        if self.state.stage is not Stage.JOB:
            return
        self._sampler.stop()
        self.state.outcome = outcome
        self.state.stage = Stage.FIGURES
        if outcome in (COMPLETED, None) and self.state.subscribed and not self.state.figures:
            self.state.deadline = time.monotonic() + FINAL_FIGURES_S
        else:
            self._locate()

    def _locate(self) -> None:
        self.state.stage, self.state.deadline = Stage.LOCATION, None
        self.state.located_from = time.monotonic()
        self.controls.stop()
        start_thread("locate", self._read_location)

    def _read_location(self) -> None:
        try:
            location = locate(self._connections, self.vm)
        except Exception as error:  # noqa: BLE001  # it is tried again
            log.exception("%s was not located", self.vm.name)
            location = VmLocation(False, str(unexpected("The VM was not located", error)), None, undecided=True)
        found = None
        if (self.state.outcome or location.outcome(cancelled=False)) == COMPLETED and not self.state.figures:
            found = completed_job(self._connections, self.vm, self.run_log.error)
        self._post(self._located, location, found)

    def _located(self, location: VmLocation, found: tuple[str, Any] | None) -> None:
        limit_s = UNKNOWN_LIMIT_S if self.state.outcome is None else UNVERIFIED_LIMIT_S
        if location.undecided and time.monotonic() - self.state.located_from < limit_s:
            self._not_located(location)
            return
        if found is not None:
            self.state.figures = True
            self.run_log.event(JOB_COMPLETED, host=found[0], stats=dict(found[1]))
        outcome = self.state.outcome or location.outcome(cancelled=self.controls.cancel_requested)
        self._start_settling(location, outcome)

    def _not_located(self, location: VmLocation) -> None:
        """A host that is needed does not reply: ask again."""
        if self.timeline.verified is None or self.timeline.verified[1] != location.sentence:
            self.run_log.event(record.VERIFIED, ok=False, sentence=location.sentence, advice=location.advice)
        self.state.deadline = time.monotonic() + LOCATE_AGAIN_S

    def _start_settling(self, location: VmLocation, outcome: str) -> None:
        def settle() -> None:
            try:
                self._guest_monitor.conclude(completed=outcome == COMPLETED)
                for unsubscribe in self._unsubscribe:
                    unsubscribe()
            except Exception as error:  # noqa: BLE001  # the record must get an end
                failure = error if isinstance(error, Failure) else unexpected("The guest was not read", error)
                self.run_log.error(failure)
            self._post(self._end, location, outcome)

        start_thread("settle", settle)

    def _end(self, location: VmLocation, outcome: str) -> None:
        ok = location.fits(outcome)
        self.run_log.event(record.VERIFIED, ok=ok, sentence=location.sentence, advice=location.advice)
        self.state.stage = Stage.OVER
        end = Event(self.run_log.now(), now(), END, {"outcome": outcome})
        self.run_log.finish(end, lambda: self._summary(self.timeline.phase))

    def _summary(self, outcome: str) -> dict[str, Any]:
        return summary(self.plan, self.vm, self.facts, self.run_log.began_at, self.timeline, outcome)

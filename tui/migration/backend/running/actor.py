"""One migration as an actor: one thread handles samples, events, requests and results, and changes its state."""

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from tui.core.clock import now
from tui.core.failure import Failure, unexpected
from tui.core.plan import Plan
from tui.core.protocols import ITERATION, JOB_COMPLETED, LIFECYCLE, QEMU_STATUS, HypervisorEvent
from tui.core.threads import start_thread
from tui.core.vm import Vm
from tui.forecast.model.forecast import Inputs
from tui.migration.backend.after.aftermath import Aftermath, OnHosts
from tui.migration.backend.guest.monitor import GuestAccess, GuestMonitor
from tui.migration.backend.recording.recorder import NullRecorder, Recorder
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.backend.recording.run_summary import facts_for, summary
from tui.migration.backend.running.connections import MigrationConnections
from tui.migration.backend.running.controls import Controls
from tui.migration.backend.running.inbox import Inbox
from tui.migration.backend.running.inquiry import Inquiry
from tui.migration.backend.running.job import Job
from tui.migration.backend.running.location import Answers
from tui.migration.backend.running.sampler import Sampler
from tui.migration.backend.running.state import Stage, State
from tui.migration.backend.running.steering import Steering
from tui.migration.model import record
from tui.migration.model.ending.diagnosis import GOES_ON, UNKNOWN, Diagnosis
from tui.migration.model.record import END, Event, Record, Sample, is_end_of_vm, is_switchover
from tui.migration.model.timeline import COMPLETED, LOST

FINAL_FIGURES_S = 3.0  # JOB_COMPLETED may come this long after migrateToURI3 returned; measured: 10 ms
TICK_S = 0.5  # how often the actor checks for replies that are overdue
LEAVE_LIMIT_S = 1.0
ASK_AGAIN_S = 3.0  # while post-copy is broken, or a host does not reply that is needed to know where the VM is
SETTLE_S = 1.0  # libvirt may still be removing what is left on the origin
BROKEN = "paused (post-copy failed)"  # the VM's state on its origin


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
        on_hosts: OnHosts | None = None,
    ) -> None:
        self.plan = plan
        self.vm = vm
        self.origin = connections.origin
        self.folder = recorder.folder
        self.seen = False  # a client has seen its end
        self.facts: dict[str, Any] = {}  # for run.toml: hosts, versions, workload
        self.state = State()
        self._connections = connections
        connections.renamed = plan.dname
        self.run_log = RunLog(recorder)
        self.timeline = self.run_log.timeline
        self._inbox = Inbox(self._next_moment, self._tick, self._call_raised)
        self._post = self._inbox.post
        post_event, no_post_copy = partial(self._post, self._on_event), partial(self._post, self._without_post_copy)
        self._job = Job(plan, connections, post_event, self.run_log.error, no_post_copy)
        post_sample, post_slow = partial(self._post, self._on_sample), partial(self._post, self._on_slow)
        self._sampler = Sampler(self._job.read, post_sample, post_slow, self.run_log.since_start, interval)
        self.controls = Controls(vm.name, connections, self.run_log, self._post, self._sampler.sample_now, self._resume)
        self._steering = Steering(plan, self.run_log, self.controls)
        self.guest_monitor = GuestMonitor(vm.name, guest_access, self.run_log, plan.dname)
        self._aftermath = Aftermath(vm, connections, self.run_log, self.guest_monitor, on_hosts or OnHosts())
        self._inquiry = Inquiry(plan, vm, connections, lambda *found: self._post(self._answered, *found))
        self._tick_at = time.monotonic()
        self._ended = asyncio.Event()
        self.run_log.listen(self._on_delivered)

    # -- for its owner --

    @property
    def target(self) -> str:
        """Where it ends; "" while unknown: another program started it, and no other host receives it."""
        return self._connections.target

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
            self.guest_monitor.ended()
            self._ended.set()

    # -- begin and end, called by MigrationOwner --

    def begin(self, options: dict[str, Any], forecast: Inputs | None = None) -> None:
        """Start the migration, and follow it; `forecast` was made before."""
        self.state.ours = True
        self.run_log.event(record.START, began=self.run_log.began_at, **options)
        self.run_log.summarize(self._summary(record.RUNNING))
        self.guest_monitor.begin()
        uri, start = self.facts["destination_uri"], self._sampler.start
        returned = partial(self._post, self._call_returned)
        self._start(lambda: self._job.migrate(uri, start, returned, partial(self._post, self._call_failed)))
        self._post(self._steering.begin, forecast)

    def rejoin(self, earlier: list[Record], began_at: str | None, options: dict[str, Any]) -> None:
        """Follow a running job, after the records of an earlier process (none: another program started it)."""
        self._continue(earlier, began_at)
        self.run_log.event(record.ATTACHED, began=self.run_log.began_at, **options)
        self.run_log.summarize(self._summary(record.RUNNING))
        self.guest_monitor.begin()
        self._start(lambda: self._job.follow(self._sampler.start))

    def conclude_unwatched(self, earlier: list[Record], began_at: str) -> None:
        """For a run whose job ended while nothing recorded it: record the result as far as libvirt has it."""
        self._continue(earlier, began_at)
        self._start(self._conclude)

    def _continue(self, earlier: list[Record], began_at: str | None) -> None:
        self.run_log.resume(earlier, began_at)
        self.controls.resume(earlier)
        self._steering.resume(earlier)
        self.guest_monitor.resume(earlier)
        for each in earlier:
            self._inquiry.see(each)

    def _start(self, first: Callable[[], None]) -> None:
        self.state.answered = self.run_log.now()
        self._post(first)
        start_thread("migration", lambda: self._inbox.run(lambda: self.state.stage is Stage.OVER and self.run_log.done))

    def leave(self) -> None:
        """Stop following; the migration continues, and the next process continues the record."""
        self._sampler.stop()
        self.guest_monitor.stop()
        handled = threading.Event()
        self._post(self._leave, handled)
        handled.wait(LEAVE_LIMIT_S)  # requests before this one are recorded
        self._inbox.closed = True
        self.run_log.leave()

    def _leave(self, handled: threading.Event) -> None:
        self._inbox.closed = True
        self.controls.stop()
        self.state.stage = Stage.OVER
        handled.set()

    # -- the actor --

    def _next_moment(self) -> float:
        return min(each for each in (self._tick_at, self._steering.timeout_at, self.state.deadline) if each is not None)

    def _call_raised(self, error: Exception) -> None:
        self.run_log.error(unexpected(f"A part of the record of {self.vm.name} failed", error))

    def _tick(self) -> None:
        moment = time.monotonic()
        self._tick_at = moment + TICK_S
        self.run_log.deliver_overdue()
        self._steering.tick(moment, running=self.state.stage is Stage.JOB)
        if not self.target and self.state.stage is Stage.JOB and self.state.deadline is None:
            self.state.deadline = moment + ASK_AGAIN_S  # another host may receive it by then
        waiting = self._sampler.waiting_s()
        if self.state.stage is Stage.JOB and waiting and self.timeline.unanswered is None:
            self.run_log.event(record.NO_ANSWER, since=round(self.state.answered, 3), why="")
        if self.state.deadline_reached(moment):
            if self.state.stage is Stage.FIGURES:
                self._locate()
            else:
                self._inquiry.ask(versions=self.timeline.post_copy_at is not None)

    # -- messages, on the actor's thread --

    def _call_returned(self) -> None:
        """migrateToURI3 has completed the migration, or its resume has."""
        self.state.completed = True
        self._conclude()

    def _call_failed(self, failure: Failure, running: bool) -> None:
        """migrateToURI3 has failed, but the job may continue if only our connection broke."""
        self.run_log.event(record.ACTION, action="migrate", failed=True)
        self.state.failure = failure.with_host("destination", self.target).with_host("origin", self.origin)
        self.state.ours = False  # the sampler sees the end of a job that continues
        if running:
            self.run_log.error(failure, action="migrate")
        else:
            self._conclude()

    def _without_post_copy(self, refused: Failure) -> None:
        self._steering.start_refused(refused)

    def _on_slow(self, at: float, seconds: float, missed: int) -> None:
        if self.state.stage is Stage.JOB:
            self.run_log.event(record.SLOW, at=at, seconds=round(seconds, 3), missed=missed)

    def _on_sample(self, sample: Sample | Failure) -> None:
        if isinstance(sample, Sample):
            self._inquiry.see(sample)  # it may have the type of a job whose end was noticed already
        if self.state.stage is not Stage.JOB:
            return
        if isinstance(sample, Failure):
            self._see_failure(sample)
            return
        self.state.failing = False
        self.state.answered = sample.t
        if sample.stats:
            self.run_log.publish(sample)
            self.controls.job_has_begun()
            if sample.state.startswith("paused (post-copy"):
                self.controls.in_post_copy()
                self._see_break(sample.state == BROKEN)
            if sample.number("memory_iteration"):
                self.controls.passes_have_begun()
            self._steering.sampled()
        elif not self.state.ours and not self.state.broken:
            self._conclude()  # the job that was found running has ended

    def _see_failure(self, failure: Failure) -> None:
        if not self.state.sample_failed(failure):
            return
        self.run_log.error(failure)
        self.run_log.event(record.NO_ANSWER, since=round(self.state.answered, 3), why=failure.reason)

    def _on_event(self, host: str, event: HypervisorEvent, at: float) -> None:
        ends = self.state.stage is Stage.LOCATION
        if self.state.stage is Stage.OVER or (ends and event.kind not in (LIFECYCLE, QEMU_STATUS)):
            return
        self.run_log.log(event.kind, {"host": host, **event.data}, at)
        self._inquiry.see(Event(0.0, "", event.kind, {"host": host, **event.data}))
        if ends or event.kind == QEMU_STATUS:
            return  # how QEMU ends on the target may be the cause
        if event.kind == LIFECYCLE:
            if host == self.origin and is_switchover(event.data):
                self.guest_monitor.switch_over()
            if host == self.origin and is_end_of_vm(event.data):
                self._see_break(True)  # migrateToURI3 may wait for the target for ever
        if event.kind == ITERATION:
            self.controls.passes_have_begun()
        if event.kind != JOB_COMPLETED:
            self._sampler.sample_now()
            return
        self.state.figures = True
        if self.state.stage is Stage.FIGURES:
            self._locate()

    # -- a broken post-copy --

    def _see_break(self, broken: bool) -> None:
        """Ask both hosts as long as post-copy is broken."""
        if broken != self.state.broken:
            self.state.broken = broken
            self.state.deadline = time.monotonic() + SETTLE_S if broken else None  # both hosts have noticed by then
            if not broken:
                self.controls.post_copy_goes_on()

    def _not_over(self, diagnosis: Diagnosis) -> None:
        """Record what is known so far, and ask again."""
        found = diagnosis.fields
        if found != {name: self.timeline.diagnosis.get(name) for name in found}:
            self.run_log.log(record.DIAGNOSIS, found)
        if diagnosis.kind in GOES_ON and self.state.stage is Stage.LOCATION:
            self.state.stage = Stage.JOB  # the call has ended, but not the migration
            self.state.broken = True
            self._job.follow(self._sampler.start)  # unless that is done
        if diagnosis.resumable:
            self.controls.resume_if_requested()
        self.state.deadline = time.monotonic() + ASK_AGAIN_S

    def _resume(self) -> None:
        uri = self._connections.peer_uris.get(self.target) or self.facts["destination_uri"]
        returned = partial(self._post, self._call_returned)
        self._job.resume(uri, returned, partial(self._post, self.controls.resume_refused))

    # -- the end --

    def _conclude(self) -> None:
        """Wait for libvirt's final figures, locate the VM, record the result and end."""
        if self.state.stage is not Stage.JOB:
            return
        self.state.stage = Stage.FIGURES
        if self.state.failure is None and self._job.subscribed and not self.state.figures:
            self.state.deadline = time.monotonic() + FINAL_FIGURES_S
        else:
            self._locate()

    def _locate(self) -> None:
        self.state.stage, self.state.deadline = Stage.LOCATION, None
        self.state.located_from = time.monotonic()
        self._inquiry.ask(versions=self.timeline.post_copy_at is not None)

    def _answered(self, found: Answers) -> None:
        if self._inquiry.learn_target(found, ended=self.state.stage is Stage.LOCATION):
            self.run_log.event(record.TARGET, target=self.target)
        if self.state.stage is not Stage.LOCATION and not self.state.broken:
            return  # it goes on
        cancel, post_copy = self.controls.cancel_requested, self.timeline.post_copy_at is not None
        diagnosis = self._inquiry.diagnose(found, self.state, post_copy=post_copy, cancel_requested=cancel)
        if diagnosis.settling and not self.state.settled():
            self.state.deadline = time.monotonic() + SETTLE_S
        elif (not diagnosis.over or diagnosis.kind == UNKNOWN) and not self.state.given_up():
            self._not_over(diagnosis)
        else:
            self._sampler.stop()
            self.state.stage, self.state.deadline = Stage.LOCATION, None
            self.controls.stop()
            outcome = COMPLETED if self.state.completed else diagnosis.outcome or LOST
            start_thread("settle", lambda: self._settle(diagnosis, outcome))

    def _settle(self, diagnosis: Diagnosis, outcome: str) -> None:
        self._aftermath.settle(self._job, outcome, diagnosis.cause, figures=self.state.figures)
        self._post(self._end, diagnosis, outcome)

    def _end(self, diagnosis: Diagnosis, outcome: str) -> None:
        ok = diagnosis.ok and diagnosis.outcome == outcome
        self.run_log.event(record.VERIFIED, ok=ok, sentence=diagnosis.sentence, advice=diagnosis.advice)
        self.state.stage = Stage.OVER
        end = Event(self.run_log.now(), now(), END, {"outcome": outcome})
        self.run_log.finish(end, lambda: self._summary(self.timeline.phase), self.guest_monitor.tail_s(self.facts))

    def _summary(self, outcome: str) -> dict[str, Any]:
        facts = facts_for(self.facts, self.origin, self.target)
        return summary(self._job.plan, self.vm, facts, self.run_log.began_at, self.timeline, outcome)

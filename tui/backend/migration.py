"""One migration: started here or found running, steered, followed to its end, and written down on the way."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tui.adapters.protocols import Aborted, Hypervisor, HypervisorEvent, Job
from tui.backend.outcome import completed_job, look, summary
from tui.backend.recorder import Recorder, now, seconds_since
from tui.backend.route import Route
from tui.backend.sampler import Reading, Sampler
from tui.model import record
from tui.model.failure import Failure
from tui.model.keys import BANDWIDTH, CANCEL, DOWNTIME, POST_COPY_NOW
from tui.model.plan import POST_COPY_TIMEOUT, Plan
from tui.model.record import Event, Record, Sample
from tui.model.timeline import CANCELLED, COMPLETED, FAILED, Timeline
from tui.model.vm import Vm

FINAL_FIGURES_S = 3.0  # how long JOB_COMPLETED may come after migrateToURI3 has returned; measured: some 10 ms


class Migration:
    """Everything public is called on the asyncio loop; libvirt is only ever called on daemon threads.

    The daemon owns the job: losing this object, or the process, does the migration no harm.
    """

    def __init__(self, plan: Plan, vm: Vm, route: Route, recorder: Recorder, interval: float) -> None:
        self.plan = plan
        self.vm = vm
        self.origin = route.origin
        self.target = route.target
        self.folder: Path = recorder.folder
        self.timeline = Timeline()
        self.facts: dict[str, Any] = {}  # for run.toml: hosts, versions, workload
        self._route = route
        self._recorder = recorder
        self._interval = interval
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Callable[[Record], None]] = []
        self._zero = time.monotonic()
        self._began_at = now()
        self._sampler = Sampler(self._read, self._take, interval)
        self._unsubscribe: list[Callable[[], None]] = []
        self._order = threading.Lock()  # what is written first is heard first
        self._state = threading.Lock()  # for the fields below, which several threads touch
        self._post_copy = "no"  # -> "held" -> "sent" -> "done"
        self._iterations_seen = False
        self._held: dict[str, Callable[[], None]] = {}  # changes that wait for the first pass, the last of each kind
        self._due: float | None = None  # the moment of the schedule that was last kept
        self._ours = False  # migrateToURI3 runs on a thread of ours; else the job was found running
        self._concluding = False  # one thread sees to the end
        self._concluded = False  # nothing more is to be heard or changed
        self._closed = False  # nothing more is to be written either: it is over, or another app may go on in the folder
        self._cancel_asked = False
        self._final_figures = threading.Event()
        self._failing = False
        self._disk_failed = False
        self._ended = asyncio.Event()
        self._timeout: asyncio.TimerHandle | None = None

    # -- what a page may ask and do --

    def listen(self, listener: Callable[[Record], None]) -> None:
        """Call `listener` on the loop with each new record, after the timeline has taken it in."""
        self._listeners.append(listener)

    def elapsed(self) -> float:
        """Seconds since the start; stands still when the migration is over."""
        ended = self.timeline.ended_at
        return ended if ended is not None else time.monotonic() - self._zero

    def waiting_s(self) -> float:
        """How long the daemon has owed an answer beyond the interval, in seconds; 0.0 where it owes none."""
        asked = self._sampler.asked
        waited = time.monotonic() - asked if asked is not None else 0.0
        return waited if waited > max(self._interval, 0.5) else 0.0

    def switch_to_post_copy(self) -> None:
        """Switch now, or as soon as QEMU can: before the first pass it would refuse and forget."""
        pressed = time.monotonic()
        with self._state:
            ready = self._iterations_seen
            if self._post_copy != "no" or self._concluded:
                return
            self._post_copy = "sent" if ready else "held"
            if ready:
                _spawn("post-copy", lambda: self._send_post_copy(pressed))
            # Within the lock: a request that is held may be sent as soon as it is let go, and the log has to say
            # that it was held before it says that it was sent.
            self._event(record.KEY, at=pressed, action=POST_COPY_NOW, held=not ready)

    def cancel(self) -> None:
        """Abort the job; the VM stays where it runs."""
        self._cancel_asked = self._cancel_asked or not self._concluded
        self._change(CANCEL, None, lambda: self._route.steer().abort_job(self.vm.name))

    def set_max_downtime(self, milliseconds: int) -> None:
        self._change(DOWNTIME, milliseconds, lambda: self._route.steer().set_max_downtime(self.vm.name, milliseconds))

    def set_bandwidth(self, mib_per_s: int) -> None:
        """Limit the transfer; 0 takes the limit away."""
        self._change(BANDWIDTH, mib_per_s, lambda: self._route.steer().set_bandwidth(self.vm.name, mib_per_s))

    async def ended(self) -> None:
        """Return when the migration is over and written down."""
        await self._ended.wait()

    # -- begin and end, called by Migrations --

    def begin(self, options: dict[str, Any]) -> None:
        """Start the migration, and follow it."""
        self._ours = True
        self._event(record.START, began=self._began_at, **options)
        self._summarize("running")
        self._set_timeout()
        _spawn("migrate", self._migrate)

    def rejoin(self, earlier: list[Record], began_at: str | None, options: dict[str, Any]) -> None:
        """Go on with a job that runs already, after the records an earlier process left (none: it was not ours)."""
        self._resume(earlier, began_at)
        self._event(record.ATTACHED, began=self._began_at, **options)
        self._summarize("running")
        self._set_timeout()
        _spawn("follow", self._follow)

    def conclude_unwatched(self, earlier: list[Record], began_at: str) -> None:
        """For a run whose job ended while nobody watched: find out what can still be found out, and end it."""
        self._resume(earlier, began_at)
        _spawn("conclude", lambda: self._conclude(None))

    def _resume(self, earlier: list[Record], began_at: str | None) -> None:
        for each in earlier:
            self.timeline.add(each)
        if self.timeline.post_copy_held:
            self._post_copy = "held"  # it was promised, and the key is shut because of it
        self._cancel_asked = _cancel_stands(earlier)
        if began_at is not None:
            self._began_at = began_at
            passed = max(seconds_since(began_at), self.timeline.now)  # a clock that was set back makes no time
            self._zero = time.monotonic() - passed
        if earlier:
            seconds = round(self._now() - earlier[-1].t, 3)
            self._event(record.GAP, seconds=seconds, why="vmlm-tui was not running")

    def leave(self) -> None:
        """Stop following without touching the migration; the folder stays unfinished, for the next start to go on."""
        self._sampler.stop()
        if self._timeout:
            self._timeout.cancel()
        with self._state:
            self._concluding = self._concluded = self._closed = True
        self._close()

    def _set_timeout(self) -> None:
        if self.plan.technique == POST_COPY_TIMEOUT:
            left = max(0.0, self.plan.timeout_s - self.elapsed())
            self._timeout = self._loop.call_later(left, self._timed_out)

    # -- threads: nothing below may touch the loop but through _publish --

    def _now(self) -> float:
        return time.monotonic() - self._zero

    def _publish(self, each: Record) -> None:
        """Disk first, then the loop."""
        with self._order:
            if self._closed:
                return
            self._write(each)
            self._on_loop(self._deliver, each)

    def _on_loop(self, call: Callable[..., None], *arguments: Record) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            return  # the loop is closed: the app has quit, and what there was to write is written

    def _write(self, each: Record) -> None:
        try:
            self._recorder.write(each)
        except (OSError, ValueError) as error:
            self._disk_trouble(error)

    def _disk_trouble(self, error: Exception) -> None:
        if self._disk_failed:
            return
        self._disk_failed = True
        failure = Failure(f"The log in {self.folder} cannot be written", str(error), "The migration itself goes on.")
        data = _failure_data(failure) | {"action": "log"}
        self._on_loop(self._deliver, Event(self._now(), now(), record.ERROR, data))

    def _deliver(self, each: Record) -> None:
        self.timeline.add(each)
        for listener in self._listeners:
            listener(each)

    def _event(self, kind: str, *, at: float | None = None, **data: Any) -> None:
        self._log(kind, data, at)

    def _log(self, kind: str, data: Mapping[str, Any], at: float | None = None) -> None:
        t = self._now() if at is None else at - self._zero
        self._publish(Event(t, now(), kind, data))

    def _error(self, failure: Failure, **more: str) -> None:
        self._log(record.ERROR, _failure_data(failure) | more)

    def _follow(self) -> None:
        """Listen to both daemons, on every connection to them there will be, and look at the job from now on."""
        self._listen(self.origin)
        self._sampler.start()  # not behind the target, which may be out of reach
        self._listen(self.target)

    def _listen(self, host: str) -> None:
        def subscribe(hypervisor: Hypervisor) -> None:
            try:
                self._unsubscribe.append(hypervisor.subscribe(self.vm.name, self._hear(host)))
            except Failure as failure:
                self._error(failure)  # samples still come; what is lost is their company

        self._route.greet(host, subscribe)
        try:
            self._route.at(host)
        except Failure as failure:
            self._error(failure)  # it is tried again whenever the host is asked for something

    def _read(self) -> Job:
        return self._route.at(self.origin).job(self.vm.name)

    def _migrate(self) -> None:
        self._follow()
        try:
            steer = self._route.steer()
            steer.set_max_downtime(self.vm.name, self.plan.downtime_ms)
            steer.migrate(self.plan, self.facts["destination_uri"])
        except Failure as failure:
            self._event(record.ACTION, action="migrate", failed=True)
            self._after_failure(failure)
        else:
            self._conclude(COMPLETED)

    def _after_failure(self, failure: Failure) -> None:
        """migrateToURI3 has said no, which is not always the end: a job whose caller was cut off may go on."""
        try:
            goes_on = bool(self._read().stats)
        except Failure:
            goes_on = True  # nobody can tell at the moment; the sampler goes on asking until somebody can
        if goes_on:
            self._error(failure, action="migrate")
            self._ours = False  # the sampler sees its end
            return
        cancelled = self._cancel_asked or isinstance(failure, Aborted)  # here, or by somebody with virsh
        if not cancelled:
            self._error(failure, action="migrate")
        self._conclude(CANCELLED if cancelled else FAILED)

    def _take(self, reading: Reading) -> None:
        """A reading of the sampler, on its thread."""
        if self._concluded:
            return
        waited = reading.answered - reading.asked
        missed = self._missed(reading.due)
        if missed or waited > max(self._interval, 0.5):
            self._event(record.SLOW, at=reading.answered, seconds=round(waited, 3), missed=missed)
        if reading.job is None:
            self._sampling_failed(reading)
            return
        self._failing = False
        stats = reading.job.stats
        if stats:
            late = None if reading.due is None else reading.asked - reading.due
            sample = Sample(reading.answered - self._zero, now(), stats, reading.job.state, waited, late)
            self._publish(sample)
            if sample.state.startswith("paused (post-copy"):
                self._post_copy = "done"  # be it by us, by somebody else, or before we came back
            if sample.number("memory_iteration"):
                self._passes_have_begun()
        elif not self._ours:
            self._vanished()

    def _missed(self, due: float | None) -> int:
        """How many moments of the schedule went by before this one without a reading."""
        before, self._due = self._due, due if due is not None else self._due
        return 0 if due is None or before is None else max(0, round((due - before) / self._interval) - 1)

    def _sampling_failed(self, reading: Reading) -> None:
        if not self._failing and reading.failure is not None:
            self._failing = True
            self._error(reading.failure)

    def _vanished(self) -> None:
        """The job that was found running is no longer there."""
        _spawn("conclude", lambda: self._conclude(None))

    def _hear(self, host: str) -> Callable[[HypervisorEvent], None]:
        """The listener for one host's daemon, called on the thread of libvirt's events: nothing here may block."""

        def hear(event: HypervisorEvent) -> None:
            if self._concluded:
                return
            self._log(event.kind, {"host": host, **event.data})
            if event.kind == record.ITERATION:
                self._passes_have_begun()
            if event.kind == record.JOB_COMPLETED:
                self._final_figures.set()
            else:
                self._sampler.poke()

        return hear

    def _passes_have_begun(self) -> None:
        with self._state:
            self._iterations_seen = True
        self._send_held()
        with self._state:
            if self._post_copy != "held":
                return
            self._post_copy = "sent"
        _spawn("post-copy", lambda: self._send_post_copy(time.monotonic()))

    def _send_post_copy(self, wanted: float) -> None:
        called = time.monotonic()
        try:
            self._route.steer().start_post_copy(self.vm.name)
        except Failure as failure:
            with self._state:
                self._post_copy = "no"  # a further press may try again
            self._event(record.ACTION, action=POST_COPY_NOW, failed=True)
            self._error(failure)
        else:
            took = time.monotonic() - called
            self._post_copy = "done"
            self._event(
                record.ACTION, at=called, action=POST_COPY_NOW, after=round(called - wanted, 5), seconds=round(took, 5)
            )
            self._sampler.poke()

    def _timed_out(self) -> None:
        if not self.timeline.over and self.timeline.post_copy_at is None:
            self._event(record.ACTION, action="timeout", value=self.plan.timeout_s)
            self.switch_to_post_copy()

    def _change(self, action: str, value: int | None, call: Callable[[], None]) -> None:
        if self._concluded:
            return
        with self._state:
            early = not self._iterations_seen and action in (DOWNTIME, BANDWIDTH)
            self._event(record.KEY, action=action, value=value, held=early)

        def run() -> None:
            try:
                call()
            except Failure as failure:
                self._cancel_asked = self._cancel_asked and action != CANCEL
                self._event(record.ACTION, action=action, value=value, failed=True)
                self._error(failure)
            else:
                self._event(record.ACTION, action=action, value=value)

        if early:  # while it sets up, QEMU takes a limit and then puts the one from the start in its place
            self._held[action] = run
            if self._iterations_seen:
                self._send_held()
        else:
            _spawn(action, run)

    def _send_held(self) -> None:
        with self._state:
            held, self._held = self._held, {}
        for action, run in held.items():
            _spawn(action, run)

    # -- the end --

    def _conclude(self, outcome: str | None) -> None:
        """Look on both hosts, write down what is found, and end; `outcome` None: judge by what is found."""
        with self._state:
            if self._concluding:
                return
            self._concluding = True
        self._sampler.stop()
        heard = self._final_figures.wait(FINAL_FIGURES_S if outcome in (COMPLETED, None) and self._unsubscribe else 0)
        self._concluded = True
        finding = look(self._route, self.vm)
        outcome = outcome or finding.outcome(cancelled=self._cancel_asked)
        if outcome == COMPLETED and not heard:
            self._ask_final_figures()
        self._event(record.VERIFIED, ok=finding.fits(outcome), sentence=finding.sentence)
        for end in self._unsubscribe:
            try:
                end()
            except Failure as failure:
                self._error(failure)
        self._on_loop(self._finish, Event(self._now(), now(), record.END, {"outcome": outcome}))

    def _finish(self, end: Record) -> None:
        """On the loop, behind every other record: the summary needs them all.

        The end is written when all else is: a run that has one is looked at by no later start.
        """
        if self._closed:
            return
        self.timeline.add(end)
        if self._timeout:
            self._timeout.cancel()
        self._summarize(self.timeline.phase)
        with self._order:
            self._write(end)
            self._closed = True
        self._close()
        self._ended.set()
        for listener in self._listeners:
            listener(end)

    def _ask_final_figures(self) -> None:
        """The statistics of the completed job, which each daemon keeps for as long as it knows the VM."""
        found = completed_job(self._route, self.vm, self._error)
        if found:
            self._event(record.JOB_COMPLETED, host=found[0], stats=dict(found[1]))

    def _summarize(self, outcome: str) -> None:
        try:
            self._recorder.summarize(summary(self, outcome))
        except OSError as error:
            self._disk_trouble(error)

    def _close(self) -> None:
        try:
            self._recorder.close()
        except OSError as error:
            self._disk_trouble(error)

    @property
    def began_at(self) -> str:
        return self._began_at


def _cancel_stands(records: list[Record]) -> bool:
    """Whether somebody cancelled, and was not refused."""
    cancels = [each.data for each in records if isinstance(each, Event) and each.data.get("action") == CANCEL]
    return bool(cancels) and not cancels[-1].get("failed")


def _failure_data(failure: Failure) -> dict[str, str]:
    return {"what": failure.what, "why": failure.why, "hint": failure.hint, "detail": failure.detail}


def _spawn(name: str, call: Callable[[], None]) -> None:
    """A thread of its own for each call into libvirt: none waits behind another, and quitting waits for none."""
    threading.Thread(target=call, name=name, daemon=True).start()

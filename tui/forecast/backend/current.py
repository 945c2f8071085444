"""The forecast of one VM that is kept up to date while its options change."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from tui.core.failure import Failure, as_failure
from tui.core.log import log
from tui.core.plan import Plan
from tui.core.vm import Vm
from tui.forecast.backend.comparing import Compare, Comparing
from tui.forecast.backend.forecaster import BandwidthUnknown, Progress
from tui.forecast.model.comparison import Comparison, compare
from tui.forecast.model.forecast import Inputs

STOP_LIMIT_S = 10.0  # then the migration is started: a host that does not reply must not delay it


class Forecasting(Protocol):
    """Measures the inputs of a forecast; see Forecaster.

    `inputs` is stopped by cancelling its task, which ends at once: QEMU migrates also while it measures.
    """

    async def inputs(
        self, vm: Vm, origin: str, target: str, plan: Plan, on_progress: Callable[[Progress], None]
    ) -> Inputs:
        """Measure a running VM; raises Failure."""

    def again(self, inputs: Inputs, plan: Plan) -> Inputs:
        """The same measurement with the options of another plan; raises Failure."""

    async def probe(self, origin: str, target: str) -> float:
        """The bandwidth, in bytes per second, of sending for one second; raises Failure."""


@dataclass(frozen=True)
class Subject:
    """The VM of a forecast, and the hosts of its migration."""

    vm: Vm
    origin: str
    target: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Equal for the same VM on the same host, whatever else was read of it."""
        return (self.vm.uuid, self.origin, self.target)


class CurrentForecast:
    """Measures one VM at a time; listeners are called after every change of `inputs`, `comparison` and `note`."""

    def __init__(self, forecaster: Forecasting, compare: Compare = compare) -> None:
        self.inputs: Inputs | None = None  # with the options of the newest plan
        self._forecaster = forecaster
        self._listeners: list[Callable[[], object]] = []
        self._comparing = Comparing(compare, self._notify)
        self._subject: Subject | None = None
        self._plan: Plan | None = None
        self._measured: Inputs | None = None  # with the options of `_measured_with`
        self._measured_with: Plan | None = None
        self._progress: Progress | None = None
        self._failure: Failure | None = None  # of the newest measurement or probe
        self._refused: Failure | None = None  # why the newest plan has no forecast
        self._why_none = ""
        self._probing = self._skipped = self._needs_bandwidth = False
        self._task: asyncio.Task[None] | None = None  # the newest one, until it is skipped or has ended
        self._tasks: set[asyncio.Task[None]] = set()  # those that have not ended

    @property
    def measuring(self) -> bool:
        """Whether the VM is being measured, or the link is being probed."""
        return self._task is not None

    @property
    def bandwidth_unknown(self) -> bool:
        """Whether a probe of the link is what the forecast needs."""
        return self._needs_bandwidth and not self.measuring

    @property
    def failed(self) -> bool:
        """Whether the note is a failure that a probe does not cure."""
        failure = self._failure or self._refused or self._comparing.failure
        return not self.measuring and failure is not None and not isinstance(failure, BandwidthUnknown)

    @property
    def comparison(self) -> Comparison | None:
        """The techniques side by side; for a moment still with the options before, None without inputs."""
        return self._comparing.newest

    @property
    def subject(self) -> Subject | None:
        """The VM that was measured last."""
        return self._subject

    @property
    def note(self) -> str:
        """What happens now, or why there is no forecast or only a part of one; empty if it is complete."""
        if self._subject is None:
            return self._why_none
        name, progress = self._subject.vm.name, self._progress
        failure = self._failure or self._refused or self._comparing.failure
        if self._probing:
            return f"Probing the link from {self._subject.origin} to {self._subject.target} for one second ..."
        if self.measuring:
            done = f": {progress.done_s:.0f} of {progress.of_s:.0f} s" if progress else " ..."
            return f"Measuring how fast {name} dirties memory{done}"
        if failure is not None:
            return str(failure)
        if self._skipped and self.inputs is None:
            return f"The measurement of {name} was skipped: there is no forecast."
        if self._skipped and progress:
            return f"{name} was measured for {progress.done_s:.0f} of {progress.of_s:.0f} s."
        return ""

    def listen(self, listener: Callable[[], object]) -> None:
        """Call `listener` after every change."""
        self._listeners.append(listener)

    def stop_listening(self, listener: Callable[[], object]) -> None:
        """Undo `listen`."""
        self._listeners.remove(listener)

    def _changed(self) -> None:
        self._comparing.of(self.inputs)
        self._notify()

    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    # -- what the form does --

    def measure(self, subject: Subject, plan: Plan, *, to_its_end: bool = False) -> None:
        """Measure a VM, unless it is the one that was measured last; with `to_its_end` also if that was skipped."""
        again = to_its_end and self._skipped
        if self._subject is not None and subject.key == self._subject.key and not again:
            self.replan(plan)
            return
        self._forget()
        self._subject, self._plan = subject, plan
        self._begin(partial(self._measure, subject, plan))

    def none(self, why: str) -> None:
        """There is nothing to forecast."""
        self._forget()
        self._why_none = why
        self._changed()

    def replan(self, plan: Plan) -> None:
        """Make the forecast again with other options, without measuring again."""
        if self._subject is None or plan == self._plan:
            return
        limited = self._plan is None or plan.bandwidth_mib_s != self._plan.bandwidth_mib_s
        self._plan = plan
        if self._measured is not None:
            self._make_again()
        elif self.bandwidth_unknown and limited:  # a limit is a bandwidth, too
            self._begin(partial(self._measure, self._subject, plan))

    def probe(self) -> None:
        """Send for one second, then measure."""
        if self._subject is not None and self._plan is not None and self.bandwidth_unknown:
            self._probing = True
            self._begin(partial(self._probe, self._subject, self._plan))

    def skip(self) -> None:
        """Stop measuring; the forecast keeps what is known so far."""
        if self._task is not None:
            self._task.cancel()
            self._task, self._skipped, self._probing = None, True, False
            self._changed()

    async def stop(self) -> None:
        """Skip the measurement, and wait until it has stopped."""
        self.skip()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_LIMIT_S)

    # -- the measurement --

    def _forget(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = self._subject = self._plan = self.inputs = self._measured = None
        self._progress = self._failure = self._refused = None
        self._why_none, self._probing, self._skipped, self._needs_bandwidth = "", False, False, False

    def _begin(self, work: Callable[[], Awaitable[Inputs]]) -> None:
        """Do the work after all earlier work, which may need some time to stop."""
        self._failure, self._skipped = None, False
        self._task = task = asyncio.ensure_future(self._run(work, set(self._tasks)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._changed()

    async def _run(self, work: Callable[[], Awaitable[Inputs]], earlier: set[asyncio.Task[None]]) -> None:
        task, failure, measured = asyncio.current_task(), None, None
        try:
            if earlier:
                await asyncio.wait(earlier)
            measured = await work()
        except Failure as error:
            failure = error
        except Exception as error:  # noqa: BLE001  # the form works without a forecast
            log.exception("The forecast failed")
            failure = as_failure("There is no forecast", error)
        if task is not self._task:
            return
        self._task, self._failure, self._probing = None, failure, False
        self._measured = measured or self._measured
        # After a probe that failed, the bandwidth is still unknown.
        self._needs_bandwidth = measured is None and (self._needs_bandwidth or isinstance(failure, BandwidthUnknown))
        self._make_again()

    async def _measure(self, subject: Subject, plan: Plan) -> Inputs:
        task = asyncio.current_task()

        def on_progress(progress: Progress) -> None:
            if task is self._task:
                self._progress, self._measured = progress, progress.inputs or self._measured
                self._measured_with = plan
                self._make_again()

        found = await self._forecaster.inputs(subject.vm, subject.origin, subject.target, plan, on_progress)
        if task is self._task:
            self._measured_with = plan
        return found

    async def _probe(self, subject: Subject, plan: Plan) -> Inputs:
        await self._forecaster.probe(subject.origin, subject.target)
        self._probing = False
        self._changed()
        return await self._measure(subject, plan)

    def _make_again(self) -> None:
        """Make the forecast with the newest options."""
        if self._measured is not None and self._plan is not None:
            same, self._refused = self._plan == self._measured_with, None
            try:
                self.inputs = self._measured if same else self._forecaster.again(self._measured, self._plan)
                self._needs_bandwidth = False
            except Failure as error:  # such as a bandwidth that was known by a limit only
                self.inputs, self._refused = None, error
                self._needs_bandwidth = isinstance(error, BandwidthUnknown)
        self._changed()

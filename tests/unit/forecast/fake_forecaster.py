"""A forecaster whose measurements the test delivers."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from tui.core.failure import Failure
from tui.core.plan import POST_COPY_TIMEOUT, Plan
from tui.core.quantity import GIB, MIB
from tui.core.vm import Vm
from tui.forecast.backend.forecaster import BandwidthUnknown, Progress
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import Inputs
from tui.forecast.model.interval import Interval

LINK = Interval(105 * MIB, 112 * MIB, 118 * MIB)
# MiB/s over 1, 2 and 4 s, by the rate of the workload: libvirt 11.3, QEMU 10.0, a VM of 1 GiB
MEASURED = {30: (35, 29, 27), 100: (112, 91, 63), 300: (308, 138, 80), 1000: (336, 158, 83)}
UNKNOWN = BandwidthUnknown(
    "The bandwidth from source to destination is not known", "no run used this link", "A probe measures it."
)


def measured(workload: int = 1000, windows: int = 3) -> Inputs:
    """The inputs of a workload after so many windows."""
    rates = [(float(s), each * MIB) for s, each in zip((1, 2, 4), MEASURED[workload], strict=True)]
    return Inputs(DirtyCurve.measured(rates[:windows], GIB), Interval.exact(450 * MIB), LINK, "5 earlier runs", 0.3)


def progress(done_s: float, inputs: Inputs | None = None) -> Progress:
    """Part of a measurement of 15 s."""
    return Progress(done_s, 15.0, inputs)


class FakeForecaster:
    """Measures what the test gives; a probe finds LINK."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []  # VM, origin, target
        self.stopped: list[str] = []  # VMs whose measurement was cancelled and has ended
        self.plans: list[Plan] = []  # those of `again`
        self.probes = 0
        self.probe_failure: Failure | None = None
        self.link: Interval | None = LINK
        self.on_asked: Callable[[], object] = lambda: None
        self.interruptible = asyncio.Event()  # cleared: QEMU continues its window after a cancel
        self.interruptible.set()
        self._steps: asyncio.Queue[Progress | Inputs | Exception] = asyncio.Queue()

    # -- as the backend's Forecaster --

    async def inputs(
        self, vm: Vm, origin: str, target: str, plan: Plan, on_progress: Callable[[Progress], None]
    ) -> Inputs:
        self.asked.append((vm.name, origin, target))
        self.on_asked()
        self._bandwidth(plan)
        try:
            while True:
                step = await self._steps.get()
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, Inputs):
                    return self._of(step, plan)
                on_progress(replace(step, inputs=self._of(step.inputs, plan) if step.inputs else None))
        except asyncio.CancelledError:
            await self.interruptible.wait()
            self.stopped.append(vm.name)
            raise

    def again(self, inputs: Inputs, plan: Plan) -> Inputs:
        self.plans.append(plan)
        return self._of(inputs, plan)

    async def probe(self, origin: str, target: str) -> float:
        self.probes += 1
        if self.probe_failure is not None:
            raise self.probe_failure
        self.link = LINK
        return LINK.likely

    def _of(self, inputs: Inputs, plan: Plan) -> Inputs:
        timeout_s = plan.timeout_s if plan.technique == POST_COPY_TIMEOUT else None
        bandwidth, source = self._bandwidth(plan)
        return replace(
            inputs,
            max_downtime_s=plan.downtime_ms / 1000,
            timeout_s=timeout_s,
            policy=plan.policy,
            total_s=plan.total_s,
            bandwidth=bandwidth,
            bandwidth_source=source,
            post_copy_refused=plan.post_copy_refused or inputs.post_copy_refused,
        )

    def _bandwidth(self, plan: Plan) -> tuple[Interval, str]:
        limit = plan.bandwidth_mib_s * MIB
        if limit and (self.link is None or limit < self.link.likely):
            return Interval.exact(limit), "the limit"
        if self.link is None:
            raise UNKNOWN
        return self.link, "a probe of the link" if self.probes else "5 earlier runs"

    # -- for the test --

    def give(self, *steps: Progress | Inputs | Exception) -> None:
        """Deliver progress, the result, or an error."""
        for step in steps:
            self._steps.put_nowait(step)

"""Measures what a forecast starts from: the dirty curve of a running VM, and what is known of the link."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tui.core.clock import now
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.limit import within
from tui.core.plan import AUTOMATIC, POST_COPY_MANUAL, SUSPEND_TIMEOUT, TIMED, Plan, possible, refuse
from tui.core.protocols import DirtyRate, MemoryUse
from tui.core.quantity import MIB
from tui.core.threads import on_thread
from tui.core.together import together
from tui.core.vm import Vm
from tui.forecast.backend import link_probe
from tui.forecast.backend.earlier_runs import Earlier, earlier
from tui.forecast.model.dirty_curve import WINDOWS_S, DirtyCurve
from tui.forecast.model.first_pass import InUse
from tui.forecast.model.forecast import Inputs
from tui.forecast.model.interval import Interval
from tui.forecast.model.link import LinkFacts, Probe, scanning, way_of
from tui.vm.model.xml_tree import tree_of

POLL_S = 0.25
LATE_S = 15.0  # after the end of a window
LONGEST_WINDOW_S = 60.0  # that another program may have started
WORKLOAD_LIMIT_S = 10.0
EMULATED = "qemu"  # the type of a domain without KVM

WorkloadRate = Callable[[str], Awaitable[float | None]]
Sleep = Callable[[float], Awaitable[object]]


class BandwidthUnknown(Failure):
    """Neither an earlier run nor a limit shows how fast the link is; a probe would."""


@dataclass(frozen=True)
class Progress:
    """How far the measurement is; `inputs` so far, None before the first window has ended."""

    done_s: float
    of_s: float
    inputs: Inputs | None


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class _Known:
    """What another plan of the same measurement needs."""

    origin: str
    target: str
    earlier: Earlier
    probe: Probe | None
    qemu: tuple[int, int, int]
    in_use: InUse

    def link(self, plan: Plan) -> LinkFacts:
        """What is known of the link for the way in which a plan sends the memory."""
        return self.earlier.link(way_of(vars(plan)), self.probe)


async def unknown_rate(_vm: str) -> float | None:
    """The rate of a workload that cannot be read."""
    return None


class Forecaster:
    """`runs` is the folder of the runs; `workload_rate` returns the bytes per second that the workload of a VM
    reports to write, None if it reports none, and may raise Failure.
    """

    def __init__(
        self,
        connections: Connections,
        runs: Path,
        workload_rate: WorkloadRate = unknown_rate,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._connections = connections
        self._runs = runs
        self._workload_rate = workload_rate
        self._sleep = sleep
        self._probed: dict[tuple[str, str], Probe] = {}  # by origin and target
        self._known: _Known | None = None

    async def inputs(self, vm: Vm, origin: str, target: str, plan: Plan, on_progress: OnProgress) -> Inputs:
        """Measure the dirty curve of a running VM, one window after another; raises Failure.

        BandwidthUnknown is raised before anything is measured. A cancelled task ends at once; a window that QEMU has
        begun ends by itself, and does not keep a migration from starting (tried with QEMU 10.0).
        """
        known = await self._read_earlier(vm, origin, target)
        plan = self._addressed(plan, known)
        _bandwidth(known, plan)
        self._known = known
        asking = asyncio.ensure_future(self._rate(vm.name))
        try:
            self._known = known = replace(known, in_use=await self._in_use(vm, origin, known.in_use))
            windows: list[tuple[float, float]] = []
            found: Inputs | None = None
            for seconds in WINDOWS_S:
                done = sum(each for each, _ in windows)
                rate = await self._window(vm, origin, seconds, _report(on_progress, done, found))
                windows.append((float(seconds), rate))
                written = asking.result() if asking.done() else None
                found = _inputs(known, plan, _curve(windows, vm.memory_bytes, written))
                on_progress(_at(done + seconds, found))
            return _inputs(known, plan, _curve(windows, vm.memory_bytes, await asking))
        finally:
            asking.cancel()

    def again(self, inputs: Inputs, plan: Plan) -> Inputs:
        """The newest measurement, or what is known of it so far, with the options of another plan.

        BandwidthUnknown if only a limit was known.
        """
        if self._known is None:
            raise ValueError("nothing was measured yet")
        return _inputs(self._known, self._addressed(plan, self._known), inputs.curve)

    def _addressed(self, plan: Plan, known: _Known) -> Plan:
        """The plan with the way that its memory takes."""
        return self._connections.config.addressed(replace(plan, to=known.target), known.origin)

    async def probe(self, origin: str, target: str) -> float:
        """Send over the link for a second; the bytes per second count as its bandwidth until a newer run shows it."""
        found = await link_probe.probe(self._connections, origin, target)
        self._probed[origin, target] = Probe(found, now())
        return found

    async def _read_earlier(self, vm: Vm, origin: str, target: str) -> _Known:
        here, there = await together(
            *(self._connections.query(host, lambda each: each.daemon()) for host in (origin, target))
        )
        found = await on_thread(earlier, self._runs, here.hostname, there.hostname, vm.uuid)
        in_use = InUse(vm.memory_bytes, MemoryUse(None, None), found.first)
        return _Known(origin, target, found, self._probed.get((origin, target)), here.hypervisor_version, in_use)

    async def _in_use(self, vm: Vm, origin: str, known: InUse) -> InUse:
        """What is known of the memory in use, with what it is now."""
        await self._refuse_unless_idle(vm, origin)
        use = await self._connections.query(origin, lambda each: each.memory_use(vm.name), vm.name)
        xml = await self._connections.query(origin, lambda each: each.definition(vm.name), vm.name)
        kind = tree_of(xml, f"The definition of {vm.name} can't be read").get("type")
        return replace(known, use=use, emulated=kind == EMULATED)

    async def _rate(self, vm: str) -> float | None:
        with contextlib.suppress(Failure, asyncio.TimeoutError):
            return await within(WORKLOAD_LIMIT_S, self._workload_rate(vm))
        return None

    async def _window(self, vm: Vm, origin: str, seconds: int, on_passed: Callable[[float], None]) -> float:
        """The bytes per second that a window of so many seconds gives."""
        name, what = vm.name, f"The memory that {vm.name} dirties could not be measured"
        await self._refuse_unless_idle(vm, origin)
        await self._ended(name, origin, LONGEST_WINDOW_S, what)
        await self._connections.command(origin, lambda each: each.start_dirty_rate(name, seconds))
        for poll in range(1, round(seconds / POLL_S) + 1):
            await self._sleep(POLL_S)
            on_passed(poll * POLL_S)
        found = await self._ended(name, origin, LATE_S, what)
        if found.bytes_s is None or found.seconds != seconds:
            raise Failure(what, "another program measures it, too", "Try again.")
        return float(found.bytes_s)

    async def _refuse_unless_idle(self, vm: Vm, origin: str) -> None:
        what = f"The memory that {vm.name} dirties can't be measured"
        now = await self._connections.query(origin, lambda each: each.vm(vm.name), vm.name)
        if now is None or not now.running:
            state = f"it is {now.state}" if now else "it is no longer"
            raise Failure(what, f"{state} on {origin}", "A forecast needs a running VM.")
        job = await self._connections.query(origin, lambda each: each.job(vm.name), vm.name)
        if job.stats:
            why = "a migration, or another job of libvirt, is under way"
            raise Failure(what, why, "Try again when it has ended.")

    async def _ended(self, name: str, origin: str, limit_s: float, what: str) -> DirtyRate:
        """The newest measurement once it has ended."""
        for _poll in range(round(limit_s / POLL_S)):
            found = await self._connections.query(origin, lambda each: each.dirty_rate(name), name)
            if not found.measuring:
                return found
            await self._sleep(POLL_S)
        raise Failure(what, f"QEMU still measures after {limit_s:.0f} s", "Try again.")


def _at(done_s: float, inputs: Inputs | None) -> Progress:
    return Progress(done_s, float(sum(WINDOWS_S)), inputs)


def _report(on_progress: OnProgress, done_s: float, found: Inputs | None) -> Callable[[float], None]:
    """Reports how much of a window has passed."""
    return lambda passed_s: on_progress(_at(done_s + passed_s, found))


def _curve(windows: list[tuple[float, float]], memory: int, written: float | None) -> DirtyCurve:
    curve = DirtyCurve.measured(windows, memory)
    return curve.with_rate(written) if written else curve


def _bandwidth(known: _Known, plan: Plan) -> tuple[Interval, str]:
    """The bandwidth and where it is known from; raises BandwidthUnknown."""
    found = known.link(plan).limited(plan.bandwidth_mib_s * MIB)
    if found is None:
        raise BandwidthUnknown(
            f"It is not known how fast the link from {known.origin} to {known.target} is",
            "no earlier run in the folder of the runs shows it",
            "Probe the link, which sends for one second, or set a bandwidth limit.",
        )
    return found


def _inputs(known: _Known, plan: Plan, curve: DirtyCurve) -> Inputs:
    bandwidth, source = _bandwidth(known, plan)
    link = known.link(plan)
    first = known.in_use.first(max((dirtied for _, dirtied in curve.points), default=0.0))
    refused = refuse(replace(plan, technique=POST_COPY_MANUAL), known.qemu)
    without = possible(replace(plan, technique=AUTOMATIC), known.qemu).post_copy_refused
    return Inputs(
        curve,
        first,
        bandwidth,
        source,
        plan.downtime_ms / 1000,
        link.setup_s + scanning(curve.memory - first.likely),
        link.device_s,
        link.switch_s,
        plan.timeout_s if plan.technique in TIMED else None,
        refused.reason if refused else without,
        auto_converge=plan.auto_converge,
        policy=plan.policy,
        total_s=plan.total_s,
        suspended=plan.technique == SUSPEND_TIMEOUT,
    )

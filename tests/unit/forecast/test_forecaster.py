"""What a forecast starts from, measured on fake hosts with the rates of a real VM."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tests.unit.forecast.test_link import RECORDED, unlimited, write
from tui.core.failure import Failure
from tui.core.plan import POST_COPY_TIMEOUT, PRE_COPY, Plan
from tui.core.protocols import MemoryUse
from tui.core.quantity import GIB, MIB
from tui.forecast.backend.forecaster import WORKLOAD_LIMIT_S, BandwidthUnknown, Forecaster, Progress
from tui.forecast.model.dirty_curve import WINDOWS_S
from tui.forecast.model.forecast import SETUP_S, Inputs, forecast
from tui.forecast.model.interval import Interval
from tui.forecast.model.link import PROBE, Probe

PLAN = Plan("guest1")
RATES = {1: 112 * MIB, 2: 91 * MIB, 4: 63 * MIB, 8: 38 * MIB}  # by the seconds of a window, of a VM of 1 GiB
VM = guest1("running")


async def no_wait(_seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
def world() -> FakeHosts:
    world = FakeHosts()
    world.source.known = {"guest1": VM}
    world.source.hostname, world.destination.hostname = "alpha", "beta"
    world.source.dirtied = dict(RATES)
    world.source.use = MemoryUse(450 * MIB, None)
    return world


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    write(tmp_path, "20261128T120000Z-guest1-memory-pre-copy", unlimited(RECORDED))
    return tmp_path


@pytest.fixture
def forecaster(world: FakeHosts, runs: Path) -> Forecaster:
    return Forecaster(world.connections, runs, sleep=no_wait)


async def measured(forecaster: Forecaster, plan: Plan = PLAN) -> tuple[Inputs, list[Progress]]:
    progress: list[Progress] = []
    return await forecaster.inputs(VM, "source", "destination", plan, progress.append), progress


async def test_the_windows_are_measured_one_after_another_with_progress(
    world: FakeHosts, forecaster: Forecaster
) -> None:
    found, progress = await measured(forecaster)
    assert [call for call in world.source.calls if "start" in call] == [
        f"start_dirty_rate guest1 {seconds}" for seconds in WINDOWS_S
    ]
    assert found.curve.points == ((1.0, 112 * MIB), (2.0, 182 * MIB), (4.0, 252 * MIB), (8.0, 304 * MIB))
    assert found.curve.memory == GIB
    assert found.first == Interval(304 * MIB, 450 * MIB, 450 * MIB)
    assert (found.bandwidth.likely, found.bandwidth_source) == (117e6, "1 earlier run")
    assert found.device_s.likely == 0.031
    zero_s = (GIB - 450 * MIB) / (3 * GIB)  # of pages that the first pass finds and does not send
    assert found.setup_s.likely == pytest.approx(SETUP_S.likely + zero_s)
    assert [each.done_s for each in progress] == sorted(each.done_s for each in progress)
    assert (progress[-1].done_s, progress[-1].of_s, progress[-1].inputs) == (15.0, 15.0, found)
    assert progress[0].inputs is None
    assert len({each.inputs for each in progress}) == 1 + len(WINDOWS_S)


async def test_a_probe_counts_until_a_newer_run_shows_the_link(forecaster: Forecaster, runs: Path) -> None:
    forecaster._probed["source", "destination"] = Probe(2e7, "2026-11-28T13:00:00.000Z")
    assert (await measured(forecaster))[0].bandwidth_source == PROBE
    began = 'began = "2026-11-28T14:00:00.000Z"'
    write(runs, "20261128T140000Z-guest1-memory-pre-copy", f"{began}\n{unlimited(RECORDED)}")
    found = (await measured(forecaster))[0]
    assert (found.bandwidth.likely, found.bandwidth_source) == (117e6, "1 earlier run")


async def test_a_measurement_that_is_late_is_awaited(world: FakeHosts, forecaster: Forecaster) -> None:
    world.source.measuring = 30
    found, _ = await measured(forecaster)
    assert len(found.curve.points) == len(WINDOWS_S)


async def test_a_measurement_that_never_ends_is_a_failure(world: FakeHosts, forecaster: Forecaster) -> None:
    world.source.measuring = 10_000
    with pytest.raises(Failure, match="QEMU still measures after 60 s"):
        await measured(forecaster)


async def test_a_measurement_of_another_program_is_not_taken_for_ours(world: FakeHosts, forecaster: Forecaster) -> None:
    del world.source.dirtied[4]
    with pytest.raises(Failure, match="another program measures it"):
        await measured(forecaster)


async def test_a_vm_that_is_being_migrated_is_not_measured(world: FakeHosts, forecaster: Forecaster) -> None:
    world.source.stats = {"type": 2, "operation": 5}
    with pytest.raises(Failure, match="is under way"):
        await measured(forecaster)
    assert not [call for call in world.source.calls if "start_dirty_rate" in call]


@pytest.mark.parametrize("state", ["paused", "shut off"])
async def test_a_vm_that_does_not_run_is_not_measured(world: FakeHosts, forecaster: Forecaster, state: str) -> None:
    world.source.known = {"guest1": guest1(state)}
    with pytest.raises(Failure, match=f"it is {state} on source"):
        await measured(forecaster)


async def test_the_first_pass_sends_what_it_sent_in_the_newest_run_of_the_vm(
    world: FakeHosts, forecaster: Forecaster, runs: Path
) -> None:
    name = "20261129T120000Z-guest1-memory-pre-copy"
    write(runs, name, unlimited(RECORDED) + '[vm]\nuuid = "uuid-1"\n')
    zero = {"memory_total": GIB, "memory_constant": 180_000, "memory_page_size": 4096}
    (runs / name / "raw.jsonl").write_text(json.dumps({"kind": "job-completed", "stats": zero}) + '\n{"kind": "end"}\n')
    assert (await measured(forecaster))[0].first.likely == GIB - 180_000 * 4096
    world.source.use = MemoryUse(450 * MIB, 400 * MIB)
    assert (await measured(forecaster))[0].first.likely == pytest.approx(0.85 * 400 * MIB)  # the guest uses more by now


async def test_of_an_emulated_vm_qemus_own_memory_does_not_count(world: FakeHosts, forecaster: Forecaster) -> None:
    world.source.use = MemoryUse(772 * MIB, 441 * MIB)
    assert 'type="qemu"' in world.source.definition("guest1")
    assert (await measured(forecaster))[0].first.likely == 441 * MIB
    world.source.definitions["guest1"] = world.source.definition("guest1").replace('type="qemu"', 'type="kvm"')
    assert (await measured(forecaster))[0].first.likely == 772 * MIB


async def test_the_workloads_own_rate_makes_the_curve_below_a_second_steeper(world: FakeHosts, runs: Path) -> None:
    async def rate(_vm: str) -> float:
        return 448.0 * MIB

    found, _ = await measured(Forecaster(world.connections, runs, rate, no_wait))
    assert found.curve.points[:2] == ((0.25, 112 * MIB), (1.0, 112 * MIB))


async def test_a_guest_that_does_not_answer_changes_nothing(world: FakeHosts, runs: Path) -> None:
    async def rate(_vm: str) -> float:
        raise Failure("The guest does not answer")

    found, _ = await measured(Forecaster(world.connections, runs, rate, no_wait))
    assert found.curve.points[0] == (1.0, 112 * MIB)


async def test_an_unknown_bandwidth_is_reported_before_anything_is_measured(world: FakeHosts, tmp_path: Path) -> None:
    forecaster = Forecaster(world.connections, tmp_path / "none", sleep=no_wait)
    with pytest.raises(BandwidthUnknown, match="Probe the link, which sends for one second, or set a bandwidth limit"):
        await measured(forecaster)
    assert not [call for call in world.source.calls if "dirty_rate" in call]


async def test_a_limit_is_a_bandwidth_that_is_known(world: FakeHosts, tmp_path: Path) -> None:
    forecaster = Forecaster(world.connections, tmp_path / "none", sleep=no_wait)
    found, _ = await measured(forecaster, Plan("guest1", bandwidth_mib_s=50))
    assert (found.bandwidth.likely, found.bandwidth_source) == (50 * MIB, "the limit")
    with pytest.raises(BandwidthUnknown):
        forecaster.again(found, PLAN)


async def test_another_plan_needs_no_other_measurement(world: FakeHosts, forecaster: Forecaster) -> None:
    found, _ = await measured(forecaster)
    calls = len(world.source.calls)
    other = Plan("guest1", POST_COPY_TIMEOUT, timeout_s=9.0, bandwidth_mib_s=20, downtime_ms=80, auto_converge=True)
    again = forecaster.again(found, other)
    assert (found.auto_converge, again.auto_converge) == (False, True)
    assert (again.max_downtime_s, again.timeout_s, again.bandwidth.likely) == (0.08, 9.0, 20 * MIB)
    assert (again.curve, again.first) == (found.curve, found.first)
    assert forecaster.again(again, PLAN) == found  # the limit of the plan before has gone
    assert len(world.source.calls) == calls


async def test_another_plan_during_the_measurement_has_what_is_known_so_far(forecaster: Forecaster) -> None:
    plan, found = Plan("guest1", downtime_ms=900), list[Inputs]()

    def on_progress(progress: Progress) -> None:
        if progress.inputs is not None:
            found.append(forecaster.again(progress.inputs, plan))

    await forecaster.inputs(VM, "source", "destination", PLAN, on_progress)
    assert found[0].max_downtime_s == 0.9
    assert len(found[0].curve.points) == 1


async def test_post_copy_that_qemu_refuses_with_parallel_connections_is_not_forecast(forecaster: Forecaster) -> None:
    found, _ = await measured(forecaster, Plan("guest1", PRE_COPY, parallel=4))
    assert "QEMU allows it since 10.1" in found.post_copy_refused
    assert forecaster.again(found, PLAN).post_copy_refused == ""


async def test_a_cancelled_measurement_leaves_no_task(world: FakeHosts, runs: Path) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def sleep(_seconds: float) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def rate(_vm: str) -> float | None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return None

    running = asyncio.ensure_future(measured(Forecaster(world.connections, runs, rate, sleep)))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait_for(ended.wait(), WORKLOAD_LIMIT_S / 2)


async def test_the_measured_vm_has_a_forecast(forecaster: Forecaster) -> None:
    found, _ = await measured(forecaster, Plan("guest1", downtime_ms=1500))
    assert forecast(PRE_COPY, found).converges


async def test_the_first_pass_sends_at_least_what_the_vm_dirties(world: FakeHosts, forecaster: Forecaster) -> None:
    world.source.use = MemoryUse(100 * MIB, None)
    found, _ = await measured(forecaster)
    assert found.first == Interval.exact(304 * MIB)


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (Plan("guest1", PRE_COPY, tunnelled=True), "a tunnelled migration supports no post-copy"),
        (Plan("guest1", PRE_COPY, comp_methods="mt"), "QEMU does not combine it with compression by mt"),
    ],
)
async def test_an_option_that_excludes_post_copy_excludes_it_from_the_forecast(
    forecaster: Forecaster, plan: Plan, why: str
) -> None:
    found, _ = await measured(forecaster)
    assert forecaster.again(found, plan).post_copy_refused == why


async def test_the_bandwidth_is_that_of_the_way_in_which_the_plan_sends(runs: Path, forecaster: Forecaster) -> None:
    slow = unlimited(RECORDED).replace("117000000", "9000000").replace("[options]", "[options]\ntls = true")
    assert "tls" in slow
    write(runs, "20261128T130000Z-guest1-memory-pre-copy", slow)
    found, _ = await measured(forecaster)
    assert (found.bandwidth.likely, found.bandwidth_source) == (117e6, "1 earlier run")
    found, _ = await measured(forecaster, Plan("guest1", tls=True))
    assert (found.bandwidth.likely, found.bandwidth_source) == (9e6, "1 earlier run")


async def test_another_way_to_send_changes_the_forecast_without_another_measurement(forecaster: Forecaster) -> None:
    found, _ = await measured(forecaster)
    parallel = forecaster.again(found, Plan("guest1", PRE_COPY, parallel=4))
    assert parallel.bandwidth_source == "1 earlier run, learned with another way to send"
    assert parallel.bandwidth.low < found.bandwidth.low < found.bandwidth.high < parallel.bandwidth.high
    assert forecaster.again(parallel, PLAN) == found

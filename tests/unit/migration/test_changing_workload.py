"""The technique "automatic" while a workload changes its rate: on passes as they would be recorded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.fakes import Stage, recording
from tests.unit.migration.test_steering import steered
from tui.core.plan import AUTOMATIC, OURS, Plan
from tui.core.quantity import GIB, MIB
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import Inputs
from tui.forecast.model.interval import Interval
from tui.forecast.model.policy import POLICIES
from tui.migration.model import record
from tui.migration.model.record import Event, Record, Sample

LINK, FIRST, WORKING_SET = 112 * MIB, 450 * MIB, 300 * MIB
DOWNTIME_S, STEP_S, SAMPLE_S, LIMIT_S = 0.3, 0.05, 0.5, 90.0
SLOW, FLAT_OUT = 20 * MIB, 1000 * MIB
Rate = Callable[[float], int]  # bytes per second, at the seconds since the start


@dataclass
class Run:
    """What was decided, and when; `ended_s` if pre-copy ended by itself."""

    switched_s: float | None = None
    passes: int = 0
    ended_s: float | None = None


def samples(rate: Rate, run: Run) -> Iterator[Sample]:
    """The samples of pre-copy of a guest that rewrites its working set at that rate; the app sees each pass begin."""
    (first,) = [each for each in recording("post-copy-by-hand") if isinstance(each, Sample)][:1]
    t, number, remaining, processed, dirtied, due = 1.0, 1, float(FIRST), 0.0, 0.0, 0.0
    while t < LIMIT_S:
        begins = remaining <= 0
        if begins:
            remaining, dirtied, number = dirtied, 0.0, number + 1
            if remaining <= LINK * DOWNTIME_S:
                run.ended_s = t + remaining / LINK
                return
        if begins or t >= due:
            due = t + SAMPLE_S
            memory = {
                "memory_total": GIB,
                "memory_iteration": number,
                "memory_page_size": 4096,
                "memory_constant": 1000,
            }
            moved = {"memory_remaining": round(remaining), "memory_processed": round(processed)}
            yield Sample(round(t, 4), "", {**first.stats, **memory, **moved, "memory_bps": LINK}, "running")
        sent = min(LINK * STEP_S, remaining)
        remaining, processed = remaining - sent, processed + sent
        dirtied = min(float(WORKING_SET), dirtied + rate(t) * STEP_S)
        t += STEP_S


def play(tmp_path: Path, rate: Rate, inputs: Inputs | None = None) -> Run:
    """Migrate with our policy until it switches, ends, or LIMIT_S have passed."""
    plan, run = Plan("guest1", AUTOMATIC), Run()
    watched, steering = steered(Stage(recording("post-copy-by-hand")), tmp_path, plan)
    steering._policy, log = POLICIES[OURS], watched.migration.run_log
    start = next(each for each in recording("post-copy-by-hand") if isinstance(each, Event))
    records: list[Record] = [start._replace(data={**start.data, "technique": AUTOMATIC})]
    log.publish(records[0])
    steering.begin(inputs)
    for each in samples(rate, run):
        log.publish(each)
        steering.sampled()
        actions = [one for one in log.timeline.events if one.kind == record.ACTION]
        if any(one.data.get("decided") == "post-copy" for one in actions):
            run.switched_s, run.passes = each.t, len(log.timeline.passes)
            break
    watched.migration.leave()
    return run


def measured(rate: int) -> Inputs:
    curve = DirtyCurve.of_workload(rate, WORKING_SET, GIB)
    windows = [(seconds, curve.at(seconds) / seconds) for seconds in (1.0, 2.0, 4.0, 8.0)]
    link = Interval(0.95 * LINK, LINK, 1.05 * LINK)
    return Inputs(DirtyCurve.measured(windows, GIB), Interval.exact(FIRST), link, "a probe", DOWNTIME_S)


@pytest.mark.parametrize("changes_s", [2.0, 5.5, 6.2])
@pytest.mark.parametrize("known", [False, True])
async def test_a_slow_workload_that_goes_flat_out_is_not_believed_for_ever(
    tmp_path: Path, changes_s: float, known: bool
) -> None:
    """In the first, second or third pass, also if it was measured to converge."""
    rate = 40 * MIB
    run = play(tmp_path, lambda t: rate if t < changes_s else FLAT_OUT, measured(rate) if known else None)
    assert run.ended_s is None
    assert run.switched_s is not None
    assert run.switched_s < changes_s + 3 * WORKING_SET / LINK + 4


@pytest.mark.parametrize("changes_s", [2.0, 5.5, 7.5])
async def test_a_workload_flat_out_that_becomes_slow_in_time_is_not_switched(tmp_path: Path, changes_s: float) -> None:
    """Without a measurement: as long as the passes have not proved that it does not converge."""
    run = play(tmp_path, lambda t: FLAT_OUT if t < changes_s else SLOW)
    assert run.switched_s is None
    assert run.ended_s is not None
    assert run.ended_s < changes_s + 2 * WORKING_SET / LINK + 2


async def test_what_was_measured_flat_out_is_switched_at_once_whatever_comes(tmp_path: Path) -> None:
    """Nothing shows then that it will be slow."""
    run = play(tmp_path, lambda t: FLAT_OUT if t < 2 else SLOW, measured(FLAT_OUT))
    assert (run.switched_s, run.passes) == (1.0, 0)


@pytest.mark.parametrize("begins_s", [2.0, 3.5, 5.2])
async def test_a_burst_of_a_second_does_not_switch(tmp_path: Path, begins_s: float) -> None:
    """After it, a pass leaves more than the least before, but the next one fits."""
    rate = 40 * MIB
    run = play(tmp_path, lambda t: FLAT_OUT if begins_s < t < begins_s + 1 else rate, measured(rate))
    assert run.switched_s is None
    assert run.ended_s is not None


async def test_a_burst_over_the_border_of_two_passes_is_taken_for_a_workload_that_does_not_converge(
    tmp_path: Path,
) -> None:
    """Both passes leave the whole working set; post-copy is not slower then than the passes that were left."""
    rate = 40 * MIB
    run = play(tmp_path, lambda t: FLAT_OUT if 6.1 < t < 7.1 else rate, measured(rate))
    assert run.switched_s is not None
    post_copy_ends = run.switched_s + WORKING_SET / LINK
    assert post_copy_ends < 13


@pytest.mark.parametrize("period_s", [1.0, 4.0, 10.0])
async def test_bursts_that_come_again_and_again_do_not_keep_it_for_ever(tmp_path: Path, period_s: float) -> None:
    run = play(tmp_path, lambda t: FLAT_OUT if t % period_s < period_s / 2 else SLOW)
    assert run.ended_s is not None or run.switched_s is not None
    assert (run.ended_s or run.switched_s or LIMIT_S) < 40


@pytest.mark.parametrize("rate", [0, SLOW, 60 * MIB, 90 * MIB])
async def test_a_steady_workload_that_converges_is_left_alone(tmp_path: Path, rate: int) -> None:
    """So it takes as long as plain pre-copy, whatever was measured."""
    for number, inputs in enumerate((None, measured(rate))):
        run = play(tmp_path / str(number), lambda _: rate, inputs)
        assert run.switched_s is None
        assert run.ended_s is not None

"""The forecast of a migration: recorded at its start, made again while it runs, judged at its end."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fakes import Stage, recording
from tests.unit.migration.forecast_inputs import IDLE, INPUTS, timeline_of
from tests.unit.migration.runners import BY_HAND, Make
from tests.unit.migration.stages import stage_of
from tests.unit.migration.watched import begin, options, prepare
from tui.core.failure import Failure
from tui.core.plan import AUTOMATIC, POST_COPY_TIMEOUT, PRE_COPY, Plan
from tui.core.quantity import MIB
from tui.forecast.model import time_limit
from tui.forecast.model.forecast_json import inputs_from_json, inputs_to_json
from tui.forecast.model.interval import Interval
from tui.forecast.model.policy import POLICIES
from tui.migration.backend.recording.recorder import RAW, NullRecorder
from tui.migration.backend.recording.run_files import read_records
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.backend.running.steering import Steering
from tui.migration.model import record
from tui.migration.model.course import ahead_of, ended_passes, in_pre_copy, position, view_of
from tui.migration.model.record import Event, Record, Sample
from tui.migration.model.timeline import Timeline

pytestmark = pytest.mark.usefixtures("no_thread_raises")


class Kept(RunLog):
    """Keeps what was published."""

    def __init__(self, recorder: NullRecorder) -> None:
        super().__init__(recorder)
        self.kept: list[Record] = []

    def publish(self, each: Record) -> None:
        self.kept.append(each)
        super().publish(each)


def forecasts(records: Iterable[Record]) -> list[Event]:
    return [each for each in records if isinstance(each, Event) and each.kind == record.FORECAST]


# -- at the start --


async def test_it_is_recorded_at_the_start_and_judged_at_the_end(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    watched = prepare(stage, tmp_path)
    watched.migration.begin(options(watched), IDLE)
    await watched.ended()
    (first, *running) = watched.events(record.FORECAST)
    assert first.data["technique"] == PRE_COPY
    assert [each["technique"] for each in first.data["techniques"]][:2] == ["pre-copy", "auto-converge"]
    assert inputs_from_json(first.data["inputs"]) == IDLE
    assert all(each.data["made"] == "running" for each in running)
    table = watched.summary["forecast"]
    assert table["technique"] == PRE_COPY
    assert table["curve"] == [[seconds, dirtied] for seconds, dirtied in IDLE.curve.points]
    assert table["outcome"]["verdict_right"] is True


async def test_a_client_sends_it_and_a_damaged_one_is_refused(make: Make) -> None:
    runner = make(stage_of("pre-copy-idle"))
    await runner.start()
    client = runner.client()
    damaged = {**inputs_to_json(IDLE), "curve": {"points": [[1.0, 5.0], [2.0, 4.0]], "memory": 10}}
    with pytest.raises(Failure, match=r"A forecast of the runner's protocol is malformed: .* do not ascend"):
        await client._client.call("start", plan=BY_HAND.fields, expected="", forecast=damaged)
    migration = await client.start(Plan("guest1"), forecast=IDLE)
    await migration.ended()
    (first, *_) = forecasts(read_records(migration.folder / RAW))
    assert inputs_from_json(first.data["inputs"]) == IDLE


@pytest.mark.parametrize(
    ("name", "value"),
    [("bandwidth", [None, None, None]), ("bandwidth", [3.0, 2.0, 1.0]), ("first", None), ("max_downtime_s", None)],
)
def test_values_from_which_nothing_can_be_computed_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"infinite|bounds|not an interval"):
        inputs_from_json({**inputs_to_json(IDLE), name: value})


# -- while it runs --


async def test_a_forecast_follows_each_pass_but_at_most_one_a_second(tmp_path: Path) -> None:
    log = Kept(NullRecorder(tmp_path / "run", "no disk"))
    watched = prepare(Stage(recording("post-copy-by-hand")), tmp_path)
    steering = Steering(Plan("guest1"), log, watched.migration.controls)
    for each in recording("post-copy-by-hand"):
        log.publish(each)
        if isinstance(each, Sample):
            steering.sampled()
    passes = [each.ended for each in log.timeline.passes]
    log.leave()
    watched.migration.leave()
    found = [each.data for each in forecasts(log.kept)]
    begins = [each["cone"][0][0] for each in found]
    assert begins == [round(t, 3) for t in passes[1:]]  # two passes are the least without a measured curve
    assert [each["converges"] for each in found] == [False] * 4
    assert found[-1]["total_s"] == [None, None, None]


@pytest.mark.parametrize("refused", [False, True])
async def test_before_its_timeout_post_copy_is_forecast_and_not_endless_passes(tmp_path: Path, refused: bool) -> None:
    plan = Plan("guest1", POST_COPY_TIMEOUT, timeout_s=60.0)
    log = Kept(NullRecorder(tmp_path / "run", "no disk"))
    watched = prepare(Stage(recording("post-copy-by-hand")), tmp_path)
    steering = Steering(plan, log, watched.migration.controls)
    watched.migration.controls.post_copy_refused = refused
    for each in recording("post-copy-by-hand"):
        log.publish(each)
        if isinstance(each, Sample):
            steering.sampled()
    log.leave()
    watched.migration.leave()
    found = [each.data for each in forecasts(log.kept)]
    assert {each["converges"] for each in found} == {not refused}
    if not refused:
        assert all(60 < each["total_s"][1] < 64 and each["downtime_s"][1] < 0.1 for each in found)


@pytest.mark.parametrize(("changed", "ends"), [({}, True), ({"shadow": True}, False), ({"policy": "kubevirt"}, True)])
async def test_what_the_policy_will_do_is_forecast_before_it_decides(
    tmp_path: Path, changed: dict[str, Any], ends: bool
) -> None:
    """Without an earlier measurement: at the end of pass 2 it knows that pass 4 will prove it."""
    plan = Plan("guest1", AUTOMATIC, **changed)
    log = Kept(NullRecorder(tmp_path / "run", "no disk"))
    watched = prepare(Stage(recording("post-copy-by-hand")), tmp_path)
    steering = Steering(plan, log, watched.migration.controls)
    for each in recording("post-copy-by-hand"):
        log.publish(each)
        if isinstance(each, Sample) and len(log.timeline.passes) < 3:
            steering.sampled()
    passes = log.timeline.passes
    log.leave()
    watched.migration.leave()
    first = forecasts(log.kept)[0].data
    assert first["converges"] is ends
    if plan.policy == "kubevirt":
        assert 60 < first["total_s"][1] < 75
    elif ends:
        after_pass_4 = passes[3].ended + passes[3].left / (112 * MIB)
        assert first["cone"][0][0] == round(passes[1].ended, 3)
        assert abs(first["total_s"][1] - after_pass_4) < 0.7
        assert first["cone"][-1][1:] == [0, 0]


async def test_an_hour_of_short_passes_has_some_hundred_forecasts(tmp_path: Path) -> None:
    log = Kept(NullRecorder(tmp_path / "run", "no disk"))
    watched = prepare(Stage(recording("post-copy-by-hand")), tmp_path)
    steering = Steering(Plan("guest1"), log, watched.migration.controls)
    start, *rest = recording("post-copy-by-hand")
    sample = next(each for each in rest if isinstance(each, Sample) and each.number("memory_total"))
    log.publish(start)
    for second in range(1, 3600):
        stats = {**sample.stats, "memory_iteration": second, "memory_processed": second * 100 * MIB}
        log.publish(Sample(float(second), "", {**stats, "memory_remaining": 300 * MIB}, "running"))
        steering.sampled()
    log.leave()
    watched.migration.leave()
    assert 300 < len(forecasts(log.kept)) < 500
    assert not any(each.kind == record.FORECAST for each in log.timeline.events)  # only the newest is kept


def test_a_policy_sees_the_short_passes_of_minutes() -> None:
    start, *rest = recording("post-copy-by-hand")
    sample = next(each for each in rest if isinstance(each, Sample) and each.number("memory_total"))
    timeline = Timeline([start])
    for second in range(1, 40):
        stats = {**sample.stats, "memory_iteration": second, "memory_processed": second * 100 * MIB}
        timeline.add(Sample(1.7 * second, "", {**stats, "memory_remaining": 300 * MIB}, "running"))
    decision = POLICIES["kubevirt"].decide(view_of(timeline, None, 112.0 * MIB, post_copy=True))
    assert decision is not None
    assert (decision.kind, decision.value) == ("post-copy", None)


def test_a_measured_curve_gives_a_forecast_in_the_first_pass() -> None:
    records = recording("pre-copy-idle")
    timeline = Timeline()
    for each in records:
        timeline.add(each)
        if timeline.points and timeline.points[-1].rate:
            break
    assert ahead_of(timeline, None, 112.0 * MIB) is None
    found = ahead_of(timeline, IDLE, 112.0 * MIB)
    assert found is not None
    assert found.converges
    assert 3.5 < found.total_s.likely < 5.5  # it took 4.4 s: more than half of the memory is zero
    assert found.cone[0] == (timeline.points[-1].t, timeline.points[-1].remaining, timeline.points[-1].remaining)
    assert in_pre_copy(timeline)
    assert position(timeline).in_pass_s < timeline.points[-1].t
    assert ended_passes(timeline) == ()


def in_first_pass() -> Timeline:
    timeline = Timeline()
    for each in recording("pre-copy-idle"):
        timeline.add(each)
        if timeline.points and timeline.points[-1].transferred > 200 * MIB:
            break
    assert timeline.in_first_pass
    return timeline


def test_what_is_unsure_of_the_first_pass_widens_its_forecast_until_it_has_ended() -> None:
    timeline = in_first_pass()
    narrow, wide = (
        ahead_of(timeline, replace(IDLE, first=each), 112.0 * MIB)
        for each in (Interval.exact(350 * MIB), Interval(250 * MIB, 350 * MIB, 500 * MIB))
    )
    assert narrow is not None
    assert wide is not None
    assert wide.total_s.high >= narrow.total_s.high + 1
    assert wide.total_s.low <= narrow.total_s.low - 0.5
    assert wide.total_s.likely == narrow.total_s.likely


def test_what_the_first_pass_has_sent_does_not_count_against_the_longest_total_time() -> None:
    timeline = in_first_pass()
    point = timeline.points[-1]
    first = float(point.transferred + 50 * MIB)
    view = view_of(timeline, replace(IDLE, first=Interval.exact(first)), 100.0 * MIB, post_copy=True)
    assert time_limit.decide(view, point.t + 0.6) is None
    decision = time_limit.decide(view, point.t + 0.4)
    assert decision is not None
    assert decision.reason.endswith("and the rest needs 500 ms")


@pytest.mark.parametrize("first", [Interval(20 * MIB, 50 * MIB, 500 * MIB), Interval.exact(500 * MIB)])
def test_bounds_that_the_first_pass_has_exceeded_count_no_more(first: Interval) -> None:
    found = ahead_of(in_first_pass(), replace(IDLE, first=first), 112.0 * MIB)
    assert found is not None
    exact = ahead_of(in_first_pass(), replace(IDLE, first=Interval.exact(500 * MIB)), 112.0 * MIB)
    assert exact is not None
    assert found.total_s.likely == exact.total_s.likely


def test_a_limit_that_was_changed_counts() -> None:
    timeline = timeline_of(each for each in recording("post-copy-by-hand") if each.t < 13)
    found = ahead_of(timeline, INPUTS, 112.0 * MIB)
    assert found is not None
    assert not found.converges
    timeline.add(Event(13.0, "", record.ACTION, {"action": "downtime", "value": 4000}))
    found = ahead_of(timeline, INPUTS, 112.0 * MIB)
    assert found is not None
    assert found.converges


async def test_a_short_migration_leaves_a_log_that_another_process_can_read(tmp_path: Path) -> None:
    watched = begin(Stage(recording("post-copy-by-hand")), tmp_path, Plan("guest1", AUTOMATIC))
    await watched.ended()
    assert Timeline(watched.log).decision == watched.migration.timeline.decision

"""The forecast of a migration, on dirty rates that were measured in the lab."""

import math
from dataclasses import replace

import pytest

from tui.core.plan import AT_ONCE, AUTOMATIC, PRE_COPY
from tui.core.quantity import GIB, MIB
from tui.forecast.model.advice import advised, sentence
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import AUTO_CONVERGE, Forecast, Inputs
from tui.forecast.model.forecast_json import forecast_from_json, forecast_to_json, inputs_from_json, inputs_to_json
from tui.forecast.model.interval import Interval
from tui.forecast.model.judgement import judge
from tui.forecast.model.steered import techniques_of
from tui.forecast.model.what_if import bandwidth_that_converges, downtime_that_converges, slowdown_that_converges

LINK = Interval(105 * MIB, 112 * MIB, 118 * MIB)
# MiB/s over 1, 2 and 4 s, by the rate of the workload: libvirt 11.3, QEMU 10.0, a VM of 1 GiB
MEASURED = {30: (35, 29, 27), 100: (112, 91, 63), 300: (308, 138, 80), 1000: (336, 158, 83)}


def inputs(rate: int, **changes: object) -> Inputs:
    windows = [(float(s), each * MIB) for s, each in zip((1, 2, 4), MEASURED[rate], strict=True)]
    found = Inputs(DirtyCurve.measured(windows, GIB), Interval.exact(450 * MIB), LINK, "earlier runs", 0.3)
    return replace(found, **changes)  # type: ignore[arg-type]


def by_name(of: Inputs) -> dict[str, Forecast]:
    return {each.technique: each for each in techniques_of(of)}


def test_a_slow_workload_converges_and_pre_copy_is_advised() -> None:
    found = by_name(inputs(30))
    plain = found[PRE_COPY]
    assert (plain.converges, plain.certain, plain.near_border) == (True, True, False)
    assert 5 < plain.total_s.likely < 8
    assert plain.total_s.low < plain.total_s.likely < plain.total_s.high
    assert plain.downtime_s.low < plain.downtime_s.likely < plain.downtime_s.high
    assert advised(list(found.values())) is plain
    assert found[AUTOMATIC].total_s.likely == plain.total_s.likely


def test_a_fast_workload_does_not_converge_and_post_copy_is_advised() -> None:
    found = by_name(inputs(1000))
    assert (found[PRE_COPY].converges, found[PRE_COPY].certain) == (False, True)
    assert math.isinf(found[PRE_COPY].total_s.likely)
    assert found[PRE_COPY].left == pytest.approx(329 * MIB, rel=0.02)
    assert advised(list(found.values())).technique == AT_ONCE
    assert found[AT_ONCE].total_s.likely == pytest.approx(1 + 0.01 + 450 / 112)
    assert found[AUTOMATIC].total_s.likely == found[AT_ONCE].total_s.likely
    assert found[AUTO_CONVERGE].total_s.likely > 5 * found[AT_ONCE].total_s.likely


def test_post_copy_that_is_refused_is_neither_offered_nor_advised() -> None:
    found = by_name(inputs(1000, post_copy_refused="multifd before QEMU 10.1"))
    assert AT_ONCE not in found
    assert advised(list(found.values())).technique == AUTO_CONVERGE
    assert found[AUTOMATIC].total_s.likely == found[AUTO_CONVERGE].total_s.likely


def test_the_timeout_of_a_plan_has_a_forecast_of_its_own() -> None:
    found = by_name(inputs(1000, timeout_s=25.0))
    assert 25 < found["post-copy after 25 s"].total_s.likely < 25 + 1 + 450 / 112


def test_auto_converge_slows_the_passes_before_the_timeout() -> None:
    """The later the timeout, the less the throttled VM has left to send after it."""
    plain, slowed = (by_name(inputs(1000, timeout_s=60.0, auto_converge=each)) for each in (False, True))
    technique = "post-copy after 60 s"
    assert slowed[technique].sent.likely < plain[technique].sent.likely
    assert slowed[technique].total_s.likely < plain[technique].total_s.likely - 0.3
    late = by_name(inputs(1000, timeout_s=300.0, auto_converge=True))
    assert late["post-copy after 300 s"].total_s == late[AUTO_CONVERGE].total_s  # it has ended before


@pytest.mark.parametrize("rate", [30, 100])
def test_automatic_is_slowed_down_by_auto_converge_where_it_does_not_switch_at_once(rate: int) -> None:
    found = by_name(inputs(rate, auto_converge=True))
    assert found[AUTOMATIC].total_s.likely == found[AUTO_CONVERGE].total_s.likely
    assert found[PRE_COPY] == by_name(inputs(rate))[PRE_COPY]


def test_automatic_with_auto_converge_still_switches_at_once_what_is_far_from_converging() -> None:
    found = by_name(inputs(1000, auto_converge=True))
    assert found[AUTOMATIC].total_s == found[AT_ONCE].total_s


def test_a_verdict_near_the_border_says_so() -> None:
    found = by_name(inputs(100))[PRE_COPY]
    assert (found.near_border, found.certain) == (True, False)
    assert by_name(inputs(100))[AUTO_CONVERGE].sure
    assert not found.converges
    assert "pre-copy probably does not end with a pause below" in sentence(inputs(100), techniques_of(inputs(100)))


def test_after_the_first_window_it_is_not_sure_that_a_small_working_set_converges() -> None:
    """It may be dirtied within each short pass, or slowly: only a longer window shows which."""
    link, known = Interval.exact(600 * MIB), inputs(300)
    first = replace(known, curve=DirtyCurve(((1.0, 300 * MIB),), GIB), bandwidth=link)
    slow = replace(first, curve=DirtyCurve(((1.0, 300 * MIB), (2.0, 600 * MIB)), GIB))
    hot = replace(first, curve=DirtyCurve(((1.0, 300 * MIB), (2.0, 310 * MIB)), GIB))
    assert [by_name(each)[PRE_COPY].sure for each in (first, slow, hot)] == [False, True, False]


def test_a_verdict_near_the_border_is_not_sure_even_if_all_bounds_agree() -> None:
    exact = inputs(100, exact_curve=True, bandwidth=Interval.exact(118 * MIB))
    found = by_name(exact)[PRE_COPY]
    assert (found.certain, found.near_border, found.sure) == (True, True, False)


def test_the_downtime_that_would_do_does() -> None:
    of = inputs(1000)
    needed = downtime_that_converges(of)
    assert needed == pytest.approx(329 / 112, rel=0.02)
    assert by_name(replace(of, max_downtime_s=1.01 * needed))[PRE_COPY].converges
    assert not by_name(replace(of, max_downtime_s=0.97 * needed))[PRE_COPY].converges


def test_the_bandwidth_that_would_do_does() -> None:
    of = inputs(1000)
    needed = bandwidth_that_converges(of)
    assert by_name(replace(of, bandwidth=Interval.exact(needed)))[PRE_COPY].converges
    assert not by_name(replace(of, bandwidth=Interval.exact(0.97 * needed)))[PRE_COPY].converges


def test_the_slowdown_that_would_do_does() -> None:
    of = inputs(1000)
    needed = slowdown_that_converges(of)
    assert 0 < needed < 1
    assert by_name(replace(of, curve=of.curve.faster(0.97 * needed)))[PRE_COPY].converges
    assert not by_name(replace(of, curve=of.curve.faster(1.03 * needed)))[PRE_COPY].converges
    assert slowdown_that_converges(inputs(30)) == 1


def test_the_sentence_names_what_limits_and_what_is_advised() -> None:
    of = inputs(1000)
    text = sentence(of, techniques_of(of))
    assert text == (
        "The VM dirties 326 MiB within 1.0 s; the link moves 112 MiB/s (earlier runs): pre-copy does not end with a "
        "pause below 3.0 s. Post-copy at once: about 5.0 s (4.3 s to 6.5 s), pause 10 ms (3.0 ms to 200 ms)."
    )


@pytest.mark.parametrize("rate", MEASURED)
def test_a_record_keeps_inputs_and_forecasts(rate: int) -> None:
    of = inputs(rate, timeout_s=25.0, auto_converge=True)
    assert inputs_from_json(inputs_to_json(of)) == of
    for each in techniques_of(of):
        assert forecast_from_json(forecast_to_json(each)) == each


def test_inputs_of_a_version_that_did_not_record_auto_converge_are_read() -> None:
    written = inputs_to_json(inputs(30))
    del written["auto_converge"]
    assert inputs_from_json(written) == inputs(30)


def test_inputs_of_a_version_that_knew_one_pause_for_devices_and_switch_are_read() -> None:
    written = inputs_to_json(inputs(30))
    del written["switch_s"]
    assert inputs_from_json(written) == inputs(30, switch_s=inputs(30).device_s)


def test_inputs_of_a_version_that_recorded_one_number_for_the_first_pass_are_read() -> None:
    assert inputs_from_json({**inputs_to_json(inputs(30)), "first": 450 * MIB}) == inputs(30)


def test_what_is_unsure_of_the_first_pass_widens_the_bytes_and_the_time_of_each_technique() -> None:
    exact, unsure = inputs(30, timeout_s=60.0), Interval(300 * MIB, 450 * MIB, 700 * MIB)
    for narrow, wide in zip(techniques_of(exact), techniques_of(replace(exact, first=unsure)), strict=True):
        assert wide.total_s.likely == narrow.total_s.likely
        assert wide.total_s.high >= narrow.total_s.high + 250 / 112
        assert wide.total_s.low <= narrow.total_s.low - 150 / 118 + 1e-9
        assert wide.sent.low <= narrow.sent.low - 150 * MIB
        assert wide.sent.high >= narrow.sent.high + 250 * MIB


@pytest.mark.parametrize("damaged", [None, [], {}, {"curve": {"points": [[1, 2], [1, 3]], "memory": 1}}, {"curve": 1}])
def test_damaged_json_is_refused(damaged: object) -> None:
    for read in (inputs_from_json, forecast_from_json):
        with pytest.raises(ValueError, match=r"is not|are not|do not"):
            read(damaged)


@pytest.mark.parametrize("bounds", [[3, 2, 1], [-1, 2, 3], [math.nan, 1, 2], [10**400, 10**400, 10**400]])
def test_an_interval_that_is_none_is_refused(bounds: list[float]) -> None:
    with pytest.raises(ValueError, match=r"do not ascend|is not an interval"):
        Interval.from_json(bounds)


def test_a_link_that_moves_nothing_is_refused() -> None:
    values = inputs_to_json(inputs(30))
    with pytest.raises(ValueError, match="moves nothing"):
        inputs_from_json(values | {"bandwidth": [0, 0, 1]})


def test_a_curve_above_the_memory_is_refused() -> None:
    values = inputs_to_json(inputs(30))
    values["curve"]["memory"] = 0.13
    with pytest.raises(ValueError, match="exceed the memory"):
        inputs_from_json(values)


def test_a_forecast_is_judged_by_what_happened() -> None:
    found = by_name(inputs(30))[PRE_COPY]
    judged = judge(found, converged=True, total_s=found.total_s.likely / 1.2, downtime_s=2.0)
    assert (judged.verdict_right, judged.total_error, judged.total_within) == (True, pytest.approx(0.2), True)
    assert judged.downtime_error is not None
    assert judged.downtime_error < -0.8
    assert judged.downtime_within is False
    assert not judge(found, converged=False, total_s=None, downtime_s=None).verdict_right

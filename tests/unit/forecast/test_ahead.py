"""The forecast of a migration that is under way."""

import math
from dataclasses import replace

import pytest

from tui.core.quantity import GIB, MIB
from tui.forecast.model.ahead import Bandwidth, EndedPass, Position, ahead, stalled, updated
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.forecast import Inputs
from tui.forecast.model.interval import Interval

SLOW = Inputs(
    DirtyCurve.of_workload(20 * MIB, 300 * MIB, GIB),
    Interval.exact(450 * MIB),
    Interval(90 * MIB, 100 * MIB, 110 * MIB),
    "limit",
    0.3,
)


def passes(*left: float) -> list[EndedPass]:
    return [EndedPass(each / 100, each * MIB) for each in left]


def test_it_goes_on_from_where_it_is() -> None:
    found = ahead(SLOW, Position(3.0, 2.0, 100 * MIB))
    # 1 s for the rest, which leaves 60 MiB of 3 s; 0.6 s, which leave 12 MiB, and these fit
    assert found.converges
    assert found.total_s.likely == pytest.approx(3 + 1 + 0.6 + 0.12 + 0.04)
    assert found.total_s.low < found.total_s.likely < found.total_s.high
    moments = [t for t, _, _ in found.cone]
    assert moments == sorted(moments)
    assert moments[0] == 3.0
    assert found.cone[0][1:] == (100 * MIB, 100 * MIB)
    assert all(low <= high for _, low, high in found.cone)


def test_the_cone_contains_the_saw_tooth_of_the_likely_course() -> None:
    exact = replace(SLOW, bandwidth=Interval.exact(100 * MIB), exact_curve=True)
    assert [(t, low / MIB, high / MIB) for t, low, high in ahead(exact, Position(3.0, 2.0, 100 * MIB)).cone][:5] == [
        (3.0, 100, 100),
        (4.0, 0, 0),
        (4.0, pytest.approx(60), pytest.approx(60)),
        # The pass of 0.6 s would leave 12 MiB; 30 MiB fit, so the VM is paused when 18 MiB of the pass are left.
        (pytest.approx(4.42), pytest.approx(18), pytest.approx(18)),
        (pytest.approx(4.42), pytest.approx(18), pytest.approx(30)),
    ]
    sampled = ahead(SLOW, Position(3.0, 2.0, 100 * MIB))
    assert min(low for _, low, _ in sampled.cone) == 0  # a pass leaves more only once it has sent all of the one before
    assert sampled.cone[-1] == (pytest.approx(sampled.total_s.high), 0, 0)  # until even the slowest course has ended


EXACT = replace(updated(SLOW, passes(300, 305), 100 * MIB), bandwidth=Interval.exact(100 * MIB), exact_curve=True)


def test_a_migration_that_will_be_switched_goes_on_as_post_copy_from_there() -> None:
    found = ahead(EXACT, Position(8.0, 0.0, 305 * MIB, switch_s=10.0))
    # 200 of 305 MiB are sent until then, and of the 302 that were dirtied meanwhile that share was sent in vain.
    dirtied = EXACT.curve.at(2.0) * 200 / 305
    assert (found.converges, found.certain, found.downtime_s) == (True, True, EXACT.switch_s)
    assert found.total_s.likely == pytest.approx(10 + 0.01 + (105 * MIB + dirtied) / (100 * MIB))
    assert found.cone[0] == (8.0, 305 * MIB, 305 * MIB)
    assert found.cone[-1] == (pytest.approx(found.total_s.high), 0, 0)
    assert max(high for t, _, high in found.cone if t > 10) == pytest.approx(105 * MIB + dirtied)


def test_the_passes_before_the_switch_are_in_the_cone() -> None:
    found = ahead(EXACT, Position(8.0, 0.0, 305 * MIB, switch_s=26.0))
    assert 26 + 0.01 < found.total_s.likely < 26 + 0.01 + 3.1
    assert [t for t, low, _ in found.cone if low == 0][:3] == [pytest.approx(8 + n * 3.05) for n in (1, 2, 3)]


def test_a_migration_that_ends_before_its_switch_is_not_changed_by_it() -> None:
    position = Position(3.0, 2.0, 100 * MIB)
    assert ahead(SLOW, replace(position, switch_s=60.0)) == ahead(SLOW, position)


def test_a_switch_that_is_due_happens_now_and_one_after_thousands_of_passes_at_its_time() -> None:
    due = ahead(EXACT, Position(30.0, 1.0, 200 * MIB, switch_s=25.0))
    assert 30 + 2 < due.total_s.likely < 30 + 3.1
    tiny = replace(EXACT, curve=DirtyCurve(((0.01, 2 * MIB), (1.0, 2 * MIB)), GIB), max_downtime_s=0.0)
    assert 100 < ahead(tiny, Position(1.0, 0.0, MIB, switch_s=100.0)).total_s.likely < 101


@pytest.mark.parametrize("throttle", [0.0, 0.5])
def test_auto_converge_slows_what_is_to_come_until_it_converges(throttle: float) -> None:
    position = Position(8.0, 0.0, 305 * MIB)
    assert not ahead(EXACT, position).converges
    found = ahead(EXACT, replace(position, throttle=throttle))
    assert found.converges
    assert 8 + 3.05 < found.total_s.likely < 120
    later = ahead(EXACT, replace(position, throttle=0.0)).total_s.likely
    assert found.total_s.likely == later if not throttle else found.total_s.likely < later


def test_where_auto_converge_slows_no_further_the_passes_show_the_end() -> None:
    assert not ahead(EXACT, Position(8.0, 0.0, 305 * MIB, throttle=0.99)).converges


def test_the_cone_of_a_migration_without_end_does_not_fall_to_zero_after_the_passes_that_are_shown() -> None:
    found = ahead(updated(SLOW, passes(300, 305), 100 * MIB), Position(8.0, 0.0, 305 * MIB))
    end = found.cone[-1][0]
    assert end == pytest.approx(8 + 3 * 3.05)
    assert all(high > 0 for _, _, high in found.cone)


def test_passes_replace_a_curve_that_was_measured_before_the_workload_changed() -> None:
    changed = updated(SLOW, passes(300, 305), 100 * MIB)
    found = ahead(changed, Position(8.0, 0.0, 305 * MIB))
    assert (found.converges, found.total_s.likely, len(found.cone) > 2) == (False, math.inf, True)
    assert ahead(updated(changed, passes(20), None), Position(9.0, 0.0, 20 * MIB)).converges


@pytest.mark.parametrize(
    ("left", "proved"),
    [
        ((300,), False),
        ((300, 301), False),
        ((300, 301, 299), True),
        ((300, 290, 150), False),  # it still shrinks
        ((300, 280, 200, 198, 197), True),
        ((20, 300, 20, 19), False),  # one pass was larger
    ],
)
def test_two_passes_without_progress_prove_that_it_does_not_converge(left: tuple[int, ...], proved: bool) -> None:
    assert stalled(passes(*left)) is proved


def test_the_bandwidth_follows_the_newest_and_ignores_pauses() -> None:
    bandwidth = Bandwidth()
    assert bandwidth.mean is None
    for each in (100.0, 0.0, 200.0):
        bandwidth.add(each)
    assert bandwidth.mean == pytest.approx(140)

"""The dirty curve."""

import math

import pytest

from tui.core.quantity import GIB, MIB
from tui.forecast.model.dirty_curve import DirtyCurve


def test_it_is_linear_between_its_points_and_keeps_its_last_slope() -> None:
    curve = DirtyCurve(((1.0, 100.0), (2.0, 150.0)), 220.0)
    assert [curve.at(t) for t in (-1, 0, 0.5, 1, 1.5, 2, 3, 10)] == [0, 0, 50, 100, 125, 150, 200, 220]
    assert DirtyCurve(((1.0, 100.0),), 1000.0).at(3) == 300
    assert DirtyCurve((), 1000.0).at(3) == 0


def test_windows_that_contradict_each_other_are_averaged() -> None:
    curve = DirtyCurve.measured([(1, 308 * MIB), (4, 80 * MIB), (2, 138 * MIB)], GIB)
    assert [(t, u / MIB) for t, u in curve.points] == [(1, 292), (2, 292), (4, 320)]


def test_a_workload_has_a_plateau_at_its_working_set() -> None:
    curve = DirtyCurve.of_workload(100.0, 300.0, 1000.0)
    assert [curve.at(t) for t in (1, 3, 5, 50)] == [100, 300, 300, 300]
    assert DirtyCurve.of_workload(math.inf, 300.0, 1000.0).at(0.001) == 300
    assert DirtyCurve.of_workload(0.0, 300.0, 1000.0).at(9) == 0


def test_the_rate_that_a_workload_reports_makes_the_begin_steeper() -> None:
    curve = DirtyCurve(((1.0, 300.0), (2.0, 300.0)), 1000.0).with_rate(1200.0)
    assert (curve.at(0.125), curve.at(0.25), curve.at(1)) == (150, 300, 300)
    assert curve.with_rate(10.0) == curve
    unseen = DirtyCurve(((1.0, 0.0), (2.0, 0.0)), 1000.0)
    assert unseen.with_rate(10.0) == unseen


def test_a_pass_replaces_what_contradicts_it() -> None:
    curve = DirtyCurve(((1.0, 300.0), (2.0, 310.0), (4.0, 320.0)), 1000.0)
    assert curve.with_pass(2.0, 100.0).points == ((1.0, 100.0), (2.0, 100.0), (4.0, 320.0))
    assert curve.with_pass(2.0, 500.0).points == ((1.0, 300.0), (2.0, 500.0), (4.0, 500.0))
    assert curve.with_pass(3.0, 315.0).at(3.0) == 315


def test_a_pass_that_left_more_than_the_memory_leaves_the_curve_within_it() -> None:
    curve = DirtyCurve(((1.0, 900.0), (4.0, 1000.0)), 1000.0).with_pass(2.0, 1200.0)
    assert curve.points == ((1.0, 900.0), (2.0, 1000.0), (4.0, 1000.0))
    assert curve.deviating(1).at(4) == 1000


def test_between_the_windows_and_beyond_them_the_bounds_are_those_of_a_curve_that_bends_one_way() -> None:
    curve = DirtyCurve(((1.0, 300.0), (2.0, 350.0)), 1000.0)
    assert curve.steepest().at(0.1) == pytest.approx(255)  # 250 soon, then 50 a second
    assert curve.flattest().at(9) == 350
    one, straight = DirtyCurve(((1.0, 300.0),), 1000.0), DirtyCurve(((1.0, 300.0), (2.0, 600.0)), 1000.0)
    assert one.steepest().at(0.1) == pytest.approx(300)
    assert straight.steepest() == straight
    told = curve.with_rate(1200.0)
    assert told.steepest() == told
    assert DirtyCurve((), 1000.0).steepest().flattest().at(9) == 0


def test_a_pass_of_no_length_shows_nothing() -> None:
    curve = DirtyCurve((), 1000.0).with_pass(0.0, 100.0).with_pass(0.0, 90.0)
    assert curve.at(0.5) == 0


def test_a_throttled_guest_dirties_the_same_later() -> None:
    curve = DirtyCurve(((1.0, 100.0), (2.0, 150.0)), 1000.0)
    assert curve.faster(0.5).at(2.0) == 100
    assert curve.faster(0).at(5) == 0


def test_the_sampling_error_is_that_of_512_pages_a_gib() -> None:
    curve = DirtyCurve(((1.0, 300.0 * MIB),), GIB)
    assert (curve.deviating(1).at(1) - 300 * MIB) / MIB == pytest.approx(20.6, abs=0.1)
    assert (300 * MIB - curve.deviating(-1).at(1)) / MIB == pytest.approx(20.6, abs=0.1)


def test_what_the_sampling_does_not_see_may_be_there() -> None:
    curve = DirtyCurve(((1.0, 0.0), (2.0, 0.0)), GIB)
    assert curve.deviating(1).at(1) == 20 * MIB
    assert curve.deviating(-1).at(1) == 0


def test_the_sampling_of_a_larger_vm_does_not_miss_more() -> None:
    curve = DirtyCurve(((1.0, 0.0), (2.0, 0.0)), 64 * GIB)
    assert curve.deviating(1).at(2) == 20 * MIB

"""With how much left QEMU pauses the VM, and for how long: as the lab's runs showed it."""

import pytest

from tui.core.quantity import GIB, MIB
from tui.forecast.model.dirty_curve import DirtyCurve
from tui.forecast.model.pre_copy import Link, post_copy, pre_copy

LINK = Link(30 * MIB, setup_s=1.0, device_s=0.05, early_s=0.03)
FITS = 9.0  # MiB within 300 ms


@pytest.mark.parametrize(
    ("passed", "left", "sparse", "remain"),
    [
        (140.0, 2.0, False, 8.1),  # the rest of the pass, as much as may remain
        (140.0, 8.9, False, 8.9),  # what was dirtied in the pass
        (4.0, 2.0, False, 4.0),  # the pass itself
        (140.0, 2.0, True, 8.1),  # another pass may follow: so much is not seen by the sampling
    ],
)
def test_as_much_remains_at_the_switchover_as_may(passed: float, left: float, sparse: bool, remain: float) -> None:
    link = Link(LINK.bandwidth, early_s=LINK.early_s, tail=0.5)
    found = link.at_switchover(passed * MIB, left * MIB, FITS / 30, sparse=sparse)
    assert found / MIB == pytest.approx(remain)


@pytest.mark.parametrize(("left", "tail", "remain"), [(2.0, 0.5, 13.5), (2.0, 0.0, 2.0), (20.0, 0.5, 20.0)])
def test_less_remains_after_a_first_pass_that_ends_in_free_memory(left: float, tail: float, remain: float) -> None:
    link = Link(100 * MIB, early_s=0.03, tail=tail)
    assert link.at_switchover(400 * MIB, left * MIB, 0.3, sparse=True) / MIB == pytest.approx(remain)


def test_the_pause_is_the_maximum_downtime_and_the_devices_after_a_pass_without_zero_pages() -> None:
    curve = DirtyCurve.of_workload(10 * MIB, 100 * MIB, GIB)
    found = pre_copy(curve, LINK, 450 * MIB, 0.3)
    assert (found.converges, found.passes > 1) == (True, True)
    assert found.left < FITS * MIB
    assert found.downtime_s == pytest.approx(0.27 + 0.05)
    by_hand = post_copy(curve, LINK, 450 * MIB, 1000.0, 0.3)  # ends before its switch
    assert (by_hand.downtime_s, by_hand.total_s) == pytest.approx((found.downtime_s, found.total_s))


def test_the_pause_at_the_end_of_a_first_pass_is_what_was_dirtied_if_its_rest_is_free() -> None:
    curve = DirtyCurve.of_workload(0.1 * MIB, 100 * MIB, GIB)
    link = Link(100 * MIB, device_s=0.05, tail=0.0)
    in_use = pre_copy(curve, link, GIB, 0.3)  # all of the memory
    free = pre_copy(curve, link, 300 * MIB, 0.3)
    assert free.passes == in_use.passes == 1
    assert free.downtime_s == pytest.approx(0.3 / 100 + 0.05)
    assert in_use.downtime_s == pytest.approx(0.3 + 0.05)


def test_the_time_that_the_pause_takes_is_not_counted_twice() -> None:
    curve = DirtyCurve.of_workload(10 * MIB, 100 * MIB, GIB)
    found = pre_copy(curve, LINK, 450 * MIB, 0.3)
    assert found.total_s == pytest.approx(LINK.setup_s + found.sent / LINK.bandwidth + LINK.device_s)

"""What is expected of the remaining memory, ahead of its curve."""

import pytest

from tests.ui.replay import recording
from tui.migration.model.timeline import POST_COPY, Timeline
from tui.migration.widgets.charts import memory_picture
from tui.migration.widgets.forecast import forecast
from tui.ui.chart.scale import time_span

MIB = 1 << 20


def timeline_at(name: str, seconds: float) -> Timeline:
    timeline = Timeline()
    for each in recording(name):
        if each.t > seconds:
            break
        timeline.add(each)
    return timeline


def with_lefts(*lefts: int) -> Timeline:
    """A pass begins, and those before left so many MiB; 34 MiB may be left."""
    timeline = timeline_at("cancelled", 13)
    assert len(timeline.passes) == 4
    for number, left in enumerate(lefts, 4 - len(lefts)):
        timeline.passes[number] = timeline.passes[number]._replace(left=left * MIB)
    return timeline


def test_passes_that_leave_the_same_are_expected_to_go_on_so() -> None:
    timeline = with_lefts(300, 306, 300)
    found = forecast(timeline)
    assert found[0].low == found[0].high == 300 * MIB
    assert all(each.low <= 300 * MIB <= each.high for each in found)
    assert found[1].high - found[1].low == pytest.approx(12 * MIB, abs=MIB)
    assert found[-1].x >= time_span(timeline.points[-1].t)


def test_passes_that_leave_less_are_expected_to_get_below_the_limit() -> None:
    timeline = with_lefts(400, 200, 120)
    found = forecast(timeline)
    assert [round(each.low / MIB) for each in found[:3]] == [120, 60, 30]
    assert [round(each.high / MIB) for each in found[:3]] == [120, 72, 43]
    threshold = timeline.threshold
    assert threshold is not None
    assert found[-1].high < threshold <= found[-2].high
    assert [each.x for each in found] == sorted(each.x for each in found)


def test_no_more_is_expected_than_the_memory_of_the_vm() -> None:
    timeline = with_lefts(100, 300, 900)
    assert max(each.high for each in forecast(timeline)) == timeline.points[-1].total


def test_in_post_copy_all_is_expected_to_be_sent_once() -> None:
    timeline = timeline_at("post-copy-by-hand", 16)
    assert timeline.phase == POST_COPY
    first, fastest, slowest = forecast(timeline)
    assert first.low == first.high == timeline.points[-1].remaining
    assert first.x < fastest.x <= slowest.x
    assert (fastest.low, slowest.low, slowest.high) == (0, 0, 0)
    assert slowest.x < 20


@pytest.mark.parametrize("lefts", [(300, 0, 300), (300, 300, 0)])
def test_nothing_is_expected_after_a_pass_that_left_nothing(lefts: tuple[int, ...]) -> None:
    assert forecast(with_lefts(*lefts)) == ()


def test_nothing_is_expected_too_early_or_after_the_end() -> None:
    timeline = Timeline()
    assert forecast(timeline) == ()
    for each in recording("guest-post-copy"):
        timeline.add(each)
        expected = memory_picture(timeline).expected
        if len(timeline.passes) < 3 or timeline.over:
            assert expected == ()
    assert timeline.over

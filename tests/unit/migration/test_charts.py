"""The charts of a migration, from recordings of real ones."""

import pytest

from tests.ui.replay import recording
from tui.migration.model import record
from tui.migration.model.record import Event
from tui.migration.model.timeline import PASS, Timeline
from tui.migration.widgets.charts import guest_picture, memory_picture, rate_picture
from tui.ui.chart.scale import unit_for


def test_the_remaining_memory_rises_at_once_where_a_pass_begins() -> None:
    timeline = Timeline(recording("post-copy-by-hand"))
    (remaining,) = memory_picture(timeline).series
    assert len(timeline.passes) > 3
    for each in timeline.passes:
        at = remaining.xs.index(each.ended)
        assert remaining.xs[at + 1] == each.ended
        assert remaining.ys[at] == remaining.ys[at - 1]
        assert remaining.ys[at + 1] == each.left
    assert None not in remaining.ys


def test_the_axis_of_the_memory_is_that_of_the_vm_from_the_first_moment_on() -> None:
    timeline = Timeline()
    for each in recording("post-copy-by-hand"):
        timeline.add(each)
        if timeline.points:
            break
    assert memory_picture(timeline).highest_y == timeline.points[-1].total


def test_the_limit_of_what_may_remain_is_named_with_its_meaning() -> None:
    timeline = Timeline()
    for each in recording("post-copy-by-hand"):
        timeline.add(each)
        level = memory_picture(timeline).level
        if timeline.phase == PASS and timeline.threshold:
            assert level is not None
            assert level.y == pytest.approx(timeline.threshold, abs=1)
    assert level is not None  # after the end, too: that of the last pass
    assert level.text.endswith(" MiB fits 300 ms")


@pytest.mark.parametrize("name", ["guest-post-copy", "guest-pre-copy"])
def test_all_charts_have_one_time_axis_at_every_moment(name: str) -> None:
    timeline = Timeline()
    for each in recording(name):
        timeline.add(each)
        pictures = [picture(timeline) for picture in (memory_picture, rate_picture, guest_picture)]
        assert len({max(each.last_x, each.span_s) for each in pictures}) == 1


def test_the_guests_rate_has_the_unit_of_its_workload() -> None:
    memory, cpu = (guest_picture(Timeline(recording(name))) for name in ("guest-post-copy", "guest-pre-copy"))
    assert unit_for(memory.units, memory.highest_y).name == "GiB/s"
    assert unit_for(cpu.units, cpu.highest_y).name == "thousand additions/s"


def test_the_guests_curve_is_broken_while_no_line_comes_and_the_frame_shows_for_how_long() -> None:
    timeline = Timeline()
    for t, data in ((1.0, {"rate": 5.0, "unit": "rows/s"}), (4.0, {"silent_s": 3.0, "why": "no route"})):
        timeline.add(Event(t, "", record.GUEST, data))
    picture = guest_picture(timeline)
    assert picture.series[0].ys == (5.0, None)
    assert picture.subtitle == "no reply for 3.0 s"
    timeline.add(Event(5.0, "", record.GUEST, {"rate": 1234567.0, "unit": "rows/s"}))
    assert guest_picture(timeline).subtitle == "1,234,567 rows/s"


def test_the_time_axis_of_a_migration_that_is_over_ends_with_it() -> None:
    timeline = Timeline()
    for each in recording("guest-post-copy"):
        timeline.add(each)
        picture = memory_picture(timeline)
        assert (picture.window is not None) == timeline.over
    assert picture.window == (0.0, max(timeline.points[-1].t, timeline.guest[-1].t))


def test_phases_are_no_signs_and_requests_are() -> None:
    timeline = Timeline(recording("post-copy-by-hand"))
    assert {mark.sign for mark in timeline.marks} >= {"|", "P"}
    assert memory_picture(timeline).signs == ()
    timeline.add(Event(20.0, "", record.KEY, {"action": "downtime", "value": 900}))
    assert [(sign.mark, sign.text) for sign in memory_picture(timeline).signs] == [("d", "downtime")]

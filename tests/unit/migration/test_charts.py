"""The charts of a migration, from recordings of real ones."""

import pytest

from tests.ui.replay import recording
from tui.migration.model import record
from tui.migration.model.record import Event
from tui.migration.model.timeline import PASS, Timeline
from tui.migration.widgets.charts import guest_picture, memory_picture, rate_picture
from tui.migration.widgets.pass_charts import left_picture, sent_and_left, sent_picture
from tui.ui.chart.curves import Curves
from tui.ui.chart.paper import AREA_HIGHER, OTHER_HIGHER
from tui.ui.chart.picture import Level
from tui.ui.chart.scale import unit_for
from tui.ui.chart.sheet import compose, labels_wide, time_scale


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
    assert picture.unknown == ((1.0, 4.0),)
    timeline.add(Event(5.0, "", record.GUEST, {"rate": 1234567.0, "unit": "rows/s"}))
    assert guest_picture(timeline).subtitle.startswith("1,234,567 rows/s, ")


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


def test_the_guests_rate_before_is_a_line_on_the_scale_and_the_loss_a_number() -> None:
    timeline = Timeline()
    tables = {"guest": {"rate_before": 900.0, "unit": "rows/s"}}
    timeline.add(Event(0.0, "", record.START, {"vm": "guest1", "tables": tables}))
    for t, value in ((1.0, 300.0), (2.0, 100.0), (3.0, 500.0)):
        timeline.add(Event(t, "", record.GUEST, {"rate": value, "unit": "rows/s"}))
    picture = guest_picture(timeline)
    assert picture.level == Level(900.0, "before 900 rows/s", "before", "900", limit=False)
    assert picture.highest_y == 900.0
    assert picture.subtitle == "500 rows/s, 56 % of the rate before"
    timeline.add(Event(4.0, "", record.END, {"outcome": "completed"}))
    assert guest_picture(timeline).subtitle == "mean 33 %, lowest 11 % of the rate before"


def test_the_axis_goes_on_with_the_rates_after_the_end_which_are_no_part_of_the_mean() -> None:
    timeline = Timeline()
    timeline.add(Event(0.0, "", record.START, {"vm": "guest1", "tables": {"guest": {"rate_before": 900.0}}}))
    for t, value in ((1.0, 900.0), (2.0, 300.0)):
        timeline.add(Event(t, "", record.GUEST, {"rate": value, "unit": "rows/s"}))
    timeline.add(Event(4.0, "", record.END, {"outcome": "completed"}))
    during = guest_picture(timeline)
    timeline.add(Event(6.0, "", record.GUEST, {"rate": 150.0, "unit": "rows/s", "ago": 3.0}))  # of before the end
    for t in (7.0, 9.0):
        timeline.add(Event(t, "", record.GUEST, {"rate": 900.0, "unit": "rows/s"}))
    after = guest_picture(timeline)
    assert (during.window, after.window) == ((0.0, 2.0), (0.0, 6.0))  # of what follows, 2 s are shown at first
    assert after.series[0].ys == (900.0, 300.0, 150.0, 900.0, 900.0)
    assert after.subtitle == "mean 50 %, lowest 17 % of the rate before"


def test_a_guest_that_replied_only_before_the_migration_has_no_mean() -> None:
    timeline = Timeline()
    tables = {"guest": {"rate_before": 900.0, "unit": "rows/s"}}
    timeline.add(Event(0.0, "", record.START, {"vm": "guest1", "tables": tables}))
    timeline.add(Event(4.0, "", record.GUEST, {"silent_s": 4.0, "why": "no route"}))
    timeline.add(Event(5.0, "", record.END, {"outcome": "completed"}))
    assert guest_picture(timeline).subtitle == ""


def test_the_rate_before_may_come_with_the_first_rate_of_the_guest() -> None:
    timeline = Timeline()
    for t, data in ((1.0, {"rate": 124.0, "before": 935.0}), (2.0, {"rate": 465.0})):
        timeline.add(Event(t, "", record.GUEST, {"unit": "rows/s", **data}))
    picture = guest_picture(timeline)
    assert picture.level == Level(935.0, "before 935 rows/s", "before", "935", limit=False)
    assert picture.subtitle == "465 rows/s, 50 % of the rate before"


def test_the_loss_of_a_long_run_is_that_of_all_its_rates() -> None:
    timeline = Timeline()
    timeline.add(Event(0.0, "", record.START, {"vm": "guest1"}))
    for second in range(1, 20_000):
        value = 1000.0 if second % 50 else 0.0
        timeline.add(Event(float(second), "", record.GUEST, {"rate": value, "unit": "rows/s"}))
    level = guest_picture(timeline).level
    timeline.add(Event(20_000.0, "", record.END, {"outcome": "completed"}))
    assert len(timeline.guest) < 5000
    assert guest_picture(timeline).subtitle == "mean 98 %, lowest 0 % of the rate at first"
    assert level == guest_picture(timeline).level


def test_the_first_rates_stay_the_comparison_of_a_long_run() -> None:
    timeline = Timeline()
    for second in range(1, 20_000):
        value = 1000.0 if second < 4 else 100.0 + second % 3
        timeline.add(Event(float(second), "", record.GUEST, {"rate": value, "unit": "rows/s"}))
    level = guest_picture(timeline).level
    assert level is not None
    assert level.text == "at first 1,000 rows/s"


def test_the_loss_is_of_the_time_in_which_the_guest_replied() -> None:
    timeline = Timeline()
    timeline.add(Event(1.0, "", record.GUEST, {"rate": 900.0, "unit": "rows/s"}))
    timeline.add(Event(30.0, "", record.GUEST, {"silent_s": 29.0, "why": "no route"}))
    timeline.add(Event(40.0, "", record.GUEST, {"rate": 900.0, "unit": "rows/s"}))
    timeline.add(Event(41.0, "", record.END, {"outcome": "completed"}))
    assert guest_picture(timeline).subtitle == "mean 100 %, lowest 100 % of the rate at first, while it replied"


def test_without_a_rate_before_the_first_rates_are_the_comparison() -> None:
    level = guest_picture(Timeline(recording("guest-post-copy"))).level
    assert level is not None
    assert level.text == "at first 2.2 GiB/s"


def test_each_pause_is_a_band_from_the_switchover_on_with_its_number() -> None:
    timeline = Timeline(recording("guest-post-copy"))
    began = next(mark.t for mark in timeline.marks if mark.sign == "S")
    pictures = [picture(timeline) for picture in (memory_picture, rate_picture, guest_picture)]
    bands = [band for picture in pictures for band in picture.bands]
    assert [band.text for band in bands] == ["libvirt pause 23 ms", "network pause 340 ms", "guest pause 272 ms"]
    assert {band.begin for band in bands} == {began}
    assert [round(band.end - band.begin, 3) for band in bands] == [0.023, 0.34, 0.272]


def test_before_the_switchover_and_without_one_there_is_no_pause() -> None:
    for name in ("failed", "cancelled"):
        assert memory_picture(Timeline(recording(name))).bands == ()


def test_what_was_not_recorded_is_hatched() -> None:
    timeline = Timeline(recording("reattached"))
    (gap,) = timeline.gaps
    before = max(point.t for point in timeline.points if point.t < gap)
    assert memory_picture(timeline).unknown == rate_picture(timeline).unknown == ((before, gap),)


def test_what_each_pass_left_is_a_bar_over_its_time() -> None:
    timeline = Timeline(recording("post-copy-by-hand"))
    (series,) = left_picture(timeline).series
    assert list(series.ys[::3]) == [each.left for each in timeline.passes]
    assert series.xs[::3] == tuple(each.began for each in timeline.passes)
    assert all(end < each.ended for end, each in zip(series.xs[1::3], timeline.passes, strict=True))
    assert set(series.ys[2::3]) == {None}


def test_a_chart_without_values_waits_for_none_after_the_end() -> None:
    timeline = Timeline([Event(0.0, "", record.START, {"vm": "guest1"})])
    pictures = (memory_picture, rate_picture, guest_picture, left_picture, sent_picture)
    assert all(picture(timeline).empty.endswith(" yet.") for picture in pictures)
    timeline.add(Event(1.0, "", record.END, {"outcome": "failed"}))
    assert not any("yet" in picture(timeline).empty for picture in pictures)
    assert left_picture(timeline).empty == "No pass has ended."


@pytest.mark.parametrize(("left", "text"), [(9, "<0.1"), (300 << 10, "0.3"), (10 << 20, "10"), (315 << 20, "315")])
def test_a_pass_that_left_little_has_not_left_nothing(left: int, text: str) -> None:
    timeline = Timeline(recording("post-copy-by-hand"))
    timeline.passes[-1] = timeline.passes[-1]._replace(left=left)
    assert f"{text} MiB, limit" in sent_and_left(timeline, 80).plain


def left_nothing(name: str) -> Timeline:
    """A recorded run whose last pass left nothing."""
    timeline = Timeline(recording(name))
    timeline.passes[-1] = timeline.passes[-1]._replace(left=0)
    return timeline


@pytest.mark.parametrize(
    ("width", "ending"),
    [
        (120, "each pass left █13 MiB, the rest was sent in the pause, limit 20 MiB"),
        (100, "each pass left █13 MiB, rest in the pause, limit 20 MiB"),
        (80, "each pass left █13 MiB, rest in the pause"),
        (70, "155 MiB"),
    ],
)
def test_a_last_pass_that_left_nothing_means_that_the_rest_was_sent_in_the_pause(width: int, ending: str) -> None:
    shown = sent_and_left(left_nothing("guest-pre-copy"), width).plain.rstrip()
    assert len(shown) <= width
    assert shown.endswith(ending)


def test_what_was_sent_in_the_pause_is_a_band_beside_the_bars() -> None:
    timeline = left_nothing("guest-pre-copy")
    picture = left_picture(timeline)
    assert [band.text for band in picture.bands] == ["libvirt pause 175 ms"]
    assert picture.subtitle == "the rest was sent in the pause"
    assert picture.series[0].now == "13 MiB"
    assert 0.0 not in picture.series[0].ys


def test_a_single_pass_that_left_nothing_has_a_sentence() -> None:
    timeline = left_nothing("pre-copy-idle")
    assert left_picture(timeline).empty == "The rest was sent in the pause."
    assert sent_and_left(timeline, 80).plain.endswith("the rest was sent in the pause")
    assert sent_and_left(timeline, 52).plain.endswith("rest in the pause")
    assert sent_and_left(timeline, 40).plain.rstrip().endswith("398 MiB")


def test_a_pass_that_left_nothing_before_the_pause_is_no_pause() -> None:
    timeline = left_nothing("cancelled")
    assert left_picture(timeline).subtitle == "the last pass left nothing"
    assert left_picture(timeline).bands == ()
    assert " MiB, the last pass left nothing, limit " in sent_and_left(timeline, 120).plain


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (120, " sent ▁▁▁▂▂▃▃▄▄▅▅▆▆▇▇█ 1.8 GiB    each pass left █315 █299 █299 █299 █300 MiB, limit 34 MiB"),
        (80, " sent ▁▁▁▂▂▃▃▄▄▅▅▆▆▇▇█ 1.8 GiB    each pass left █299 █300 MiB, limit 34 MiB"),
        (40, " sent ▁▁▁▂▂▃▃▄▄▅▅▆▆▇▇█ 1.8 GiB"),
        (20, " sent ▁▃▅▆█ 1.8 GiB"),
    ],
)
def test_the_line_below_the_charts_has_the_newest_passes_that_fit(width: int, line: str) -> None:
    shown = sent_and_left(Timeline(recording("post-copy-by-hand")), width).plain.rstrip()
    assert len(shown) <= width
    assert shown == line


def test_who_is_faster_is_shown_while_the_rate_of_dirtying_is_known() -> None:
    timeline = Timeline(recording("post-copy-timeout"))
    rows = compose(rate_picture(timeline), 120, 12, Curves())
    assert "link faster" in rows[0].text
    scale = time_scale(rate_picture(timeline), 120)
    assert timeline.post_copy_at is not None
    filled = {column for row in rows[1:-1] for column, ink in enumerate(row.inks) if ink in (AREA_HIGHER, OTHER_HIGHER)}
    assert filled
    assert max(filled) <= labels_wide(120) + 1 + scale.column(timeline.post_copy_at)

"""What the charts of a migration show, and the values at the cursor."""

import pytest

from tests.ui.replay import recording
from tui.migration.model.after_end import shown_until
from tui.migration.model.record import END, Event
from tui.migration.model.timeline import Timeline
from tui.migration.widgets.readout import readout
from tui.migration.widgets.view import LEAST_S, View

WHOLE = 80.0


def test_all_of_the_time_is_shown_until_it_is_zoomed() -> None:
    assert View().window(WHOLE) is None
    assert View().zoomed(1, WHOLE).window(WHOLE) == (40.0, 80.0)
    assert View().zoomed(-1, WHOLE) == View()


def test_zooming_in_and_out_leads_back_to_all() -> None:
    view = View()
    for _ in range(20):
        view = view.zoomed(1, WHOLE)
    assert view.length == LEAST_S
    for _ in range(20):
        view = view.zoomed(-1, WHOLE)
    assert view == View()


def test_it_zooms_around_the_cursor_within_the_whole() -> None:
    assert View(cursor=30.0).zoomed(1, WHOLE).window(WHOLE) == (10.0, 50.0)
    assert View(cursor=5.0).zoomed(1, WHOLE).window(WHOLE) == (0.0, 40.0)
    assert View(cursor=79.0).zoomed(1, WHOLE).window(WHOLE) == (40.0, 80.0)


def test_a_part_up_to_the_newest_moment_follows_it_and_another_one_stays() -> None:
    newest = View().zoomed(1, WHOLE)
    assert newest.window(100.0) == (60.0, 100.0)
    earlier = newest.panned(-1, WHOLE)
    assert earlier.window(WHOLE) == earlier.window(100.0) == (20.0, 60.0)
    assert earlier.panned(1, WHOLE).window(100.0) == (60.0, 100.0)


def test_panning_ends_at_both_ends_and_does_nothing_while_all_is_shown() -> None:
    view = View().zoomed(1, WHOLE)
    for _ in range(9):
        view = view.panned(-1, WHOLE)
    assert view.window(WHOLE) == (0.0, 40.0)
    assert View().panned(-1, WHOLE) == View()


def test_what_was_recorded_after_the_end_is_shown_by_zooming_panning_and_the_cursor() -> None:
    usual = 6.0
    whole = 14.0
    assert View().window(whole, usual) == (0.0, 6.0)
    assert View().zoomed(1, whole, usual).window(whole, usual) == (3.0, 6.0)
    assert View().zoomed(-1, whole, usual).window(whole, usual) is None
    assert View().zoomed(-1, whole, usual).zoomed(1, whole, usual).window(whole, usual) == (7.0, 14.0)
    assert View().everything(whole, usual).window(whole, usual) is None
    assert View().everything(usual, usual) == View()
    assert View().panned(1, whole, usual).window(whole, usual) == (3.0, 9.0)
    assert View().panned(-1, whole, usual) == View()
    assert View().at(5.0, whole, usual).window(whole, usual) == (0.0, 6.0)
    assert View().at(10.0, whole, usual).window(whole, usual) == (7.0, 13.0)


@pytest.mark.parametrize(("ended", "newest", "end"), [(4.0, 14.0, 6.0), (30.0, 40.0, 40.0), (9.0, 19.0, 12.0)])
def test_at_first_the_time_after_the_end_has_at_most_a_third_of_the_migration_or_2_s(
    ended: float, newest: float, end: float
) -> None:
    timeline = Timeline([Event(ended, "", END, {"outcome": "completed"})])
    assert shown_until(timeline, newest) == end
    assert shown_until(Timeline(), newest) == newest


def test_the_window_follows_the_cursor() -> None:
    view = View().zoomed(1, WHOLE).at(10.0, WHOLE)
    window = view.window(WHOLE)
    assert window is not None
    assert window[0] <= 10.0 <= window[1]
    assert view.at(200.0, 75.0).cursor == 75.0
    assert view.at(-1.0, WHOLE).cursor == 0.0


def test_one_chart_after_another_is_shown_alone_and_then_all() -> None:
    view, seen = View(), []
    for _ in range(4):
        view = view.next(["memory", "rates"], 1)
        seen.append(view.chart)
    assert seen == ["memory", "rates", "", "memory"]
    assert View().next(["memory", "rates"], -1).chart == "rates"
    assert View("guest").next(["memory", "rates"], 1).chart == "memory"  # a chart that no longer exists


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (0.5, ["0.5 s", "setup"]),
        (9.0, ["9.0 s", "pass 3", "remaining 238 MiB", "sending 114 MiB/s", "dirtying 95 MiB/s", "guest 1.1 GiB/s"]),
        (15.0, ["15.0 s", "post-copy", "remaining", "sent 1.4 GiB", "guest 851 MiB/s", "faults 170"]),
    ],
)
def test_all_values_of_a_moment_are_read(moment: float, words: list[str]) -> None:
    text = readout(Timeline(recording("guest-post-copy")), moment, 120)[0].plain
    assert [word for word in words if word not in text] == []
    assert ("dirtying" in text) == (moment == 9.0)


def test_the_newest_moment_has_a_phase_and_a_pass_that_was_thinned_out_has_a_number() -> None:
    timeline = Timeline()
    for each in recording("guest-post-copy"):
        timeline.add(each)
        if timeline.now > 9:
            break
    assert " pass 3 " in readout(timeline, timeline.now, 120)[0].plain
    assert " pass 2 " in readout(timeline, timeline.passes[1].began, 120)[0].plain
    del timeline.passes[1]
    assert " pass 2 " in readout(timeline, timeline.points[len(timeline.points) // 2].t, 120)[0].plain
    over = Timeline(recording("guest-post-copy"))
    assert " post-copy " in readout(over, over.ended_at or 0.0, 120)[0].plain


def test_the_values_are_wrapped_to_the_width() -> None:
    lines = readout(Timeline(recording("guest-post-copy")), 9.0, 60)
    assert len(lines) > 1
    assert all(line.cell_length <= 60 for line in lines)


def test_no_values_are_read_where_nothing_was_recorded() -> None:
    timeline = Timeline(recording("reattached"))
    (line,) = readout(timeline, timeline.gaps[0] - 1, 120)
    assert line.plain.endswith("not recorded")
    assert "remaining" not in line.plain

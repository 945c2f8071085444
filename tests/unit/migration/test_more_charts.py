"""The charts that are shown in full only, where they have values."""

import pytest

from tests.ui.replay import recording
from tui.migration.model.timeline import Timeline
from tui.migration.widgets.board import charts_of
from tui.migration.widgets.more_charts import downtime_picture, faults_picture, throttle_picture
from tui.ui.chart.picture import Level


def throttled() -> Timeline:
    """A recorded run that auto-converge slowed down by up to 40 %."""
    timeline = Timeline(recording("cancelled"))
    points = timeline.points
    points[:] = [each._replace(throttle=min(40, max(0, 10 * (each.iteration - 1)))) for each in points]
    return timeline


def test_the_expected_downtime_has_the_limit_below_which_the_vm_is_switched_over() -> None:
    timeline = Timeline(recording("guest-post-copy"))
    picture = downtime_picture(timeline)
    assert picture.level == Level(300, "limit 300 ms", "limit")
    assert picture.series[0].now == "2.7 s"
    known = [x for x, y in zip(picture.series[0].xs, picture.series[0].ys, strict=True) if y is not None]
    assert timeline.post_copy_at is not None
    assert max(known) <= timeline.post_copy_at


def test_a_limit_that_is_not_known_is_not_drawn() -> None:
    timeline = Timeline(recording("guest-post-copy"))
    timeline.max_downtime_ms = 0
    assert downtime_picture(timeline).level is None


def test_the_faults_of_post_copy_are_counted() -> None:
    picture = faults_picture(Timeline(recording("guest-post-copy")))
    assert picture.series[0].now == "2,096"
    assert picture.highest_y == 2096


def test_the_throttle_is_a_part_of_all() -> None:
    picture = throttle_picture(throttled())
    assert picture.series[0].now == "40 %"
    assert picture.highest_y == 100


@pytest.mark.parametrize(
    ("timeline", "charts"),
    [
        (Timeline(), ["memory", "rates", "left", "sent"]),
        (Timeline(recording("failed")), ["memory", "rates", "left", "sent", "downtime"]),
        (throttled(), ["memory", "rates", "left", "sent", "downtime", "throttle"]),
        (
            Timeline(recording("guest-post-copy")),
            ["memory", "rates", "guest", "left", "sent", "downtime", "faults"],
        ),
    ],
)
def test_charts_without_values_are_left_out(timeline: Timeline, charts: list[str]) -> None:
    assert charts_of(timeline) == charts

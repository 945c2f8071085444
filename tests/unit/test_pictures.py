"""The charts of a migration, from recordings of real ones."""

from tests.ui.replay import recording
from tui.model.timeline import Timeline
from tui.widgets.pictures import memory_picture


def test_what_remains_is_not_joined_across_the_end_of_a_pass() -> None:
    timeline = Timeline(recording("post-copy-by-hand"))
    remaining, sent = memory_picture(timeline).series
    breaks = [x for x, y in zip(remaining.xs, remaining.ys, strict=True) if y is None]
    assert breaks == [each.ended for each in timeline.passes]
    assert len(breaks) > 3
    for moment in breaks:  # and the first look at the next pass belongs to that one
        assert remaining.ys[remaining.xs.index(moment)] is None
    assert None not in sent.ys

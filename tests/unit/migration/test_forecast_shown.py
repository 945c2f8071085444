"""A forecast on the charts, the tiles and the result of a migration."""

import math
from pathlib import Path

import pytest

from tests.unit.migration.foretold import BUSY, IDLE, foretold
from tui.core.plan import AT_ONCE
from tui.migration.model.ending.outcome import facts
from tui.migration.model.record import GUEST, Event, Record
from tui.migration.model.timeline import Timeline
from tui.migration.widgets.charts import memory_picture
from tui.migration.widgets.curves import newest_of, span_of
from tui.migration.widgets.forecast_mark import forecast_mark
from tui.migration.widgets.tiles import tiles
from tui.ui.chart.scale import Scale


def at(records: list[Record], t: float) -> Timeline:
    return Timeline(each for each in records if each.t <= t)


@pytest.mark.parametrize("t", [3.1, 5.0, 8.0, 14.0, 16.5])
def test_the_time_axis_has_room_for_the_forecast_but_not_for_more_than_has_passed(t: float) -> None:
    timeline = at(foretold("post-copy-by-hand"), t)
    shown, newest = memory_picture(timeline).cone.edges, newest_of(timeline)
    assert shown
    assert newest <= span_of(timeline) <= max(10.0, 2 * newest)
    assert span_of(timeline) >= min(shown[-1][0], 2 * newest)


def test_what_is_over_has_no_forecast_ahead_of_it() -> None:
    timeline = Timeline(foretold("post-copy-by-hand"))
    assert not memory_picture(timeline).cone.edges
    assert span_of(timeline) == newest_of(timeline)


def mark(timeline: Timeline, scale: Scale, width: int = 80) -> str:
    found = forecast_mark(timeline, scale, 6, width)
    return "" if found is None else found.plain


def test_the_forecast_end_is_marked_on_the_axis_of_what_is_over() -> None:
    records = foretold("post-copy-by-hand", technique=AT_ONCE)
    timeline = Timeline(records)
    assert mark(at(records, 8.0), Scale(17.7, 1, 60, 1)) == ""  # it still runs
    whole = mark(timeline, Scale(17.7, 1, 60, 1))
    assert whole.strip() == "├──┼──────┤ forecast 7.3 s (6.4 s to 9.2 s)"
    wide = mark(timeline, Scale(17.7, 1, 60, 1), 100).strip()
    assert wide == "├──┼──────┤ post-copy at once, forecast 7.3 s (6.4 s to 9.2 s)"
    assert whole.index("┼") == 6 + int(7.29 / 17.7 * 60)
    assert mark(timeline, Scale(8.0, 1, 60, 1)).strip() == "forecast 7.3 s (6.4 s to 9.2 s) ├─────┼────▸"
    assert mark(timeline, Scale(5.0, 1, 60, 1)).strip() == "post-copy at once, forecast 7.3 s (6.4 s to 9.2 s) ▸"
    later = mark(timeline, Scale(7.0, 1, 60, 1, 10.0))
    assert later.strip() == "◂ post-copy at once, forecast 7.3 s (6.4 s to 9.2 s)"
    assert later.index("◂") == 6
    assert mark(timeline, Scale(8.0, 1, 60, 1, 7.0))[6:].startswith("◂┼───")
    assert mark(timeline, Scale(17.7, 1, 0, 1)) == ""
    assert len(mark(timeline, Scale(17.7, 1, 14, 1), 20)) <= 20


def test_a_forecast_without_end_is_words() -> None:
    timeline = Timeline(foretold("post-copy-by-hand"))
    assert mark(timeline, Scale(17.7, 1, 60, 1)).strip() == "forecast: pre-copy does not converge"


def test_the_tiles_of_post_copy_have_what_is_left_of_it_and_what_it_costs_the_guest() -> None:
    timeline = at(foretold("guest-post-copy"), 15.5)
    first, second = (line.plain for line in tiles(timeline, timeline.now, 79))
    assert first.endswith("time left 1.2 s (1.2 s to 1.3 s) ") or "time left 1.2 s" in first
    assert " ".join(second.split()) == "fetched 54 % of 299 MiB post-copy faults 614, 433/s guest loses 97 %"
    timeline.add(Event(15.6, "", GUEST, {"silent_s": 3.0, "why": "it has not replied yet"}))
    assert "guest loses no reply" not in tiles(timeline, timeline.now, 79)[1].plain
    assert "guest no reply" in tiles(timeline, timeline.now, 79)[1].plain


@pytest.mark.parametrize(
    ("name", "inputs", "technique", "text"),
    [
        ("pre-copy-idle", IDLE, "pre-copy", "3.4 s to 5.7 s: within, downtime 93 ms to 500 ms: within"),
        ("post-copy-by-hand", BUSY, AT_ONCE, "6.4 s to 9.2 s: above, downtime 3.0 ms to 200 ms: within"),
        ("post-copy-by-hand", BUSY, "pre-copy", "pre-copy does not converge"),
        ("failed", BUSY, AT_ONCE, "6.4 s to 9.2 s, downtime 3.0 ms to 200 ms"),
    ],
)
def test_the_result_has_the_forecast(name: str, inputs: object, technique: str, text: str) -> None:
    timeline = Timeline(foretold(name, inputs, technique))  # type: ignore[arg-type]
    found = [each.text for each in facts(timeline, Path("/runs/x"), "source") if each.label == "forecast"]
    assert found == [text]
    assert math.isfinite(timeline.total_s or 0.0)


def test_without_a_forecast_the_result_has_none() -> None:
    timeline = Timeline(each for each in foretold("pre-copy-idle") if getattr(each, "kind", "") != "forecast")
    assert not [each for each in facts(timeline, Path("/runs/x"), "source") if each.label == "forecast"]

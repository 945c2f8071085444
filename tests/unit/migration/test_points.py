"""A long migration: the timeline keeps a bounded number of points, and all of its figures stay right."""

from itertools import pairwise
from typing import Any

import pytest

from tests.long_run import DAY_S, PASS_S, long_run
from tests.ui.replay import recording
from tests.unit.fakes import NAMES
from tui.core.plan import Plan
from tui.core.vm import Vm
from tui.migration.backend.recording.run_summary import summary
from tui.migration.model import points as points_module
from tui.migration.model.phases import phases
from tui.migration.model.points import GROUP, MOST, NEWEST, GuestPoint, Mark, Thinned, every_other
from tui.migration.model.record import Event, Record
from tui.migration.model.timeline import Timeline
from tui.migration.model.verdict import sentence
from tui.migration.widgets.charts import guest_picture, memory_picture, rate_picture
from tui.migration.widgets.ribbon import ribbon
from tui.ui.chart.scale import Scale

VM = Vm("guest1", "0054f024", "running", "", 2, 1 << 30)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return list(long_run(probes=False))


@pytest.fixture(scope="module")
def thinned(records: list[Record]) -> Timeline:
    return Timeline(records)


@pytest.fixture(scope="module")
def whole(records: list[Record]) -> Timeline:
    """The same without a limit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(points_module, "MOST", 10**9)
        return Timeline(records)


def figures(timeline: Timeline) -> dict[str, Any]:
    """What the pages and run.toml have, without its own time."""
    written = summary(Plan("guest1"), VM, {}, "", timeline, timeline.phase) | {"ended": ""}
    return {
        **written, "total": timeline.total_s, "iteration": timeline.iteration, "passes": timeline.passes.added,
        "share": timeline.points.share, "silent": timeline.points.silent_s, "newest": timeline.point,
        "sentence": sentence(timeline, timeline.now), "threshold": timeline.threshold,
    }  # fmt: skip


def test_a_day_keeps_a_bounded_number_of_points_guest_points_passes_and_marks(thinned: Timeline) -> None:
    assert thinned.points.added > DAY_S
    for kept in (thinned.points, thinned.guest, thinned.passes, thinned.marks):
        assert NEWEST <= len(kept) <= MOST


def test_the_figures_of_a_thinned_timeline_are_those_of_all_points(thinned: Timeline, whole: Timeline) -> None:
    assert len(whole.points) == whole.points.added
    assert figures(thinned) == figures(whole)
    assert figures(thinned)["figures"]["samples"] == DAY_S + DAY_S // PASS_S


def test_the_newest_points_are_whole_and_the_older_ones_are_spread_over_the_run(
    thinned: Timeline, whole: Timeline
) -> None:
    assert thinned.points[-NEWEST:] == whole.points[-NEWEST:]
    times = [each.t for each in thinned.points]
    assert times == sorted(times)
    assert times[0] == whole.points[0].t
    assert max(after - before for before, after in pairwise(times)) < DAY_S / 400  # a chart has about 200 columns


def test_the_highest_and_lowest_values_stay(thinned: Timeline, whole: Timeline) -> None:
    for value in ("remaining", "rate", "dirty_rate"):
        kept, known = ([getattr(each, value) or 0 for each in part.points] for part in (thinned, whole))
        assert (min(kept), max(kept)) == (min(known), max(known))
    assert max(each.rate or 0 for each in thinned.guest) == max(each.rate or 0 for each in whole.guest)
    for picture in (memory_picture, rate_picture, guest_picture):
        assert picture(thinned).highest_y == picture(whole).highest_y


def test_the_marks_that_are_drawn_are_the_same(thinned: Timeline, whole: Timeline) -> None:
    assert memory_picture(thinned).signs == memory_picture(whole).signs


@pytest.mark.parametrize("passes", [3000, 15_000])
def test_the_mark_of_each_hundredth_pass_stays(passes: int) -> None:
    timeline = Timeline(long_run(passes * PASS_S, probes=False))
    assert {mark.number for mark in timeline.marks if mark.sign == "|"} >= set(range(100, passes + 1, 100))


@pytest.mark.parametrize(("passes", "step"), [(3000, 200), (15_000, 1000)])
def test_thinned_passes_are_numbered_at_equal_distances(passes: int, step: int) -> None:
    timeline = Timeline(long_run(passes * PASS_S, probes=False))
    line = ribbon(list(phases(timeline)), Scale(passes * PASS_S, 1, 160, 1), 6, 166).plain
    numbers = [int(each) for each in line.split("▏")[1:] if each.strip()]
    assert [number // step for number in numbers if number >= step] == list(range(1, passes // step))
    at = [index for index, character in enumerate(line) if character == "▏"][-10:]
    assert max(after - before for before, after in pairwise(at)) - min(b - a for a, b in pairwise(at)) <= 2


def test_silence_is_measured_also_where_its_points_were_thinned_out() -> None:
    timeline = Timeline(long_run(100))
    last = timeline.last
    assert last is not None
    for second in range(1, 3 * MOST):
        timeline.add(last._replace(t=last.t + second))
    assert timeline.points.silent_s == 3 * MOST - 1


@pytest.mark.parametrize("name", NAMES)
def test_a_short_run_keeps_everything(name: str) -> None:
    timeline = Timeline(recording(name))
    for kept in (timeline.points, timeline.guest, timeline.passes, timeline.marks):
        assert kept.older == 0


def test_a_gap_in_the_guests_rate_stays_where_it_was() -> None:
    timeline = Timeline()
    for second in range(3 * MOST):
        silent = 100 <= second < 110
        data = {"silent_s": 3.0, "why": "no route"} if silent else {"rate": 5.0 + second % 3, "unit": "rows/s"}
        timeline.add(Event(float(second), "", "guest", data))
    assert len(timeline.guest) <= MOST
    assert [each for each in timeline.guest if each.rate is None] == [GuestPoint(100.0, None, "rows/s")]


def test_marks_of_keys_are_never_thinned_out() -> None:
    timeline = Timeline()
    for second in range(MOST + 1):
        timeline.add(Event(float(second), "", "key", {"action": "downtime", "value": second + 1}))
    assert len(timeline.marks) == MOST + 1
    assert timeline.marks[0] == Mark(0.0, "d", "downtime <= 1 ms")


def test_popping_below_the_older_items_and_appending_again_keeps_the_order() -> None:
    items: Thinned[int] = Thinned(every_other)
    for number in range(MOST + GROUP):
        items.append(number)
    while len(items) > NEWEST + 1:
        items.pop()
    for number in range(10 * MOST, 12 * MOST):
        items.append(number)
    assert list(items) == sorted(items)
    assert len(items) <= MOST

"""The forecasts in the record of a migration, and what they make of its sentence."""

import math
from typing import Any

import pytest

from tests.page_keys import with_page_keys
from tests.unit.migration.foretold import BUSY, IDLE, before, foretold
from tui.core.plan import AT_ONCE, PRE_COPY
from tui.core.quantity import MIB
from tui.migration.model.forecasts import Forecasts
from tui.migration.model.outlook import cone, expected, fetching
from tui.migration.model.record import FORECAST, Record
from tui.migration.model.timeline import POST_COPY, Timeline
from tui.migration.model.verdict import GOOD, WARNING, sentence

ENDS = {
    "made": "running",
    "converges": True,
    "certain": True,
    "total_s": [4.0, 5.0, 9.0],
    "downtime_s": [0.1, 0.2, 0.3],
    "cone": [[1.0, 0, 10], [2.0, 0, 5]],
}


def at(records: list[Record], t: float) -> Timeline:
    return Timeline(each for each in records if each.t <= t)


def text(timeline: Timeline) -> str:
    return with_page_keys(sentence(timeline, timeline.now).text)


def test_the_forecast_before_the_start_is_kept_with_the_one_of_the_technique_that_was_used() -> None:
    found = Timeline(foretold("post-copy-by-hand", technique=AT_ONCE)).forecasts.before
    assert found is not None
    assert found.techniques[0].technique == PRE_COPY
    assert (found.judged, found.inputs) == (found.techniques[2], BUSY)


def test_the_newest_forecast_of_a_moment_is_the_one_that_was_made_last_before_it() -> None:
    records = foretold("pre-copy-idle", IDLE)
    made = [each.t for each in records if getattr(each, "kind", "") == FORECAST][1:]
    for t in made:
        running = at(records, t).forecasts.running
        assert running is not None
        assert running.made_at == t


def test_the_log_of_events_keeps_those_that_happen_once() -> None:
    assert all(each.kind != FORECAST for each in Timeline(foretold("post-copy-by-hand")).events)


@pytest.mark.parametrize(
    "change",
    [
        {"total_s": None},
        {"total_s": [9.0, 5.0, 4.0]},
        {"total_s": [-1, 5, 9]},
        {"downtime_s": [10**400] * 3},
        {"converges": 1},
        {"certain": None},
        {"made": "later"},
    ],
)
def test_a_damaged_forecast_leaves_the_one_before_it(change: dict[str, Any]) -> None:
    found = Forecasts()
    found.add(1.0, ENDS)
    kept = found.running
    assert kept is not None
    found.add(2.0, ENDS | change)
    assert found.running is kept


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (None, 0),
        ([], 0),
        ([[1, 2, 3], [0.5, 2, 3]], 1),  # earlier
        ([[1, 2, 3], [2, 3, 2]], 1),  # the lowest above the highest
        ([[1, 2, 3], [2, None, 3]], 1),
        ([[1, 2, 3], [2, 3]], 1),
        ([[10**400, 2, 3]], 0),
        ([[1, 2, 10**400]], 0),
        ([[n, 0, 1] for n in range(5000)], 500),
    ],
)
def test_of_a_damaged_cone_the_part_before_counts(written: object, kept: int) -> None:
    found = Forecasts()
    found.add(1.0, ENDS | {"cone": written})
    assert found.running is not None
    assert len(found.running.cone) == kept


@pytest.mark.parametrize("name", ["\x1b[2J", "two\nlines", "x" * 61])
def test_of_damaged_forecasts_before_the_start_the_others_count(name: str) -> None:
    found, data = Forecasts(), before(BUSY, PRE_COPY)
    data["techniques"][1]["total_s"] = "soon"
    data["techniques"][2]["technique"] = name
    found.add(0.0, data | {"inputs": {}})
    assert found.before is not None
    assert [each.technique for each in found.before.techniques] == [PRE_COPY]
    assert found.before.inputs is None
    found.add(0.0, data | {"techniques": 3, "technique": []})
    assert (found.before.techniques, found.before.judged, found.before.expected()) == ((), None, None)


@pytest.mark.parametrize(
    ("t", "tone", "words"),
    [
        (0.9, GOOD, "First pass: 0 % of 1.0 GiB sent. Ends in about 3.2 s (2.5 s to 4.8 s), pause about 180 ms."),
        (1.5, GOOD, "First pass: 2 % of 1.0 GiB sent. Ends in about 3.1 s (2.4 s to 4.7 s), pause about 180 ms."),
        (3.1, GOOD, "First pass: 25 % of 1.0 GiB sent. Ends in about 920 ms (700 ms to 1.3 s), pause about 180 ms."),
    ],
)
def test_a_migration_that_converges_has_its_end_in_the_sentence(t: float, tone: str, words: str) -> None:
    timeline = at(foretold("pre-copy-idle", IDLE), t)
    assert text(timeline).endswith(words)
    assert sentence(timeline, timeline.now).tone == tone


def test_a_migration_that_does_not_converge_has_what_a_pass_leaves_and_the_way_out() -> None:
    records = foretold("post-copy-by-hand")
    assert text(at(records, 0.9)).endswith("Not converging: each pass leaves about 315 MiB.")
    assert text(at(records, 4.1)) == (
        "First pass: 31 % of 1.0 GiB sent. Not converging: each pass leaves about 315 MiB, must be below 34 MiB; "
        "post-copy at once would take about 4.3 s. p finishes it."
    )
    later = at(records, 8.0)
    assert text(later) == (
        "Not converging: each pass leaves about 315 MiB, must be below 34 MiB; post-copy at once would take about "
        "2.7 s. p finishes it."
    )
    assert sentence(later, later.now).tone == WARNING


def test_a_forecast_that_was_wrong_gives_way_to_what_is_measured() -> None:
    records = foretold("pre-copy-idle", IDLE, running=False)
    assert "Ends in" in text(at(records, 3.1))
    timeline = at(records, 3.1)
    assert sentence(timeline, 7.0).text == "First pass: 25 % of 1.0 GiB sent, about 6.2 s left."


def test_the_forecast_before_the_start_counts_until_the_first_pass_has_ended() -> None:
    records = foretold("post-copy-by-hand", running=False)
    first = next(each.ended for each in Timeline(records).passes)
    assert expected(at(records, first - 0.3)) is not None
    assert expected(at(records, first + 0.3)) is None


def test_the_cone_begins_at_the_newest_sample_and_narrows_as_passes_end() -> None:
    records = foretold("post-copy-by-hand")
    timeline = at(records, 8.0)
    found = cone(timeline)
    assert timeline.point is not None
    assert found[0][0] == pytest.approx(timeline.point.t)
    assert found[0][1] < timeline.point.total
    assert found[-1][0] > timeline.now
    assert not cone(Timeline(records))  # it is over


def test_in_post_copy_the_cone_is_bounded_because_each_page_is_sent_once() -> None:
    records = foretold("post-copy-by-hand")
    timeline = at(records, 16.5)
    assert timeline.phase == POST_COPY
    found, point = fetching(timeline), timeline.point
    assert found is not None
    assert found.left_s is not None
    assert point is not None
    assert found.share == pytest.approx(1 - point.remaining / found.of)
    assert 200 * MIB < found.of < 330 * MIB
    assert found.faults_s is not None
    assert 0 < found.left_s.low <= found.left_s.likely <= found.left_s.high < math.inf
    shape = cone(timeline)
    assert (shape[0][0], shape[-1][0]) == (point.t, pytest.approx(point.t + found.left_s.high))
    actual = next(each.t for each in Timeline(records).points if each.t > point.t and not each.remaining)
    assert actual < shape[-1][0] + 0.5

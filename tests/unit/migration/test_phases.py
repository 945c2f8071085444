"""The phases of a migration in time, and the line that shows them."""

from itertools import pairwise

import pytest

from tests.ui.replay import recording
from tui.migration.model import record
from tui.migration.model.phases import PASS, POST_COPY, SETUP, SWITCHOVER, Phase, phases
from tui.migration.model.record import Event, Sample
from tui.migration.model.timeline import Timeline
from tui.migration.widgets.ribbon import ribbon
from tui.ui.chart.scale import Scale

LEFT, WIDTH = 6, 80


def line(shown: list[Phase], span: float = 60.0, begin: float = 0.0) -> str:
    return ribbon(shown, Scale(span, 1, 60, 1, begin), LEFT, WIDTH).plain


def test_the_end_is_marked_if_the_time_axis_goes_on() -> None:
    scale = Scale(60.0, 1, 60, 1, 0.0)
    short = [*passes(4, 10.0), Phase(SWITCHOVER, 40.0, 40.2)]
    assert ribbon(short, scale, LEFT, WIDTH, 40.2).plain.endswith("▏4         ▏switchover, end" + " " * 17)
    long = [*passes(2, 10.0), Phase(POST_COPY, 20.0, 45.0)]
    assert ribbon(long, scale, LEFT, WIDTH, 45.0).plain[LEFT + 20 : LEFT + 51] == f"{POST_COPY:<26}▏end "
    assert ribbon(passes(4, 10.0), scale, LEFT, WIDTH, 40.0).plain.count("▏end") == 1  # as if it was cancelled
    assert "end" not in ribbon(passes(6, 10.0), scale, LEFT, WIDTH, 60.0).plain
    assert "end" not in ribbon(short, Scale(20.0, 1, 60, 1, 10.0), LEFT, WIDTH, 40.2).plain


def passes(count: int, each_s: float) -> list[Phase]:
    """Passes of equal length."""
    return [Phase(PASS, n * each_s, (n + 1) * each_s, n + 1) for n in range(count)]


@pytest.mark.parametrize("name", ["post-copy-by-hand", "guest-post-copy", "failed"])
def test_the_phases_follow_each_other_without_gaps_at_every_moment(name: str) -> None:
    timeline = Timeline()
    for each in recording(name):
        timeline.add(each)
        found = list(phases(timeline))
        assert all(earlier.end == later.begin for earlier, later in pairwise(found))
        assert all(phase.begin <= phase.end for phase in found)
        if found:
            assert (found[0].kind, found[0].begin) == (SETUP, 0.0)
            assert found[-1].end == pytest.approx(timeline.ended_at or timeline.now)


def test_the_passes_are_numbered_and_followed_by_post_copy() -> None:
    found = list(phases(Timeline(recording("post-copy-by-hand"))))
    assert [each.kind for each in found] == [SETUP, *[PASS] * 6, POST_COPY]
    assert [each.number for each in found if each.kind == PASS] == [1, 2, 3, 4, 5, 6]


def test_pre_copy_ends_with_a_switchover() -> None:
    found = list(phases(Timeline(recording("guest-pre-copy"))))
    assert [(each.kind, each.number) for each in found] == [(SETUP, 0), (PASS, 1), (SWITCHOVER, 0)]
    assert found[1].end == found[2].begin


def test_two_passes_that_ended_between_two_samples_have_the_number_of_the_first() -> None:
    timeline = Timeline(recording("pre-copy-idle"))
    assert (timeline.passes[0].first, timeline.passes[0].number) == (1, 2)
    assert [(each.kind, each.number) for each in phases(timeline)] == [(SETUP, 0), (PASS, 1), (SWITCHOVER, 0)]


def test_after_a_gap_the_current_pass_has_its_own_number() -> None:
    timeline = Timeline()
    for each in recording("reattached"):
        timeline.add(each)
        if timeline.gaps and timeline.point and timeline.now > timeline.gaps[0] + 0.3:
            break
    assert timeline.passes[-1].number + 1 < timeline.iteration
    assert list(phases(timeline))[-1].number == timeline.iteration


def test_what_was_before_a_migration_was_found_is_no_setup() -> None:
    attached = Event(300.0, "", record.ATTACHED, {"vm": "guest1", "technique": "unknown"})
    timeline = Timeline([attached])
    assert list(phases(timeline)) == []
    for each in recording("failed"):
        if isinstance(each, Sample):
            timeline.add(each._replace(t=each.t + 300.0))
    assert [(each.kind, each.number) for each in phases(timeline)] == [(PASS, 1), (PASS, 2)]
    assert min(each.begin for each in phases(timeline)) > 300.0


def test_before_the_start_there_is_no_phase_and_before_the_first_sample_there_is_setup() -> None:
    timeline = Timeline()
    assert list(phases(timeline)) == []
    timeline.add(Event(0.5, "", record.START, {"vm": "guest1"}))
    assert list(phases(timeline)) == [Phase(SETUP, 0.0, 0.5)]


def test_the_line_names_the_setup_the_first_pass_and_numbers_the_others() -> None:
    shown = [Phase(SETUP, 0, 8), Phase(PASS, 8, 30, 1), Phase(PASS, 30, 36, 2), Phase(POST_COPY, 36, 50)]
    assert line(shown) == f" pass ░setup░░▏1 full copy          ▏2    post-copy      {' ' * 23}"


def test_a_short_last_phase_is_named_in_the_margin() -> None:
    shown = [Phase(PASS, 0, 59.5, 1), Phase(POST_COPY, 59.5, 60)]
    assert line(shown).endswith(" post-copy" + " " * 6)
    assert len(line(shown)) == WIDTH


def test_numbers_of_crowded_passes_are_thinned_to_round_ones() -> None:
    numbers = [int(each) for each in line(passes(60, 1.0)).removeprefix(" pass").split("▏") if each.strip()]
    assert numbers == [1, *range(5, 61, 5)]
    crowded = line(passes(3000, 0.02))
    assert "▏500" in crowded
    assert "▏501" not in crowded


def test_a_line_without_room_before_the_axis_has_the_phases_alone() -> None:
    shown = [Phase(SETUP, 0, 20), Phase(PASS, 20, 60, 1)]
    assert ribbon(shown, Scale(60, 1, 18, 1), 1, 20).plain == " setup░▏1           "


def test_a_part_of_the_time_axis_shows_the_passes_of_that_part() -> None:
    shown = line(passes(600, 1.0), span=6.0, begin=300.0)
    assert [each.strip() for each in shown.split("▏")] == ["pass", "301", "302", "303", "304", "305", "306"]


def test_the_setup_ends_with_the_first_sample_also_if_the_first_pass_ended_in_a_gap() -> None:
    stats = {"memory_total": 1 << 30, "memory_processed": 1, "memory_remaining": 9}
    first, after = ({**stats, "memory_iteration": number} for number in (1, 3))
    shown = phases(
        Timeline(
            [
                Event(0.0, "", "start", {"technique": "pre-copy"}),
                Sample(1.0, "", first, "running"),
                Event(20.0, "", "gap", {"seconds": 19.0}),
                Sample(20.0, "", after, "running"),
                Sample(25.0, "", after, "running"),
            ]
        )
    )
    assert list(shown) == [Phase(SETUP, 0.0, 1.0), Phase(PASS, 20.0, 25.0, 3)]

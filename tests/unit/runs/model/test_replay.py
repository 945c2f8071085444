"""The position of a replay, and where its keys lead."""

import pytest

from tui.runs.model.replay import SPEEDS, Playhead, Track, read_time, time_text

TRACK = Track(0.5, 100.0, passes=(2.0, 10.0, 30.0), events=(0.5, 12.0, 12.1, 60.0), switch=60.0)
PAUSED = Playhead(TRACK, 10.0, playing=False)


def test_it_moves_by_the_clock_times_the_speed_and_stops_at_the_end() -> None:
    head = Playhead(TRACK, 0.5).after(2.0)
    assert head.at == 2.5
    fast = head.faster(1).faster(1).after(2.0)
    assert fast.at == 2.5 + 2.0 * 5
    end = fast.after(1000.0)
    assert (end.at, end.playing) == (100.0, False)


def test_paused_it_stays_and_a_clock_that_goes_back_moves_nothing() -> None:
    assert PAUSED.after(5.0) == PAUSED
    assert Playhead(TRACK, 10.0).after(-5.0).at == 10.0


def test_a_pause_at_the_end_plays_from_the_beginning() -> None:
    again = PAUSED.moved_to(100.0).toggled()
    assert (again.at, again.playing) == (0.5, True)
    assert PAUSED.toggled().playing
    assert not PAUSED.toggled().toggled().playing


@pytest.mark.parametrize(("seconds", "at"), [(1, 11.0), (-1, 9.0), (-50, 0.5), (500, 100.0)])
def test_a_step_stays_on_the_track(seconds: float, at: float) -> None:
    assert PAUSED.stepped(seconds).at == at


def test_passes_and_events_are_reached_one_after_another() -> None:
    assert PAUSED.to_pass(1).at == 30.0
    assert PAUSED.to_pass(1).to_pass(1).at == 100.0
    assert PAUSED.to_pass(-1).at == 2.0
    assert PAUSED.to_pass(-1).to_pass(-1).at == 0.5
    assert PAUSED.to_event(1).at == 12.0
    assert PAUSED.to_event(1).to_event(1).at == 12.1
    assert PAUSED.to_event(-1).at == 0.5


def test_while_it_plays_the_previous_pass_is_not_the_one_just_passed() -> None:
    playing = Playhead(TRACK, 10.4)
    assert playing.to_pass(-1).at == 2.0
    assert playing.after(2.0).to_pass(-1).at == 10.0


def test_the_speed_stays_in_its_range() -> None:
    fastest = PAUSED
    for _ in SPEEDS:
        fastest = fastest.faster(1)
    assert fastest.speed == 60
    assert PAUSED.faster(-1).speed == 1


@pytest.mark.parametrize(
    ("text", "seconds"), [("12", 12.0), (" 12.5 ", 12.5), ("1:05", 65.0), ("0:07.25", 7.25), ("1:02:03", 3723.0)]
)
def test_a_typed_time_is_read(text: str, seconds: float) -> None:
    assert read_time(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "-5", "1:", ":5", "1:2:3:4", "1e9", "nan", "٣x"])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="1:05"):
        read_time(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0:00.0"), (12.34, "0:12.3"), (59.96, "0:59.9"), (65, "1:05.0"), (3723.4, "1:02:03.4")]
)
def test_a_moment_is_shown_with_tenths(seconds: float, text: str) -> None:
    assert time_text(seconds) == text

"""The two pauses as sentences, and as the log and run.toml keep them."""

import pytest

from tui.migration.model.observed_downtime import ObservedDowntime

WHOLE = ObservedDowntime(
    network_ms=341.2,
    network_resolution_ms=10.9,
    network_before_ms=12.0,
    guest_ms=14.2,
    guest_resolution_ms=10.0,
    guest_before_ms=11.0,
    clock_lost_ms=305.1,
    clock_error_ms=1.2,
)


def test_what_is_known_comes_back_from_the_log() -> None:
    for observed in (
        WHOLE,
        ObservedDowntime(network_why="a", guest_why="b"),
        ObservedDowntime(1.0, network_open=True, unwatched_s=2.5, clock_lost_ms=0.0),
    ):
        assert ObservedDowntime.of(observed.data) == observed
    assert ObservedDowntime(network_why="a", guest_why="b").data == {"network_why": "a", "guest_why": "b"}
    assert ObservedDowntime(network_ms=0.0).data == {"network_ms": 0.0}


def test_a_log_from_anywhere_does_no_harm() -> None:
    assert (
        ObservedDowntime.of({"network_ms": "soon", "guest_ms": True, "clock_lost_ms": 2**70, "network_open": 1})
        == ObservedDowntime()
    )


def test_clocks_that_cannot_be_compared_are_not_made_one_number() -> None:
    assert WHOLE.network == "no answer for 341 ms (to within 11 ms, before: 12 ms)"
    assert WHOLE.guest == (
        "no beat for 14 ms (before: 11 ms) by its own clock, which stood still for about 305 ms (to within 1.2 ms)"
    )


@pytest.mark.parametrize(
    ("observed", "sentence"),
    [
        (ObservedDowntime(guest_ms=320.0, clock_lost_ms=0.4, clock_error_ms=1.2), "which ran on (to within 1.2 ms)"),
        (
            ObservedDowntime(guest_ms=14.0, clock_lost_ms=-90.0, clock_error_ms=1.0),
            "which was put forward by about 90 ms",
        ),
        (
            ObservedDowntime(guest_ms=14.0, clock_why="no probe was answered"),
            "stood still meanwhile is not known: no probe was",
        ),
        (ObservedDowntime(guest_why="no compiler"), "not known: no compiler"),
    ],
)
def test_what_its_clock_did_is_said_as_far_as_it_is_known(observed: ObservedDowntime, sentence: str) -> None:
    assert sentence in observed.guest


def test_a_network_that_stayed_silent_and_time_without_probes_are_said() -> None:
    observed = ObservedDowntime(3100.0, 11.0, network_open=True, unwatched_s=7.0)
    assert observed.network == "no answer for 3.1 s (and none until the end, to within 11 ms, not probed for 7.0 s)"
    assert ObservedDowntime(network_why="no address").network == "not known: no address"

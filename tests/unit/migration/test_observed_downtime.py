"""The downtime that the network and the guest see: computed, as sentences, and as the log and run.toml keep it."""

from dataclasses import replace
from typing import Any

import pytest

from tui.guest.model.heartbeat import HeartbeatReply
from tui.guest.model.udp_probe import ProbeAnswers
from tui.migration.model.observed_downtime import HeartbeatLog, ObservedDowntime, observed_downtime

MEASURED = ObservedDowntime(
    network_ms=341.2,
    network_resolution_ms=10.9,
    network_before_ms=12.0,
    guest_ms=14.2,
    guest_resolution_ms=10.0,
    guest_before_ms=11.0,
    clock_lost_ms=305.1,
    clock_error_ms=1.2,
)


def answers(pause: float, before: float | None = None, *, replied: bool = True, **more: Any) -> ProbeAnswers:
    """As after a migration whose longest pauses were these, in seconds; the guest's longest gap is 14 ms."""
    made = ProbeAnswers(pause, before)
    made.answer = HeartbeatReply(9, 10**9, 100, 14_000_000, 10**8) if replied else None
    made.round_trip = 0.001
    for name, value in more.items():
        setattr(made, name, value)
    return made


SWITCHED = {"gap_before_ns": 11_000_000, "lost": 0.3, "lost_error": 0.001}
NETWORK = ObservedDowntime(network_ms=340.0, network_resolution_ms=21.0, network_before_ms=12.0)
GUEST = {"guest_ms": 14.0, "guest_resolution_ms": 10.0, "guest_before_ms": 11.0}
CLOCK = {"clock_lost_ms": 300.0, "clock_error_ms": 1.0}
NOT_RUNNING = "the app was not running at the switchover"
NOT_COMPARED = "the app was not running for a while, so it did not compare the clocks"
NOT_SEEN = "the first reply came only after the switchover, or the switchover was not seen"


@pytest.mark.parametrize(
    ("probe_answers", "log", "more", "expected"),
    [
        pytest.param(answers(0.34, 0.012, **SWITCHED), None, {}, replace(NETWORK, **GUEST, **CLOCK), id="all measured"),
        pytest.param(
            answers(0.34, 0.012, **SWITCHED),
            None,
            {"open_s": 3.1},
            replace(NETWORK, network_ms=3100.0, network_open=True, guest_why="the guest no longer replies"),
            id="no reply until the end",
        ),
        pytest.param(
            answers(0.34, 0.012, restarted=True),
            None,
            {},
            replace(NETWORK, guest_why="the heartbeat or the guest restarted during the migration"),
            id="restarted guest",
        ),
        pytest.param(
            answers(0.34, 0.012, **SWITCHED),
            None,
            {"unwatched_s": 2.5, "counted_before": True},
            replace(NETWORK, **GUEST, clock_why=NOT_COMPARED, unwatched_s=2.5),
            id="app restarted before the switchover",
        ),
        pytest.param(
            answers(0.34),
            None,
            {"unwatched_s": 2.5, "counted_before": True},
            ObservedDowntime(
                network_why=NOT_RUNNING,
                guest_ms=14.0,
                guest_resolution_ms=10.0,
                clock_why=NOT_COMPARED,
                unwatched_s=2.5,
            ),
            id="app not running at the switchover",
        ),
        pytest.param(
            answers(0.34),
            None,
            {},
            ObservedDowntime(network_why=NOT_SEEN, guest_why=NOT_SEEN),
            id="no reply before the switchover",
        ),
        pytest.param(
            answers(0.34, lost=0.3, lost_error=0.001),
            None,
            {"completed": False},
            replace(NETWORK, network_before_ms=None, guest_ms=14.0, guest_resolution_ms=10.0, **CLOCK),
            id="cancelled: the whole migration counts",
        ),
        pytest.param(
            answers(0.0, replied=False),
            None,
            {"unwatched_s": 1.0},
            ObservedDowntime(network_why="no address", guest_why="no address", unwatched_s=1.0),
            id="nothing measured",
        ),
        pytest.param(
            answers(0.0, replied=False),
            HeartbeatLog(380.0, before_start=False),
            {},
            ObservedDowntime(
                network_why="no address", guest_ms=380.0, guest_resolution_ms=10.0, clock_why="no address"
            ),
            id="heartbeat's own log",
        ),
        pytest.param(
            answers(0.0, replied=False),
            HeartbeatLog(380.0, before_start=True),
            {},
            ObservedDowntime(
                network_why="no address",
                guest_why="its longest gap, 380 ms, was before this migration; no address",
            ),
            id="own log of an earlier time",
        ),
    ],
)
def test_the_observed_downtime_follows_from_replies_log_and_gaps(
    probe_answers: ProbeAnswers, log: HeartbeatLog | None, more: dict[str, Any], expected: ObservedDowntime
) -> None:
    assert observed_downtime(probe_answers, log, **({"completed": True, "why": "no address"} | more)) == expected


def test_time_in_which_the_app_was_halted_is_time_without_probes_and_the_clocks_are_compared() -> None:
    halted = answers(0.34, 0.012, **SWITCHED)
    halted.unprobed = 30.0
    observed = observed_downtime(halted, completed=True)
    assert observed == replace(NETWORK, **GUEST, **CLOCK, unwatched_s=30.0)
    assert observed.network == "no reply for 340 ms (±21 ms; before the switchover 12 ms; not probed for 30.0 s)"


def test_known_fields_come_back_from_the_log() -> None:
    for observed in (
        MEASURED,
        ObservedDowntime(network_why="a", guest_why="b"),
        ObservedDowntime(1.0, network_open=True, unwatched_s=2.5, clock_lost_ms=0.0),
    ):
        assert ObservedDowntime.of(observed.data) == observed
    assert ObservedDowntime(network_why="a", guest_why="b").data == {"network_why": "a", "guest_why": "b"}
    assert ObservedDowntime(network_ms=0.0).data == {"network_ms": 0.0}


def test_fields_of_another_type_count_as_unknown() -> None:
    assert (
        ObservedDowntime.of({"network_ms": "soon", "guest_ms": True, "clock_lost_ms": 2**70, "network_open": 1})
        == ObservedDowntime()
    )


def test_the_guests_pause_is_the_sum_of_its_own_clock_and_of_the_time_that_clock_stood_still() -> None:
    assert MEASURED.network == "no reply for 341 ms (±11 ms; before the switchover 12 ms)"
    assert MEASURED.guest == (
        "the guest paused 319 ms (14 ms by its own clock, plus 305 ms its clock stood still, ±1.2 ms; "
        "before the switchover 11 ms)"
    )


@pytest.mark.parametrize(
    ("observed", "sentence"),
    [
        (
            ObservedDowntime(guest_ms=320.0, clock_lost_ms=0.4, clock_error_ms=1.2),
            "the guest paused 320 ms (its clock kept running, ±1.2 ms)",
        ),
        (
            ObservedDowntime(guest_ms=104.0, clock_lost_ms=-90.0, clock_error_ms=1.0),
            "the guest paused 14 ms (104 ms by its own clock, minus 90 ms its clock jumped, ±1.0 ms)",
        ),
        (  # 162.6 ms, of which 119.8 and 42.8
            ObservedDowntime(guest_ms=119.8, clock_lost_ms=42.8, clock_error_ms=1.0),
            "the guest paused 163 ms (120 ms by its own clock, plus 43 ms its clock stood still, ±1.0 ms)",
        ),
        (
            ObservedDowntime(guest_ms=119.6, clock_lost_ms=42.6, clock_error_ms=1.0),
            "the guest paused 162 ms (120 ms by its own clock, plus 42 ms its clock stood still, ±1.0 ms)",
        ),
        (
            ObservedDowntime(guest_ms=1240.0, clock_lost_ms=340.0, clock_error_ms=20.0),
            "the guest paused 1580 ms (1240 ms by its own clock, plus 340 ms its clock stood still, ±20 ms)",
        ),
        (
            ObservedDowntime(guest_ms=11_370.0, clock_lost_ms=-1340.0, clock_error_ms=20.0),
            "the guest paused 10.0 s (11.4 s by its own clock, minus 1.4 s its clock jumped, ±20 ms)",
        ),
        (
            ObservedDowntime(guest_ms=14.0, clock_why="no reply"),
            "the guest paused 14 ms (by its own clock; guest clock drift unknown: no reply)",
        ),
        (ObservedDowntime(guest_why="no compiler"), "not measured: no compiler"),
    ],
)
def test_the_sentence_includes_what_is_known_of_the_guests_clock(observed: ObservedDowntime, sentence: str) -> None:
    assert observed.guest == sentence


def test_a_network_without_replies_and_time_without_probes_are_in_the_sentence() -> None:
    observed = ObservedDowntime(3100.0, 11.0, network_open=True, unwatched_s=7.0)
    assert observed.network == "no reply for 3.1 s (±11 ms; still none at the end; not probed for 7.0 s)"
    assert ObservedDowntime(network_why="no address").network == "not measured: no address"


def test_a_reason_is_common_only_if_neither_was_measured() -> None:
    assert ObservedDowntime(network_why="a", guest_why="a").unmeasured_why == "a"
    assert ObservedDowntime(network_why="a", guest_why="b").unmeasured_why == ""
    assert ObservedDowntime(network_why="a", guest_ms=1.0).unmeasured_why == ""

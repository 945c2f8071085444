"""Pauses and clock loss computed from probes of a guest that pauses, whose clock runs on or stands still."""

import socket
import time

import pytest

from tui.guest.backend.udp_probe import SO_TIMESTAMPNS, TIMESPEC, received_at
from tui.guest.model.heartbeat import HeartbeatReply
from tui.guest.model.udp_probe import BEST_OF, EVERY_S, MOST_UNANSWERED, ProbeAnswers

ROUND_TRIP = 0.001


class Train:
    """Probes a simulated guest every EVERY_S; `standing`: its clock stands still during a pause."""

    def __init__(self, probe_answers: ProbeAnswers | None = None) -> None:
        self.probe_answers = probe_answers or ProbeAnswers()
        self.now = 1000.0
        self.guest = 50.0  # its clock, 950 s behind the source's
        self.beats = 0

    def run(self, seconds: float, *, round_trip: float = ROUND_TRIP, lost: bool = False) -> None:
        for _ in range(round(seconds / EVERY_S)):
            number = self.probe_answers.send(self.now)
            if not lost:
                self.answer(number, self.now + round_trip, self.guest + round_trip / 2)
            self.advance(EVERY_S)

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.guest += seconds
        self.beats += round(seconds / EVERY_S)

    def answer(self, number: int, t: float, guest: float) -> None:
        self.probe_answers.add(HeartbeatReply(number, round(guest * 1e9), self.beats, 10_000_000, 1), t)

    def pause(self, seconds: float, *, standing: bool) -> None:
        """No probe is answered for `seconds`."""
        clock = self.guest
        self.run(seconds, lost=True)
        if standing:
            self.guest = clock


def test_the_pause_of_a_running_guest_is_the_round_trip() -> None:
    train = Train()
    train.run(300 * EVERY_S)
    assert train.probe_answers.pause == pytest.approx(ROUND_TRIP)
    assert train.probe_answers.settled(train.now - EVERY_S, 299)
    assert not train.probe_answers.settled(train.now - EVERY_S, 300)  # the next probe may begin a pause
    assert (train.probe_answers.window.sent, train.probe_answers.window.answered) == (300, 300)
    assert train.probe_answers.lost == 0


def test_a_pause_lasts_from_the_first_unanswered_probe_to_the_next_reply() -> None:
    train = Train()
    train.run(1)
    train.pause(0.5, standing=False)
    assert train.probe_answers.unanswered(train.now) == pytest.approx(0.5)
    assert not train.probe_answers.settled(train.now, 0)
    train.run(1)
    assert train.probe_answers.pause == pytest.approx(0.5 + ROUND_TRIP)
    assert train.probe_answers.window.pause_began == pytest.approx(1001.0)


def test_a_clock_that_stood_still_differs_from_one_that_ran_on() -> None:
    lost = []
    for standing in (True, False):
        train = Train()
        train.run(1)
        train.pause(0.5, standing=standing)
        train.run(1)
        lost.append(train.probe_answers.lost)
        assert 0 < train.probe_answers.lost_error < 0.005
    assert lost == [pytest.approx(0.5, abs=0.002), 0.0]


def test_a_slow_reply_after_the_pause_does_not_distort_the_clock_loss() -> None:
    train = Train()
    train.run(1)
    train.pause(0.4, standing=True)
    train.run(0.2, round_trip=0.25)
    train.run(1)
    assert train.probe_answers.lost == pytest.approx(0.4, abs=0.005)
    assert train.probe_answers.lost_error < 0.01


def test_it_is_settled_only_once_the_clock_is_compared() -> None:
    train = Train()
    train.run(1)
    train.pause(0.4, standing=True)
    train.run(EVERY_S)
    assert not train.probe_answers.settled(train.now, 0)
    train.run(BEST_OF * EVERY_S)
    assert train.probe_answers.settled(train.now, 0)


def test_late_probes_of_the_app_are_no_pause() -> None:
    train = Train()
    train.run(1)
    train.advance(0.9)
    train.run(1)
    assert train.probe_answers.pause == pytest.approx(ROUND_TRIP)
    assert train.probe_answers.unprobed == 0


def test_the_time_in_which_the_app_was_halted_is_no_pause_but_time_without_probes() -> None:
    train = Train()
    train.run(1)
    train.advance(30.0)
    train.guest -= 0.4  # the guest paused meanwhile, and its clock with it
    train.run(2)
    assert train.probe_answers.pause == pytest.approx(ROUND_TRIP)
    assert train.probe_answers.unprobed == pytest.approx(30 + EVERY_S)
    assert train.probe_answers.lost == pytest.approx(0.4)


def test_queued_replies_count_as_a_pause_from_the_first_waiting_probe() -> None:
    train = Train()
    train.run(100 * EVERY_S)
    numbers = []
    for _ in range(30):
        numbers.append(train.probe_answers.send(train.now))
        train.advance(EVERY_S)
    for number in numbers:
        train.answer(number, train.now, train.guest)
    assert train.probe_answers.pause == pytest.approx(30 * EVERY_S)
    assert train.probe_answers.window.answered == 130


def test_a_duplicate_or_overtaken_reply_is_ignored() -> None:
    train = Train()
    first, second = train.probe_answers.send(1000.0), train.probe_answers.send(1000.01)
    train.answer(second, 1000.02, 50.0)
    for number in (first, second, second + 1, 0):
        train.answer(number, 1009.0, 51.0)
    assert train.probe_answers.pause == pytest.approx(0.02)
    assert train.probe_answers.window.answered == 1


def test_all_statistics_restart_at_the_switchover() -> None:
    train = Train()
    train.run(1)
    train.pause(0.7, standing=False)
    train.run(1)
    train.probe_answers.switch_over()
    train.pause(0.2, standing=True)
    train.run(1)
    assert train.probe_answers.pause_before == pytest.approx(0.7 + ROUND_TRIP)
    assert train.probe_answers.pause == pytest.approx(0.2 + ROUND_TRIP)
    assert train.probe_answers.lost == pytest.approx(0.2, abs=0.005)
    assert train.probe_answers.gap_before_ns == 10_000_000
    train.probe_answers.switch_over()  # libvirt may report it twice
    assert train.probe_answers.pause == pytest.approx(0.2 + ROUND_TRIP)


def test_the_pauses_of_an_earlier_process_are_continued() -> None:
    train = Train(ProbeAnswers(0.25, 0.1))
    train.run(1)
    assert (train.probe_answers.pause, train.probe_answers.pause_before) == (0.25, 0.1)


@pytest.mark.parametrize(("guest", "beats"), [(10.0, 500), (60.0, 0)])
def test_a_restart_of_the_guest_or_its_heartbeat_is_detected(guest: float, beats: int) -> None:
    train = Train()
    train.run(1)
    assert not train.probe_answers.restarted
    train.guest, train.beats = guest, beats
    train.run(EVERY_S)
    assert train.probe_answers.restarted


def test_a_pause_that_is_longer_than_the_kept_probes_is_measured_whole() -> None:
    train = Train()
    train.run(1)
    silent_s = 2 * MOST_UNANSWERED * EVERY_S
    train.pause(silent_s, standing=False)
    assert len(train.probe_answers._sent) == MOST_UNANSWERED
    assert train.probe_answers.unanswered(train.now) == pytest.approx(silent_s)
    train.run(1)
    assert train.probe_answers.pause == pytest.approx(silent_s + ROUND_TRIP)
    assert train.probe_answers.round_trip == pytest.approx(ROUND_TRIP)


@pytest.mark.parametrize(
    ("age_s", "waited_s", "expected_s"),
    [
        pytest.param(0.015, 1.0, 0.015, id="as usual"),
        pytest.param(29.99, 31.0, 29.99, id="the app was halted after it arrived"),
        pytest.param(29.99, 1.0, 0.0, id="the wall clock was set forward"),
        pytest.param(-5.0, 1.0, 0.0, id="the wall clock was set back"),
    ],
)
def test_a_datagram_has_the_kernels_time_however_late_it_is_read(
    age_s: float, waited_s: float, expected_s: float
) -> None:
    stamp = time.time_ns() - round(age_s * 1e9)
    extra = [(socket.SOL_SOCKET, SO_TIMESTAMPNS, TIMESPEC.pack(*divmod(stamp, 10**9)))]
    before = time.monotonic()
    assert before - expected_s - 0.001 <= received_at(extra, waited_s) <= time.monotonic() - expected_s + 0.001

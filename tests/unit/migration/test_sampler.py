"""The schedule of the samples: absolute, without a pile-up, ended by a word."""

import threading
import time
from collections.abc import Callable

import pytest

from tests.unit.fakes import PATIENCE_S
from tui.core.failure import Failure
from tui.core.protocols import JobInfo
from tui.migration.backend.sampler import Reading, Sampler

JOB = JobInfo({"type": 2}, "running")
NEVER = 3600.0  # an interval that does not come round in a test


class Taken:
    """The readings that came, for a test to wait on."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self._changed = threading.Condition()

    def __call__(self, reading: Reading) -> None:
        with self._changed:
            self.readings.append(reading)
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[Reading]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.readings) >= count, PATIENCE_S)
            return list(self.readings)


def sampling_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "sampler"]


def join_all() -> None:
    for each in sampling_threads():
        each.join(PATIENCE_S)
    assert sampling_threads() == []


def until(moment: float) -> Callable[[], JobInfo]:
    """A daemon that answers at once, but not before `moment`."""

    def read() -> JobInfo:
        while (left := moment - time.monotonic()) > 0:
            threading.Event().wait(left)
        return JOB

    return read


def test_samples_are_due_at_whole_intervals_from_the_first_and_never_asked_before() -> None:
    taken = Taken()
    sampler = Sampler(lambda: JOB, taken, 0.01)
    sampler.start()
    readings = taken.wait_for(30)
    sampler.stop()
    first = readings[0].due
    assert first is not None
    for each in readings:
        assert each.due is not None
        assert each.asked >= each.due
        assert (each.due - first) / 0.01 == pytest.approx(round((each.due - first) / 0.01), abs=1e-6)
    dues = [each.due for each in readings]
    assert len(set(dues)) == len(dues)
    join_all()


def test_a_slow_answer_leaves_moments_out_and_moves_none() -> None:
    taken, interval = Taken(), 0.02
    begun = time.monotonic()
    slow = until(begun + 10.5 * interval)  # for the first question only: by the second that moment has passed
    sampler = Sampler(slow, taken, interval)
    sampler.start()
    first, second, third = taken.wait_for(3)[:3]
    sampler.stop()
    assert first.due is not None
    assert second.due is not None
    assert third.due is not None
    steps = (second.due - first.due) / interval
    assert steps == pytest.approx(round(steps), abs=1e-6)
    assert steps >= 10
    assert second.due > first.answered - interval
    assert third.due > second.due
    join_all()


def test_a_poke_is_one_more_sample_outside_of_the_schedule() -> None:
    taken = Taken()
    sampler = Sampler(lambda: JOB, taken, NEVER)
    sampler.start()
    taken.wait_for(1)
    sampler.poke()
    scheduled, poked = taken.wait_for(2)
    assert scheduled.due is not None
    assert poked.due is None
    sampler.stop()
    join_all()


def test_many_pokes_during_one_answer_are_one_more_sample() -> None:
    taken, asked, release = Taken(), threading.Event(), threading.Event()

    def read() -> JobInfo:
        asked.set()
        release.wait(PATIENCE_S)
        return JOB

    sampler = Sampler(read, taken, NEVER)
    sampler.start()
    assert asked.wait(PATIENCE_S)
    for _ in range(50):
        sampler.poke()
    release.set()
    taken.wait_for(2)
    sampler.stop()
    join_all()
    assert [each.due is None for each in taken.readings] == [False, True]


def test_a_failure_is_a_reading_and_the_schedule_goes_on() -> None:
    taken = Taken()
    answers = iter((Failure("No answer"), JOB, Failure("Again")))

    def read() -> JobInfo:
        answer = next(answers, JOB)
        if isinstance(answer, Failure):
            raise answer
        return answer

    sampler = Sampler(read, taken, 0.005)
    sampler.start()
    readings = taken.wait_for(4)
    sampler.stop()
    assert [str(each.failure) if each.failure else each.job for each in readings[:4]] == [
        "No answer.",
        JOB,
        "Again.",
        JOB,
    ]
    assert [each.job for each in readings if each.failure] == [None, None]
    join_all()


def test_the_question_that_is_pending_is_known_while_it_is() -> None:
    taken, asked, release = Taken(), threading.Event(), threading.Event()

    def read() -> JobInfo:
        asked.set()
        release.wait(PATIENCE_S)
        return JOB

    sampler = Sampler(read, taken, NEVER)
    assert sampler.asked is None
    before = time.monotonic()
    sampler.start()
    assert asked.wait(PATIENCE_S)
    assert sampler.asked is not None
    assert before <= sampler.asked <= time.monotonic()
    release.set()
    (reading,) = taken.wait_for(1)
    assert sampler.asked is None
    assert reading.asked <= reading.answered
    sampler.stop()
    join_all()


def test_stop_ends_it_though_the_next_sample_is_far_away() -> None:
    taken = Taken()
    sampler = Sampler(lambda: JOB, taken, NEVER)
    sampler.start()
    taken.wait_for(1)
    sampler.stop()
    join_all()
    sampler.poke()
    assert len(taken.readings) == 1


def test_stop_does_not_wait_for_an_answer_that_does_not_come() -> None:
    taken, asked, release = Taken(), threading.Event(), threading.Event()

    def read() -> JobInfo:
        asked.set()
        release.wait(PATIENCE_S)
        return JOB

    sampler = Sampler(read, taken, NEVER)
    sampler.start()
    assert asked.wait(PATIENCE_S)
    sampler.stop()
    assert not release.is_set()
    assert all(each.daemon for each in sampling_threads())
    release.set()
    join_all()


def test_stopped_before_it_starts_it_never_asks() -> None:
    taken = Taken()
    sampler = Sampler(lambda: JOB, taken, 0.001)
    sampler.stop()
    sampler.start()
    join_all()
    assert taken.readings == []

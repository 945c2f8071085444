"""The schedule of the samples: absolute, never more than one request, stopped at once."""

import threading
import time
from collections.abc import Callable

import pytest

from tests.unit.fakes import PATIENCE_S
from tui.core.failure import Failure
from tui.core.protocols import JobInfo
from tui.migration.backend.running import sampler as sampler_module
from tui.migration.backend.running.sampler import Sampler
from tui.migration.model.record import Sample

JOB = JobInfo({"type": 2}, "running")
NEVER = 3600.0  # an interval that does not end within a test


class Taken:
    """The samples that came, for a test to wait for; `slow` has the reports of slow replies."""

    def __init__(self) -> None:
        self.results: list[Sample | Failure] = []
        self.slow: list[tuple[float, float, int]] = []
        self._changed = threading.Condition()

    def on_sample(self, result: Sample | Failure) -> None:
        with self._changed:
            self.results.append(result)
            self._changed.notify_all()

    def on_slow(self, at: float, seconds: float, missed: int) -> None:
        self.slow.append((at, seconds, missed))

    def wait_for(self, count: int) -> list[Sample]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.results) >= count, PATIENCE_S)
            return [each for each in self.results if isinstance(each, Sample)]


def sampler_of(read: Callable[[], JobInfo], taken: Taken, interval: float) -> Sampler:
    """A sampler whose log has the times of time.monotonic()."""
    return Sampler(read, taken.on_sample, taken.on_slow, lambda moment: moment, interval)


def due(sample: Sample) -> float:
    """The moment of the schedule that a sample belongs to."""
    assert sample.late is not None
    return sample.t - sample.waited - sample.late


OTHERS: set[threading.Thread] = set()  # the threads of tests before this one, which may still end


@pytest.fixture(autouse=True)
def _others() -> None:
    OTHERS.clear()
    OTHERS.update(threading.enumerate())


def sampling_threads() -> list[threading.Thread]:
    """The samplers of this test that still run."""
    return [each for each in threading.enumerate() if each.name == "sampler" and each not in OTHERS]


def join_all() -> None:
    for each in sampling_threads():
        each.join(PATIENCE_S)
    assert sampling_threads() == []


def until(moment: float) -> Callable[[], JobInfo]:
    """A daemon that replies at once, but not before `moment`."""

    def read() -> JobInfo:
        while (left := moment - time.monotonic()) > 0:
            threading.Event().wait(left)
        return JOB

    return read


def test_samples_are_due_at_whole_intervals_from_the_first_and_never_requested_before() -> None:
    taken = Taken()
    sampler = sampler_of(lambda: JOB, taken, 0.01)
    sampler.start()
    samples = taken.wait_for(30)
    sampler.stop()
    steps = [(due(each) - due(samples[0])) / 0.01 for each in samples]
    assert steps == pytest.approx([round(each) for each in steps], abs=1e-4)
    assert len({round(each) for each in steps}) == len(steps)
    assert all(each.late is not None and each.late >= 0 for each in samples)
    join_all()


def test_a_slow_reply_skips_moments_of_the_schedule_and_moves_none() -> None:
    taken, interval = Taken(), 0.02
    replies: list[Callable[[], JobInfo]] = []

    def slow() -> JobInfo:
        """Replies late to the first request only: at the second one that moment is past."""
        replies.append(until(time.monotonic() + 10.5 * interval))
        return replies[0]()

    sampler = sampler_of(slow, taken, interval)
    sampler.start()
    first, second, third = taken.wait_for(3)[:3]
    sampler.stop()
    steps = (due(second) - due(first)) / interval
    assert steps == pytest.approx(round(steps), abs=1e-4)
    assert round(steps) >= 10
    assert due(second) > first.t - interval
    assert due(third) > due(second)
    at, seconds, missed = taken.slow[0]  # not slow itself, but the moments before it were missed
    assert (at, seconds, missed) == (second.t, second.waited, round(steps) - 1)
    join_all()


def test_a_request_is_one_more_sample_outside_the_schedule() -> None:
    taken = Taken()
    sampler = sampler_of(lambda: JOB, taken, NEVER)
    sampler.start()
    taken.wait_for(1)
    sampler.sample_now()
    scheduled, requested = taken.wait_for(2)
    assert scheduled.late is not None
    assert requested.late is None
    sampler.stop()
    join_all()


class Held:
    """A daemon that replies once `release` is set."""

    def __init__(self) -> None:
        self.requested, self.release = threading.Event(), threading.Event()

    def __call__(self) -> JobInfo:
        self.requested.set()
        self.release.wait(PATIENCE_S)
        return JOB


def test_many_requests_during_one_reply_are_one_more_sample() -> None:
    taken, held = Taken(), Held()
    sampler = sampler_of(held, taken, NEVER)
    sampler.start()
    assert held.requested.wait(PATIENCE_S)
    for _ in range(50):
        sampler.sample_now()
    held.release.set()
    taken.wait_for(2)
    sampler.stop()
    join_all()
    assert [each.late is None for each in taken.wait_for(2)] == [False, True]


def test_a_failure_is_passed_on_and_the_schedule_continues() -> None:
    taken = Taken()
    replies = iter((Failure("No reply"), JOB, Failure("Again")))

    def read() -> JobInfo:
        reply = next(replies, JOB)
        if isinstance(reply, Failure):
            raise reply
        return reply

    sampler = sampler_of(read, taken, 0.005)
    sampler.start()
    taken.wait_for(4)
    sampler.stop()
    assert [str(each) if isinstance(each, Failure) else each.stats for each in taken.results[:4]] == [
        "No reply.",
        JOB.stats,
        "Again.",
        JOB.stats,
    ]
    join_all()


def test_a_pending_reply_that_is_slow_is_known_while_it_is_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler_module, "SLOW_S", 0.0)
    taken, held = Taken(), Held()
    sampler = sampler_of(held, taken, 1e-6)
    assert sampler.waiting_s() == 0.0
    before = time.monotonic()
    sampler.start()
    assert held.requested.wait(PATIENCE_S)
    until(time.monotonic() + 0.001)()
    assert 0.001 <= sampler.waiting_s() <= time.monotonic() - before
    sampler.stop()
    held.release.set()
    join_all()
    assert sampler.waiting_s() == 0.0
    assert taken.slow[0][1] == taken.wait_for(1)[0].waited


def test_stop_ends_it_although_the_next_sample_is_far_away() -> None:
    taken = Taken()
    sampler = sampler_of(lambda: JOB, taken, NEVER)
    sampler.start()
    taken.wait_for(1)
    sampler.stop()
    join_all()
    sampler.sample_now()
    assert len(taken.results) == 1


def test_stop_does_not_wait_for_a_pending_reply() -> None:
    taken, held = Taken(), Held()
    sampler = sampler_of(held, taken, NEVER)
    sampler.start()
    assert held.requested.wait(PATIENCE_S)
    sampler.stop()
    assert not held.release.is_set()
    assert all(each.daemon for each in sampling_threads())
    held.release.set()
    join_all()


def test_stopped_before_it_starts_it_requests_nothing() -> None:
    taken = Taken()
    sampler = sampler_of(lambda: JOB, taken, 0.001)
    sampler.stop()
    sampler.start()
    join_all()
    assert taken.results == []

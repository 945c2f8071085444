"""A daemon that fails or does not reply, and faults of this program: the record of the migration continues."""

import threading
from pathlib import Path

import pytest

from tests.unit.fakes import Stage, recording
from tests.unit.migration.logs import HangingRecorder
from tests.unit.migration.watched import Watched, begin, iteration
from tui.core.failure import Failure
from tui.core.protocols import ITERATION, HypervisorEvent
from tui.migration.backend.recording import run_log as run_log_module
from tui.migration.backend.running import sampler as sampler_module
from tui.migration.model import record

pytestmark = pytest.mark.usefixtures("no_thread_raises")

FAILS = Failure("The job statistics could not be read", "the daemon is gone")


async def in_first_pass(tmp_path: Path) -> tuple[Stage, Watched]:
    """A migration that stands still in its first pass, with at least one sample of it."""
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    stage.play(iteration(1))
    stage.play(lambda each: isinstance(each, record.Sample))
    await watched.until(lambda: watched.migration.timeline.points)
    return stage, watched


def last_before(watched: Watched, event: record.Event) -> record.Sample:
    before = watched.records[: watched.records.index(event)]
    return next(each for each in reversed(before) if isinstance(each, record.Sample))


async def go_on(stage: Stage, watched: Watched) -> None:
    stage.standing = False
    await watched.ended()
    assert watched.migration.timeline.phase == "completed"


async def test_a_daemon_that_fails_is_one_event_with_the_moment_of_its_last_reply(tmp_path: Path) -> None:
    stage, watched = await in_first_pass(tmp_path)
    stage.refusals["job"] += [FAILS] * 20
    await watched.until(lambda: watched.events(record.NO_ANSWER))
    (event,) = watched.events(record.NO_ANSWER)
    last = last_before(watched, event)
    assert event.data == {"since": round(last.t, 3), "why": FAILS.reason}
    waiting = watched.migration.timeline.waiting_s(last.t + 7)
    assert waiting == pytest.approx(7, abs=0.001)
    await watched.until(lambda: not stage.refusals["job"])
    await go_on(stage, watched)
    assert len(watched.events(record.NO_ANSWER)) == len(watched.errors()) == 1


async def test_the_next_sample_ends_it_and_a_later_failure_is_a_new_event(tmp_path: Path) -> None:
    stage, watched = await in_first_pass(tmp_path)
    for count in (1, 2):
        stage.refusals["job"] += [FAILS] * 3
        await watched.until(lambda count=count: len(watched.events(record.NO_ANSWER)) == count)  # type: ignore[misc]
        await watched.until(lambda: watched.migration.timeline.unanswered is None)
        assert watched.migration.timeline.waiting_s(watched.migration.elapsed()) == 0.0
    first, second = (each.data["since"] for each in watched.events(record.NO_ANSWER))
    assert first < second
    await go_on(stage, watched)


async def test_a_daemon_that_does_not_reply_is_an_event_without_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampler_module, "SLOW_S", 0.0)
    stage, watched = await in_first_pass(tmp_path)
    stage.frozen.clear()
    seen = len(watched.events(record.NO_ANSWER))  # a busy machine may be slow without a reason
    await watched.until(lambda: len(watched.events(record.NO_ANSWER)) > seen)
    event = watched.events(record.NO_ANSWER)[-1]
    assert (event.data["why"], watched.errors()) == ("", [])
    assert event.data["since"] == round(last_before(watched, event).t, 3)
    await watched.until(lambda: watched.migration.timeline.waiting_s(watched.migration.elapsed()) > 1.0)
    stage.frozen.set()
    await watched.until(lambda: watched.migration.timeline.unanswered is None)
    await go_on(stage, watched)


async def test_an_unexpected_error_of_a_sample_is_recorded_and_sampling_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, watched = await in_first_pass(tmp_path)
    look, failed = stage.look, threading.Event()

    def fail_once(host: str) -> object:
        if not failed.is_set():
            failed.set()
            raise ZeroDivisionError("a fault")
        return look(host)

    monkeypatch.setattr(stage, "look", fail_once)
    await watched.until(failed.is_set)
    await go_on(stage, watched)
    assert watched.errors() == ["The job statistics could not be read"]
    assert "ZeroDivisionError" in str(watched.events(record.ERROR)[0].data["why"])


async def test_an_event_that_cannot_be_handled_is_recorded_and_the_next_ones_are_handled(tmp_path: Path) -> None:
    stage, watched = await in_first_pass(tmp_path)
    for _host, hypervisor, listener in tuple(stage._listeners):
        if hypervisor.host == stage.origin:
            listener(HypervisorEvent(ITERATION, None))  # type: ignore[arg-type]
    await watched.until(watched.errors)
    assert watched.errors() == ["A part of the record of guest1 failed"]
    await go_on(stage, watched)
    assert watched.events(ITERATION)


async def test_a_cancel_reaches_libvirt_while_the_disk_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.unit.migration.watched.Recorder", HangingRecorder)
    stage, watched = await in_first_pass(tmp_path)
    recorder = watched.migration.run_log._recorder
    assert isinstance(recorder, HangingRecorder)
    recorder.free.clear()
    await watched.until(recorder.hangs.is_set)
    monkeypatch.setattr(run_log_module, "STUCK_S", 0.0)
    watched.migration.controls.cancel()
    await watched.until(lambda: "abort_job" in stage.calls)
    await watched.until(lambda: watched.migration.timeline.over)
    await watched.until(lambda: watched.events(record.END))  # while the disk still hangs
    assert not recorder.free.is_set()
    recorder.free.set()
    await watched.until(lambda: watched.migration.run_log.done)
    written = [record.to_line(each) for each in watched.log]
    assert len(written) == len(set(written))
    trouble = [each for each in watched.events(record.ERROR) if each.data.get("action") == "log"]
    (*shown, last) = [each for each in watched.records if each not in trouble]
    assert written == [record.to_line(each) for each in shown]
    assert isinstance(last, record.Event)  # after the end, which is the last line
    assert "seconds" in last.data
    assert len(trouble) == 1
    assert watched.summary["outcome"] == "cancelled"


async def test_leaving_ends_the_actor_although_the_disk_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its thread would wait for the disk, and use all of a core."""
    monkeypatch.setattr("tests.unit.migration.watched.Recorder", HangingRecorder)
    monkeypatch.setattr(run_log_module, "CLOSE_LIMIT_S", 0.0)
    known = set(threading.enumerate())
    _stage, watched = await in_first_pass(tmp_path)
    recorder = watched.migration.run_log._recorder
    assert isinstance(recorder, HangingRecorder)
    recorder.free.clear()
    await watched.until(recorder.hangs.is_set)
    watched.migration.leave()
    await watched.until(lambda: "migration" not in {each.name for each in set(threading.enumerate()) - known})
    assert not watched.migration.run_log.done
    recorder.free.set()

"""Leaving a migration and following it again."""

import asyncio
import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.unit.fakes import PATIENCE_S, Stage, recording, uri
from tests.unit.migration.test_recorder import full_disk
from tests.unit.migration.watched import INTERVAL_S, Watched, begin, iteration, join_threads, options
from tui.core.plan import SUSPEND_TIMEOUT, Plan
from tui.core.protocols import JobInfo
from tui.migration.backend.recording.recorder import RAW, Recorder
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.backend.running.connections import MigrationConnections
from tui.migration.backend.unfinished import unfinished_runs
from tui.migration.model import record
from tui.migration.model.record import Event, Record, Sample

pytestmark = pytest.mark.usefixtures("no_thread_raises")


async def test_leaving_does_not_touch_the_migration_and_the_run_stays_unfinished(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 2)
    watched.migration.leave()
    assert not {"abort_job", "start_post_copy", "force_off"} & set(stage.calls)
    assert stage.under_way
    (found,) = unfinished_runs(tmp_path)
    assert found.folder == watched.migration.folder
    assert watched.summary["outcome"] == "running"


async def test_after_leaving_nothing_more_is_written(tmp_path: Path) -> None:
    """Another process may continue in that folder."""
    known = set(threading.enumerate())
    stage = Stage(recording("pre-copy-idle"))
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    watched.migration.leave()
    written, delivered = watched.log, len(watched.records)
    again = Recorder.open(watched.migration.folder)
    again.summarize({"outcome": "of the other app"})
    stage.finish("completed")
    join_threads(known)
    await asyncio.sleep(0)  # for what the threads may have scheduled
    assert watched.log == written
    assert not any(isinstance(each, Event) and each.kind == record.END for each in watched.records[delivered:])
    assert watched.summary == {"outcome": "of the other app"}


async def test_a_held_post_copy_is_not_sent_after_leaving(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    watched.migration.controls.switch_to_post_copy()
    watched.migration.leave()
    stage.play(iteration(1))
    assert "start_post_copy" not in stage.calls


def rejoin(stage: Stage, runs: Path) -> Watched:
    """Follow the unfinished run of `runs`, as MigrationOwner does."""
    (run,) = unfinished_runs(runs)
    route = MigrationConnections(stage.origin, stage.target, {host: uri(host) for host in stage.vms}, stage.open)
    migration = MigrationActor(run.plan, stage.vm, route, Recorder.open(run.folder), INTERVAL_S)
    watched = Watched(migration, stage)
    migration.rejoin(run.records, run.began, options(watched))
    return watched


async def test_rejoining_continues_in_the_same_folder_with_the_gap_marked(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))  # waits for the key, so that it does not end before it is left
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 2)
    watched.migration.leave()
    before = watched.log
    again = rejoin(stage, tmp_path)
    stage.steer("post-copy")
    await again.ended()
    assert again.log[: len(before)] == before
    gap, attached = again.log[len(before) : len(before) + 2]
    assert isinstance(gap, Event)
    assert isinstance(attached, Event)
    assert (gap.kind, attached.kind) == (record.GAP, record.ATTACHED)
    assert gap.data["seconds"] >= 0
    assert gap.t >= before[-1].t
    assert again.migration.timeline.phase == "completed"
    assert again.summary["began"] == watched.summary["began"]
    assert unfinished_runs(tmp_path) == []


async def test_a_clock_set_back_meanwhile_makes_no_negative_gap(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    stage.begin()
    folder = tmp_path / "run"
    folder.mkdir()
    lines = (json.loads(record.to_line(each)) for each in recording("pre-copy-idle")[:8])
    future = {"began": "2999-01-01T00:00:00.000Z"}
    (folder / RAW).write_text("".join(json.dumps(each | future) + "\n" for each in lines))
    again = rejoin(stage, tmp_path)
    await again.ended()
    (gap,) = again.events(record.GAP)
    assert gap.data["seconds"] == 0
    times = [each.t for each in again.log]
    assert again.log[8].kind == record.GAP  # type: ignore[union-attr]
    assert times[7] <= times[8] == min(times[8:])


async def test_post_copy_held_by_an_earlier_process_is_sent_by_the_next(tmp_path: Path) -> None:
    """The page shows it as requested, and the key is disabled because of it."""
    stage = Stage(recording("post-copy-by-hand"))
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    watched.migration.controls.switch_to_post_copy()
    watched.migration.leave()
    again = rejoin(stage, tmp_path)
    await again.until(lambda: again.events(record.ATTACHED))
    assert again.migration.timeline.post_copy_held
    stage.standing = False
    await again.ended()
    assert stage.calls.count("start_post_copy") == 1
    assert not again.migration.timeline.post_copy_held


def an_hour_ago(folder: Path) -> None:
    """Change the start of the run to an hour ago."""
    began = (datetime.now(timezone.utc) - timedelta(hours=1)).isoformat()
    lines = [json.loads(line) for line in (folder / RAW).open(encoding="utf-8")]
    (folder / RAW).write_text("".join(json.dumps(each | {"began": began}) + "\n" for each in lines))


async def test_the_timeout_counts_from_the_start_and_not_from_rejoining(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-timeout"))
    watched = begin(stage, tmp_path, Plan(stage.vm.name, "post-copy-timeout", timeout_s=1800))
    watched.migration.leave()
    an_hour_ago(watched.migration.folder)
    stage.begin()
    again = rejoin(stage, tmp_path)
    await again.ended()
    assert len(again.actions("timeout")) == 1
    assert again.migration.timeline.post_copy_at is not None
    assert again.events(record.GAP)[0].data["seconds"] > 3500


async def test_a_suspension_is_made_up_for_unless_the_vm_is_suspended(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    stage.standing = True
    watched = begin(stage, tmp_path, Plan(stage.vm.name, SUSPEND_TIMEOUT, timeout_s=1800))
    await watched.until(lambda: "migrate" in stage.calls)
    stage.play(lambda each: isinstance(each, Sample) and each.number("memory_iteration") > 0)
    await watched.until(lambda: watched.migration.controls.passes_seen)
    watched.migration.leave()
    an_hour_ago(watched.migration.folder)
    again = rejoin(stage, tmp_path)
    await again.until(lambda: "suspend" in stage.calls)
    stage.job = replace(stage.job, state="paused (migrating)")
    await again.until(lambda: again.migration.timeline.suspended)
    again.migration.leave()
    third = rejoin(stage, tmp_path)
    assert third.migration._steering.timeout_at is None
    stage.standing = False
    await third.ended()
    assert stage.calls.count("suspend") == 1


async def test_the_timeout_does_not_repeat_a_switch_made_while_the_app_was_not_running(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-timeout"))
    watched = begin(stage, tmp_path, Plan(stage.vm.name, "post-copy-timeout", timeout_s=1800))
    watched.migration.leave()
    an_hour_ago(watched.migration.folder)
    stage.begin()
    stage.play(lambda each: isinstance(each, Sample) and each.state == "paused (post-copy)")
    stage.frozen.clear()
    again = rejoin(stage, tmp_path)
    await again.until(lambda: again.actions("timeout"))  # before the first sample
    stage.frozen.set()
    await again.ended()
    assert not again.migration.timeline.post_copy_held
    assert "start_post_copy" not in stage.calls
    assert again.errors() == []


@pytest.mark.parametrize(
    ("ended", "cancel", "outcome"),
    [("completed", False, "completed"), ("failed", False, "failed"), ("failed", True, "cancelled")],
)
async def test_the_result_of_a_migration_that_ended_unobserved_is_determined(
    tmp_path: Path, ended: str, cancel: bool, outcome: str
) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 2)
    if cancel:
        stage.forever = True
        watched.migration.controls.cancel()
        await watched.until(lambda: watched.actions("cancel"))
    watched.migration.leave()
    stage.finish(ended)
    stage.completed[stage.target] = {"type": 3, "operation": 4, "downtime": 55} if ended == "completed" else {}
    again = conclude(stage, tmp_path)
    await again.ended()
    assert again.migration.timeline.phase == outcome
    assert again.summary["figures"].get("downtime_ms") == (55 if ended == "completed" else None)
    assert unfinished_runs(tmp_path) == []


async def test_a_migration_without_any_trace_is_lost(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.points)
    watched.migration.leave()
    stage.finish("failed")
    stage.vms = {stage.origin: {}, stage.target: {}}
    again = conclude(stage, tmp_path)
    await again.ended()
    assert again.migration.timeline.phase == "lost"
    assert again.migration.timeline.verified == (
        False,
        f"guest1 runs neither on {stage.origin} nor on {stage.target}.",
    )


def conclude(stage: Stage, runs: Path) -> Watched:
    (run,) = unfinished_runs(runs)
    route = MigrationConnections(stage.origin, stage.target, {host: uri(host) for host in stage.vms}, stage.open)
    migration = MigrationActor(run.plan, stage.vm, route, Recorder.open(run.folder), INTERVAL_S)
    migration.conclude_unwatched(run.records, run.began)
    return Watched(migration, stage)


async def test_a_run_without_a_job_whose_post_copy_goes_on_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.migration.backend.running.actor.ASK_AGAIN_S", 0.05)
    stage = Stage(recording("post-copy-by-hand"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 2)
    watched.migration.leave()
    stage.finish("failed")
    stage.vms[stage.origin] = {stage.vm.name: replace(stage.vm, state="paused", reason="post-copy failed")}
    stage.vms[stage.target] = {stage.vm.name: replace(stage.vm, reason="post-copy")}
    stage.job = JobInfo({"type": 2, "operation": 5}, "paused (post-copy failed)")
    again = conclude(stage, tmp_path)
    await again.until(lambda: any(isinstance(each, Sample) for each in again.records))
    assert not again.migration.timeline.over
    stage.vms = {stage.origin: {}, stage.target: {stage.vm.name: stage.vm}}
    await again.ended()
    assert again.migration.timeline.phase == "completed"


async def test_a_running_migration_is_followed_without_its_target(tmp_path: Path) -> None:
    """The network is down, post-copy is stalled, and a user restarts the app to see why."""
    stage = Stage(recording("link-cut"), waits_for_keys=False)
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    stage.play(lambda each: isinstance(each, Sample) and each.t > 10)
    watched.migration.leave()
    stage.down.add(stage.target)
    stage.cut(stage.target)
    again = rejoin(stage, tmp_path)
    await again.until(lambda: again.errors() and len([e for e in again.records if isinstance(e, Sample)]) > 2)
    stage.down.clear()
    stage.standing = False
    await again.ended()
    assert again.migration.timeline.phase == "completed"


def test_threads_that_outlive_the_loop_raise_nothing(tmp_path: Path) -> None:
    known = set(threading.enumerate())
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    stage.standing = True

    async def app() -> Watched:
        watched = begin(stage, tmp_path)
        await watched.until(lambda: watched.migration.timeline.phase == "setup" and "migrate" in stage.calls)
        return watched

    watched = asyncio.run(app())
    stage.standing = False
    assert stage.ended.wait(PATIENCE_S)
    join_threads(known)
    assert len(watched.log) > 10  # it continued to write; the next start concludes the run


def test_threads_that_outlive_the_loop_raise_nothing_on_a_full_disk_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.migration.backend.recording.run_log.RETRY_LIMIT_S", 0.0)
    known = set(threading.enumerate())
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    stage.standing = True

    async def app() -> None:
        watched = begin(stage, tmp_path)
        await watched.until(lambda: "migrate" in stage.calls)

    asyncio.run(app())
    with full_disk(0):
        stage.standing = False
        assert stage.ended.wait(PATIENCE_S)
        join_threads(known)


async def test_nothing_blocks_the_loop_while_a_daemon_does_not_reply(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    stage.silent.clear()
    watched = begin(stage, tmp_path)  # returns though no daemon answers anything
    await watched.until(lambda: watched.events(record.START))
    watched.migration.controls.set_bandwidth(5)
    watched.migration.leave()
    stage.silent.set()


async def test_all_daemon_threads_end_with_the_process(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    known = set(threading.enumerate())
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.points)
    assert all(each.daemon for each in set(threading.enumerate()) - known)
    watched.migration.leave()


async def test_a_listener_that_raises_does_not_stop_the_end(tmp_path: Path) -> None:
    raised: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: raised.append(str(context.get("exception")))
    )
    watched = begin(Stage(recording("pre-copy-idle")), tmp_path)

    def broken(_each: Record) -> None:
        raise ValueError("a page is broken")

    watched.migration.listen(broken)
    await watched.ended()
    assert watched.summary["outcome"] == "completed"
    assert set(raised) == {"a page is broken"}

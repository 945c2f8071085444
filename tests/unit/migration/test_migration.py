"""One migration from start to end, with daemons that replay recordings of real ones."""

import asyncio
import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fakes import CUT, NAMES, PATIENCE_S, Stage, recording, uri
from tests.unit.migration.test_recorder import full_disk
from tui.core.actions import CANCEL
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import ITERATION
from tui.migration.backend.connections import MigrationConnections
from tui.migration.backend.migration import Migration
from tui.migration.backend.recorder import RAW, SUMMARY, Recorder
from tui.migration.backend.run_files import read_records
from tui.migration.backend.unfinished import unfinished_runs
from tui.migration.model import record
from tui.migration.model.record import Event, Record, Sample
from tui.migration.model.timeline import Timeline

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

INTERVAL_S = 0.005
STAGES: list[Stage] = []  # of the current test


class Watched:
    """A migration, all its records, and a way to wait for more."""

    def __init__(self, migration: Migration, stage: Stage) -> None:
        self.migration = migration
        self.stage = stage
        self.records: list[Record] = []
        self.on_disk: list[bool] = []  # when it was delivered
        self._changed = asyncio.Event()
        migration.listen(self._on_output)

    def _on_output(self, each: Record) -> None:
        self.records.append(each)
        lines = (self.migration.folder / RAW).read_text("utf-8").splitlines()
        self.on_disk.append(record.to_line(each) in lines)
        self._changed.set()

    async def until(self, met: Callable[[], Any]) -> None:
        async def wait() -> None:
            while not met():
                self._changed.clear()
                with contextlib.suppress(asyncio.TimeoutError):  # the condition may change without a record
                    await asyncio.wait_for(self._changed.wait(), 0.05)

        await asyncio.wait_for(wait(), PATIENCE_S)

    async def ended(self) -> None:
        await asyncio.wait_for(self.migration.ended(), PATIENCE_S)

    def events(self, kind: str) -> list[Event]:
        return [each for each in self.records if isinstance(each, Event) and each.kind == kind]

    def actions(self, action: str) -> list[Event]:
        return [each for each in self.events(record.ACTION) if each.data.get("action") == action]

    def samples(self, iteration: int) -> list[Sample]:
        samples = (each for each in self.records if isinstance(each, Sample))
        return [each for each in samples if each.number("memory_iteration") == iteration]

    def errors(self) -> list[str]:
        return [str(each.data["what"]) for each in self.events(record.ERROR)]

    @property
    def log(self) -> list[Record]:
        return read_records(self.migration.folder / RAW)

    @property
    def summary(self) -> dict[str, Any]:
        return dict(tomllib.loads((self.migration.folder / SUMMARY).read_text("utf-8")))


OPTIONS: dict[str, Any] = {"timeout_s": 25.0, "downtime_ms": 300}


def prepare(stage: Stage, runs: Path, plan: Plan | None = None, interval: float = INTERVAL_S) -> Watched:
    """A migration that has not begun."""
    STAGES.append(stage)
    start = next(each for each in stage.records if isinstance(each, Event) and each.kind == record.START)
    plan = plan or Plan(stage.vm.name, str(start.data["technique"]), float(start.data["timeout_s"]))
    route = MigrationConnections(stage.origin, stage.target, {host: uri(host) for host in stage.vms}, stage.open)
    migration = Migration(plan, stage.vm, route, Recorder.create(runs, "run"), interval)
    migration.facts = {"destination_uri": "qemu+ssh://there/system"}
    return Watched(migration, stage)


def options(watched: Watched) -> dict[str, Any]:
    plan, stage = watched.migration.plan, watched.stage
    return OPTIONS | {
        "vm": plan.vm,
        "technique": plan.technique,
        "timeout_s": plan.timeout_s,
        "uuid": stage.vm.uuid,
        "origin": stage.origin,
        "target": stage.target,
    }


def begin(stage: Stage, runs: Path, plan: Plan | None = None) -> Watched:
    watched = prepare(stage, runs, plan)
    watched.migration.begin(options(watched))
    return watched


@pytest.fixture(autouse=True)
def no_thread_raises(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An exception in a thread would be printed over the screen, and the thread's task would be lost."""
    raised: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(f"{args.thread}: {args.exc_value!r}"))
    known = set(threading.enumerate())
    yield
    for each in STAGES:
        each.let_go()
    STAGES.clear()
    join_threads(known)
    assert raised == []


def join_threads(known: set[threading.Thread]) -> None:
    """Wait until all other threads have ended."""
    while new := set(threading.enumerate()) - known:
        for each in new:
            if each.ident is not None:  # else it is about to start
                each.join(PATIENCE_S)
                assert not each.is_alive(), each.name


def pressed(action: str) -> Callable[[Record], bool]:
    return lambda each: isinstance(each, Event) and each.kind == record.KEY and each.data["action"] == action


def iteration(number: int) -> Callable[[Record], bool]:
    return lambda each: isinstance(each, Event) and each.kind == ITERATION and each.data["iteration"] == number


# -- whole migrations --


@pytest.mark.parametrize(
    ("name", "outcome"), [("pre-copy-idle", "completed"), ("failed", "failed"), ("post-copy-timeout", "completed")]
)
async def test_a_migration_ends_as_the_recorded_one_did(tmp_path: Path, name: str, outcome: str) -> None:
    stage = Stage(recording(name))
    plan = Plan(stage.vm.name, "post-copy-timeout" if "timeout" in name else "pre-copy", timeout_s=0.05)
    watched = begin(stage, tmp_path, plan)
    await watched.ended()
    assert watched.migration.timeline.phase == outcome
    assert watched.summary["outcome"] == outcome
    assert watched.summary["verified"] == watched.migration.timeline.verified[1]  # type: ignore[index]
    assert unfinished_runs(tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
async def test_every_record_is_on_disk_before_a_listener_receives_it(tmp_path: Path, name: str) -> None:
    stage = Stage(recording(name), waits_for_keys=False)
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.records
    assert all(watched.on_disk)
    assert [_read(each) for each in watched.records] == watched.log  # and in the same order


def _read(each: Record) -> Record:
    return record.from_line(record.to_line(each))


async def test_the_end_is_the_last_record_delivered_and_written(tmp_path: Path) -> None:
    watched = begin(Stage(recording("pre-copy-idle")), tmp_path)
    await watched.ended()
    last, written = watched.records[-1], watched.log[-1]
    assert isinstance(last, Event)
    assert isinstance(written, Event)
    assert (last.kind, written.kind) == (record.END, record.END)


async def test_the_live_timeline_equals_the_timeline_of_the_log(tmp_path: Path) -> None:
    watched = begin(Stage(recording("post-copy-by-hand"), waits_for_keys=False), tmp_path)
    await watched.ended()
    live, read = watched.migration.timeline, Timeline(watched.log)
    assert [(each.sign, each.text) for each in live.marks] == [(each.sign, each.text) for each in read.marks]
    assert [(each.number, each.left) for each in live.passes] == [(each.number, each.left) for each in read.passes]
    assert (live.phase, len(live.points), live.final) == (read.phase, len(read.points), read.final)


# -- post-copy --


async def test_post_copy_pressed_before_the_first_pass_is_held_and_sent_once_at_its_beginning(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    for _ in range(3):
        watched.migration.switch_to_post_copy()
    await watched.until(lambda: watched.migration.timeline.post_copy_held)
    assert "start_post_copy" not in stage.calls
    stage.play(iteration(1))
    await watched.until(lambda: watched.actions("post-copy"))
    stage.standing = False
    await watched.ended()
    assert stage.calls.count("start_post_copy") == 1
    assert [each.data["held"] for each in watched.events(record.KEY)] == [True]
    assert not watched.migration.timeline.post_copy_held


async def test_limits_changed_before_the_first_pass_wait_for_it_and_only_the_last_one_is_set(
    tmp_path: Path,
) -> None:
    """During setup QEMU accepts limits, and then replaces them with those of the start."""
    stage = Stage(recording("post-copy-by-hand"))
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    before = stage.calls.count("set_bandwidth"), stage.calls.count("set_max_downtime")
    watched.migration.set_bandwidth(5)
    watched.migration.set_bandwidth(7)
    watched.migration.set_max_downtime(123)
    await watched.until(lambda: len(watched.events(record.KEY)) == 3)
    assert (stage.calls.count("set_bandwidth"), stage.calls.count("set_max_downtime")) == before
    assert watched.migration.timeline.bandwidth_mib_s == 0
    stage.play(iteration(1))
    await watched.until(lambda: watched.actions("bandwidth") and watched.actions("downtime"))
    assert watched.migration.timeline.bandwidth_mib_s == 7
    assert watched.migration.timeline.max_downtime_ms == 123
    assert stage.calls.count("set_bandwidth") == before[0] + 1
    watched.migration.leave()


async def test_post_copy_pressed_in_a_pass_is_sent_at_once_and_only_once(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 2)
    for _ in range(3):
        watched.migration.switch_to_post_copy()
    await watched.ended()
    assert stage.calls.count("start_post_copy") == 1
    assert [each.data["held"] for each in watched.events(record.KEY)] == [False]
    assert watched.migration.timeline.post_copy_at is not None


async def test_a_refused_post_copy_is_reported_and_can_be_tried_again(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    stage.refusals["start_post_copy"].append(Failure("guest1 could not be switched to post-copy", "not now"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 2)
    watched.migration.switch_to_post_copy()
    await watched.until(watched.errors)
    assert watched.errors() == ["guest1 could not be switched to post-copy"]
    assert watched.actions("post-copy")[0].data["failed"] is True
    watched.migration.switch_to_post_copy()
    await watched.ended()
    assert stage.calls.count("start_post_copy") == 2
    assert watched.migration.timeline.phase == "completed"


async def test_a_held_post_copy_that_is_refused_is_no_longer_held(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    stage.standing = True
    stage.refusals["start_post_copy"].append(Failure("guest1 could not be switched to post-copy"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    watched.migration.switch_to_post_copy()
    stage.play(iteration(1))
    await watched.until(watched.errors)
    assert not watched.migration.timeline.post_copy_held
    watched.migration.leave()


async def test_the_key_is_written_before_its_effect_however_fast_that_is(tmp_path: Path) -> None:
    """Otherwise the log would end with a waiting request, and the key would stay disabled."""
    for n in range(30):
        stage = Stage(recording("post-copy-by-hand"))
        stage.standing = True
        watched = begin(stage, tmp_path / str(n))
        await watched.until(lambda stage=stage: "migrate" in stage.calls)  # type: ignore[misc]
        first_pass = threading.Thread(target=stage.play, args=(iteration(1),))
        first_pass.start()
        watched.migration.switch_to_post_copy()
        await watched.until(lambda watched=watched: watched.actions("post-copy"))  # type: ignore[misc]
        assert not watched.migration.timeline.post_copy_held
        first_pass.join()
        watched.migration.leave()


async def test_the_timeout_switches_once(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-timeout"))
    watched = begin(stage, tmp_path, Plan(stage.vm.name, "post-copy-timeout", timeout_s=0.05))
    await watched.ended()
    assert stage.calls.count("start_post_copy") == 1
    assert [each.data["value"] for each in watched.actions("timeout")] == [0.05]
    assert watched.migration.timeline.phase == "completed"


async def test_the_timeout_does_nothing_after_an_earlier_switch(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-timeout"))
    stage.standing = True
    watched = begin(stage, tmp_path, Plan(stage.vm.name, "post-copy-timeout", timeout_s=0.2))
    await watched.until(lambda: "migrate" in stage.calls)
    stage.play(iteration(1))
    watched.migration.switch_to_post_copy()
    await watched.until(lambda: watched.migration.elapsed() > 0.3)
    stage.standing = False
    await watched.ended()
    assert stage.calls.count("start_post_copy") == 1


@pytest.mark.parametrize("technique", ["pre-copy", "post-copy-manual"])
async def test_no_other_technique_switches_without_a_key(tmp_path: Path, technique: str) -> None:
    stage = Stage(recording("pre-copy-idle"))
    watched = begin(stage, tmp_path, Plan(stage.vm.name, technique, timeout_s=0.001))
    await watched.ended()
    assert "start_post_copy" not in stage.calls


# -- what else a person changes --


async def test_a_cancelled_migration_is_cancelled_and_not_failed(tmp_path: Path) -> None:
    stage = Stage(recording("cancelled"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 3)
    watched.migration.cancel()
    await watched.ended()
    assert watched.migration.timeline.phase == watched.summary["outcome"] == "cancelled"
    assert watched.migration.timeline.verified == (True, "guest1 runs on destination.")
    assert watched.errors() == []


async def test_a_migration_that_another_program_cancels_is_cancelled(tmp_path: Path) -> None:
    stage = Stage(recording("cancelled"), waits_for_keys=False)
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.migration.timeline.phase == "cancelled"
    assert watched.errors() == []


async def test_a_refused_cancel_does_not_make_a_failure_a_cancellation(tmp_path: Path) -> None:
    stage = Stage(recording("failed"))
    stage.refusals["abort_job"].append(Failure("The migration of guest1 could not be cancelled", "in post-copy"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 1)
    stage.standing = True
    watched.migration.cancel()
    await watched.until(watched.errors)
    stage.standing = False
    await watched.ended()
    assert watched.migration.timeline.phase == "failed"
    assert watched.migration.timeline.error["what"] == "The migration of guest1 failed"


async def test_the_log_names_actions_and_not_keys(tmp_path: Path) -> None:
    stage = Stage(recording("failed"))
    stage.refusals["abort_job"].append(Failure("It could not be cancelled", "in setup", f"{CANCEL} cancels it later."))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 1)
    watched.migration.cancel()
    await watched.until(watched.errors)
    await watched.ended()
    assert "The Migrate page cancels it later." in [e.data["hint"] for e in watched.events(record.ERROR)]


async def test_changed_limits_count_once_libvirt_has_accepted_them(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 1)
    watched.migration.set_max_downtime(900)
    watched.migration.set_bandwidth(50)
    await watched.until(lambda: watched.actions("downtime") and watched.actions("bandwidth"))
    timeline = watched.migration.timeline
    assert (timeline.max_downtime_ms, timeline.bandwidth_mib_s) == (900, 50)
    stage.refusals["set_max_downtime"].append(Failure("The maximum downtime of guest1 could not be set"))
    watched.migration.set_max_downtime(1)
    await watched.until(watched.errors)
    assert timeline.max_downtime_ms == 900
    watched.migration.leave()


async def test_after_the_end_keys_do_nothing(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    watched = begin(stage, tmp_path)
    await watched.ended()
    before, written = list(stage.calls), watched.log
    watched.migration.switch_to_post_copy()
    watched.migration.cancel()
    watched.migration.set_bandwidth(1)
    assert stage.calls == before
    assert watched.log == written
    assert watched.migration.timeline.phase == "completed"


# -- trouble --


async def test_a_refused_start_is_a_failed_migration_with_its_reason(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    stage.refusals["migrate"].append(Failure("The migration of guest1 failed", "its disk is not shared"))
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.migration.timeline.phase == "failed"
    assert watched.summary["error"]["why"] == "its disk is not shared"
    assert watched.migration.timeline.verified == (True, "guest1 runs on source.")


async def test_a_job_that_outlives_its_caller_is_followed_to_its_end(tmp_path: Path) -> None:
    stage = Stage(recording("link-cut"), waits_for_keys=False)
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    stage.play(lambda each: each.t > 10)
    stage.caller_cut.set()
    await watched.until(watched.errors)
    assert not watched.migration.timeline.over
    stage.standing = False
    await watched.ended()
    assert watched.migration.timeline.phase == "completed"
    assert watched.summary["outcome"] == "completed"


async def test_a_caller_cut_off_from_a_daemon_that_is_gone_waits_for_the_daemon(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    stage.play(iteration(2))
    stage.down.add(stage.origin)
    stage.cut(stage.origin)
    await watched.until(lambda: len(watched.errors()) >= 1)
    assert not watched.migration.timeline.over
    stage.down.clear()
    stage.standing = False
    await watched.ended()
    assert watched.migration.timeline.phase == "completed"


async def test_a_broken_connection_is_reopened_and_subscribed_again(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: stage.calls.count("subscribe") == 2)
    stage.play(iteration(1))
    stage.cut_watch()
    opened = len(stage.opened)
    await watched.until(lambda: stage.calls.count("subscribe") == 3)
    assert len(stage.opened) == opened + 1
    stage.play(iteration(2))
    await watched.until(lambda: len(watched.events(ITERATION)) == 2)
    stage.standing = False
    await watched.ended()
    assert len([each for each in watched.events(ITERATION) if each.data["iteration"] == 3]) == 1


async def test_post_copy_is_requested_over_a_new_connection_after_the_old_one_broke(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 2)
    stage.cut(stage.origin)  # also the one that migrate() was called over
    await watched.until(watched.errors)
    watched.migration.switch_to_post_copy()
    await watched.ended()
    assert watched.migration.timeline.post_copy_at is not None
    assert watched.migration.timeline.phase == "completed"


async def test_failing_samples_in_a_row_are_one_error(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    stage.play(iteration(1))
    stage.refusals["job"] += [Failure("The job statistics could not be read")] * 5
    await watched.until(lambda: not stage.refusals["job"])
    stage.standing = False
    await watched.ended()
    assert watched.errors() == ["The job statistics could not be read"]


async def test_a_failed_subscription_is_an_error_and_sampling_continues(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    stage.refusals["subscribe"] += [Failure("The events of guest1 cannot be received")] * 2
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.errors() == ["The events of guest1 cannot be received"] * 2
    assert len(watched.migration.timeline.points) > 3
    assert watched.migration.timeline.phase == "completed"


async def test_an_event_causes_a_sample_at_once(tmp_path: Path) -> None:
    """What a pass left is visible only at its end."""
    stage = Stage(recording("post-copy-by-hand"))
    stage.standing = True
    watched = prepare(stage, tmp_path, interval=3600.0)
    watched.migration.begin(options(watched))
    await watched.until(lambda: "migrate" in stage.calls and "job" in stage.calls)
    for number in (1, 2, 3):
        stage.play(lambda each, number=number: isinstance(each, Sample) and each.number("memory_iteration") == number)  # type: ignore[misc]
        await watched.until(lambda number=number: watched.samples(number))  # type: ignore[misc]
    assert [each.late for each in watched.samples(3)] == [None]
    watched.migration.leave()


async def test_a_slow_reply_is_reported_while_it_is_pending_and_recorded_afterwards(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    stage.standing = True  # else a busy machine replays it to its end
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "job" in stage.calls)
    stage.frozen.clear()
    await watched.until(lambda: watched.migration.waiting_s() > 0.5)
    stage.frozen.set()
    # A busy machine may have been slow before, too.
    await watched.until(lambda: any(each.data["seconds"] >= 0.5 for each in watched.events(record.SLOW)))
    stage.standing = False
    await watched.ended()
    assert watched.migration.waiting_s() == 0.0


async def test_final_figures_that_come_late_are_waited_for(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    stage.late_figures = True
    watched = begin(stage, tmp_path)
    await watched.until(stage.ended.is_set)
    stage.give_figures()
    await watched.ended()
    assert watched.summary["figures"]["downtime_ms"] == 190
    assert watched.summary["figures"]["from_libvirt"] is True
    assert "completed_job" not in stage.calls


async def test_final_figures_that_never_come_are_requested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.migration.backend.migration.FINAL_FIGURES_S", 0.05)
    stage = Stage(recording("pre-copy-idle"))
    stage.late_figures = True
    stage.completed[stage.target] = {"type": 3, "operation": 4, "downtime": 77}
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.summary["figures"]["downtime_ms"] == 77


async def test_unknown_final_figures_are_not_invented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.migration.backend.migration.FINAL_FIGURES_S", 0.05)
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    stage.late_figures = True
    watched = begin(stage, tmp_path)
    await watched.ended()
    figures = watched.summary["figures"]
    assert "downtime_ms" not in figures
    assert figures["from_libvirt"] is False
    assert figures["memory_sent_bytes"] > 1_900_000_000


@pytest.mark.parametrize("host", ["origin", "target"])
async def test_figures_of_an_earlier_migration_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """The VM was migrated to the source before, and libvirt still has the figures of that migration."""
    monkeypatch.setattr("tui.migration.backend.migration.FINAL_FIGURES_S", 0.05)
    stage = Stage(recording("pre-copy-idle"))
    stage.late_figures = True
    stage.completed[getattr(stage, host)] = {"type": 3, "operation": 4 if host == "origin" else 5, "downtime": 77}
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.summary["figures"]["from_libvirt"] is False


@pytest.mark.parametrize("name", ["failed", "cancelled"])
async def test_a_migration_that_did_not_complete_has_no_figures_of_a_completed_one(tmp_path: Path, name: str) -> None:
    stage = Stage(recording(name), waits_for_keys=False)
    stage.completed[stage.origin] = {"type": 3, "operation": 5, "downtime": 77}
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.summary["figures"]["from_libvirt"] is False
    assert "downtime_ms" not in watched.summary["figures"]


async def test_memory_sent_after_libvirts_last_figure_is_counted(tmp_path: Path) -> None:
    """libvirt's figures after the link was repaired are those of the moment it broke."""
    stage = Stage(recording("link-cut"), waits_for_keys=False)
    watched = begin(stage, tmp_path)
    await watched.ended()
    point = watched.migration.timeline.point
    assert point is not None
    assert watched.summary["figures"]["memory_sent_bytes"] == point.transferred > 442023540


async def test_with_unreachable_hosts_at_the_end_the_location_of_the_vm_is_unknown(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    stage.refusals["vm"].append(CUT)
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.migration.timeline.phase == "completed"
    assert watched.migration.timeline.verified == (
        False,
        "The location of the VM is unknown: libvirt did not answer: the connection to libvirt broke.",
    )


# -- the disk --


async def test_a_full_disk_is_shown_once_and_the_migration_continues(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    with full_disk((watched.migration.folder / RAW).stat().st_size + 100):
        stage.standing = False
        await watched.ended()
    assert watched.migration.timeline.phase == "completed"
    assert watched.errors() == [f"The log in {watched.migration.folder} cannot be written"]
    assert "cannot be written" in watched.migration.timeline.log_trouble  # and stays on the page
    assert "The migration itself continues" in str(watched.events(record.ERROR)[0].data["hint"])
    assert len(watched.migration.timeline.points) > 20


async def test_a_disk_that_is_full_at_the_start_does_not_stop_the_migration(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    with full_disk(0):
        watched = begin(stage, tmp_path)
        await watched.ended()
    assert watched.migration.timeline.phase == "completed"
    assert len(watched.errors()) == 1


async def test_leaving_with_a_full_disk_does_not_raise(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    with full_disk(0):
        watched = begin(stage, tmp_path)
        await watched.until(lambda: watched.migration.timeline.points)
        watched.migration.leave()


async def test_the_reason_of_a_failure_is_not_hidden_by_a_full_disk(tmp_path: Path) -> None:
    stage = Stage(recording("failed"))
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    with full_disk(0):
        stage.standing = False
        await watched.ended()
    assert watched.migration.timeline.error["what"] == "The migration of guest1 failed"


# -- leaving and coming back --


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
    watched.migration.switch_to_post_copy()
    watched.migration.leave()
    stage.play(iteration(1))
    assert "start_post_copy" not in stage.calls


def rejoin(stage: Stage, runs: Path) -> Watched:
    """Follow the unfinished run of `runs`, as Migrations does."""
    (run,) = unfinished_runs(runs)
    route = MigrationConnections(stage.origin, stage.target, {host: uri(host) for host in stage.vms}, stage.open)
    migration = Migration(run.plan, stage.vm, route, Recorder.open(run.folder), INTERVAL_S)
    watched = Watched(migration, stage)
    migration.rejoin(run.records, run.began, options(watched))
    return watched


async def test_rejoining_continues_in_the_same_folder_with_the_gap_marked(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 2)
    watched.migration.leave()
    before = watched.log
    again = rejoin(stage, tmp_path)
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
    watched.migration.switch_to_post_copy()
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
        watched.migration.cancel()
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
    migration = Migration(run.plan, stage.vm, route, Recorder.open(run.folder), INTERVAL_S)
    migration.conclude_unwatched(run.records, run.began)
    return Watched(migration, stage)


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


# -- threads and the loop --


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


def test_threads_that_outlive_the_loop_raise_nothing_on_a_full_disk_either(tmp_path: Path) -> None:
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
    watched.migration.set_bandwidth(5)
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

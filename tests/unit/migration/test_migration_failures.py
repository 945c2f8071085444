"""Refusals, lost connections, late figures and full disks."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.fakes import CUT, Stage, recording
from tests.unit.migration.test_recorder import full_disk
from tests.unit.migration.watched import begin, iteration, options, prepare
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import ITERATION, LIFECYCLE, JobInfo
from tui.migration.backend.recording.recorder import RAW
from tui.migration.model import record
from tui.migration.model.record import Sample

pytestmark = pytest.mark.usefixtures("no_thread_raises")


async def test_a_refused_start_is_a_failed_migration_with_its_reason(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    stage.refusals["migrate"].append(Failure("The migration of guest1 failed", "its disk is not shared"))
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.migration.timeline.phase == "failed"
    assert watched.summary["error"]["why"] == "its disk is not shared"
    assert watched.migration.timeline.verified == (True, "guest1 runs on source.")


async def test_a_reason_that_comes_from_the_target_names_the_host(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    why, hint = "QEMU on the destination could not start", "The VM's log on the destination has the reason."
    stage.refusals["migrate"].append(Failure("The migration of guest1 failed", why, hint))
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.summary["error"]["why"] == "QEMU on destination could not start"
    assert watched.migration.timeline.error["hint"] == "The VM's log on destination has the reason."


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
    watched.migration.controls.switch_to_post_copy()
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
    await watched.until(lambda: watched.migration.timeline.waiting_s(watched.migration.elapsed()) > 0.5)
    stage.frozen.set()
    # A busy machine may have been slow before, too.
    await watched.until(lambda: any(each.data["seconds"] >= 0.5 for each in watched.events(record.SLOW)))
    stage.standing = False
    await watched.ended()
    assert watched.migration.timeline.waiting_s(watched.migration.elapsed()) == 0.0


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


async def test_final_figures_that_never_come_are_requested(no_figures: None, tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    stage.late_figures = True
    stage.completed[stage.target] = {"type": 3, "operation": 4, "downtime": 77}
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.summary["figures"]["downtime_ms"] == 77


async def test_unknown_final_figures_are_not_invented(no_figures: None, tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    stage.late_figures = True
    watched = begin(stage, tmp_path)
    await watched.ended()
    figures = watched.summary["figures"]
    assert "downtime_ms" not in figures
    assert figures["from_libvirt"] is False
    assert figures["memory_sent_bytes"] > 1_900_000_000


@pytest.mark.parametrize("host", ["origin", "target"])
async def test_figures_of_an_earlier_migration_are_not_used(no_figures: None, tmp_path: Path, host: str) -> None:
    """The VM was migrated to the source before, and libvirt still has the figures of that migration."""
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


async def test_a_host_that_is_unreachable_at_the_end_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.migration.backend.running.actor.ASK_AGAIN_S", 0.05)
    stage = Stage(recording("pre-copy-idle"))
    stage.refusals["vm"] += [CUT, CUT]
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert [each.data["break"] for each in watched.events(record.DIAGNOSIS)] == ["unknown"]
    assert watched.summary["verified"] == "guest1 runs on destination and is gone from source."


async def test_the_end_of_qemu_on_the_destination_is_waited_for_before_the_cause_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.migration.backend.running.actor.SETTLE_S", 0.05)
    monkeypatch.setattr("tui.migration.backend.running.state.SETTLE_TIMES", 1000)
    stage = Stage(recording("failed"))
    stage.refusals["migrate"].append(CUT)
    stage.vms[stage.target] = {stage.vm.name: replace(stage.vm, state="paused", reason="migrating")}
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "vm" in stage.calls)
    for event in (("started", "migrated"), ("stopped", "failed")):
        stage.emit(stage.target, LIFECYCLE, **dict(zip(("event", "detail"), event, strict=True)))
    stage.vms[stage.target] = {}
    await watched.ended()
    assert watched.migration.timeline.error["why"].startswith(f"QEMU on {stage.target} ended")


async def test_with_unreachable_hosts_at_the_end_the_location_of_the_vm_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.migration.backend.running.state.UNVERIFIED_LIMIT_S", 0.0)
    stage = Stage(recording("pre-copy-idle"))
    stage.refusals["vm"].append(CUT)
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.migration.timeline.phase == "completed"
    assert watched.migration.timeline.verified == (
        False,
        "libvirt completed the migration of guest1, but destination does not answer (the connection to libvirt broke): "
        "its state is unknown.",
    )


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
    reason = f"The log in {watched.migration.folder} cannot be written: File too large"
    assert watched.migration.timeline.log_trouble == reason  # and stays on the page
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


async def test_an_ended_vm_is_diagnosed_although_the_call_never_returns(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    stage.forever = True  # the destination's libvirtd waits for its QEMU, which waits for memory
    watched = begin(stage, tmp_path, Plan(stage.vm.name, "post-copy-manual"))
    await watched.until(lambda: watched.migration.timeline.post_copy_at is not None)
    stage.standing = True
    stage.vms[stage.origin] = {stage.vm.name: replace(stage.vm, state="shut off", reason="crashed")}
    stage.vms[stage.target] = {stage.vm.name: replace(stage.vm, state="paused", reason="migrating")}
    stage.emit(stage.origin, LIFECYCLE, event="stopped", detail="failed")
    stage.job = JobInfo({}, "shut off (crashed)")
    await watched.ended()
    assert watched.migration.timeline.phase == "failed"
    assert "before all memory was sent, so the VM is lost" in watched.summary["verified"]

"""Keys and the timeout of a migration."""

import threading
from pathlib import Path

import pytest

from tests.unit.fakes import Stage, recording
from tests.unit.migration.watched import begin, iteration
from tui.core.actions import CANCEL
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.migration.model import record

pytestmark = pytest.mark.usefixtures("no_thread_raises")


async def test_post_copy_pressed_before_the_first_pass_is_held_and_sent_once_at_its_beginning(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    for _ in range(3):
        watched.migration.controls.switch_to_post_copy()
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
    watched.migration.controls.set_bandwidth(5)
    watched.migration.controls.set_bandwidth(7)
    watched.migration.controls.set_max_downtime(123)
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
        watched.migration.controls.switch_to_post_copy()
    await watched.ended()
    assert stage.calls.count("start_post_copy") == 1
    assert [each.data["held"] for each in watched.events(record.KEY)] == [False]
    assert watched.migration.timeline.post_copy_at is not None


async def test_a_refused_post_copy_is_reported_and_can_be_tried_again(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    stage.refusals["start_post_copy"].append(Failure("guest1 could not be switched to post-copy", "not now"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 2)
    watched.migration.controls.switch_to_post_copy()
    await watched.until(watched.errors)
    assert watched.errors() == ["guest1 could not be switched to post-copy"]
    assert watched.actions("post-copy")[0].data["failed"] is True
    watched.migration.controls.switch_to_post_copy()
    await watched.ended()
    assert stage.calls.count("start_post_copy") == 2
    assert watched.migration.timeline.phase == "completed"


async def test_a_held_post_copy_that_is_refused_is_no_longer_held(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    stage.standing = True
    stage.refusals["start_post_copy"].append(Failure("guest1 could not be switched to post-copy"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    watched.migration.controls.switch_to_post_copy()
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
        watched.migration.controls.switch_to_post_copy()
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
    watched.migration.controls.switch_to_post_copy()
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


async def test_a_cancelled_migration_is_cancelled_and_not_failed(tmp_path: Path) -> None:
    stage = Stage(recording("cancelled"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 3)
    watched.migration.controls.cancel()
    await watched.ended()
    assert watched.migration.timeline.phase == watched.summary["outcome"] == "cancelled"
    assert watched.migration.timeline.verified == (True, "guest1 runs on destination.")
    assert watched.errors() == []


async def test_a_migration_that_another_program_cancels_is_cancelled(tmp_path: Path) -> None:
    stage = Stage(recording("cancelled"), waits_for_keys=False)
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.migration.timeline.phase == "cancelled"
    assert watched.errors() == ["Another program cancelled the migration of guest1"]


async def test_a_refused_cancel_does_not_make_a_failure_a_cancellation(tmp_path: Path) -> None:
    stage = Stage(recording("failed"))
    stage.refusals["abort_job"].append(Failure("The migration of guest1 could not be cancelled", "in post-copy"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 1)
    stage.standing = True
    watched.migration.controls.cancel()
    await watched.until(watched.errors)
    stage.standing = False
    await watched.ended()
    assert watched.migration.timeline.phase == "failed"
    assert watched.migration.timeline.error["what"] == "The migration of guest1 failed"


async def test_a_cancel_before_libvirt_has_a_job_is_sent_again_once_it_has(tmp_path: Path) -> None:
    stage = Stage(recording("cancelled"))
    stage.standing = True
    stage.refusals["abort_job"].append(Failure("It could not be cancelled", "no job is active"))
    watched = begin(stage, tmp_path)
    watched.migration.controls.cancel()
    await watched.until(lambda: "abort_job" in stage.calls)
    stage.standing = False
    await watched.ended()
    assert stage.calls.count("abort_job") == 2
    assert watched.migration.timeline.phase == watched.summary["outcome"] == "cancelled"
    assert watched.errors() == []


async def test_a_cancel_that_libvirt_refuses_again_is_reported_and_may_be_repeated(tmp_path: Path) -> None:
    stage = Stage(recording("cancelled"))
    stage.standing = True  # before the first pass, as while disks are copied
    refusal = Failure("It could not be cancelled", "the connection broke")
    stage.refusals["abort_job"] += [refusal, refusal]
    watched = begin(stage, tmp_path)
    watched.migration.controls.cancel()
    await watched.until(watched.errors)
    assert watched.errors() == ["It could not be cancelled"]
    stage.standing = False
    watched.migration.controls.cancel()
    await watched.ended()
    assert watched.migration.timeline.phase == "cancelled"


async def test_the_log_names_actions_and_not_keys(tmp_path: Path) -> None:
    stage = Stage(recording("failed"))
    stage.refusals["abort_job"].append(Failure("It could not be cancelled", "in setup", f"{CANCEL} cancels it later."))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 1)
    watched.migration.controls.cancel()
    await watched.until(watched.errors)
    await watched.ended()
    assert "The Migrate page cancels it later." in [e.data["hint"] for e in watched.events(record.ERROR)]


async def test_changed_limits_count_once_libvirt_has_accepted_them(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.iteration >= 1)
    watched.migration.controls.set_max_downtime(900)
    watched.migration.controls.set_bandwidth(50)
    await watched.until(lambda: watched.actions("downtime") and watched.actions("bandwidth"))
    timeline = watched.migration.timeline
    assert (timeline.max_downtime_ms, timeline.bandwidth_mib_s) == (900, 50)
    stage.refusals["set_max_downtime"].append(Failure("The maximum downtime of guest1 could not be set"))
    watched.migration.controls.set_max_downtime(1)
    await watched.until(watched.errors)
    assert timeline.max_downtime_ms == 900
    watched.migration.leave()


async def test_a_share_of_the_queue_is_recorded_as_the_queues(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    watched.migration.controls.set_bandwidth(70)  # replaced before the first pass
    watched.migration.controls.share(50)
    await watched.until(lambda: watched.events(record.KEY))
    stage.play(iteration(1))
    await watched.until(lambda: watched.actions("bandwidth"))
    stage.refusals["set_bandwidth"].append(Failure("The bandwidth of guest1 could not be set"))
    watched.migration.controls.share(60)
    await watched.until(watched.errors)
    taken, refused = watched.actions("bandwidth")
    assert (taken.data["value"], taken.data["by"]) == (50, "queue")
    assert (refused.data["value"], refused.data["by"], refused.data["failed"]) == (60, "queue", True)
    timeline = watched.migration.timeline
    assert timeline.bandwidth_mib_s == 50
    assert [each.text for each in timeline.marks if each.sign == "q"] == ["bandwidth 50 MiB/s, by the queue"]
    watched.migration.leave()


async def test_in_post_copy_the_bandwidth_is_that_of_post_copy(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.post_copy_at is not None)
    stage.standing = True
    watched.migration.controls.set_bandwidth(50)
    await watched.until(lambda: watched.actions("bandwidth"))
    assert [call for call in stage.calls if "bandwidth" in call] == ["set_post_copy_bandwidth"]
    timeline = watched.migration.timeline
    assert (timeline.bandwidth_mib_s, timeline.post_copy_bandwidth_mib_s) == (0, 50)
    watched.migration.leave()


async def test_after_the_end_keys_do_nothing(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    watched = begin(stage, tmp_path)
    await watched.ended()
    before, written = list(stage.calls), watched.log
    watched.migration.controls.switch_to_post_copy()
    watched.migration.controls.cancel()
    watched.migration.controls.set_bandwidth(1)
    assert stage.calls == before
    assert watched.log == written
    assert watched.migration.timeline.phase == "completed"


async def test_a_post_copy_that_could_not_be_resumed_is_not_paused(tmp_path: Path) -> None:
    """libvirt 11.3, which the fake daemons are, crashes on the target when post-copy is resumed."""
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    watched = begin(stage, tmp_path)
    await watched.until(lambda: watched.migration.timeline.post_copy_at is not None)
    stage.standing = True
    watched.migration.controls.pause_post_copy()
    await watched.until(watched.errors)
    assert watched.errors() == ["Post-copy of guest1 was not paused"]
    assert "pause_post_copy" not in stage.calls
    watched.migration.leave()

"""The technique "automatic": a policy decides, and the runner does it as if a person had pressed a key."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.fakes import Stage, recording
from tests.unit.migration.test_migration_rejoin import rejoin
from tests.unit.migration.watched import Watched, begin, iteration, prepare
from tui.core.failure import Failure
from tui.core.plan import AUTOMATIC, OURS, POST_COPY_MANUAL, PRE_COPY, Plan
from tui.core.protocols import PostCopyImpossible
from tui.forecast.model.policy import DOWNTIME, POLICIES, Decision, View
from tui.migration.backend.running.steering import Steering
from tui.migration.model import record
from tui.migration.model.record import Event, Record, Sample
from tui.migration.model.verdict import sentence

pytestmark = pytest.mark.usefixtures("no_thread_raises")

REFUSED = Failure("guest1 could not be switched to post-copy", "another operation on the VM has not ended")
IMPOSSIBLE = PostCopyImpossible("guest1 could not be switched to post-copy", "QEMU may not use userfaultfd")
PLAN = Plan("guest1", AUTOMATIC)


def decisions(watched: Watched) -> list[tuple[object, object]]:
    return [(each.data["decided"], each.data["shadow"]) for each in watched.actions(AUTOMATIC)]


async def test_it_switches_at_the_end_of_the_pass_that_proves_it(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    watched = begin(stage, tmp_path, PLAN)
    await watched.ended()
    timeline = watched.migration.timeline
    (decided,) = watched.actions(AUTOMATIC)
    assert decided.data["reason"] == "the last passes left no less than before: 299 MiB, 299 MiB, 299 MiB"
    (before,) = [n for n, each in enumerate(watched.records) if each is decided]
    samples = [each for each in watched.records[:before] if isinstance(each, Sample)]
    assert samples[-1].number("memory_iteration") == 5  # it has just begun
    assert samples[-2].number("memory_iteration") == 4
    assert stage.calls.count("start_post_copy") == 1
    assert watched.events(record.KEY) == []
    assert timeline.phase == "completed"
    assert timeline.post_copy_at is not None
    assert [mark.text for mark in timeline.marks if mark.sign == "a"] == ["automatic: post-copy"]
    reason = "because the last passes left no less than before: 299 MiB, 299 MiB, 299 MiB."
    assert sentence(timeline, 20.0).text.endswith(f"Automatic: switched to post-copy {reason}")


async def test_a_migration_that_converges_is_left_alone(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    watched = begin(stage, tmp_path, PLAN)
    await watched.ended()
    assert decisions(watched) == []
    assert "start_post_copy" not in stage.calls
    assert watched.summary["options"]["technique"] == AUTOMATIC


async def test_in_the_shadow_of_another_technique_it_only_records_what_it_would_do(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    watched = begin(stage, tmp_path, Plan("guest1", PRE_COPY, shadow=True))
    await watched.ended()
    assert decisions(watched) == [("post-copy", True)]
    assert "start_post_copy" not in stage.calls
    assert sentence(watched.migration.timeline, 20.0).text.split(". ")[-1].startswith("Automatic: would have switched")


async def test_post_copy_that_is_impossible_is_not_requested_again(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))  # waits for the key, so the refusal comes before the end
    stage.refusals["start_post_copy"] += [IMPOSSIBLE]
    watched = begin(stage, tmp_path, PLAN)
    await watched.until(watched.errors)
    await watched.until(lambda: ("nothing", False) in decisions(watched))
    stage.steer("post-copy")
    await watched.ended()
    assert stage.calls.count("start_post_copy") == 1
    assert decisions(watched) == [("post-copy", False), ("nothing", False)]
    reason = "post-copy was refused (QEMU may not use userfaultfd), so it goes on without post-copy"
    assert watched.actions(AUTOMATIC)[-1].data["reason"] == reason
    assert f"Automatic: {reason}." in sentence(watched.migration.timeline, 20.0).text


async def test_a_host_that_does_not_allow_post_copy_gets_the_vm_with_auto_converge(tmp_path: Path) -> None:
    stage = Stage(recording("pre-copy-idle"))
    why = "QEMU may not use userfaultfd, which post-copy needs"
    stage.refusals["migrate"] += [PostCopyImpossible("The migration of guest1 failed", why)]
    watched = begin(stage, tmp_path, PLAN)
    await watched.ended()
    (decided,) = watched.actions(AUTOMATIC)
    assert decided.data["reason"] == f"{why}, so it was started with auto-converge instead"
    assert decided.data["without_post_copy"] == why
    assert not watched.migration.timeline.post_copy_allowed
    assert stage.calls.count("migrate") == 2
    assert watched.migration.timeline.phase == "completed"
    options = watched.summary["options"]
    assert (options["technique"], options["auto_converge"], options["post_copy_refused"]) == (AUTOMATIC, True, why)


async def test_another_technique_fails_where_post_copy_is_not_allowed(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    stage.refusals["migrate"] += [PostCopyImpossible("The migration of guest1 failed", "no userfaultfd")]
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.migration.timeline.phase == "failed"
    assert stage.calls.count("migrate") == 1


async def test_post_copy_that_is_refused_to_a_person_for_good_is_not_decided(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    stage.refusals["start_post_copy"] += [IMPOSSIBLE]
    stage.standing = True
    watched = begin(stage, tmp_path, PLAN)
    await watched.until(lambda: "migrate" in stage.calls)
    stage.play(iteration(1))
    watched.migration.controls.switch_to_post_copy()
    await watched.until(watched.errors)
    stage.standing = False
    await watched.ended()
    assert stage.calls.count("start_post_copy") == 1
    assert decisions(watched) == [("nothing", False)]


async def test_a_decision_of_an_earlier_process_stands(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))  # waits for the key, so the refusal comes before the end
    stage.refusals["start_post_copy"] += [IMPOSSIBLE]
    watched = begin(stage, tmp_path, PLAN)
    await watched.until(lambda: ("nothing", False) in decisions(watched))
    watched.migration.leave()
    again = rejoin(stage, tmp_path)
    stage.steer("post-copy")
    await again.ended()
    assert stage.calls.count("start_post_copy") == 1
    assert decisions(again) == []
    assert again.migration.plan.technique == AUTOMATIC


class StandsInPass3(Stage):
    """Stands once that pass begins, however late a test looks."""

    def _take(self) -> Record:
        each = super()._take()
        self.standing = self.standing or iteration(3)(each)
        return each


async def test_the_passes_of_an_earlier_process_count(tmp_path: Path) -> None:
    stage = StandsInPass3(recording("post-copy-by-hand"))
    watched = begin(stage, tmp_path, PLAN)
    await watched.until(lambda: len(watched.migration.timeline.passes) >= 2)
    watched.migration.leave()
    stage.standing = False
    again = rejoin(stage, tmp_path)
    await again.ended()
    assert decisions(again) == [("post-copy", False)]
    assert again.migration.timeline.phase == "completed"


@pytest.mark.parametrize(("throttle", "advised"), [(0, []), (50, []), (99, [("advice", 2800)])])
async def test_without_post_copy_it_advises_a_downtime_once_auto_converge_slows_no_further(
    tmp_path: Path, throttle: int, advised: list[tuple[str, int]]
) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    plan = Plan("guest1", AUTOMATIC, auto_converge=True, post_copy_refused="no userfaultfd")
    watched, steering = steered(stage, tmp_path, plan)
    steering._policy = POLICIES[OURS]
    play(watched, steering, 5, lambda each: _throttled(each, throttle))
    watched.migration.leave()
    assert [(each["decided"], each["value"]) for each in _decided(watched)] == advised
    assert "set_max_downtime" not in stage.calls


def _throttled(each: Record, percent: int) -> Record:
    if isinstance(each, Sample):
        return each._replace(stats={**each.stats, "auto_converge_throttle": percent})
    return each._replace(data={**each.data, "auto_converge": True}) if each.kind == record.START else each


# -- another policy --


class Steps:
    """Allows more downtime with each pass, and cannot stop."""

    name, words = "steps", "steps"

    def decide(self, view: View) -> Decision | None:
        return Decision(DOWNTIME, f"{len(view.passes)} passes have ended", 100 * len(view.passes))


def steered(stage: Stage, runs: Path, plan: Plan = PLAN) -> tuple[Watched, Steering]:
    """A migration whose records the test adds by hand."""
    watched = prepare(stage, runs, plan)
    controls = watched.migration.controls
    controls.passes_seen = True
    steering = Steering(plan, watched.migration.run_log, controls)
    steering._policy = Steps()
    return watched, steering


def play(
    watched: Watched, steering: Steering, passes: int, changed: Callable[[Record], Record] = lambda each: each
) -> None:
    """Add the records up to the end of that many passes."""
    log = watched.migration.run_log
    for each in map(changed, recording("post-copy-by-hand")):
        if isinstance(each, Event) and each.kind in (record.ACTION, record.KEY):
            continue
        log.publish(each)
        if isinstance(each, Sample):
            steering.sampled()
        if len(log.timeline.passes) >= passes:
            return


def downtimes(watched: Watched) -> list[object]:
    return [each["value"] for each in _decided(watched)]


def _decided(watched: Watched) -> list[dict[str, object]]:
    events = [each for each in watched.migration.timeline.events if each.kind == record.ACTION]
    return [dict(each.data) for each in events if each.data["action"] == AUTOMATIC]


async def test_a_policy_changes_the_downtime_once_for_each_value(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    watched, steering = steered(stage, tmp_path)
    play(watched, steering, 3)
    await watched.until(lambda: stage.calls.count("set_max_downtime") == 4)
    assert downtimes(watched) == [0, 100, 200, 300]
    watched.migration.leave()


class OneDowntime:
    """Always allows the same downtime."""

    name, words = "one", "one"

    def decide(self, view: View) -> Decision | None:
        return Decision(DOWNTIME, "it is a test", 900)


async def test_a_refused_downtime_is_tried_again_after_a_while_and_not_for_ever(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"))
    watched, steering = steered(stage, tmp_path)
    steering._policy = OneDowntime()
    log, tried = watched.migration.run_log, list[float]()
    for each in recording("post-copy-by-hand"):
        if isinstance(each, Event) and each.kind in (record.ACTION, record.KEY):
            continue
        log.publish(each)
        if isinstance(each, Sample) and log.timeline.phase == "pass":
            before = len(downtimes(watched))
            steering.sampled()
            if len(downtimes(watched)) > before:
                tried.append(each.t)
                watched.migration.controls.refused[DOWNTIME, 900] = each.t
    watched.migration.leave()
    assert len(tried) == 3
    assert all(5 <= later - before < 6 for before, later in pairwise(tried))


async def test_a_refused_downtime_is_known_also_to_a_later_process_until_it_is_accepted(tmp_path: Path) -> None:
    stage = Stage(recording("post-copy-by-hand"), waits_for_keys=False)
    stage.standing = True
    watched = begin(stage, tmp_path)
    await watched.until(lambda: "migrate" in stage.calls)
    stage.play(iteration(1))
    stage.refusals["set_max_downtime"] += [REFUSED]
    watched.migration.controls.decided(DOWNTIME, 900)
    await watched.until(watched.errors)
    assert watched.migration.controls.refused.keys() == {(DOWNTIME, 900)}
    watched.migration.leave()
    again = rejoin(stage, tmp_path)
    assert again.migration.controls.refused.keys() == {(DOWNTIME, 900)}
    again.migration.controls.decided(DOWNTIME, 900)
    await again.until(lambda: again.actions(DOWNTIME))
    assert again.migration.controls.refused == {}
    stage.standing = False
    await again.ended()


async def test_after_a_key_of_a_person_the_downtime_is_theirs(tmp_path: Path) -> None:
    watched, steering = steered(Stage(recording("post-copy-by-hand")), tmp_path)
    watched.migration.controls.by_person.add("downtime")
    play(watched, steering, 3)
    assert downtimes(watched) == []
    watched.migration.leave()


async def test_after_a_cancel_nothing_is_decided(tmp_path: Path) -> None:
    watched, steering = steered(Stage(recording("post-copy-by-hand")), tmp_path)
    watched.migration.controls.by_person.add("cancel")
    play(watched, steering, 3)
    assert downtimes(watched) == []
    watched.migration.leave()


async def test_without_automatic_and_shadow_no_policy_is_asked(tmp_path: Path) -> None:
    watched, steering = steered(Stage(recording("post-copy-by-hand")), tmp_path, Plan("guest1", POST_COPY_MANUAL))
    play(watched, steering, 3)
    assert downtimes(watched) == []
    watched.migration.leave()


async def test_proxmox_counts_the_polls_at_which_more_remains_also_those_of_an_earlier_process(tmp_path: Path) -> None:
    watched, steering = steered(Stage(recording("post-copy-by-hand")), tmp_path)
    steering._policy = POLICIES["proxmox"]
    play(watched, steering, 4)
    grown = steering._polls.grown
    again = Steering(PLAN, watched.migration.run_log, watched.migration.controls)
    again.resume([])
    watched.migration.leave()
    assert again._polls.grown == grown == 3  # the end of the fourth pass is no poll
    assert downtimes(watched) == [100]


@pytest.mark.parametrize(("total_s", "passes"), [(60.0, None), (14.0, 3), (12.0, 2)])
async def test_it_switches_in_time_for_the_longest_total_time(
    tmp_path: Path, total_s: float, passes: int | None
) -> None:
    watched, steering = steered(Stage(recording("post-copy-by-hand")), tmp_path, replace(PLAN, total_s=total_s))
    play(watched, steering, passes or 4)
    reasons = [str(each["reason"]) for each in _decided(watched) if each["decided"] == "post-copy"]
    if passes is None:
        assert reasons == []
    else:
        assert reasons == [f"the longest total time is {total_s:g} s, and one more pass would exceed it"]
        await watched.until(lambda: watched.migration.controls.switching)
    watched.migration.leave()

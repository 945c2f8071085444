"""What the technique "automatic" does after libvirt has refused post-copy, to it or to a person."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.fakes import Stage, recording
from tests.unit.migration.test_steering import IMPOSSIBLE, PLAN, REFUSED, _decided, steered
from tests.unit.migration.watched import Watched
from tui.forecast.model.policy import POST_COPY, Decision, View
from tui.migration.backend.running.controls import Controls
from tui.migration.backend.running.steering import Steering
from tui.migration.model import record
from tui.migration.model.record import Event, Sample
from tui.migration.model.verdict import sentence

pytestmark = pytest.mark.usefixtures("no_thread_raises")

WHY = "another operation on the VM has not ended"
LATER = f"post-copy was refused ({WHY}); after 5 s, it requests post-copy again if that is still due"


class AtOnce:
    """Switches as soon as post-copy may be used."""

    name, words = "at-once", "at once"

    def decide(self, view: View) -> Decision | None:
        return Decision(POST_COPY, "it is a test") if view.post_copy else None


def world(tmp_path: Path) -> tuple[Watched, Steering, Controls]:
    watched, steering = steered(Stage(recording("post-copy-by-hand")), tmp_path)
    steering._policy = AtOnce()
    return watched, steering, watched.migration.controls


def moments(watched: Watched, steering: Steering) -> Iterator[float]:
    """Play the recorded pre-copy; yields after each sample in its passes, before and after the policy is asked."""
    log = watched.migration.run_log
    for each in recording("post-copy-by-hand"):
        if isinstance(each, Event) and each.kind in (record.ACTION, record.KEY):
            continue
        log.publish(each)
        if isinstance(each, Sample) and log.timeline.phase == "pass":
            yield each.t
            steering.sampled()
            yield each.t


async def test_after_a_refusal_to_a_person_the_rule_still_switches_but_not_at_once(tmp_path: Path) -> None:
    watched, steering, controls = world(tmp_path)
    playing = moments(watched, steering)
    began = next(playing)
    controls.by_person.add(POST_COPY)
    controls._post_copy_refused(REFUSED)
    switched = next(t for t in playing if controls.switching)
    told, decided = _decided(watched)
    assert (told["decided"], told["reason"]) == ("nothing", LATER)
    assert (decided["decided"], decided["reason"]) == (POST_COPY, "it is a test")
    assert 5 <= switched - began < 6
    watched.migration.leave()


async def test_a_refusal_is_in_the_sentence_until_something_else_is_decided(tmp_path: Path) -> None:
    watched, steering, controls = world(tmp_path)
    playing = moments(watched, steering)
    next(playing)
    controls._post_copy_refused(REFUSED)
    next(playing)
    next(playing)
    assert f" Automatic: {LATER}." in sentence(watched.migration.timeline, 20.0).text
    watched.migration.leave()


async def test_after_three_refusals_it_goes_on_without_post_copy_and_reports_it(tmp_path: Path) -> None:
    watched, steering, controls = world(tmp_path)
    tried: list[float] = []
    for t in moments(watched, steering):
        if controls.switching:
            tried.append(t)
            controls._post_copy_refused(REFUSED)
    assert len(tried) == 3
    assert all(5 <= later - before < 6 for before, later in pairwise(tried))
    told = [each["reason"] for each in _decided(watched) if each["decided"] == "nothing"]
    assert told == [LATER, LATER, f"post-copy was refused too often ({WHY}), so it goes on without post-copy"]
    assert not steering._may_switch()
    watched.migration.leave()


async def test_a_later_process_knows_what_was_refused_and_why(tmp_path: Path) -> None:
    watched, steering, controls = world(tmp_path)
    playing = moments(watched, steering)
    next(playing)
    for failure in (REFUSED, IMPOSSIBLE):
        controls._post_copy_refused(failure)
    next(playing)
    await watched.until(lambda: any("decided" in each.data for each in watched.log if isinstance(each, Event)))
    other, _, again = world(tmp_path / "again")
    again.resume(watched.log)
    assert (again.post_copy_refusals, again.post_copy_refused) == (2, "QEMU may not use userfaultfd")
    assert again.post_copy_impossible
    assert again.refused.keys() == controls.refused.keys() == {(POST_COPY, None)}
    later = Steering(PLAN, watched.migration.run_log, again)
    later.resume(watched.log)
    assert not later._may_switch()
    for each in (watched, other):
        each.migration.leave()

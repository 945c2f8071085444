"""Which action is possible at which moment, and the sentence if it is not."""

import pytest

from tests.page_keys import with_page_keys
from tests.unit.fakes import recording
from tui.migration.model import keys, record
from tui.migration.model.keys import BANDWIDTH, CANCEL, DOWNTIME, POST_COPY_NOW, START
from tui.migration.model.record import Event
from tui.migration.model.timeline import Timeline

STEERING = (POST_COPY_NOW, CANCEL, DOWNTIME, BANDWIDTH)


def why_not(action: str, timeline: Timeline | None) -> str:
    """As the page shows it."""
    return with_page_keys(keys.why_not(action, timeline))


def at(name: str, t: float) -> Timeline:
    return Timeline(each for each in recording(name) if each.t <= t)


@pytest.mark.parametrize("timeline", [None, Timeline()])
def test_without_a_migration_only_start_is_possible(timeline: Timeline | None) -> None:
    assert why_not(START, timeline) == ""
    assert {why_not(each, timeline) for each in STEERING} == {"No migration is under way; m starts one."}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pre-copy-idle", "The migration has completed; m starts another."),
        ("failed", "The migration has failed; m starts another."),
        ("cancelled", "The migration is over; m starts another."),
    ],
)
def test_after_the_end_only_start_is_possible(name: str, reason: str) -> None:
    timeline = Timeline(recording(name))
    assert why_not(START, timeline) == ""
    assert {why_not(each, timeline) for each in STEERING} == {reason}


@pytest.mark.parametrize("t", [0.5, 2.0, 8.0])
def test_while_memory_is_copied_everything_except_start_is_possible(t: float) -> None:
    timeline = at("post-copy-by-hand", t)
    assert [why_not(each, timeline) for each in STEERING] == ["", "", "", ""]
    assert why_not(START, timeline) == "A migration is under way; c cancels it, q leaves it running."


def test_a_migration_started_as_pre_copy_cannot_become_post_copy() -> None:
    timeline = at("failed", 4.5)
    assert why_not(POST_COPY_NOW, timeline) == (
        "It was started as pre-copy; post-copy must be allowed at the start. "
        "c cancels it; then start it again with post-copy."
    )
    assert [why_not(each, timeline) for each in (CANCEL, DOWNTIME, BANDWIDTH)] == ["", "", ""]


def test_a_migration_found_running_may_switch_to_post_copy() -> None:
    timeline = Timeline([Event(0, "", record.ATTACHED, {"technique": "unknown"})])
    assert why_not(POST_COPY_NOW, timeline) == ""


def test_held_post_copy_cannot_be_requested_twice() -> None:
    timeline = at("post-copy-by-hand", 0.5)
    timeline.add(Event(0.6, "", record.KEY, {"action": "post-copy", "held": True}))
    assert why_not(POST_COPY_NOW, timeline) == "Post-copy is already requested; it starts when the first pass begins."
    assert why_not(CANCEL, timeline) == ""


def test_during_the_switchover_only_cancel_is_possible() -> None:
    timeline = at("pre-copy-idle", 4.3)
    reason = "The VM is being switched over; nothing can be changed any more."
    assert [why_not(each, timeline) for each in STEERING] == [reason, "", reason, reason]


def test_in_post_copy_only_the_bandwidth_can_be_changed() -> None:
    timeline = at("link-cut", 20.0)
    assert [why_not(each, timeline) for each in STEERING] == [
        "Post-copy is already under way.",
        "The VM already runs on the other host, and part of its memory is still here: cancelling would lose it.",
        "The switchover is done; the maximum downtime no longer matters.",
        "",
    ]

"""What the end of a migration means that another program started, if no configured host is seen to receive the VM."""

from dataclasses import replace

import pytest

from tests.unit.migration.evidences import NONE, OFF, RUNS, SILENT, WAITS, WAITS_FOR_EVER, events, in_state
from tui.migration.model.ending import ends as kinds
from tui.migration.model.ending.diagnosis import Diagnosis, diagnose
from tui.migration.model.ending.evidence import Evidence, HostAnswer
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED, LOST

MOVED = events("source suspended/migrated", "source stopped/migrated")


def end(here: HostAnswer, there: HostAnswer = NONE, **more: object) -> Diagnosis:
    known = Evidence("guest1", "source", "", "destination", here, there)
    return diagnose(replace(known, **more))  # type: ignore[arg-type]


def test_a_vm_that_left_for_a_third_host_is_not_looked_for_there() -> None:
    found = end(NONE, events=MOVED)
    assert (found.kind, found.outcome, found.ok, found.over) == (kinds.AWAY, COMPLETED, False, True)
    assert found.sentence == (
        "guest1 is no longer on source; its destination is not one of the configured hosts, so it was not looked up "
        "there."
    )
    assert "destination" not in found.advice


def test_a_definition_that_virsh_leaves_behind_must_not_be_started() -> None:
    found = end(in_state("shut off (migrated)"))
    assert (found.outcome, found.settling) == (COMPLETED, True)
    assert found.sentence.startswith("guest1 is off on source; its destination is not")
    assert found.advice.startswith("Do not start it on source before you know that it runs on no other host")


def test_a_vm_that_is_gone_without_an_event_is_lost() -> None:
    assert end(NONE).outcome == LOST


def test_a_configured_host_that_does_not_answer_may_be_the_destination() -> None:
    found = end(NONE, SILENT, events=MOVED)
    assert (found.kind, found.outcome, found.ok) == (kinds.AWAY, COMPLETED, False)
    assert found.sentence == (
        "guest1 is no longer on source; where it is now is unknown, because destination does not answer (connection "
        "refused) and may be its destination."
    )


@pytest.mark.parametrize("there", [NONE, SILENT])
def test_a_vm_that_stays_at_its_origin_is_judged_by_the_origin_alone(there: HostAnswer) -> None:
    found = end(RUNS, there)
    assert (found.sentence, found.outcome, found.ok) == ("guest1 runs on source.", FAILED, True)
    assert end(RUNS, there, job_cancelled=True).outcome == CANCELLED
    assert end(RUNS, there, cancel_requested=True).outcome == CANCELLED


def test_a_vm_that_is_being_switched_over_is_asked_for_again() -> None:
    found = end(in_state("paused (migrating)"), events=MOVED[:1])
    assert (found.kind, found.outcome, found.over) == (kinds.UNKNOWN, None, False)


def test_a_post_copy_to_a_third_host_goes_on() -> None:
    found = end(WAITS, post_copy=True)
    assert (found.kind, found.over) == (kinds.UNDER_WAY, False)
    assert found.sentence == "Post-copy of guest1 is under way: the VM runs on another host; source sends the rest."


def test_a_broken_post_copy_to_a_third_host_is_not_resumed_from_here() -> None:
    found = end(WAITS_FOR_EVER, post_copy=True)
    assert (found.kind, found.over, found.resumable) == (kinds.BROKE_AWAY, False, False)
    assert found.kind in kinds.GOES_ON
    assert "Whether it continues by itself is unknown, because its destination is not one of the conf" in found.sentence
    assert "resume it with the program that started the migration. Neither destroy the VM" in found.advice


@pytest.mark.parametrize(
    ("lines", "post_copy", "kind", "words"),
    [
        (("source shutdown/by the guest", "source stopped/shut down"), False, kinds.GUEST_OFF, "guest1 is off on"),
        (("source stopped/forced off",), False, kinds.DESTROYED, "guest1 is off on source"),
        (("source stopped/failed",), False, kinds.ORIGIN_QEMU_GONE, "guest1 is off on source"),
        (("source stopped/failed",), True, kinds.ORIGIN_QEMU_GONE, "before all memory was sent, so the VM is lost"),
        (
            ("source suspended/migrated", "source stopped/failed"),
            False,
            kinds.ORIGIN_QEMU_GONE,
            "whether guest1 runs there is unknown",
        ),
    ],
)
def test_a_qemu_that_ended_at_the_origin_has_moved_nothing(
    lines: tuple[str, ...], post_copy: bool, kind: str, words: str
) -> None:
    found = end(OFF, events=events(*lines), post_copy=post_copy)
    assert (found.kind, found.outcome, found.ok) == (kind, FAILED, False)
    assert words in found.sentence
    assert found.cause is not None


def test_an_origin_that_does_not_answer_is_asked_again() -> None:
    found = end(SILENT)
    assert (found.kind, found.over) == (kinds.UNKNOWN, False)
    assert found.sentence.startswith("It is unknown where guest1 runs: source does not answer (connection refused)")

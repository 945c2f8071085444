"""What a broken post-copy means, by what hosts answered and reported when the faults were made in the lab."""

from dataclasses import replace

import pytest

from tests.unit.migration.evidences import (
    CUT,
    NONE,
    OFF,
    SILENT,
    SWITCHED,
    WAITS,
    WAITS_FOR_EVER,
    broken,
    end,
    events,
    in_state,
)
from tui.migration.model.ending import ends as kinds
from tui.migration.model.ending.evidence import HostAnswer
from tui.migration.model.timeline import COMPLETED, FAILED


def test_a_cut_link_is_waited_for() -> None:
    found = broken(WAITS_FOR_EVER, in_state("running (post-copy)"), "source suspended/post-copy failed")
    assert (found.kind, found.outcome, found.over, found.resumable) == (kinds.LINK_AWAY, None, False, False)
    assert "it continues by itself when the network is back" in found.sentence
    assert "Nothing is lost while QEMU lives on both hosts" in found.sentence
    assert "Neither destroy the VM on one of the hosts" in found.advice


@pytest.mark.parametrize("there", ["running (post-copy failed)", "paused (post-copy failed)"])
def test_a_post_copy_that_failed_on_both_hosts_is_resumed(there: str) -> None:
    found = broken(WAITS_FOR_EVER, in_state(there), "destination resumed/post-copy failed")
    assert (found.kind, found.outcome, found.over, found.resumable) == (kinds.NEEDS_RESUME, None, False, True)
    assert "does not continue by itself" in found.sentence
    assert "then resume the migration" in found.advice


def test_a_resume_that_would_crash_libvirt_is_not_offered() -> None:
    here, there = WAITS_FOR_EVER, in_state("running (post-copy failed)")
    found = end(here, there, post_copy=True, failure=CUT, target_libvirt=(11, 3, 0))
    assert (found.kind, found.resumable) == (kinds.NEEDS_RESUME, False)
    assert found.advice.startswith("libvirt 11.3.0 on destination crashes when a post-copy is resumed. Upgrade it")


def test_a_post_copy_that_goes_on_is_not_over() -> None:
    found = broken(WAITS, in_state("running (post-copy)"))
    assert (found.kind, found.over, found.outcome) == (kinds.UNDER_WAY, False, None)


def test_the_moment_before_libvirt_removes_the_source_is_not_an_end() -> None:
    assert not broken(WAITS, in_state("running (migrated)")).over


@pytest.mark.parametrize(
    ("there", "more"),
    [
        (in_state("shut off (crashed)"), ("destination stopped/failed",)),
        (in_state("shut off (crashed)"), ()),  # its event was not received
        (NONE, ("destination stopped/failed",)),  # killed before libvirt had defined it
        (OFF, ()),
    ],
)
@pytest.mark.parametrize("here", [WAITS, WAITS_FOR_EVER])
def test_the_vm_is_lost_with_the_qemu_of_the_destination(
    here: HostAnswer, there: HostAnswer, more: tuple[str, ...]
) -> None:
    found = broken(here, there, *more)
    assert (found.kind, found.outcome, found.over, found.resumable) == (kinds.TARGET_QEMU_GONE, FAILED, True, False)
    assert "the VM is lost" in found.sentence
    assert "Force it off there: virsh destroy guest1. Then start the VM from its disk" in found.advice
    assert "resume" not in str(found)
    assert "undefine" not in str(found)


@pytest.mark.parametrize(
    ("here", "there", "more"),
    [
        (in_state("shut off (crashed)"), "running (post-copy failed)", ("source stopped/failed",)),
        (in_state("shut off (crashed)"), "running (post-copy)", ("source stopped/failed",)),  # not noticed yet
        (OFF, "running (post-copy failed)", ()),
        (replace(WAITS_FOR_EVER, qemu_ended=True), "running (post-copy failed)", ()),  # libvirt has not noticed
        (NONE, "paused (post-copy failed)", ("source stopped/forced off",)),
    ],
)
def test_the_vm_is_lost_with_the_memory_that_only_the_source_had(
    here: HostAnswer, there: str, more: tuple[str, ...]
) -> None:
    found = broken(here, in_state(there), *more)
    assert (found.kind, found.outcome, found.over, found.resumable) == (kinds.ORIGIN_QEMU_GONE, FAILED, True, False)
    assert "before all memory was sent, so the VM is lost" in found.sentence
    assert found.advice.startswith("Force it off on destination: virsh destroy guest1. Then start it from its disk")
    assert "resume" not in str(found)
    assert "undefine" not in str(found)


@pytest.mark.parametrize("detail", ["by the guest", ""])
def test_a_guest_that_powers_itself_off_in_post_copy_is_off_and_not_lost(detail: str) -> None:
    more = (f"destination shutdown/{detail}", "destination stopped/shut down", "source suspended/post-copy failed")
    found = broken(WAITS_FOR_EVER, OFF, *more)
    assert (found.kind, found.outcome, found.over) == (kinds.GUEST_OFF, FAILED, True)
    assert found.sentence == "guest1 powered itself off on destination in post-copy. It is off."
    assert "that copy must not run. Force it off there: virsh destroy guest1" in found.advice


def test_a_vm_destroyed_in_post_copy_was_destroyed_by_somebody() -> None:
    found = broken(WAITS_FOR_EVER, OFF, "destination stopped/forced off")
    assert found.kind == kinds.DESTROYED
    assert found.sentence.startswith("Another program forced guest1 off on destination in post-copy")


def test_the_source_destroyed_after_the_loss_does_not_hide_the_reason() -> None:
    found = broken(OFF, OFF, "destination stopped/failed", "source stopped/forced off")
    assert (found.kind, found.outcome) == (kinds.TARGET_QEMU_GONE, FAILED)


def test_a_post_copy_that_broke_before_the_destination_took_over_does_not_go_on() -> None:
    found = end(WAITS_FOR_EVER, in_state("paused (migrating)"), events=events(*SWITCHED[:-1]), post_copy=True)
    assert (found.kind, found.outcome, found.over, found.resumable) == (kinds.BROKE_EARLY, None, False, False)
    assert found.kind in kinds.GOES_ON
    assert "it stands still, and does not continue by itself" in found.sentence


def test_a_guest_that_is_shutting_down_is_not_promised_to_go_on() -> None:
    found = broken(WAITS_FOR_EVER, in_state("running (post-copy)"), "destination shutdown/by the guest")
    assert (found.kind, found.over) == (kinds.UNKNOWN, False)
    assert found.sentence == "guest1 is being shut down on destination, in post-copy."


def test_the_qemu_that_libvirt_ended_on_the_destination_is_not_the_cause() -> None:
    more = ("source stopped/failed", "destination shutdown/by the host", "destination stopped/failed")
    found = broken(OFF, OFF, *more)
    assert (found.kind, found.outcome) == (kinds.ORIGIN_QEMU_GONE, FAILED)
    assert found.cause is not None
    assert found.cause.what == "QEMU of guest1 on source ended during the migration"


@pytest.mark.parametrize("here", [WAITS, WAITS_FOR_EVER, OFF, NONE])
def test_a_silent_destination_in_post_copy_decides_nothing(here: HostAnswer) -> None:
    found = broken(here, SILENT)
    assert (found.kind, found.outcome, found.over, found.ok) == (kinds.UNKNOWN, None, False, False)
    assert "destination does not answer (connection refused)" in found.sentence
    assert found.advice.startswith("Do nothing with guest1 on either host before destination answers.")


@pytest.mark.parametrize("there", ["running (post-copy)", "running (post-copy failed)", "shut off (crashed)"])
def test_a_silent_source_in_post_copy_decides_nothing(there: str) -> None:
    found = broken(SILENT, in_state(there))
    assert (found.kind, found.outcome, found.over) == (kinds.UNKNOWN, None, False)
    assert f"destination has it: {there}" in found.sentence


def test_a_destination_that_answers_again_after_a_completed_post_copy_completes_it() -> None:
    found = broken(NONE, in_state("running (migrated)"), "source stopped/migrated")
    assert (found.kind, found.outcome, found.ok) == (kinds.MOVED, COMPLETED, True)


def test_a_daemon_that_keeps_the_lock_of_a_paused_vm_is_to_be_upgraded() -> None:
    found = end(WAITS_FOR_EVER, SILENT, post_copy=True, target_libvirt=(11, 3, 0))
    assert found.kind == kinds.UNKNOWN
    assert not found.resumable
    assert "Upgrade it there to 11.4 or later first" in found.advice


def test_a_vm_off_on_the_source_and_still_in_post_copy_is_undecided() -> None:
    found = broken(OFF, in_state("running (post-copy)"))
    assert (found.kind, found.outcome, found.over) == (kinds.UNKNOWN, None, False)

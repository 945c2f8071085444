"""Where a VM is after a migration, by what hosts answered and reported when the faults were made in the lab."""

from dataclasses import replace

import pytest

from tests.unit.migration.evidences import BEGUN, CUT, NONE, OFF, RUNS, SILENT, VM, end, events, in_state
from tui.migration.model.ending import ends as kinds
from tui.migration.model.ending.diagnosis import diagnose
from tui.migration.model.ending.evidence import Evidence, HostAnswer
from tui.migration.model.timeline import COMPLETED, FAILED, LOST

# -- pre-copy: the VM is off --


@pytest.mark.parametrize(
    ("lines", "kind", "cause"),
    [
        (
            ("source shutdown/by the guest", "source stopped/shut down"),
            kinds.GUEST_OFF,
            "guest1 powered itself off on source during the migration",
        ),
        (
            ("source crashed/panicked", "source stopped/crashed"),
            kinds.GUEST_OFF,
            "The guest of guest1 crashed on source, and libvirt stopped it during the migration",
        ),
        (
            ("source stopped/forced off",),
            kinds.DESTROYED,
            "Another program forced guest1 off on source during the migration",
        ),
        (("source stopped/failed",), kinds.ORIGIN_QEMU_GONE, "QEMU of guest1 on source ended during the migration"),
        (
            ("source shutdown/by the host", "source stopped/shut down"),  # SIGTERM
            kinds.ORIGIN_QEMU_GONE,
            "QEMU of guest1 on source ended during the migration",
        ),
    ],
)
@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        (NONE, "guest1 runs neither on source nor on destination."),
        (SILENT, "guest1 is off on source; destination does not answer (connection refused)."),
    ],
)
def test_a_vm_that_ended_at_its_origin_was_not_cancelled(
    lines: tuple[str, ...], kind: str, cause: str, there: HostAnswer, sentence: str
) -> None:
    stopped = events(*BEGUN, *lines, "destination stopped/failed")
    found = end(OFF, there, failure=CUT, events=stopped)
    assert (found.kind, found.outcome, found.over) == (kind, FAILED, True)
    assert found.cause is not None
    assert found.cause.what == cause
    assert found.sentence == sentence


def test_a_vm_that_ended_without_a_trace_is_lost() -> None:
    found = end(OFF, NONE)
    assert (found.kind, found.outcome) == (kinds.NOWHERE, LOST)
    assert found.advice == "Start guest1 on the Launch page."


# -- the VM has moved, or is on both hosts --


def test_a_remaining_definition_is_reported_with_the_command_that_removes_it() -> None:
    found = end(OFF, RUNS)
    assert (found.kind, found.outcome, found.ok) == (kinds.DEFINITION_LEFT, COMPLETED, True)
    assert found.settling
    assert found.sentence == "guest1 runs on destination, and only there; source still has its definition, shut off."
    assert "Do not start it on source" in found.advice
    assert found.advice.endswith("virsh undefine --keep-nvram guest1")


def test_a_name_that_a_shell_would_read_is_quoted_in_commands() -> None:
    known = Evidence("a b;c", "source", "destination", "destination", OFF, RUNS)
    assert diagnose(known).advice.endswith("--keep-nvram 'a b;c'")


def test_without_remains_there_is_no_advice() -> None:
    found = end(NONE, RUNS, completed=True)
    assert (found.kind, found.outcome, found.ok, found.advice) == (kinds.MOVED, COMPLETED, True, "")


def test_a_moved_vm_is_moved_even_if_the_call_failed_or_a_cancel_was_requested() -> None:
    assert end(NONE, RUNS, failure=CUT, cancel_requested=True).outcome == COMPLETED


def test_a_completed_migration_to_a_host_that_does_not_answer_is_not_called_good() -> None:
    found = end(NONE, SILENT, completed=True)
    assert (found.outcome, found.ok, found.over) == (COMPLETED, False, True)
    assert "its state is unknown" in found.sentence


def test_a_vm_that_runs_on_both_hosts_is_an_alarm() -> None:
    found = end(RUNS, RUNS)
    assert (found.kind, found.ok) == (kinds.ON_BOTH, False)
    assert found.sentence == "guest1 runs on source and on destination at once: both write to one disk."
    assert found.advice.startswith("Force one of them off at once: virsh destroy guest1")


def test_a_vm_that_both_hosts_have_for_another_reason_is_reported_with_its_states() -> None:
    found = end(in_state("paused"), RUNS)
    assert found.sentence == "guest1 is paused on source and runs on destination."
    assert "Resume neither" in found.advice


def test_nothing_is_decided_while_no_host_answers() -> None:
    found = end(SILENT, SILENT, failure=CUT, events=events("source stopped/failed"))
    assert (found.kind, found.outcome, found.over) == (kinds.UNKNOWN, None, False)
    assert found.advice == "Do nothing with guest1 on either host before source and destination answer."


def test_a_destination_on_which_qemu_is_still_being_ended_is_asked_again() -> None:
    found = end(RUNS, in_state("paused (migrating)"), failure=CUT, events=events(*BEGUN))
    assert (found.sentence, found.settling) == ("guest1 runs on source.", True)
    assert not end(RUNS, NONE, failure=CUT, events=events(*BEGUN)).settling


def test_a_definition_that_was_to_stay_is_no_remainder() -> None:
    left = events("source stopped/migrated")
    found = end(OFF, RUNS, events=left, completed=True, keeps_definition=True)
    assert (found.kind, found.ok, found.settling) == (kinds.MOVED, True, False)
    assert found.sentence == "guest1 runs on destination; source keeps its definition, shut off."
    assert found.advice == "Do not start it on source: two VMs would write."


def test_a_vm_that_was_to_arrive_paused_is_where_it_should_be() -> None:
    paused = in_state("paused")
    assert not end(NONE, paused, completed=True).ok
    found = end(NONE, paused, completed=True, stays_paused=True)
    assert (found.kind, found.ok) == (kinds.MOVED, True)
    assert found.sentence == "guest1 is paused on destination and is gone from source."


def test_a_vm_with_another_name_on_the_target_is_named_so() -> None:
    found = end(NONE, HostAnswer(replace(VM, name="guest2")), completed=True)
    assert found.sentence == "guest1 runs on destination as guest2 and is gone from source."

"""What the end of a migration means, by what hosts answered and reported when the faults were made in the lab."""

from dataclasses import replace

import pytest

from tui.core.failure import Failure
from tui.core.protocols import Aborted, ConnectionBroken, StreamBroken
from tui.core.vm import Vm
from tui.migration.model import ends as kinds
from tui.migration.model.diagnosis import Diagnosis, diagnose
from tui.migration.model.evidence import Evidence, HostAnswer
from tui.migration.model.record import Event
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED, LOST

VM = Vm("guest1", "0054f024", "running")
RUNS = HostAnswer(VM)
NONE = HostAnswer()
SILENT = HostAnswer(failure=Failure("libvirt cannot be reached", "connection refused"))
OFF = HostAnswer(replace(VM, state="shut off"))

EOF = "End of file while reading data: : Input/output error"
CUT = ConnectionBroken("The migration of guest1 failed", "the connection to libvirt broke", detail=EOF)

STREAM = StreamBroken("The migration of guest1 failed", "the migration stream to the destination broke")


def in_state(words: str) -> HostAnswer:
    """The answer for "paused (post-copy failed)"."""
    state, _, reason = words.rstrip(")").partition(" (")
    return HostAnswer(replace(VM, state=state, reason=reason))


def events(*lines: str) -> tuple[Event, ...]:
    """Events of lines like "destination stopped/failed"."""
    found = [line.partition(" ") for line in lines]
    parts = [(host, *word.partition("/")[::2]) for host, _, word in found]
    return tuple(
        Event(n, "", "lifecycle", {"host": host, "event": event, "detail": detail})
        for n, (host, event, detail) in enumerate(parts)
    )


def end(here: HostAnswer, there: HostAnswer, **more: object) -> Diagnosis:
    known = Evidence("guest1", "source", "destination", here, there)
    return diagnose(replace(known, **more))  # type: ignore[arg-type]


BEGUN = ("destination started/migrated",)
SWITCHED = (*BEGUN, "source suspended/migrated", "source suspended/post-copy", "destination resumed/post-copy")
WAITS, WAITS_FOR_EVER = in_state("paused (post-copy)"), in_state("paused (post-copy failed)")


def broken(here: HostAnswer, there: HostAnswer, *more: str, failure: Failure | None = CUT) -> Diagnosis:
    """A post-copy between hosts of libvirt 12.8 that broke after these further events."""
    versions = {"origin_libvirt": (12, 8, 0), "target_libvirt": (12, 8, 0)}
    return end(here, there, events=events(*SWITCHED, *more), post_copy=True, failure=failure, **versions)


# -- post-copy --


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


# -- pre-copy: the VM stays --


def test_a_cancel_of_ours_is_a_cancel() -> None:
    stopped = events(*BEGUN, "destination shutdown/by the host", "destination stopped/failed")
    for failure in (CUT, Aborted("The migration of guest1 failed"), None):
        found = end(RUNS, NONE, cancel_requested=True, failure=failure, events=stopped)
        assert (found.kind, found.outcome, found.ok, found.cause) == (kinds.CANCELLED_HERE, CANCELLED, True, None)


def test_a_cancel_by_another_program_is_reported_as_one() -> None:
    found = end(RUNS, NONE, failure=Aborted("The migration of guest1 failed", detail="canceled by client"))
    assert (found.kind, found.outcome) == (kinds.ABORTED, CANCELLED)
    assert found.cause is not None
    assert found.cause.what == "Another program cancelled the migration of guest1"
    assert found.cause.detail == "canceled by client"


def test_a_failure_that_another_process_waited_for_has_no_reason_here() -> None:
    found = end(RUNS, NONE)
    assert (found.kind, found.outcome, found.ok) == (kinds.NO_REASON, FAILED, True)
    assert found.cause is not None
    assert "only to the program that waits for the migration" in found.cause.why


@pytest.mark.parametrize(
    ("lines", "kind", "why"),
    [
        ((), kinds.NO_REASON, "libvirt gave no usable reason; QEMU was not seen to start on destination"),
        (
            (*BEGUN, "destination stopped/failed"),
            kinds.TARGET_QEMU_GONE,
            "QEMU on destination ended; libvirt gave no other reason",
        ),
        (
            (*BEGUN, "destination shutdown/by the host", "destination stopped/failed"),
            kinds.NO_REASON,
            "libvirt gave no usable reason; another program may have cancelled it (virsh domjobabort)",
        ),
    ],
)
def test_a_broken_connection_is_no_reason_if_both_daemons_answer(lines: tuple[str, ...], kind: str, why: str) -> None:
    found = end(RUNS, NONE, failure=CUT, events=events(*lines))
    assert (found.kind, found.outcome, found.ok) == (kind, FAILED, True)
    assert found.cause is not None
    assert (found.cause.why, found.cause.detail) == (why, EOF)
    assert "/var/log/libvirt/qemu" in found.cause.hint
    assert "destination" in found.cause.hint


@pytest.mark.parametrize(
    ("lost", "lines", "host"),
    [
        (True, ("destination shutdown/by the host", "destination stopped/forced off"), "source"),
        (True, (), "source"),  # the events were not received
        (False, ("destination shutdown/by the host", "destination stopped/forced off"), "destination"),
    ],
)
def test_a_connection_that_broke_between_the_daemons_is_not_a_cancel(
    lost: bool, lines: tuple[str, ...], host: str
) -> None:
    found = end(RUNS, NONE, failure=CUT, sending=True, origin_lost=lost, events=events(*BEGUN, *lines))
    assert (found.kind, found.outcome) == (kinds.DAEMON_GONE, FAILED)
    assert found.cause is not None
    assert found.cause.why == f"the connection to libvirt on {host} broke"


def test_without_the_end_on_the_destination_nobody_is_said_to_have_cancelled() -> None:
    assert end(RUNS, NONE, failure=CUT, sending=True, events=events(*BEGUN)).kind == kinds.NO_REASON


def test_a_migration_that_was_being_sent_to_the_end_was_cancelled_by_somebody() -> None:
    ended_by_libvirt = events(*BEGUN, "destination shutdown/by the host", "destination stopped/failed")
    found = end(RUNS, NONE, failure=CUT, sending=True, events=ended_by_libvirt)
    assert (found.kind, found.outcome, found.ok) == (kinds.ABORTED, CANCELLED, True)
    assert found.cause is not None
    assert found.cause.what == "Another program has probably cancelled the migration of guest1"
    died = events(*BEGUN, "destination stopped/failed")
    assert end(RUNS, NONE, failure=CUT, sending=True, events=died).kind == kinds.TARGET_QEMU_GONE


@pytest.mark.parametrize(
    ("lines", "kind", "why"),
    [
        (("destination stopped/failed",), kinds.TARGET_QEMU_GONE, "QEMU on destination ended; libvirt gave no other"),
        (
            ("destination shutdown/by the host", "destination stopped/failed"),
            kinds.NO_REASON,
            "the migration stream to the destination broke; another program may have cancelled it (virsh domjobabort)",
        ),
    ],
)
def test_a_cancel_by_another_program_may_look_like_a_broken_stream(lines: tuple[str, ...], kind: str, why: str) -> None:
    found = end(RUNS, NONE, failure=STREAM, events=events(*BEGUN, *lines))
    assert (found.kind, found.outcome) == (kind, FAILED)
    assert found.cause is not None
    assert found.cause.why.startswith(why)


def test_a_broken_stream_is_the_reason_if_the_destination_does_not_answer() -> None:
    assert end(RUNS, SILENT, failure=STREAM, events=events(*BEGUN)).cause == STREAM


def test_a_broken_connection_is_the_reason_if_the_destination_does_not_answer() -> None:
    found = end(RUNS, SILENT, failure=CUT, events=events(*BEGUN))
    assert (found.kind, found.outcome, found.over) == (kinds.DAEMON_GONE, FAILED, True)
    assert found.cause is not None
    assert found.cause.why == "the connection to libvirt on destination broke"
    assert found.sentence == "guest1 runs on source; destination does not answer (connection refused)."


def test_a_vm_that_libvirt_resumed_without_an_answer_may_run_twice() -> None:
    found = end(
        RUNS, SILENT, failure=CUT, events=events(*BEGUN, "source suspended/migrated", "source resumed/migrated")
    )
    assert not found.ok
    assert "guest1 may run on destination, too" in found.advice


def test_libvirts_own_reason_is_kept() -> None:
    failure = Failure("The migration of guest1 failed", "the destination's CPU lacks features that the VM uses")
    found = end(RUNS, NONE, failure=failure)
    assert (found.kind, found.outcome, found.cause) == (kinds.REFUSED, FAILED, failure)
    assert found.sentence == "guest1 runs on source."


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
    assert found.kind in kinds.SETTLING
    assert found.sentence == "guest1 runs on destination, and only there; source still has its definition, shut off."
    assert "Do not start it on source" in found.advice
    assert found.advice.endswith("virsh undefine --keep-nvram guest1")


def test_a_name_that_a_shell_would_read_is_quoted_in_commands() -> None:
    known = Evidence("a b;c", "source", "destination", OFF, RUNS)
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

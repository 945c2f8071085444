"""Why a VM stays at its origin, by what hosts answered and reported when the faults were made in the lab."""

import pytest

from tests.unit.migration.evidences import BEGUN, CUT, EOF, NONE, RUNS, SILENT, STREAM, end, events
from tui.core.failure import Failure
from tui.core.protocols import Aborted
from tui.migration.model.ending import ends as kinds
from tui.migration.model.timeline import CANCELLED, FAILED


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
            "libvirt gave no usable reason: the migration stream to destination broke, or another program cancelled it "
            "(virsh domjobabort)",
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
    found = end(RUNS, NONE, failure=CUT, origin_lost=lost, events=events(*BEGUN, *lines))
    assert (found.kind, found.outcome) == (kinds.DAEMON_GONE, FAILED)
    assert found.cause is not None
    assert found.cause.why == f"the connection to libvirt on {host} broke"


def test_without_the_end_on_the_destination_nobody_is_said_to_have_cancelled() -> None:
    assert end(RUNS, NONE, failure=CUT, events=events(*BEGUN)).kind == kinds.NO_REASON


ENDED_BY_LIBVIRT = events(*BEGUN, "destination shutdown/by the host", "destination stopped/failed")


@pytest.mark.parametrize("failure", [CUT, STREAM, None])
def test_a_job_that_libvirt_reports_as_cancelled_was_cancelled_by_another_program(failure: Failure | None) -> None:
    found = end(RUNS, NONE, failure=failure, job_cancelled=True, events=ENDED_BY_LIBVIRT)
    assert (found.kind, found.outcome, found.ok) == (kinds.ABORTED, CANCELLED, True)
    assert found.cause is not None
    assert found.cause.what == "Another program cancelled the migration of guest1"


@pytest.mark.parametrize(("failure", "lost", "kind"), [(CUT, True, kinds.DAEMON_GONE), (None, True, kinds.NO_REASON)])
def test_a_job_that_libvirt_cancels_because_a_daemon_is_gone_was_cancelled_by_nobody(
    failure: Failure | None, lost: bool, kind: str
) -> None:
    found = end(RUNS, NONE, failure=failure, job_cancelled=True, origin_lost=lost, events=ENDED_BY_LIBVIRT)
    assert (found.kind, found.outcome) == (kind, FAILED)


def test_an_end_that_may_be_a_cancel_or_a_broken_stream_is_called_neither() -> None:
    found = end(RUNS, NONE, failure=CUT, events=ENDED_BY_LIBVIRT)
    assert (found.kind, found.outcome) == (kinds.NO_REASON, FAILED)
    assert found.cause is not None
    assert "the migration stream to destination broke, or another program cancelled it" in found.cause.why
    died = events(*BEGUN, "destination stopped/failed")
    assert end(RUNS, NONE, failure=CUT, events=died).kind == kinds.TARGET_QEMU_GONE


@pytest.mark.parametrize(
    ("lines", "kind", "why"),
    [
        (("destination stopped/failed",), kinds.TARGET_QEMU_GONE, "QEMU on destination ended; libvirt gave no other"),
        (
            ("destination shutdown/by the host", "destination stopped/failed"),
            kinds.NO_REASON,
            "the migration stream to the destination broke, or another program cancelled it (virsh domjobabort): both",
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

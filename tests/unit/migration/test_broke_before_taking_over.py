"""A connection between the daemons that broke after the switch to post-copy, before the target let the VM run.

The events are those of a link cut at the switch for a minute, between hosts with libvirt 11.3.
"""

from dataclasses import replace

import pytest

from tui.core.failure import Failure
from tui.core.protocols import ConnectionBroken
from tui.core.vm import Vm
from tui.migration.model.ending import ends as kinds
from tui.migration.model.ending.diagnosis import Diagnosis, diagnose
from tui.migration.model.ending.evidence import Evidence, HostAnswer
from tui.migration.model.record import Event
from tui.migration.model.timeline import FAILED

CUT = ConnectionBroken(
    "The migration of guest1 failed",
    "the connection to libvirt broke",
    detail="internal error: client socket is closed",
)
ENDED = (("shutdown", "by the host"), ("stopped", "forced off"))


VM = Vm("guest1", "0054f024", "paused")


def found_after(*words: tuple[str, str], there: HostAnswer | None = None, failure: Failure | None = CUT) -> Diagnosis:
    """The diagnosis after these events on the destination, which has no VM now unless `there` is given."""
    events = tuple(
        Event(float(t), "", "lifecycle", {"host": "destination", "event": event, "detail": detail})
        for t, (event, detail) in enumerate((("started", "migrated"), *words))
    )
    here = HostAnswer(replace(VM, reason="post-copy failed"))
    known = Evidence(
        "guest1",
        "source",
        "destination",
        "destination",
        here,
        there or HostAnswer(),
        events,
        post_copy=True,
        failure=failure,
    )
    return diagnose(known)


def test_a_vm_that_libvirt_is_about_to_let_run_is_not_given_up() -> None:
    found = found_after(("defined", ""), there=HostAnswer(replace(VM, reason="migrating")))
    assert (found.kind, found.over, found.resumable) == (kinds.BROKE_EARLY, False, False)
    assert "It goes on if the network was down and comes back" in found.sentence
    assert found.advice.endswith("force it off on destination: virsh destroy guest1")


def test_a_vm_that_libvirt_was_not_about_to_let_run_does_not_go_on() -> None:
    found = found_after(there=HostAnswer(replace(VM, reason="migrating")))
    assert (found.kind, found.over) == (kinds.BROKE_EARLY, False)
    assert found.sentence.endswith("it stands still, and does not continue by itself.")


def test_a_vm_that_libvirt_ended_because_it_lost_the_source_was_not_destroyed_by_another_program() -> None:
    found = found_after(*ENDED)
    assert (found.kind, found.outcome) == (kinds.TARGET_QEMU_GONE, FAILED)
    assert found.sentence == (
        "libvirt on destination ended guest1 there, because its connection to source broke before it had let the VM "
        "run on destination. It is off."
    )
    assert "virsh destroy guest1" in found.advice
    assert found.cause is not None
    assert (found.cause.hint, found.cause.detail) == ("Check the network between the hosts.", CUT.detail)


@pytest.mark.parametrize(
    ("before", "failure"),
    [
        pytest.param((("resumed", "post-copy"),), CUT, id="the VM ran on the destination"),
        pytest.param((), Failure("The migration of guest1 failed", "domain is not running"), id="no connection broke"),
    ],
)
def test_otherwise_another_program_has_destroyed_it(before: tuple[tuple[str, str], ...], failure: Failure) -> None:
    found = found_after(*before, *ENDED, failure=failure)
    assert (found.kind, found.outcome) == (kinds.DESTROYED, FAILED)
    assert found.sentence.startswith("Another program forced guest1 off on destination in post-copy.")

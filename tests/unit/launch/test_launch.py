"""The placement of a VM, the workloads as values, and the Launch room on fake hosts."""

import pytest

from tests.fake_hosts import guest1
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.vm.model.location import VmPlacement

AWAY = Failure("libvirt can't be reached", "it is down")


@pytest.mark.parametrize(
    ("source", "destination", "host", "sentence"),
    [
        (guest1(), None, "source", "shut off on source"),
        (None, guest1("running"), "destination", "running on destination"),
        (guest1(), guest1("running"), "destination", "running on destination"),
        (guest1("running"), guest1("paused", "migrating"), "source",
         "running on source, arriving on destination"),
        (guest1("paused", "post-copy"), guest1("running", "post-copy"), "destination",
         "running (post-copy) on destination, arriving from source"),
        (guest1("paused", "post-copy failed"), guest1("shut off"), "source", "paused (post-copy failed) on source"),
        (None, None, "", "no host has a VM of this name"),
        (None, AWAY, "", "unknown because destination can't be reached"),
        (guest1("running"), AWAY, "source", "running on source"),
    ],
)  # fmt: skip
def test_the_vm_is_where_it_runs_otherwise_where_it_is_defined(
    source: Vm | Failure | None, destination: Vm | Failure | None, host: str, sentence: str
) -> None:
    where = VmPlacement("guest1", {"source": source, "destination": destination})
    assert (where.host, where.sentence) == (host, sentence)


def test_booting_is_doubtful_while_the_vm_may_run_on_an_unreachable_host() -> None:
    where = VmPlacement("guest1", {"source": guest1(), "destination": AWAY})
    assert where.why_not_boot() == ""
    assert "destination can't be reached" in where.doubt
    assert not VmPlacement("guest1", {"source": guest1(), "destination": None}).doubt


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({}, "not located yet"),
        ({"source": guest1("running"), "destination": None}, "already running on source"),
        ({"source": None, "destination": None}, "No host has"),
        ({"source": AWAY, "destination": None}, "it is down"),
    ],
)
def test_why_a_vm_cannot_be_booted(answers: dict[str, Vm | Failure | None], reason: str) -> None:
    assert reason in VmPlacement("guest1", answers).why_not_boot()


def test_booting_waits_for_the_replies_of_both_hosts() -> None:
    unread = VmPlacement("guest1", awaited=("source", "destination"))
    assert unread.sentence == "not known yet"
    half = unread.with_answer("source", guest1())
    assert (half.host, half.sentence) == ("source", "shut off on source")
    assert "destination has not answered" in half.why_not_boot()
    assert unread.with_answer("source", None).sentence == "not known yet"
    assert half.with_answer("destination", None).why_not_boot() == ""
    assert "already running on source" in half.with_answer("source", guest1("running")).why_not_boot()

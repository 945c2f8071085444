"""Where a VM is after a migration, as both hosts answer."""

from dataclasses import replace

import pytest

from tests.unit.fakes import PATIENCE_S, Stage, uri
from tests.unit.migration.stages import stage_of
from tui.core.failure import Failure
from tui.core.protocols import QemuEnded
from tui.migration.backend.running.connections import MigrationConnections
from tui.migration.backend.running.location import Locator


def route(stage: Stage) -> MigrationConnections:
    return MigrationConnections(stage.origin, stage.target, {host: uri(host) for host in stage.vms}, stage.open)


def test_a_host_that_does_not_answer_is_no_host_without_the_vm() -> None:
    stage = stage_of()
    stage.down.add(stage.target)
    found = Locator(route(stage), stage.vm).answers()
    here, there = found.here, found.there
    assert (here.vm, here.silent) == (stage.vm, False)
    assert (there.vm, there.silent, there.off) == (None, True, False)


def test_another_vm_of_the_same_name_is_not_the_vm() -> None:
    stage = stage_of()
    stage.vms[stage.target] = {stage.vm.name: replace(stage.vm, uuid="another")}
    assert Locator(route(stage), stage.vm).answers().there.off


def test_the_versions_are_those_of_now() -> None:
    stage = stage_of()
    stage.down.add(stage.origin)
    found = Locator(route(stage), stage.vm).answers(versions=True)
    assert found.here_libvirt is None
    assert found.there_libvirt is not None


def test_a_host_that_hangs_is_silent_and_is_not_asked_again_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.migration.backend.running.location.REPLY_LIMIT_S", 0.05)
    stage = stage_of()
    locator = Locator(route(stage), stage.vm)
    assert not locator.answers().there.silent  # the connections are open
    stage.silent.clear()
    stage.calls.clear()
    for _ in range(3):
        found = locator.answers(versions=True)
        assert (found.here.silent, found.there.silent, found.there_libvirt) == (True, True, None)
    stage.silent.set()
    monkeypatch.setattr("tui.migration.backend.running.location.REPLY_LIMIT_S", PATIENCE_S)
    assert not locator.answers().there.silent
    assert stage.calls.count("vm") <= 4  # one pending call to each host, and the last ones


@pytest.mark.parametrize(
    ("failure", "ended"),
    [(QemuEnded("The job statistics could not be read"), True), (Failure("libvirt is busy"), False), (None, False)],
)
def test_a_qemu_that_ended_in_post_copy_is_found_before_libvirt_notices(failure: Failure | None, ended: bool) -> None:
    stage = stage_of()
    stage.vms[stage.origin] = {stage.vm.name: replace(stage.vm, state="paused", reason="post-copy failed")}
    stage.refusals["job"] += [failure] if failure else []
    here = Locator(route(stage), stage.vm).answers().here
    assert (here.qemu_ended, here.active) == (ended, not ended)

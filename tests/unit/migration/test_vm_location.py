"""Where a VM is after a migration, as both hosts answer."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.unit.fakes import Stage, uri
from tests.unit.migration.stages import STAGES, stage_of
from tui.core.failure import Failure
from tui.core.protocols import QemuEnded
from tui.migration.backend.connections import MigrationConnections
from tui.migration.backend.location import answers, locate
from tui.migration.model.timeline import CANCELLED, COMPLETED, FAILED, LOST


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    yield
    for each in STAGES:
        each.let_go()
    STAGES.clear()


def route(stage: Stage) -> MigrationConnections:
    return MigrationConnections(stage.origin, stage.target, {host: uri(host) for host in stage.vms}, stage.open)


def test_a_host_that_does_not_answer_is_no_host_without_the_vm() -> None:
    stage = stage_of()
    stage.down.add(stage.target)
    here, there = answers(route(stage), stage.vm)
    assert (here.vm, here.silent) == (stage.vm, False)
    assert (there.vm, there.silent, there.off) == (None, True, False)


def test_another_vm_of_the_same_name_is_not_the_vm() -> None:
    stage = stage_of()
    stage.vms[stage.target] = {stage.vm.name: replace(stage.vm, uuid="another")}
    _here, there = answers(route(stage), stage.vm)
    assert there.off


@pytest.mark.parametrize(
    ("failure", "ended"),
    [(QemuEnded("The job statistics could not be read"), True), (Failure("libvirt is busy"), False), (None, False)],
)
def test_a_qemu_that_ended_in_post_copy_is_found_before_libvirt_notices(failure: Failure | None, ended: bool) -> None:
    stage = stage_of()
    stage.vms[stage.origin] = {stage.vm.name: replace(stage.vm, state="paused", reason="post-copy failed")}
    stage.refusals["job"] += [failure] if failure else []
    here, _there = answers(route(stage), stage.vm)
    assert (here.qemu_ended, here.active) == (ended, not ended)


@pytest.mark.parametrize(
    ("down", "outcome", "sentence"),
    [
        ("target", FAILED, "guest1 runs on source; destination does not answer (the network does not reach it)."),
        ("origin", LOST, "It is unknown where guest1 runs: source does not answer (the network does not reach it);"),
    ],
)
def test_the_reply_of_one_host_decides_only_if_it_has_the_vm(down: str, outcome: str, sentence: str) -> None:
    stage = stage_of()
    stage.down.add(getattr(stage, down))
    found = locate(route(stage), stage.vm)
    assert found.sentence.startswith(sentence)
    assert found.outcome(cancelled=False) == outcome


def test_a_vm_that_has_moved_was_not_cancelled() -> None:
    stage = stage_of()
    stage.vms = {stage.origin: {}, stage.target: {stage.vm.name: stage.vm}}
    found = locate(route(stage), stage.vm)
    assert found.outcome(cancelled=True) == COMPLETED
    assert found.fits(COMPLETED)
    assert not found.fits(CANCELLED)

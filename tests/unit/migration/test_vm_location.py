"""Where the VM is after a migration."""

import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.unit.fakes import uri
from tui.core.vm import Vm
from tui.migration.backend.connections import MigrationConnections
from tui.migration.backend.location import VmLocation, locate

if sys.version_info >= (3, 11):
    pass
else:
    pass
from tests.unit.migration.stages import STAGES, stage_of


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    yield
    for each in STAGES:
        each.let_go()
    STAGES.clear()


def found_on(here: Vm | None, there: Vm | None) -> VmLocation:
    """What is found when the migration from source to destination has ended that way."""
    stage = stage_of("link-cut")
    for host, vm in ((stage.origin, here), (stage.target, there)):
        stage.vms[host] = {vm.name: vm} if vm else {}
    route = MigrationConnections(stage.origin, stage.target, {host: uri(host) for host in stage.vms}, stage.open)
    return locate(route, stage.vm)


async def test_a_remaining_definition_is_reported_with_the_command_that_removes_it() -> None:
    vm = stage_of("link-cut").vm
    finding = found_on(replace(vm, state="shut off"), vm)
    assert (finding.ok, finding.moved) == (True, True)
    assert finding.sentence == "guest1 runs on destination, and only there; source still has its definition, shut off."
    assert "Do not start it on source" in finding.advice
    assert finding.advice.endswith("virsh undefine --keep-nvram guest1")


@pytest.mark.parametrize("there", ["running", "paused"])
async def test_an_interrupted_post_copy_is_reported_with_the_host_of_the_vm_and_of_its_memory(there: str) -> None:
    vm = stage_of("link-cut").vm
    finding = found_on(
        replace(vm, state="paused", reason="post-copy failed"), replace(vm, state=there, reason="post-copy")
    )
    assert (finding.ok, finding.moved) == (False, None)
    assert f"destination has run it since the switchover, where it is {there} (post-copy)" in finding.sentence
    assert "source, where it is paused (post-copy failed), holds the memory that was not sent" in finding.sentence
    assert finding.advice.startswith("Resume or destroy it on neither host. Repair the network")


async def test_a_vm_that_runs_on_both_hosts_is_an_alarm() -> None:
    vm = stage_of("link-cut").vm
    finding = found_on(vm, vm)
    assert (finding.ok, finding.moved) == (False, None)
    assert finding.sentence == "guest1 runs on source and on destination at once: both write to one disk."
    assert finding.advice.startswith("Force one of them off at once: virsh destroy guest1")


async def test_a_vm_that_both_hosts_have_for_another_reason_is_reported_with_its_states() -> None:
    vm = stage_of("link-cut").vm
    finding = found_on(replace(vm, state="paused"), vm)
    assert finding.sentence == "guest1 is paused on source and runs on destination."
    assert "Resume neither" in finding.advice


async def test_without_remains_there_is_no_advice() -> None:
    assert found_on(None, stage_of("link-cut").vm).advice == ""


@pytest.mark.parametrize(("down", "moved"), [("target", False), ("origin", None)])
async def test_the_reply_of_one_host_is_used_if_the_other_is_unreachable(down: str, moved: bool | None) -> None:
    stage = stage_of("pre-copy-idle")
    stage.down.add(getattr(stage, down))
    route = MigrationConnections(stage.origin, stage.target, {host: uri(host) for host in stage.vms}, stage.open)
    finding = locate(route, stage.vm)
    assert finding.moved is moved
    assert ("cannot be reached" if moved is False else "is unknown") in finding.sentence

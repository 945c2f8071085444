"""The offline migration: the definition of a VM that is off moves, and nothing else."""

from dataclasses import replace

import pytest

from tests.unit.fakes import Stage, connections, recording
from tui.adapters.libvirt.migration import offline_flags
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.vm import Vm
from tui.migration.backend.before.preflight import Moved, Refused
from tui.migration.backend.offline import move_definition


def off() -> Stage:
    stage = Stage(recording("pre-copy-idle"))
    stage.vms[stage.origin][stage.vm.name] = replace(stage.vm, state="shut off")
    return stage


async def test_the_definition_moves_whatever_else_the_plan_has() -> None:
    stage = off()
    plan = Plan("guest1", parallel=4, zerocopy=True, copy_storage_all=True)
    sentence = await move_definition(connections(stage), plan, stage.origin)
    assert sentence == (
        "guest1 is defined on destination, shut off, and no longer on source. Its disks were not copied: destination "
        "must have them."
    )
    assert (list(stage.vms["destination"]), list(stage.vms["source"])) == (["guest1"], [])


async def test_it_may_have_another_name_and_stay_defined() -> None:
    stage = off()
    sentence = await move_definition(connections(stage), Plan("guest1", dname="b", undefinesource=False), "")
    assert "guest1 is defined on destination as b, shut off, and on source, too: start only one of them." in sentence


async def test_its_definition_there_may_be_given_but_not_that_of_another_vm() -> None:
    stage = off()
    xml = f"<domain><name>guest1</name><uuid>{stage.vm.uuid}</uuid></domain>"
    await move_definition(connections(stage), Plan("guest1", xml=xml), "")
    assert list(stage.vms["destination"]) == ["guest1"]
    stage = off()
    with pytest.raises(Refused, match="--xml is refused: its UUID is"):
        await move_definition(connections(stage), Plan("guest1", xml=xml.replace(stage.vm.uuid, "0")), "")


async def test_a_vm_that_starts_with_its_host_starts_with_the_new_one() -> None:
    stage = off()
    stage.autostarts = {stage.origin}
    await move_definition(connections(stage), Plan("guest1"), "")
    assert stage.target in stage.autostarts
    stage = off()
    await move_definition(connections(stage), Plan("guest1"), "")
    assert stage.autostarts == set()


async def test_a_vm_that_stays_defined_starts_with_one_host_only() -> None:
    stage = off()
    stage.autostarts = {stage.origin}
    await move_definition(connections(stage), Plan("guest1", undefinesource=False), "")
    assert stage.autostarts == {stage.origin}


async def test_an_autostart_that_cannot_be_set_is_said_and_one_that_is_unknown_is_left() -> None:
    stage = off()
    stage.autostarts = {stage.origin}
    stage.refusals["set_autostart"].append(Failure("It was not set", "the folder is read-only"))
    sentence = await move_definition(connections(stage), Plan("guest1"), "")
    assert sentence.endswith("It does not start with destination: It was not set: the folder is read-only.")
    stage = off()
    stage.refusals["autostart"].append(Failure("It was not read", "no reply"))
    assert "It does not start" not in await move_definition(connections(stage), Plan("guest1"), "")


async def test_a_running_vm_and_a_taken_name_are_refused() -> None:
    stage = off()
    stage.vms["destination"]["guest1"] = Vm("guest1", "another", "shut off", "", 2, 1 << 30)
    with pytest.raises(Refused, match="The name guest1 is taken on destination"):
        await move_definition(connections(stage), Plan("guest1"), "")
    stage = Stage(recording("pre-copy-idle"))
    with pytest.raises(Refused, match="guest1 is not off: it is running on source"):
        await move_definition(connections(stage), Plan("guest1"), "")
    assert "move_definition" not in stage.calls


async def test_a_vm_of_the_other_host_is_not_moved_the_wrong_way() -> None:
    stage = off()
    with pytest.raises(Moved):
        await move_definition(connections(stage), Plan("guest1"), "destination")


def test_the_flags_are_those_of_virsh_migrate_offline_persistent() -> None:
    assert offline_flags(Plan("guest1", copy_storage_all=True)) == 1 << 10 | 1 << 1 | 1 << 3 | 1 << 4
    assert offline_flags(Plan("guest1", undefinesource=False)) == 1 << 10 | 1 << 1 | 1 << 3

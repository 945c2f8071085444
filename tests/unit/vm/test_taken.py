"""Whether the name and the UUID of a VM are free on the host that it is migrated to."""

from dataclasses import replace

import pytest

from tui.core.vm import Vm
from tui.vm.model.location import VmOnHost, taken

VM = Vm("guest1", "0054f024", "running")


def on_destination(*vms: Vm) -> list[VmOnHost]:
    return [VmOnHost(vm, "destination") for vm in vms]


@pytest.mark.parametrize("there", [(), (replace(VM, state="shut off"),), (Vm("web", "another", "running"),)])
def test_a_vm_arrives_beside_other_vms_and_where_its_own_definition_is(there: tuple[Vm, ...]) -> None:
    assert taken(VM, on_destination(*there)) is None


@pytest.mark.parametrize(
    ("there", "text"),
    [
        (
            Vm("guest1", "another", "shut off"),
            "The name guest1 is taken on destination: a VM of that name is shut off there.",
        ),
        (replace(VM, state="paused"), "The name guest1 is taken on destination: a VM of that name is paused there."),
        (
            Vm("copy", VM.uuid, "shut off"),
            "The UUID of guest1 is taken on destination: copy has it there, and is shut off; libvirt takes",
        ),
    ],
)
def test_a_taken_name_or_uuid_is_found_before_the_start(there: Vm, text: str) -> None:
    assert str(taken(VM, on_destination(Vm("web", "third", "running"), there))).startswith(text)

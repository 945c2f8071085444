"""The definition of a VM that is off moves to the other host and back, and stays equal."""

import re
from collections.abc import Iterator

import pytest

from tests.lab.lab_backend import LabBackend
from tests.lab.test_commands import Commands, commands
from tui.lab.inventory import GUEST

__all__ = ["commands"]
VM = "off1"


@pytest.fixture
def off(lab_backend: LabBackend) -> Iterator[str]:
    """Its definition on the source, which is that of the guest under another name."""
    machine = lab_backend.lab.machine("source")
    xml = lab_backend.virsh("source", "dumpxml", "--inactive", GUEST.name)
    xml = re.sub(r"<uuid>.*</uuid>", "", xml).replace(f"<name>{GUEST.name}<", f"<name>{VM}<")
    (machine.folder / "off.xml").write_text(xml)
    lab_backend.virsh("source", "define", str(machine.folder / "off.xml"))
    yield lab_backend.virsh("source", "dumpxml", "--inactive", VM)
    for host in ("source", "destination"):
        lab_backend.lab.machine(host).succeeds(["virsh", "undefine", VM])


def test_the_definition_of_a_vm_that_is_off_moves_there_and_back(
    lab_backend: LabBackend, commands: Commands, off: str
) -> None:
    machines = {host: lab_backend.lab.machine(host) for host in ("source", "destination")}
    status, out, err = commands.run("migrate", VM, "--offline")
    assert (status, err) == (0, "")
    assert out.startswith(f"{VM} is defined on destination, shut off, and no longer on source.")
    assert lab_backend.virsh("destination", "dumpxml", "--inactive", VM) == off
    assert not machines["source"].succeeds(["virsh", "dominfo", VM])

    status, out, err = commands.run("migrate", VM, "--to", "source", "--offline")
    assert (status, err) == (0, "")
    assert lab_backend.virsh("source", "dumpxml", "--inactive", VM) == off
    assert not machines["destination"].succeeds(["virsh", "dominfo", VM])


def test_a_definition_that_is_given_is_what_the_other_host_gets(
    lab_backend: LabBackend, commands: Commands, off: str
) -> None:
    machine = lab_backend.lab.machine("source")
    (machine.folder / "there.xml").write_text(off.replace("<on_crash>destroy<", "<on_crash>restart<"))
    status, _, err = commands.run("migrate", VM, "--offline", "--xml", str(machine.folder / "there.xml"))
    assert (status, err) == (0, "")
    assert "<on_crash>restart<" in lab_backend.virsh("destination", "dumpxml", "--inactive", VM)

"""Commands that fail on a host become a Failure in the facts of the NFS room."""

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.nfs.backend.nfs import Nfs
from tui.nfs.model.facts import VmsRead

NO_SHELL = Completed(1, "This account is currently not available.\n", "")


async def test_a_host_that_runs_no_command_is_a_failure_with_its_output() -> None:
    world = FakeHosts()
    world.shells["root@storage"].answers = {"id\n-u": "0\n", "exportfs": NO_SHELL}
    nfs = Nfs(world.connections, world.changes)
    await nfs.checklist.refresh_fully()
    server = nfs.checklist.facts.hosts["storage"]
    assert str(server) == "storage could not be read: This account is currently not available."


async def test_images_that_a_host_can_not_read_are_a_failure_and_not_missing_files() -> None:
    world = FakeHosts()
    world.shells["root@destination"].answers = {"id\n-u": "0\n", "image.$number": Completed(1, "", "sh: cannot fork\n")}
    nfs = Nfs(world.connections, world.changes)
    await nfs.checklist.refresh_fully()
    images = nfs.checklist.facts.images["destination"]
    assert isinstance(images, Failure)
    assert str(images) == "The images could not be read on destination: sh: cannot fork."


@pytest.mark.parametrize("received", [guest1("paused", "migrating"), guest1("running", "post-copy")])
async def test_the_locked_definition_of_a_vm_that_is_migrated_here_is_not_read(received: Vm) -> None:
    world = FakeHosts()
    world.source.known["guest1"], world.destination.known["guest1"] = guest1("running"), received
    nfs = Nfs(world.connections, world.changes)
    await nfs.checklist.refresh_fully()
    read = nfs.checklist.facts.vms
    assert read["destination"] == VmsRead((received,), {})
    assert isinstance(read["source"], VmsRead)
    assert list(read["source"].disks) == ["guest1"]
    assert "definition guest1" not in world.destination.calls

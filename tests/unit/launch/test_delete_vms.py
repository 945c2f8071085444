"""Deleting VMs and their disks."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fake_hosts import SHARED, guest_xml
from tests.unit.launch.new_vm_room import AWAY, GIB, PLAIN, Room, info, running
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.vm import Vm, VmFacts
from tui.guest.backend.addresses import GuestAddresses
from tui.launch.backend.launch import Launch
from tui.vm.model.domain import parse
from tui.vm.model.domain_mark import DELETING


def with_two(room: Room) -> None:
    room.world.source.known["two"] = Vm("two", "uuid-2", "shut off", "", 2, GIB)
    room.answer("find", f"{SHARED}/two.qcow2\0{info()}\0")


async def test_deleting_a_vm_keeps_its_disks_by_default() -> None:
    room = Room()
    with_two(room)
    deletion = await room.launch.vms.deletion("two")
    assert (deletion.hosts, deletion.disks, deletion.kept) == (("source",), (f"{SHARED}/two.qcow2",), ())
    assert await room.launch.vms.delete(deletion, disks=False) == "two was deleted; its disks were kept."
    assert "two" not in room.world.source.known
    assert room.ran("rm\n-f") == []


async def test_the_snapshots_that_go_with_a_vm_are_named() -> None:
    room = Room()
    with_two(room)
    room.world.source.facts["two"] = VmFacts(("before-upgrade",))
    assert (await room.launch.vms.deletion("two")).snapshots == ("before-upgrade",)


NVRAM = "/var/lib/libvirt/qemu/nvram/two_VARS.fd"
FIRMWARE = f"<os><nvram template='/usr/share/OVMF/OVMF_VARS_4M.fd'>{NVRAM}</nvram>"


def with_uefi(room: Room, *names: str) -> None:
    """The VMs have that file of UEFI variables."""
    for name in names:
        room.world.source.definitions[name] = room.world.source.definition(name).replace("<os>", FIRMWARE)


def removed_there(room: Room) -> list[str]:
    return [each[-1] for each in room.world.shells["root@destination"].commands if "rm" in each]


async def test_the_uefi_variables_that_a_migration_left_on_the_other_host_are_removed() -> None:
    room = Room()
    with_two(room)
    with_uefi(room, "two")
    deletion = await room.launch.vms.deletion("two")
    assert (deletion.nvram, deletion.leftovers) == (NVRAM, ("destination",))
    await room.launch.vms.delete(deletion, disks=False)
    assert removed_there(room) == [NVRAM]
    assert room.ran("rm") == []  # libvirt removes that of the source


@pytest.mark.parametrize("why", ["missing", "shared", "used", "unknown", "another host unread", "found later"])
async def test_a_file_of_uefi_variables_on_the_other_host_is_kept(why: str) -> None:
    room = Room()
    with_two(room)
    with_uefi(room, "two", *(["guest1"] if why == "used" else []))
    there = room.world.shells["root@destination"]
    definitions = room.world.source.definitions
    if why == "missing":
        there.answers = {"test\n-f": Completed(1, "", ""), **there.answers}
    elif why == "shared":
        definitions["two"] = definitions["two"].replace(NVRAM, f"{SHARED}/two_VARS.fd")
    elif why == "unknown":
        there.answers = {"test\n-f": AWAY, **there.answers}
    elif why == "another host unread":
        room.world.unreachable[room.world.destination.uri] = AWAY
    deletion = await room.launch.vms.deletion("two")
    if why == "found later":  # the question did not name it
        deletion = replace(deletion, leftovers=())
    assert deletion.leftovers == ()
    await room.launch.vms.delete(deletion, disks=False)
    assert removed_there(room) == []


async def test_a_leftover_that_cannot_be_removed_is_reported() -> None:
    room = Room()
    with_two(room)
    with_uefi(room, "two")
    there = room.world.shells["root@destination"]
    there.answers = {"rm\n-f": Completed(1, "", "rm: Read-only file system"), **there.answers}
    sentence = await room.launch.vms.delete(await room.launch.vms.deletion("two"), disks=False)
    reason = f"{NVRAM} on destination could not be removed: rm: Read-only file system."
    assert sentence == f"two was deleted; its disks were kept. {reason}"
    assert "two" not in room.world.source.known


async def test_disks_are_removed_on_request_by_their_exact_paths() -> None:
    room = Room()
    with_two(room)
    deletion = await room.launch.vms.deletion("two")
    assert f"with {SHARED}/two.qcow2" in await room.launch.vms.delete(deletion, disks=True)
    assert [argv[-3:] for argv in room.ran("rm\n-f")] == [("-f", "--", f"{SHARED}/two.qcow2")]


async def test_the_address_of_a_deleted_vm_is_removed() -> None:
    room = Room()
    with_two(room)
    room.launch.choose("two")
    room.launch.keep_address("root@old")
    await room.launch.delete(await room.launch.vms.deletion("two"), disks=True)
    assert room.launch.address_of("two") == ""


async def test_a_deletion_is_reported_even_if_the_address_cannot_be_removed(tmp_path: Path) -> None:
    room = Room()
    with_two(room)
    (tmp_path / "file").touch()
    addresses = GuestAddresses(tmp_path / "file/below/guests.json")
    launch = Launch(room.world.connections, room.world.changes.sudo, addresses)
    sentence = await launch.delete(await launch.vms.deletion("two"), disks=False)
    assert sentence.startswith("two was deleted; its disks were kept. two can't be removed from")


async def test_a_new_vm_does_not_inherit_the_address_of_an_older_one() -> None:
    room = Room()
    room.launch.choose("two")
    room.launch.keep_address("root@old")
    await room.create(PLAIN)
    assert room.launch.address_of("two") == ""


async def test_an_interrupted_deletion_can_be_finished() -> None:
    room = Room()
    with_two(room)
    room.answer("rm\n-f", Completed(1, "", "rm: cannot remove: Input/output error"))
    with pytest.raises(Failure, match="Input/output error"):
        await room.launch.vms.delete(await room.launch.vms.deletion("two"), disks=True)
    assert parse(room.world.source.definition("two")).mark == DELETING
    room.answer("rm\n-f", "")
    room.answer("for each; do [ ! -e", f"{SHARED}/two.qcow2\0")
    assert "two was deleted" in await room.launch.vms.delete(await room.launch.vms.deletion("two"), disks=True)
    assert "two" not in room.world.source.known


async def test_a_disk_that_another_vm_uses_is_never_removed() -> None:
    room = Room()
    with_two(room)
    room.world.source.definitions["two"] = guest_xml(room.world.source.known["guest1"]).replace(">guest1<", ">two<")
    deletion = await room.launch.vms.deletion("two")
    assert (deletion.disks, deletion.kept) == ((), ((f"{SHARED}/guest1.qcow2", "guest1 uses it"),))


@pytest.mark.parametrize(
    "disk",
    [
        "<disk type='volume' device='disk'><source pool='nfs' volume='two.qcow2'/><target dev='vdb'/></disk>",
        f"<disk type='file' device='disk'><source file='{SHARED}/own.qcow2'><dataStore type='file'><format type='raw'/>"
        f"<source file='{SHARED}/two.qcow2'/></dataStore></source><target dev='vdb'/></disk>",
    ],
)
async def test_a_disk_that_is_a_volume_or_the_data_of_another_vm_is_never_removed(disk: str) -> None:
    room = Room()
    with_two(room)
    source = room.world.source
    source.definitions["guest1"] = source.definition("guest1").replace("<devices>", f"<devices>{disk}")
    deletion = await room.launch.vms.deletion("two")
    assert (deletion.disks, deletion.kept) == ((), ((f"{SHARED}/two.qcow2", "guest1 uses it"),))


async def test_the_backing_file_of_another_image_is_never_removed() -> None:
    room = Room()
    with_two(room)
    room.answer("find", f"{SHARED}/top.qcow2\0{info(backing=f'{SHARED}/two.qcow2')}\0")
    deletion = await room.launch.vms.deletion("two")
    assert deletion.kept == ((f"{SHARED}/two.qcow2", f"{SHARED}/top.qcow2 is an overlay of it"),)


async def test_a_disk_that_is_now_in_use_is_kept() -> None:
    room = Room()
    with_two(room)
    deletion = await room.launch.vms.deletion("two")
    room.world.destination.known["three"] = Vm("three", "uuid-3", "running")
    room.world.destination.definitions["three"] = room.world.source.definition("two").replace(">two<", ">three<")
    assert "now in use" in await room.launch.vms.delete(deletion, disks=True)
    assert room.ran("rm\n-f") == []


async def test_no_disk_is_removed_while_a_host_is_unreachable() -> None:
    room = Room()
    with_two(room)
    room.world.unreachable[room.world.destination.uri] = AWAY
    deletion = await room.launch.vms.deletion("two")
    assert deletion.disks == ()
    assert "destination can't be read" in deletion.kept[0][1]


async def test_a_running_vm_is_not_deleted() -> None:
    room = Room()
    running(room)
    with pytest.raises(Failure, match="it is running on source"):
        await room.launch.vms.deletion("guest1")


async def test_the_locked_definition_of_a_vm_that_is_migrated_here_is_not_read() -> None:
    room = Room()
    arriving = replace(room.world.source.known["guest1"], state="paused", reason="migrating")
    room.world.source.known["guest1"] = arriving
    answer = await room.launch.vms.on("source")
    assert isinstance(answer, tuple)
    assert [(each.vm, str(each.domain)) for each in answer if each.vm.name == "guest1"] == [
        (
            arriving,
            "The definition of guest1 could not be read: it is being migrated to this host. "
            "Wait until the migration ends.",
        )
    ]
    assert "definition guest1" not in room.world.source.calls


async def test_a_definition_is_reread_only_if_the_vm_changed() -> None:
    room = Room()
    await room.launch.vms.on("source")
    await room.launch.vms.on("source")
    assert room.world.source.calls.count("definition guest1") == 1
    running(room)
    await room.launch.vms.on("source")
    await room.launch.vms.on("source", reread=True)
    assert room.world.source.calls.count("definition guest1") == 3

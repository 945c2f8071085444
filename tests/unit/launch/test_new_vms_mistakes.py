"""Mistakes and failures while a VM is created."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.fake_hosts import SHARED, guest_xml
from tests.unit.launch.new_vm_room import AWAY, FREE, GIB, LIKE_GUEST1, NO, OF_CLOUD, PLAIN, YES, Room, info, running
from tui.core.actions import without_keys
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.launch.model.new_vm import VmRequest
from tui.vm.model.domain import BadDefinition, parse
from tui.vm.model.domain_mark import MAKING


def on_destination(room: Room) -> None:
    room.world.destination.known["two"] = Vm("two", "u", "running", "", 2, GIB)


def on_the_network(room: Room) -> None:
    """A server provides the disk of guest1, as in a lab over NBD."""
    text = room.world.source.definition("guest1")
    network = '<disk type="network" device="disk"><source protocol="nbd" name="guest1"/><target dev="vda" /></disk>'
    file = text[text.index("<disk") : text.index("</disk>") + len("</disk>")]
    room.world.source.definitions["guest1"] = text.replace(file, network)


def two_disks_and_space_for_one(room: Room) -> None:
    text = room.world.source.definition("guest1")
    disk = text[text.index("<disk") : text.index("</disk>") + len("</disk>")]
    second = disk.replace("guest1.qcow2", "data.qcow2").replace("vda", "vdb")
    room.world.source.definitions["guest1"] = text.replace(disk, disk + second)
    room.answer("df\n-B1", f"Avail\n{(2 << 20) - 1}\n")


MISTAKES: dict[str, tuple[VmRequest, Callable[[Room], object], str]] = {
    "no name": (replace(PLAIN, name=" "), bool, "The VM has no name. Enter one."),
    "a slash": (replace(PLAIN, name="a/b"), bool, '"/" is not allowed'),
    "two dots": (replace(PLAIN, name=".."), bool, "can't be the name of a VM"),
    "a space at the end": (replace(PLAIN, name="two "), bool, "begins or ends with a space"),
    "a line break": (replace(PLAIN, name="t\nwo"), bool, "invisible characters"),
    "too long": (replace(PLAIN, name="x" * 200), bool, "it has 200 bytes, and 100 are allowed"),
    "taken here": (replace(PLAIN, name="guest1"), bool, "source has a VM of that name, shut off"),
    "taken there": (PLAIN, on_destination, "destination has a VM of that name, running"),
    "no vCPUs": (replace(PLAIN, vcpus=0), bool, "0 vCPUs are not possible"),
    "too many vCPUs": (replace(PLAIN, vcpus=16), bool, "16 vCPUs are too many for source: it has 2 CPUs"),
    "no memory": (replace(PLAIN, memory_bytes=0), bool, "at least 16 MiB"),
    "too much memory": (
        replace(PLAIN, memory_bytes=32 * GIB),
        bool,
        "32.0 GiB of memory is too much for source",
    ),
    "no image": (replace(PLAIN, image=""), bool, "No image was chosen"),
    "image gone": (PLAIN, lambda room: room.answer("test\n-f", NO), f"There is no file {FREE}"),
    "no image at all": (
        PLAIN,
        lambda room: room.answer("qemu-img\ninfo", Completed(1, "", "Could not open: Is a directory")),
        "Is a directory",
    ),
    "any file": (
        replace(PLAIN, image=f"{SHARED}/notes.txt"),
        lambda room: room.answer("qemu-img\ninfo", info("raw")),
        "not a disk that a VM can boot: its format is raw",
    ),
    "a base elsewhere": (
        PLAIN,
        lambda room: room.answer("qemu-img\ninfo", info(backing="/home/me/base.qcow2")),
        "its backing file /home/me/base.qcow2 is not on the shared folder",
    ),
    "in use": (replace(PLAIN, image=f"{SHARED}/guest1.qcow2"), bool, "it is a disk of guest1"),
    "in use by a running VM": (
        replace(OF_CLOUD, image=f"{SHARED}/guest1.qcow2"),
        running,
        "guest1 uses it. Shut that VM down first.",
    ),
    "no shared folder": (
        PLAIN,
        lambda room: room.answer("test\n-d", NO),
        "the shared folder is not mounted. The NFS page",
    ),
    "source away": (PLAIN, lambda room: room.world.unreachable.update({"qemu:///system": AWAY}), "it is down"),
    "disk exists": (OF_CLOUD, lambda room: room.answer("test\n-e", YES), "already exists"),
    "no space": (
        OF_CLOUD,
        lambda room: room.answer("df\n-B1", "Avail\n4096\n"),
        "A copy of jammy.img does not fit: it needs 1.0 MiB",
    ),
    "space for one of two disks": (
        LIKE_GUEST1,
        two_disks_and_space_for_one,
        "Copies of guest1.qcow2 and data.qcow2 do not fit: they need 2.0 MiB",
    ),
    "disk too small": (
        replace(OF_CLOUD, disk_bytes=1 << 20),
        bool,
        "A disk of 1.0 MiB is too small: the image has 1.0 GiB",
    ),
    "no user": (replace(OF_CLOUD, user="Me Too"), bool, "is not a valid user name"),
    "no key": (replace(OF_CLOUD, ssh_key="secret"), bool, "This is not a public ssh key"),
    "template runs": (LIKE_GUEST1, running, "it is running on source and writes to its disks. Shut it down first."),
    "template on the network": (LIKE_GUEST1, on_the_network, "its disk vda is not a file but of type network: guest1"),
    "no template": (replace(LIKE_GUEST1, template="gone"), bool, "no host has a VM of this name"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_mistake_is_reported_before_anything_is_created(mistake: str) -> None:
    request, prepare, words = MISTAKES[mistake]
    room = Room()
    prepare(room)
    with pytest.raises(Failure) as raised:
        await room.plan(request)
    assert words in str(raised.value)
    assert "define" not in room.world.source.calls
    assert room.ran("qemu-img convert") == []


EDITS: dict[str, tuple[Callable[[str], str], str]] = {
    "no XML": (lambda xml: xml.replace("</os>", ""), "This is not XML: line"),
    "another root": (lambda _xml: "<network/>", "not the XML of a VM"),
    "another name": (lambda xml: xml.replace("<name>two", "<name>three"), "The name was changed"),
    "another VM's disk": (lambda xml: xml.replace("free.qcow2", "guest1.qcow2"), "it is a disk of guest1"),
    "another VM's UUID": (
        lambda xml: xml.replace("<name>", f"<uuid>{WEBS_UUID.replace('-', '').upper()}</uuid><name>"),
        "The UUID is taken: web on destination has it. Delete the <uuid> line",
    ),
    "another VM's MAC address": (
        lambda xml: xml.replace('<interface type="bridge">', f'<interface type="bridge">{MAC}'),
        "The MAC address 52:54:00:00:00:01 is taken: web on destination has it. Delete the <mac> line",
    ),
}


WEBS_UUID = "11111111-2222-4333-8444-55555555aaaa"


MAC = '<mac address="52:54:00:00:00:01"/>'


@pytest.mark.parametrize("edit", EDITS)
async def test_a_mistake_in_the_definition_is_reported(edit: str) -> None:
    room = Room()
    web = Vm("web", WEBS_UUID, "shut off", "", 1, GIB)
    room.world.destination.known["web"] = web
    interface = '<interface type="network">'
    room.world.destination.definitions["web"] = guest_xml(web).replace(interface, f"{interface}{MAC}")
    change, words = EDITS[edit]
    with pytest.raises(Failure, match=words):
        await room.create(PLAIN, change)
    assert "define" not in room.world.source.calls


async def test_an_error_of_libvirt_has_its_line() -> None:
    room = Room()
    plan = await room.plan(PLAIN)
    detail = "XML document failed to validate against schema: Unable to validate\nExtra element vcpu in interleave\n"
    room.world.source.refusals["define"] = Failure("libvirt rejected the definition", "see", detail=detail)
    with pytest.raises(BadDefinition) as raised:
        await room.launch.new_vms.create(plan, plan.xml, room.progress.append)
    assert plan.xml.splitlines()[raised.value.line - 1].strip() == "<vcpu>2</vcpu>"
    assert "<vcpu> or an element in it" in str(raised.value)


@pytest.mark.parametrize(
    ("key", "answer", "words"),
    [
        ("qemu-img convert", Completed(1, "", "qemu-img: No space left on device"), "No space left on device"),
        ("user-data", Completed(69, "", ""), "it has none of xorriso, genisoimage, mkisofs, cloud-localds"),
        ("user-data", Completed(1, "", "Permission denied"), "Permission denied"),
    ],
)
async def test_nothing_remains_of_a_vm_whose_files_cannot_be_created(key: str, answer: Completed, words: str) -> None:
    room = Room()
    room.answer(key, answer)
    with pytest.raises(Failure, match=words):
        await room.create(OF_CLOUD)
    assert "two" not in room.world.source.known
    removed = [argv[-1] for argv in room.ran("rm\n-f")]
    assert removed == ([] if key == "qemu-img convert" else [f"{SHARED}/two.qcow2"])


@pytest.mark.parametrize("stays", ["files", "definition"])
async def test_a_failed_rollback_is_reported_with_the_cause_and_the_rest_can_be_deleted(stays: str) -> None:
    room = Room()
    room.answer("user-data", Completed(69, "", "Permission denied"))
    if stays == "files":
        room.answer("rm\n-f", Completed(1, "", "rm: cannot remove: Input/output error"))
    else:
        room.world.source.refusals["undefine two"] = AWAY
    with pytest.raises(Failure) as raised:
        await room.create(OF_CLOUD)
    assert "it has none of xorriso" in raised.value.why
    why = "The disks could not be removed: rm: cannot remove: Input/output error." if stays == "files" else f"{AWAY}"
    assert f"An incomplete two remains: {why} The Launch page deletes it." in without_keys(str(raised.value))
    assert parse(room.world.source.definition("two")).mark == MAKING

    room.answer("rm\n-f", "")
    room.world.source.refusals.clear()
    room.answer("for each; do [ ! -e", f"{SHARED}/two.qcow2\0")
    assert "two was deleted" in await room.launch.vms.delete(await room.launch.vms.deletion("two"), disks=True)


async def test_a_vm_whose_creation_was_interrupted_is_marked_until_it_is_deleted() -> None:
    """As after a kill: no rollback runs."""
    room = Room()
    plan = await room.plan(LIKE_GUEST1)

    def end_while_copying(text: str) -> None:
        if "copying" in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await room.launch.new_vms.create(plan, plan.xml, end_while_copying)
    assert parse(room.world.source.definition("two")).mark == MAKING

    target = f"{SHARED}/two.qcow2"
    room.answer("for each; do [ ! -e", f"{target}.part\0{target}.part.pid\0")
    deletion = await room.launch.vms.deletion("two")
    assert deletion.disks == (f"{target}.part", f"{target}.part.pid")
    assert f"with {target}.part and" in await room.launch.vms.delete(deletion, disks=True)
    assert {argv[-1] for argv in room.ran("/proc/$pid/cmdline")} >= {target}
    assert "two" not in room.world.source.known


async def test_a_created_vm_has_no_mark() -> None:
    room = Room()
    await room.create(LIKE_GUEST1)
    assert "set_mark two" in room.world.source.calls
    assert parse(room.world.source.definition("two")).mark == ""


async def test_an_incomplete_vm_cannot_be_copied() -> None:
    room = Room()
    room.world.source.set_mark("guest1", MAKING)
    with pytest.raises(Failure, match="guest1 can't be copied: its creation or deletion was interrupted"):
        await room.plan(LIKE_GUEST1)

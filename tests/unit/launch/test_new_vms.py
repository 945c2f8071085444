"""VMs created and deleted on fake hosts, and the Failure for each mistake."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.fake_hosts import SHARED, FakeHosts, guest_xml
from tui.core.actions import without_keys
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.guest.backend.addresses import GuestAddresses
from tui.guest.model.agent import AGENT
from tui.launch.backend.launch import Launch
from tui.launch.model.build_plan import BuildPlan
from tui.launch.model.new_vm import CLOUD, IMAGE, LIKE, VmRequest
from tui.vm.model.domain import BadDefinition, parse
from tui.vm.model.domain_mark import DELETING, MAKING

GIB = 1 << 30
AWAY = Failure("libvirt can't be reached", "it is down")
FREE, CLOUD_IMAGE = f"{SHARED}/free.qcow2", f"{SHARED}/jammy.img"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@here"
NO, YES = Completed(1, "", ""), Completed(0, "", "")
ODD = "-odd name; 'ü\"<&$(x)"


def info(format: str = "qcow2", size: int = GIB, backing: str = "") -> str:
    return json.dumps(
        {"format": format, "virtual-size": size, "actual-size": 1 << 20, "full-backing-filename": backing}
    )


@dataclass
class Room:
    """The Launch room on fake hosts; the source's shell answers a command by a part of it."""

    world: FakeHosts = field(default_factory=FakeHosts)
    progress: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.images = {FREE: info(), CLOUD_IMAGE: info("raw"), f"{SHARED}/guest1.qcow2": info()}
        self.source = self.world.shells[""]
        self.source.answers = {
            "id\n-u": "0\n",
            "test\n-e": NO,
            "qemu-img\ninfo": info(),
            "df\n-B1": f"Avail\n{100 * GIB}\n",
            "/sys/class/net": "br0\nvirbr0\n",
            "id_ed25519.pub": f"{KEY}\n",
            "/dev/kvm": "no device\n",
        }
        self.world.shells["root@destination"].answers = {
            "id\n-u": "0\n", "/sys/class/net": "br0\n", "/dev/kvm": "runs\n"
        }  # fmt: skip
        self.launch = Launch(self.world.connections, self.world.changes.sudo)

    def answer(self, key: str, answer: str | Completed | Failure) -> None:
        """Set an answer that precedes all others."""
        self.source.answers = {key: answer} | {each: old for each, old in self.source.answers.items() if each != key}

    async def plan(self, request: VmRequest) -> BuildPlan:
        self.source.answers.setdefault("find", "".join(f"{path}\0{facts}\0" for path, facts in self.images.items()))
        return await self.launch.new_vms.plan(request, await self.launch.new_vms.inputs())

    async def create(self, request: VmRequest, edit: Callable[[str], str] = lambda xml: xml) -> str:
        plan = await self.plan(request)
        return await self.launch.new_vms.create(plan, edit(plan.xml), self.progress.append)

    def ran(self, word: str) -> list[tuple[str, ...]]:
        return [argv for argv in self.source.commands if word in "\n".join(argv)]


PLAIN = VmRequest("two", IMAGE, 2, GIB, FREE, network=("bridge", "br0"))
OF_CLOUD = VmRequest("two", CLOUD, 2, GIB, CLOUD_IMAGE, network=None, user="ubuntu", ssh_key=KEY, disk_bytes=20 * GIB)
LIKE_GUEST1 = VmRequest("two", LIKE, 2, GIB, template="guest1")


# -- creating --


async def test_a_vm_is_created_from_an_image_with_features_of_both_hosts() -> None:
    room = Room()
    assert without_keys(await room.create(PLAIN)) == "two was created on source; the Launch page starts it."
    domain = parse(room.world.source.definition("two"))
    assert (domain.kind, domain.cpu, domain.machine) == ("qemu", "EPYC", "pc-q35-10.0")
    assert (domain.disks[0].source, domain.disks[0].cache) == (FREE, "none")
    assert domain.nics[0].text == "bridge br0"
    assert room.ran("qemu-img convert") == []


async def test_a_note_says_why_the_vm_is_emulated() -> None:
    plan = await Room().plan(PLAIN)
    assert plan.notes == ("The VM is emulated, and slow: KVM on source is missing.",)


async def test_a_vm_uses_kvm_if_a_test_guest_runs_on_both_hosts() -> None:
    room = Room()
    room.answer("/dev/kvm", "runs\n")
    plan = await room.plan(PLAIN)
    assert (parse(plan.xml).kind, plan.notes) == ("kvm", ())


async def test_a_vm_from_a_cloud_image_gets_a_copy_of_it_and_a_seed() -> None:
    room = Room()
    assert "Its first boot takes minutes" in await room.create(OF_CLOUD)
    domain = parse(room.world.source.definition("two"))
    assert [disk.source for disk in domain.disks] == [f"{SHARED}/two.qcow2", f"{SHARED}/two-seed.iso"]
    assert domain.disks[1].readonly
    (copied,) = room.ran("qemu-img convert")
    assert copied[-4:] == (CLOUD_IMAGE, f"{SHARED}/two.qcow2", "qcow2", str(20 * GIB))
    (seed,) = room.ran("user-data")
    assert seed[-5] == f"{SHARED}/two-seed.iso"
    assert KEY in seed[-3]
    assert (room.launch.address_of("two"), room.launch.user_of("two")) == (AGENT, "ubuntu")


async def test_a_cloud_vm_of_the_configured_name_is_reached_through_its_agent() -> None:
    room = Room()
    del room.world.source.known["guest1"]
    await room.create(replace(OF_CLOUD, name="guest1"))
    assert room.launch.config.vm.ssh
    assert room.launch.address_of("guest1") == AGENT


async def test_a_copy_of_a_vm_gets_its_own_disk() -> None:
    room = Room()
    await room.create(LIKE_GUEST1)
    (copied,) = room.ran("qemu-img convert")
    assert copied[-4:] == (f"{SHARED}/guest1.qcow2", f"{SHARED}/two.qcow2", "qcow2", "0")
    assert parse(room.world.source.definition("two")).disks[0].source == f"{SHARED}/two.qcow2"


async def test_an_odd_name_is_one_argument_of_every_command() -> None:
    room = Room()
    await room.create(replace(OF_CLOUD, name=ODD))
    assert ODD in room.world.source.known
    assert room.ran("qemu-img convert")[0][-3] == f"{SHARED}/{ODD}.qcow2"
    assert room.launch.vms.console(ODD, "source")[-2:] == ["--", ODD]


async def test_the_progress_of_the_copy_is_reported() -> None:
    room = Room()
    await room.create(LIKE_GUEST1)
    assert room.progress == ["defining two", f"copying {SHARED}/guest1.qcow2 to {SHARED}/two.qcow2; esc stops it"]


async def test_a_disk_deleted_from_the_definition_is_not_copied() -> None:
    room = Room()
    await room.create(LIKE_GUEST1, lambda xml: xml.replace(f"{SHARED}/two.qcow2", f"{SHARED}/mine.qcow2"))
    assert room.ran("qemu-img convert") == []


async def test_a_folder_without_direct_io_gets_a_cache_and_a_note() -> None:
    room = Room()
    room.answer("iflag=direct", NO)
    plan = await room.plan(PLAIN)
    assert parse(plan.xml).disks[0].cache == "writeback"
    assert "does not support direct I/O" in plan.notes[0]


async def test_an_unreachable_destination_is_a_warning() -> None:
    room = Room()
    room.world.unreachable[room.world.destination.uri] = AWAY
    plan = await room.plan(PLAIN)
    assert any(note.startswith("destination can't be reached") for note in plan.notes)
    assert await room.create(PLAIN)


async def test_a_missing_shared_folder_on_the_destination_is_a_warning() -> None:
    room = Room()
    room.world.shells["root@destination"].answers["test\n-d"] = NO
    plan = await room.plan(PLAIN)
    assert any(f"There is no folder {SHARED} on destination" in note for note in plan.notes)


async def test_a_network_that_only_the_source_has_is_a_warning() -> None:
    plan = await Room().plan(replace(PLAIN, network=("bridge", "br7")))
    assert "The bridge br7 is missing on destination." in plan.notes


# -- mistakes --


def on_destination(room: Room) -> None:
    room.world.destination.known["two"] = Vm("two", "u", "running", "", 2, GIB)


def running(room: Room) -> None:
    room.world.source.known["guest1"] = replace(room.world.source.known["guest1"], state="running")


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


# -- deleting --


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


async def test_a_definition_is_reread_only_if_the_vm_changed() -> None:
    room = Room()
    await room.launch.vms.on("source")
    await room.launch.vms.on("source")
    assert room.world.source.calls.count("definition guest1") == 1
    running(room)
    await room.launch.vms.on("source")
    await room.launch.vms.on("source", reread=True)
    assert room.world.source.calls.count("definition guest1") == 3

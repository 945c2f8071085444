"""VMs created and deleted on fake hosts, and the Failure for each mistake."""

from dataclasses import replace

import pytest

from tests.fake_hosts import SHARED
from tests.unit.launch.new_vm_room import AWAY, CLOUD_IMAGE, FREE, GIB, KEY, LIKE_GUEST1, NO, OF_CLOUD, PLAIN, Room
from tui.core.actions import without_keys
from tui.core.failure import Failure
from tui.guest.model.agent import AGENT
from tui.launch.model.new_vm import HOST_CPU
from tui.vm.model.domain import parse

ODD = "-odd name; 'ü\"<&$(x)"


async def test_a_vm_is_created_from_an_image_with_features_of_both_hosts() -> None:
    room = Room()
    assert without_keys(await room.create(PLAIN)) == "two was created on source; the Launch page starts it."
    domain = parse(room.world.source.definition("two"))
    assert (domain.kind, domain.cpu, domain.machine) == ("qemu", "EPYC", "pc-q35-10.0")
    assert (domain.disks[0].source, domain.disks[0].cache) == (FREE, "none")
    assert domain.nics[0].text == "bridge br0"
    assert room.ran("qemu-img convert") == []


def with_groups(room: Room, **groups: tuple[str, ...]) -> Room:
    """The room with these hosts in groups."""
    known = room.world.connections.config
    named = {
        name: replace(host, groups=tuple(group for group, hosts in groups.items() if name in hosts))
        for name, host in known.hosts.named.items()
    }
    room.world.connections.config = replace(known, hosts=replace(known.hosts, named=named))
    return room


DISABLED = "<feature policy='disable' name='x'/>"
OLDER = f"<cpu mode='custom' match='exact'><model fallback='forbid'>EPYC-Rome</model>{DISABLED}</cpu>"


async def test_the_cpu_is_that_of_the_host_or_the_baseline_of_a_group() -> None:
    room = with_groups(Room(), old=("destination",))
    room.world.destination.cpu = OLDER
    assert (await room.launch.new_vms.inputs()).groups == ("old",)
    domain = parse((await room.plan(replace(PLAIN, cpu="old"))).xml)
    assert (domain.cpu_mode, domain.cpu) == ("custom", "EPYC-Rome")
    assert 'name="x"' in domain.cpu_xml
    assert parse((await room.plan(replace(PLAIN, cpu=HOST_CPU))).xml).cpu_mode == "host-model"


async def test_a_group_without_a_cpu_in_common_is_refused() -> None:
    room = with_groups(Room(), both=("source", "destination"))
    room.world.source.refusals["baseline_cpu qemu"] = Failure("No CPU", "their vendors differ")
    with pytest.raises(Failure, match=r"The hosts of both have no known CPU in common: .*their vendors differ"):
        await room.plan(replace(PLAIN, cpu="both"))
    room = with_groups(Room(), both=("source", "destination"))
    room.world.unreachable[room.world.destination.uri] = AWAY
    with pytest.raises(Failure, match="destination can't be reached"):
        await room.plan(replace(PLAIN, cpu="both"))


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

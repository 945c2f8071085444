"""The copy of disks: images are checked, made and removed by the real script, on two hosts with a folder each."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tui.adapters.local import LocalShell
from tui.core.command import Completed
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.linux.sudo import Sudo
from tui.migration.backend.before.disk_images import DiskImages
from tui.migration.backend.before.preflight import Refused

pytestmark = [
    pytest.mark.skipif("os.geteuid() != 0", reason="the script runs as root"),
    pytest.mark.skipif(not shutil.which("qemu-img"), reason="there is no qemu-img"),
]
MIB = 1 << 20
DISK = """<disk type='{kind}' device='disk'><driver name='qemu' type='{format}'/><source {source}/>
  <target dev='{target}'/>{inside}</disk>"""


class Mapped(LocalShell):
    """This host as another one, which has its own folder in place of one of this host."""

    def __init__(self, folder: Path, own: Path) -> None:
        self._folder, self._own = str(folder), str(own)

    async def run(self, argv: Sequence[str], **how: Any) -> Completed:
        done = await super().run([each.replace(self._folder, self._own) for each in argv], **how)
        out = done.stdout.replace(self._own, self._folder)
        return Completed(done.status, out, done.stderr.replace(self._own, self._folder))


class World:
    """Two hosts: `here` is the folder on the source, `there` the same folder on the destination."""

    def __init__(self, folder: Path) -> None:
        self.here, self.there = folder / "images", folder / "images of the other"
        self.here.mkdir()
        self.there.mkdir()
        self.hosts = FakeHosts()
        self.hosts.source.known["guest1"] = guest1("running")
        self.hosts.shells = {"": LocalShell(), "root@destination": Mapped(self.here, self.there)}  # type: ignore[dict-item]
        connections = Connections(self.hosts.config, self.hosts.open_hypervisor, self.hosts.shells.__getitem__)
        self.images = DiskImages(connections, Sudo(connections.shell))
        self.disks: list[str] = []

    def disk(self, name: str, *, format: str = "qcow2", target: str = "vda", inside: str = "") -> Path:
        """Add a disk of 64 MiB to the VM."""
        path = image(self.here / name, format)
        self.define(DISK.format(kind="file", format=format, source=f"file='{path}'", target=target, inside=inside))
        return path

    def define(self, disk: str) -> None:
        self.disks.append(disk)
        self.hosts.source.definitions["guest1"] = definition("guest1", *self.disks)

    async def refused(self, plan: Plan) -> list[str]:
        with pytest.raises(Refused) as caught:
            await self.images.prepare(plan, "source")
        return [str(each) for each in caught.value.failures]


def definition(name: str, *disks: str) -> str:
    return f"<domain type='kvm'><name>{name}</name><uuid>u</uuid><devices>{''.join(disks)}</devices></domain>"


def image(path: Path, format: str = "qcow2", mib: int = 64, *words: str) -> Path:
    subprocess.run(["qemu-img", "create", "-q", "-f", format, *words, path, f"{mib}M"], check=True)
    return path


def info(path: Path) -> str:
    return subprocess.run(["qemu-img", "info", path], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


ALL = Plan("guest1", copy_storage_all=True)
INC = Plan("guest1", copy_storage_inc=True)


async def test_images_of_the_same_size_and_format_are_made_and_removed_again(world: World) -> None:
    world.disk("a b.qcow2")
    world.disk("raw.img", format="raw", target="vdb")
    made = await world.images.prepare(ALL, "source")
    assert [(each.host, each.path) for each in made] == [
        ("destination", str(world.here / name)) for name in ("a b.qcow2", "raw.img")
    ]
    assert "virtual size: 64 MiB" in info(world.there / "a b.qcow2")
    assert "file format: qcow2" in info(world.there / "a b.qcow2")
    assert "file format: raw" in info(world.there / "raw.img")
    assert await world.images.remove(made) == []
    assert list(world.there.iterdir()) == []


async def test_only_the_chosen_disks_are_made(world: World) -> None:
    world.disk("a.qcow2")
    world.disk("b.qcow2", target="vdb")
    await world.images.prepare(Plan("guest1", copy_storage_all=True, migrate_disks="vdb"), "source")
    assert [each.name for each in world.there.iterdir()] == ["b.qcow2"]
    expected = "Disk vdz of guest1 cannot be copied: the VM has no such disk. Its disks are vda, vdb."
    assert await refusal(world, "vdz") == expected


async def test_a_disk_that_the_definition_there_moves_to_another_file_is_not_made(world: World) -> None:
    world.disk("a.qcow2")
    world.disk("b.qcow2", target="vdb")
    xml = definition("guest1", *world.disks).replace("a.qcow2", "other.qcow2")
    made = await world.images.prepare(Plan("guest1", copy_storage_all=True, xml=xml), "source")
    assert [each.path for each in made] == [str(world.here / "b.qcow2")]
    assert [each.name for each in world.there.iterdir()] == ["b.qcow2"]


async def refusal(world: World, disks: str) -> str:
    with pytest.raises(Failure) as caught:
        await world.images.prepare(Plan("guest1", copy_storage_all=True, migrate_disks=disks), "source")
    return str(caught.value)


async def test_a_read_only_drive_is_neither_copied_nor_chosen(world: World) -> None:
    world.disk("a.qcow2", inside="<readonly/>")
    assert await world.images.prepare(ALL, "source") == ()
    assert "libvirt does not copy an empty or read-only drive" in await refusal(world, "vda")


async def test_an_image_of_the_same_size_is_used_and_one_of_another_size_is_refused_and_kept(world: World) -> None:
    path = world.disk("a.qcow2")
    existing = image(world.there / "a.qcow2")
    before = existing.stat()
    assert await world.images.prepare(ALL, "source") == ()
    image(existing, mib=65)
    size = existing.stat().st_size
    assert await world.refused(ALL) == [
        f"Disk vda cannot be copied: {path} has 64 MiB on the origin, and one of 65 MiB exists on the target. "
        "Remove it there, or move it away."
    ]
    assert (existing.stat().st_size, existing.stat().st_ino) == (size, before.st_ino)
    image(existing, "raw")
    assert "exists on the target in the format raw, it must be qcow2" in (await world.refused(ALL))[0]


async def test_a_file_that_appears_meanwhile_is_not_overwritten(world: World) -> None:
    world.disk("a.qcow2")
    (world.there / "a.qcow2").symlink_to("nowhere")  # it does not exist for `test -e`
    assert "on the target is no file" in (await world.refused(ALL))[0]


async def test_a_disk_on_a_folder_that_both_hosts_share_is_not_copied_over_itself(world: World) -> None:
    path = world.disk("a.qcow2")
    world.there.rmdir()
    world.there.symlink_to(world.here)
    assert await world.refused(ALL) == [
        f"Disk vda cannot be copied: both hosts share {path}, and the copy would overwrite it. --migrate-disks chooses "
        "the disks to copy."
    ]
    assert [each.name for each in world.here.iterdir()] == ["a.qcow2"]  # no mark is left


async def test_a_missing_folder_and_network_storage_are_refused(world: World) -> None:
    world.disk("a.qcow2")
    world.there.rmdir()
    assert "the target has no folder" in (await world.refused(ALL))[0]
    world.define(DISK.format(kind="network", format="raw", source="name='pool/a'", target="vdb", inside=""))
    assert (await world.refused(ALL))[0].startswith("Disk vdb cannot be copied: it is on network storage (pool/a)")


async def test_the_disk_of_another_vm_of_the_target_is_not_overwritten(world: World) -> None:
    path = world.disk("a.qcow2")
    image(world.there / "a.qcow2")
    world.hosts.destination.known["other"] = replace(guest1(), name="other")
    world.hosts.destination.definitions["other"] = definition("other", *world.disks)
    assert await world.refused(ALL) == [
        f"Disk vda cannot be copied: {path} on the target is a disk of other. Move it away, or rename the disk here."
    ]


async def test_an_overlay_is_made_on_the_base_that_the_target_has(world: World) -> None:
    base = image(world.here / "base.img", "raw")
    world.disk("a.qcow2")
    image(world.here / "a.qcow2", "qcow2", 64, "-b", str(base), "-F", "raw")
    with pytest.raises(Failure, match="The image of disk vda could not be made on destination"):
        await world.images.prepare(INC, "source")
    assert list(world.there.iterdir()) == []
    image(world.there / "base.img", "raw")
    made = await world.images.prepare(INC, "source")
    assert len(made) == 1
    assert "backing file format: raw" in info(world.there / "a.qcow2")


async def test_an_image_that_is_used_or_another_one_by_now_is_kept(world: World) -> None:
    world.disk("a.qcow2")
    made = await world.images.prepare(ALL, "source")
    target = world.there / "a.qcow2"
    world.hosts.destination.known["other"] = replace(guest1(), name="other")
    world.hosts.destination.definitions["other"] = definition("other", *world.disks)
    assert await world.images.remove(made) == [f"{made[0].path} on destination was kept: other uses it"]
    del world.hosts.destination.known["other"]
    with target.open("rb"):
        assert await world.images.remove(made) == [f"{made[0].path} on destination was kept: a process uses it"]
    target.rename(world.there / "moved")
    image(target)
    assert await world.images.remove(made) == [f"{made[0].path} on destination was kept: it is another file now"]
    assert target.exists()

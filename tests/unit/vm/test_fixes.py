"""What keeps a VM from migrating is mended, and the VM is read again."""

import asyncio
import base64
from pathlib import Path

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tests.unit.until import until
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.vm import VmFacts
from tui.vm.backend import fixes
from tui.vm.backend.fixes import Fixes
from tui.vm.backend.vms import Vms
from tui.vm.model.blockers import Blocker

CD = """<disk type='file' device='cdrom'><source file='/root/a.iso'/><target dev='sda' bus='sata'/><readonly/>
  <alias name='sata0-0-0'/></disk>"""
USB = """<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/><product id='0x2'/></source>
  <alias name='hostdev0'/></hostdev>"""
READ = "net br0 1500 bridge\nnet virbr0 1500 bridge\nfile missing 0 - - /root/a.iso\nfile missing 0 - - /own/CODE.fd\n"
LOADER = "<loader>/own/CODE.fd</loader>"


@pytest.fixture
def world() -> FakeHosts:
    made = FakeHosts()
    made.source.known["guest1"] = guest1("running")
    made.shells["root@destination"].answers = {"/sys/class/net": READ}
    return made


@pytest.fixture
def mending(world: FakeHosts, tmp_path: Path) -> Fixes:
    return Fixes(world.connections, Vms(world.connections, world.changes.sudo), tmp_path / "snapshots")


def defined(world: FakeHosts, devices: str = "", os: str = "") -> str:
    """Add devices to guest1, which runs; returns its definition without them."""
    plain = world.source.definition("guest1").replace('<domain type="', '<domain id="1" type="')
    world.source.definitions["guest1"] = plain.replace("<devices>", f"<devices>{devices}").replace("<os>", f"<os>{os}")
    world.source.mended["guest1"] = plain
    return plain


async def only(mending: Fixes) -> Blocker:
    (found,) = await mending.findings("guest1", "source")
    return found


async def test_a_medium_is_ejected_and_the_finding_is_gone(world: FakeHosts, mending: Fixes) -> None:
    defined(world, CD)
    fix = await mending.prepared((await only(mending)).fixes[0], "source")
    assert await mending.run(fix, "source") == "Done: eject /root/a.iso."
    assert "update_device guest1 live=True config=True force=False" in world.source.calls
    assert "<source" not in world.source.changed[0]
    assert await mending.findings("guest1", "source") == ()


async def test_the_medium_of_a_vm_without_a_definition_is_ejected_from_the_running_one(
    world: FakeHosts, mending: Fixes
) -> None:
    plain = defined(world, CD)
    world.source.next["guest1"] = plain
    await mending.run(await mending.prepared((await only(mending)).fixes[1], "source"), "source")
    assert "update_device guest1 live=True config=False force=True" in world.source.calls


async def test_a_device_is_detached_once_the_guest_has_released_it(world: FakeHosts, mending: Fixes) -> None:
    defined(world, USB)
    assert await mending.run((await only(mending)).fixes[0], "source") == "Done: detach usb 1:2."
    assert "detach_device guest1 live=True config=False" in world.source.calls


async def test_a_device_that_the_guest_keeps_is_a_failure(
    world: FakeHosts, mending: Fixes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fixes, "RELEASE_LIMIT_S", 0.0)
    monkeypatch.setattr(fixes, "POLL_EVERY_S", 0.0)
    defined(world, USB)
    world.source.mended.clear()
    with pytest.raises(Failure, match="guest1 has not released the device within 0 s"):
        await mending.run((await only(mending)).fixes[0], "source")


async def test_what_libvirt_refuses_is_said(world: FakeHosts, mending: Fixes) -> None:
    defined(world, CD)
    world.source.refusals["update_device guest1 live=True config=False force=False"] = Failure("Refused", "locked")
    with pytest.raises(Failure, match="Refused"):
        await mending.run((await only(mending)).fixes[0], "source")
    assert "/root/a.iso" in (await only(mending)).text


@pytest.mark.parametrize(("kind", "call"), [("copy", "abort_block_job guest1 vda"), ("backup", "abort_backup guest1")])
async def test_a_block_job_is_aborted(world: FakeHosts, mending: Fixes, kind: str, call: str) -> None:
    world.source.facts["guest1"] = VmFacts((), (("vda", kind),))
    assert await mending.run((await only(mending)).fixes[0], "source") == f"Done: abort the {kind} job."
    assert call in world.source.calls
    assert await mending.findings("guest1", "source") == ()


# -- snapshots --


def modes(folder: Path) -> dict[str, int]:
    """The modes of a folder and its files, each of which is a snapshot."""
    assert all("<domainsnapshot>" in each.read_text() for each in folder.iterdir())
    return {each.name: each.stat().st_mode & 0o777 for each in folder.iterdir()} | {".": folder.stat().st_mode & 0o777}


async def test_snapshots_are_kept_in_private_files_and_forgotten(world: FakeHosts, mending: Fixes) -> None:
    world.source.facts["guest1"] = VmFacts(("one", "../two"))
    fix = await mending.prepared((await only(mending)).fixes[0], "source")
    done = await mending.run(fix, "source")
    assert fix.keep_in in done
    assert modes(Path(fix.keep_in)) == {"01-one.xml": 0o600, "02-.._two.xml": 0o600, ".": 0o700}
    assert await mending.findings("guest1", "source") == ()


async def test_where_the_definitions_are_is_said_if_one_can_not_be_forgotten(world: FakeHosts, mending: Fixes) -> None:
    world.source.facts["guest1"] = VmFacts(("one", "two"))
    world.source.refusals["forget_snapshot guest1 two"] = Failure("Refused", "it is busy", "Try again.")
    fix = await mending.prepared((await only(mending)).fixes[0], "source")
    with pytest.raises(Failure, match=r"Refused: it is busy\. Try again\. Their definitions are in /"):
        await mending.run(fix, "source")
    assert world.source.facts["guest1"].snapshots == ("two",)


async def test_nothing_is_forgotten_if_it_can_not_be_kept(world: FakeHosts, mending: Fixes, tmp_path: Path) -> None:
    world.source.facts["guest1"] = VmFacts(("one",))
    (tmp_path / "snapshots").write_text("a file, where the folder should be")
    fix = await mending.prepared((await only(mending)).fixes[0], "source")
    with pytest.raises(Failure, match="could not be kept"):
        await mending.run(fix, "source")
    assert world.source.facts["guest1"].snapshots == ("one",)


async def test_snapshots_that_have_changed_are_not_forgotten(world: FakeHosts, mending: Fixes) -> None:
    world.source.facts["guest1"] = VmFacts(("one",))
    fix = await mending.prepared((await only(mending)).fixes[0], "source")
    world.source.facts["guest1"] = VmFacts(("other",))
    with pytest.raises(Failure, match="have changed meanwhile"):
        await mending.run(fix, "source")
    assert world.source.facts["guest1"].snapshots == ("other",)


async def test_snapshots_are_forgotten_without_a_copy_if_that_is_chosen(world: FakeHosts, mending: Fixes) -> None:
    world.source.facts["guest1"] = VmFacts(("one",))
    fix = await mending.prepared((await only(mending)).fixes[1], "source")
    assert await mending.run(fix, "source") == "libvirt has forgotten one; the disks are unchanged."
    assert "snapshot_definitions guest1" not in world.source.calls


# -- files of the firmware --


async def test_a_firmware_is_copied_to_the_target(world: FakeHosts, mending: Fixes) -> None:
    defined(world, os=LOADER)
    content = base64.b64encode(b"firmware").decode()
    world.shells[""].answers = {"base64 -w0": content} | world.shells[""].answers
    there = world.shells["root@destination"]
    done = await mending.run((await only(mending)).fixes[0], "source")
    assert done == "/own/CODE.fd was copied to destination."
    assert there.commands[-1][-1] == "/own/CODE.fd"
    assert there.stdin[-1] == content.encode()


async def test_the_command_of_a_copy_has_the_addresses_of_the_hosts(world: FakeHosts, mending: Fixes) -> None:
    defined(world, os=LOADER)
    fix = await mending.prepared((await only(mending)).fixes[0], "source")
    assert fix.commands == ("scp -3p /own/CODE.fd root@destination:/own/CODE.fd",)


@pytest.mark.parametrize(
    ("read", "written", "words"),
    [
        (Completed(27, "", ""), "", "it is larger than 128 MiB"),
        (Completed(1, "", "stat: gone"), "", "stat: gone"),
        ("", Completed(73, "", ""), "destination has such a file by now"),
        ("", Completed(1, "", "no space left"), "no space left"),
    ],
)
async def test_a_firmware_that_can_not_be_copied_is_a_failure(
    world: FakeHosts, mending: Fixes, read: str | Completed, written: str | Completed, words: str
) -> None:
    defined(world, os=LOADER)
    fix = (await only(mending)).fixes[0]
    world.shells[""].answers = {"base64 -w0": read} | world.shells[""].answers
    world.shells["root@destination"].answers = {"base64 -d": written}
    with pytest.raises(Failure, match=words):
        await mending.run(fix, "source")


async def test_a_file_that_appears_during_the_copy_is_kept(tmp_path: Path) -> None:
    path, part = tmp_path / "CODE.fd", tmp_path / "CODE.fd.vmlm-new"
    writing = await asyncio.create_subprocess_exec(
        "sh", "-c", fixes.WRITE, "sh", str(path), stdin=asyncio.subprocess.PIPE
    )
    assert writing.stdin is not None
    await until(part.exists)
    path.write_text("of a package")
    writing.stdin.close()
    assert await writing.wait() == fixes.TAKEN
    assert (path.read_text(), part.exists()) == ("of a package", False)


# -- reading --


async def test_a_target_that_can_not_be_reached_makes_it_doubtful(world: FakeHosts, mending: Fixes) -> None:
    world.unreachable[world.destination.uri] = Failure("libvirt cannot be reached", "it is down")
    assert (await only(mending)).text == "destination can't be reached, so its features are unknown."


async def test_a_vm_that_is_gone_is_a_failure(world: FakeHosts, mending: Fixes) -> None:
    with pytest.raises(Failure, match="web is not on source any more"):
        await mending.findings("web", "source")


async def test_a_console_that_is_changed_already_is_said(world: FakeHosts, mending: Fixes) -> None:
    vnc = "<graphics type='vnc' port='-1' autoport='yes' listen='10.9.9.9'/>"
    plain = defined(world, vnc)
    world.shells["root@destination"].answers = {"/sys/class/net": f"{READ}address 10.0.0.2\n"}
    (finding,) = (each for each in await mending.findings("guest1", "source") if "10.9.9.9" in each.text)
    fix = await mending.prepared(finding.fixes[0], "source")
    assert "takes effect when the VM is booted next" in await mending.run(fix, "source")
    assert "update_device guest1 live=False config=True force=False" in world.source.calls
    world.source.next["guest1"] = plain
    with pytest.raises(Failure, match="has that change already"):
        await mending.prepared(fix, "source")
    world.source.transient.add("guest1")
    with pytest.raises(Failure, match="no definition for a next boot"):
        await mending.prepared(fix, "source")

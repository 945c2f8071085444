"""Images listed, copied, resized and removed by the real qemu-img, and seeds made by the installed tools."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.adapters.local import LocalShell
from tui.core.failure import Failure
from tui.guest.backend.seeds import TOOLS, make_seed
from tui.guest.model.seed import Seed
from tui.linux.sudo import Sudo
from tui.vm.backend.images import COPY, Images

MIB = 1 << 20
SEED = Seed("two", "ubuntu", "ssh-ed25519 AAAA me", "two-1")
# The label as each file system spells it: ISO 9660 in its first descriptor, FAT in its boot sector.
LABELS = (b"cidata", b"CIDATA")


class Unprivileged(Sudo):
    """These tests need no root, so sudo is not used."""

    async def _user_id(self, host: str) -> str:
        return "0"


@pytest.fixture
def root() -> Sudo:
    return Unprivileged(lambda _host: LocalShell())


@pytest.fixture
def images(root: Sudo, tmp_path: Path) -> Images:
    return Images(root, "source", str(tmp_path))


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def qemu_img(*words: str) -> None:
    done = await LocalShell().run(["qemu-img", *words])
    assert done.status == 0, done.stderr


@pytest.mark.parametrize("name", ["a.qcow2", "-odd; 'ü $(x).qcow2", "two  spaces\n.qcow2"])
async def test_an_image_is_listed_copied_resized_and_removed(images: Images, tmp_path: Path, name: str) -> None:
    path, target = tmp_path / name, tmp_path / f"copy of {name}"
    await qemu_img("create", "-q", "-f", "qcow2", str(path), "4M")
    path.chmod(0o640)
    (tmp_path / "notes.txt").write_text("no disk")
    progress: list[str] = []
    await images.copy(str(path), str(target), "qcow2", 8 * MIB, progress.append)
    found = await images.all()
    assert {each.name: (each.format, each.virtual_bytes) for each in found.values() if each.is_disk} == {
        path.name: ("qcow2", 4 * MIB),
        target.name: ("qcow2", 8 * MIB),
    }
    assert target.stat().st_mode & 0o777 == 0o640
    assert progress
    await images.remove([str(target), str(tmp_path / "already gone")])
    assert names(tmp_path) == sorted([path.name, "notes.txt"])


async def test_a_backing_file_is_known_and_a_copy_has_none(images: Images, tmp_path: Path) -> None:
    base, top, copy = (str(tmp_path / name) for name in ("base.qcow2", "top.qcow2", "copy.qcow2"))
    await qemu_img("create", "-q", "-f", "qcow2", base, "4M")
    await qemu_img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", top)
    assert (await images.info(top)).backing == base
    await images.copy(top, copy, "qcow2", 0, print)
    assert (await images.info(copy)).backing == ""


async def test_a_copy_never_replaces_a_file_and_leaves_nothing_if_it_fails(images: Images, tmp_path: Path) -> None:
    await qemu_img("create", "-q", "-f", "qcow2", str(tmp_path / "a.qcow2"), "4M")
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(Failure, match="a file of that name exists"):
        await images.copy(str(tmp_path / "a.qcow2"), str(tmp_path / "mine"), "qcow2", 0, print)
    with pytest.raises(Failure, match="could not be copied"):
        await images.copy(str(tmp_path / "gone"), str(tmp_path / "new"), "qcow2", 0, print)
    assert names(tmp_path) == ["a.qcow2", "mine"]
    assert (tmp_path / "mine").read_text() == "precious"


async def test_a_copy_keeps_a_file_created_meanwhile(
    images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The target is created while qemu-img copies; `mv -n` exits with 0 even so."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "qemu-img").write_text(
        '#!/bin/sh\nfor part; do :; done\necho ours > "$part"\necho theirs > "${part%.part}"\n'
    )
    (tools / "qemu-img").chmod(0o755)
    monkeypatch.setattr("tui.vm.backend.images.COPY", f"PATH='{tools}':$PATH\n{COPY}")
    (tmp_path / "a.raw").write_text("whole")
    with pytest.raises(Failure, match="a file of that name exists"):
        await images.copy(str(tmp_path / "a.raw"), str(tmp_path / "b.raw"), "raw", 0, print)
    assert names(tmp_path) == ["a.raw", "b.raw", "tools"]
    assert (tmp_path / "b.raw").read_text() == "theirs\n"


@pytest.mark.parametrize("existing", ["link", "folder"])
async def test_a_copy_never_follows_a_link_or_enters_a_folder(images: Images, tmp_path: Path, existing: str) -> None:
    await qemu_img("create", "-q", "-f", "qcow2", str(tmp_path / "a.qcow2"), "4M")
    target = tmp_path / "b"
    target.mkdir() if existing == "folder" else target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(Failure, match="a file of that name exists"):
        await images.copy(str(tmp_path / "a.qcow2"), str(target), "qcow2", 0, print)
    assert names(tmp_path) == ["a.qcow2", "b"]


def test_a_copy_without_a_reader_ends_and_leaves_nothing(tmp_path: Path) -> None:
    """As after the app is killed: the copy has no reader any more."""
    (tmp_path / "a.img").write_bytes(b"a")
    slow = tmp_path / "bin" / "qemu-img"
    slow.parent.mkdir()
    slow.write_text('#!/bin/sh\nfor last; do :; done\n: > "$last"\nexec sleep 1000\n')
    slow.chmod(0o755)
    target = tmp_path / "b.img"
    argv = ["sh", "-c", COPY, "sh", str(tmp_path / "a.img"), str(target), "raw", "0"]
    path = f"{slow.parent}:{os.environ['PATH']}"
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env={"PATH": path}) as copying:
        assert copying.stdout is not None
        assert copying.stdout.read(1) == b"\r"  # it is under way
        child = Path(f"{target}.part.pid").read_text().strip()
        assert names(tmp_path) == ["a.img", "b.img.part", "b.img.part.pid", "bin"]
        copying.stdout.close()
        assert copying.wait(60) != 0
    assert names(tmp_path) == ["a.img", "bin"]
    assert not Path(f"/proc/{child}").exists()


async def test_an_unfinished_copy_is_found_and_is_not_an_image(images: Images, tmp_path: Path) -> None:
    target = tmp_path / "two; 'x.qcow2"
    await qemu_img("create", "-q", "-f", "qcow2", f"{target}.part", "4M")
    assert await images.remains([str(target), str(tmp_path / "other")]) == (f"{target}.part",)
    assert await images.all() == {}


async def test_a_file_that_is_not_an_image_is_a_failure(images: Images, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="There is no file"):
        await images.info(str(tmp_path))
    (tmp_path / "broken.qcow2").write_bytes(b"QFI\xfb" + b"\xff" * 100)
    with pytest.raises(Failure, match="is not a disk image"):
        await images.info(str(tmp_path / "broken.qcow2"))


async def test_a_missing_folder_is_reported(images: Images, root: Sudo, tmp_path: Path) -> None:
    assert await images.trouble("source") is None
    assert "There is no folder" in str(await Images(root, "source", str(tmp_path / "gone")).trouble("source"))
    assert await images.free_bytes() > 0


ENDLESS = """#!/bin/sh
for part; do :; done
echo half > "$part"
while :; do sleep 0.05; done
"""


async def test_a_stopped_copy_leaves_nothing(images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """qemu-img is replaced by a program that never ends."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "qemu-img").write_text(ENDLESS)
    (tools / "qemu-img").chmod(0o755)
    monkeypatch.setattr(
        "tui.vm.backend.images.COPY", f"PATH='{tools}':$PATH\n{COPY}"
    )  # the shell has a PATH of its own
    assert not await images.stop_copying()  # there is nothing to stop
    origin, target = tmp_path / "a.raw", tmp_path / "-copy $(x) 'ü'.qcow2"
    origin.write_text("whole")
    before = names(tmp_path)
    copying = asyncio.ensure_future(images.copy(str(origin), str(target), "qcow2", 0, print))
    await asyncio.sleep(0)
    assert await images.stop_copying()
    with pytest.raises(Failure, match="Copying was stopped"):
        await copying
    assert names(tmp_path) == before
    assert origin.read_text() == "whole"


NEEDED = {"mkfs.vfat with mcopy": ("mkfs.vfat", "mcopy")}


def only(tool: str) -> Callable[[pytest.MonkeyPatch, Path], bool]:
    """A function that leaves only this tool in PATH and returns whether it is installed."""

    def leave(monkeypatch: pytest.MonkeyPatch, folder: Path) -> bool:
        needed = NEEDED.get(tool, (tool,) if tool else ())
        usual = ("sh", "id", "mktemp", "rm", "cat", "cp", "mv", "truncate", "printf", "env")
        for program in (*usual, *needed):
            found = shutil.which(program, path="/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin")
            if found is None:
                return False
            (folder / program).symlink_to(found)
        monkeypatch.setattr("tui.linux.sudo.ENVIRONMENT", ("env", f"PATH={folder}"))
        return True

    return leave


@pytest.mark.parametrize("tool", TOOLS)
async def test_a_seed_is_made_by_any_of_the_tools(
    root: Sudo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    (tmp_path / "bin").mkdir()
    if not only(tool)(monkeypatch, tmp_path / "bin"):
        pytest.skip(f"{tool} is not installed here")
    (tmp_path / "disk").touch(0o644)
    path = tmp_path / "-odd; 'ü $(x)-seed.iso"
    await make_seed(root, "source", SEED, str(path), str(tmp_path / "disk"))
    content = path.read_bytes()
    assert any(label in content for label in LABELS)
    assert b"#cloud-config" in content
    assert b"instance-id" in content
    assert path.stat().st_mode & 0o777 == 0o644
    with pytest.raises(Failure, match="a file of that name exists"):
        await make_seed(root, "source", SEED, str(path), str(tmp_path / "disk"))


async def test_a_seed_keeps_a_file_created_meanwhile(
    root: Sudo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools, path = tmp_path / "tools", tmp_path / "two-seed.iso"
    tools.mkdir()
    (tools / "xorriso").write_text(f"#!/bin/sh\necho ours > seed\necho theirs > '{path}'\n")
    (tools / "xorriso").chmod(0o755)
    monkeypatch.setattr("tui.linux.sudo.ENVIRONMENT", ("env", f"PATH={tools}:/usr/bin:/bin"))
    with pytest.raises(Failure, match="a file of that name exists"):
        await make_seed(root, "source", SEED, str(path), str(tools / "xorriso"))
    assert names(tmp_path) == ["tools", "two-seed.iso"]
    assert path.read_text() == "theirs\n"


async def test_a_host_without_any_tool_is_a_failure(
    root: Sudo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    assert only("")(monkeypatch, tmp_path / "bin")
    with pytest.raises(Failure, match=r"it has none of xorriso, .* or mkfs.vfat with mcopy"):
        await make_seed(root, "source", SEED, str(tmp_path / "seed.iso"), str(tmp_path / "bin"))
    assert names(tmp_path) == ["bin"]

"""The proof on this host in all three roles, with real locks and a user other than root."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.unit.nfs.nfs_world import ROLES
from tui.adapters.local import LocalShell
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.settings import DESTINATION, SOURCE, STORAGE
from tui.linux.folder import Folder
from tui.linux.packages import CLIENT, Package
from tui.linux.sudo import Sudo
from tui.nfs.backend.proof import prove
from tui.nfs.model.facts import ClientRead, NfsFacts, QemuUser, Shared
from tui.nfs.model.proof import ROOT, USER, Proof

pytestmark = pytest.mark.skipif("os.geteuid() != 0", reason="the proof runs as root and switches to QEMU's user")
PATIENCE_S = 60.0
QEMU = QemuUser("nobody", 65534)


class OneHost(LocalShell):
    """This host in one role; commands with a word of `broken` fail, and programs in `lacks` are missing."""

    def __init__(self, broken: tuple[str, ...] = (), lacks: tuple[str, ...] = ()) -> None:
        self.broken = broken
        self.lacks = lacks
        self.commands: list[str] = []

    async def run(self, argv: Sequence[str], **how: Any) -> Completed:
        text = " ".join(argv)
        self.commands.append(text)
        if any(word in text for word in self.broken):
            raise Failure("The host is gone")
        if any(f"command -v {program}" in text for program in self.lacks):
            return Completed(127, "", "")
        return await super().run(argv, **how)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that QEMU's user can access, because pytest's own folders are closed to other users."""
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        found = Path(parent, 'it\'s the "shared" folder ü')
        found.mkdir()
        yield found


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def until(done: Callable[[], bool]) -> None:
    """Waits for the condition."""
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def facts(export: Path, images: Path) -> NfsFacts:
    clients = {
        role: ClientRead(role, Package(CLIENT), Folder(str(export), "folder"), qemu=QEMU)
        for role in (SOURCE, DESTINATION)
    }
    return NfsFacts(Shared(ROLES, "storage", str(images), str(export), "guest1"), clients)


async def proof_of(export: Path, images: Path, **shells: OneHost) -> Proof:
    root = Sudo(lambda role: shells.get(role) or OneHost())
    return await prove(root, facts(export, images), DESTINATION)


async def test_one_shared_folder_passes_and_nothing_is_left_in_it(folder: Path) -> None:
    proof = await proof_of(folder, folder)
    assert proof == Proof(ROOT, write_error="", read_error="", seen_error="", lock_error="", refused=True)
    assert left(folder) == []


async def test_without_perl_the_test_does_not_run_and_writes_nothing(folder: Path) -> None:
    source = OneHost()
    proof = await proof_of(folder, folder, source=source, destination=OneHost(lacks=("perl",)))
    assert proof == Proof(why_not="Perl is not installed on destination")
    assert not any("vmlm-proof" in command for command in source.commands)
    assert left(folder) == []


async def test_another_folder_on_the_server_is_detected(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    proof = await proof_of(folder, elsewhere)
    assert (proof.read_error, proof.refused) == ("", True)
    assert "No such file" in str(proof.seen_error)
    assert left(folder) == []


async def test_a_missing_folder_is_reported_with_the_output_of_the_host(folder: Path) -> None:
    proof = await proof_of(folder / "gone", folder / "gone")
    assert str(proof.write_error).endswith(": Directory nonexistent")  # the message of dash
    assert proof.read_error is None
    assert proof.refused is None


@pytest.mark.parametrize("lost", [DESTINATION, STORAGE])
async def test_if_a_host_fails_in_between_no_file_is_left(folder: Path, lost: str) -> None:
    proof = await proof_of(folder, folder, **{lost: OneHost(broken=("nonce ",))})
    assert proof.write_error == ""
    assert "The host is gone." in (proof.read_error, proof.seen_error)
    assert left(folder) == []


async def test_if_the_source_fails_at_the_end_the_server_removes_the_file(folder: Path) -> None:
    proof = await proof_of(folder, folder, source=OneHost(broken=("for file",)))
    assert proof.refused is True
    assert left(folder) == []


async def test_if_the_app_is_closed_meanwhile_no_file_is_left(folder: Path) -> None:
    attempt = asyncio.ensure_future(proof_of(folder, folder))
    await until(lambda: bool(left(folder)))
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    await until(lambda: not left(folder))


class Squashed(OneHost):
    """A host whose root can't change owners."""

    async def run(self, argv: Sequence[str], **how: Any) -> Completed:
        return await super().run([each.replace("chown --", "chown --no-such") for each in argv], **how)


def test_the_words_of_chown_are_kept_if_qemus_user_creates_the_file(folder: Path) -> None:
    folder.chmod(0o777)
    proof = asyncio.run(proof_of(folder, folder, source=Squashed()))
    assert (proof.creator, proof.write_error, proof.refused) == (USER, "", True)
    assert "chown: unrecognized option" in proof.owner_error
    assert left(folder) == []

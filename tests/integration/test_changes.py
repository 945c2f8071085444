"""Changes of files and by commands, made in a temporary folder of this host: applied, interrupted, undone."""

import stat
from pathlib import Path

import pytest

from tui.adapters.local import LocalShell
from tui.checklist.backend.changes import Changes
from tui.checklist.backend.journal import Journal
from tui.checklist.model.transcript import FAILED, OUTPUT, Progress
from tui.core.failure import Failure
from tui.linux import remote_file
from tui.linux.change import Action, AddLines, Change, Command, Move, RemoveLines
from tui.linux.sudo import Sudo

pytestmark = pytest.mark.skipif("os.geteuid() != 0", reason="changes are made as root")
LINES = ("/images a(rw)",)


@pytest.fixture
def changes(tmp_path: Path) -> Changes:
    return Changes(Sudo(lambda _: LocalShell()), Journal(tmp_path / "changes.jsonl"), {"storage": "root@storage"})


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    folder = tmp_path / "etc with 'quotes' and ü"
    folder.mkdir()
    return folder


def added(path: Path) -> Change:
    return Change((Move(AddLines("storage", str(path), LINES), (RemoveLines("storage", str(path), LINES),)),))


def command(*argv: str, undo: tuple[Action, ...] = ()) -> Move:
    return Move(Command("storage", argv), undo)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def nothing(_: Progress) -> None:
    pass


async def test_added_lines_are_removed_without_a_trace(changes: Changes, etc: Path) -> None:
    path = etc / "exports"
    path.write_bytes(b"# \xff\xfe no UTF-8, no newline")
    path.chmod(0o640)
    await changes.apply("step", added(path), nothing)
    assert LINES[0].encode() in path.read_bytes()
    assert (etc / "exports.vmlm-backup").read_bytes() == b"# \xff\xfe no UTF-8, no newline"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    await changes.undo("step", nothing)
    assert path.read_bytes() == b"# \xff\xfe no UTF-8, no newline"
    assert names(etc) == [path.name]
    assert changes.undo_of("step") is None


async def test_a_new_file_is_removed_by_undo(changes: Changes, etc: Path) -> None:
    await changes.apply("step", added(etc / "new.conf"), nothing)
    assert (etc / "new.conf").exists()
    await changes.undo("step", nothing)
    assert names(etc) == []


async def test_a_link_to_a_file_stays_a_link(changes: Changes, etc: Path) -> None:
    (etc / "real").write_text("# theirs\n")
    (etc / "exports").symlink_to("real")
    await changes.apply("step", added(etc / "exports"), nothing)
    assert (etc / "exports").is_symlink()
    assert LINES[0] in (etc / "real").read_text()


async def test_a_file_changed_meanwhile_is_not_overwritten(changes: Changes, etc: Path) -> None:
    path = etc / "exports"
    path.write_text("changed by somebody\n")
    with pytest.raises(Failure, match="its content has changed meanwhile"):
        await remote_file.replace(changes.sudo, "storage", str(path), "as it was read\n", "ours\n")
    assert path.read_text() == "changed by somebody\n"
    assert names(etc) == [path.name]


async def test_output_of_a_command_is_passed_on_and_its_failure_ends_the_change(changes: Changes, etc: Path) -> None:
    progress: list[Progress] = []
    moves = (
        command("sh", "-c", 'echo begun; touch "$0"', str(etc / "made")),
        command("sh", "-c", "echo 'no way' >&2; exit 3"),
        command("touch", str(etc / "never")),
    )
    with pytest.raises(Failure, match=r"failed on storage: no way"):
        await changes.apply("step", Change(moves), progress.append)
    assert [(each.kind, each.text) for each in progress if each.kind == OUTPUT] == [
        (OUTPUT, "begun\n"),
        (OUTPUT, "no way\n"),
    ]
    assert progress[-1].kind == FAILED
    assert not (etc / "never").exists()


async def test_steps_before_a_failure_are_undone_by_a_new_process(changes: Changes, etc: Path) -> None:
    made = str(etc / "made")
    moves = (
        command("mkdir", made, undo=(Command("storage", ("rmdir", made)),)),
        command("false", undo=(Command("storage", ("rmdir", str(etc / "never"))),)),
    )
    with pytest.raises(Failure):
        await changes.apply("step", Change(moves), nothing)
    journal = Journal(etc.parent / "changes.jsonl")
    later = Changes(Sudo(lambda _: LocalShell()), journal, {"storage": "root@storage"})
    await later.undo("step", nothing)  # the undo of the failed step fails, too, which is no error
    assert names(etc) == []
    assert later.undo_of("step") is None


async def test_a_change_of_another_host_is_not_undone(changes: Changes, etc: Path) -> None:
    await changes.apply("step", added(etc / "exports"), nothing)
    elsewhere = Changes(Sudo(lambda _: LocalShell()), Journal(etc.parent / "changes.jsonl"), {"storage": "root@other"})
    assert elsewhere.undo_of("step") is None
    await elsewhere.undo("step", nothing)
    assert (etc / "exports").exists()

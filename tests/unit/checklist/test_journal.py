"""The journal of changes: what it knows again after a crash."""

import errno
from pathlib import Path

import pytest

from tui.checklist.backend.journal import Journal
from tui.core.failure import Failure
from tui.linux.change import AddLines, Command, Move, RemoveLines

ADDED = Move(AddLines("storage", "/etc/exports", ("ä (rw)",)), (RemoveLines("storage", "/etc/exports", ("ä (rw)",)),))
RUN = Move(Command("storage", ("exportfs", "-ra"), "in", 5.0), (Command("storage", ("exportfs", "-r")),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "changes.jsonl"


def test_a_new_process_knows_what_was_done_the_newest_first(path: Path) -> None:
    journal = Journal(path)
    journal.done(journal.begin("step", "root@storage", ADDED))
    journal.begin("step", "root@storage", RUN)
    journal.begin("other", "root@storage", RUN)
    entries = Journal(path).entries("step")
    assert [(each.undo, each.done, each.address) for each in entries] == [
        (RUN.undo, False, "root@storage"),
        (ADDED.undo, True, "root@storage"),
    ]


def test_what_was_taken_back_is_no_more(path: Path) -> None:
    journal = Journal(path)
    number = journal.begin("step", "root@storage", ADDED)
    journal.undone(number)
    assert journal.entries("step") == ()
    assert Journal(path).entries("step") == ()


def test_half_a_last_line_hides_nothing_before_and_nothing_after_it(path: Path) -> None:
    Journal(path).begin("step", "root@storage", ADDED)
    with path.open("ab") as file:
        file.write(b'{"kind": "begun", "id": 2, "st')
    journal = Journal(path)
    assert len(journal.entries("step")) == 1
    journal.begin("step", "root@storage", RUN)
    assert [each.undo for each in Journal(path).entries("step")] == [RUN.undo, ADDED.undo]


def test_a_line_that_is_none_of_ours_is_passed_over(path: Path) -> None:
    Journal(path).begin("step", "root@storage", ADDED)
    with path.open("a") as file:
        file.write('[]\n{"kind": "begun"}\n{"kind": "begun", "id": 7, "step": "x", "address": "y", "undo": [{}]}\n')
    assert len(Journal(path).entries("step")) == 1


def test_nothing_is_begun_where_the_journal_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder is needed")
    with pytest.raises(Failure, match="Without it nothing is changed"):
        Journal(tmp_path / "state" / "changes.jsonl").begin("step", "root@storage", ADDED)


def test_a_full_disk_is_said_before_anything_is_changed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Failure, match="No space left on device"):
        Journal(path).begin("step", "root@storage", ADDED)

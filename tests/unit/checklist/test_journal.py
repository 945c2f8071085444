"""The journal of changes: what it still holds after a crash."""

import errno
import fcntl
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tui.checklist.backend.journal import Journal
from tui.core.failure import Failure
from tui.linux.change import AddLines, Command, Move, RemoveLines, to_fields

ADDED = Move(AddLines("storage", "/etc/exports", ("ä (rw)",)), (RemoveLines("storage", "/etc/exports", ("ä (rw)",)),))
RUN = Move(Command("storage", ("exportfs", "-ra"), "in", 5.0), (Command("storage", ("exportfs", "-r")),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "changes.jsonl"


def test_a_new_process_reads_what_was_applied_the_newest_first(path: Path) -> None:
    journal = Journal(path)
    journal.done(journal.begin("step", "root@storage", ADDED))
    journal.begin("step", "root@storage", RUN)
    journal.begin("other", "root@storage", RUN)
    entries = Journal(path).entries("step")
    assert [(each.undo, each.done, each.address) for each in entries] == [
        (RUN.undo, False, "root@storage"),
        (ADDED.undo, True, "root@storage"),
    ]


def test_an_undone_move_is_no_longer_listed(path: Path) -> None:
    journal = Journal(path)
    journal.begin("step", "root@storage", ADDED)
    journal.undone(journal.entries("step")[0])
    assert journal.entries("step") == ()
    assert Journal(path).entries("step") == ()


def test_an_incomplete_last_line_hides_neither_earlier_nor_later_lines(path: Path) -> None:
    Journal(path).begin("step", "root@storage", ADDED)
    with path.open("ab") as file:
        file.write(b'{"kind": "begun", "id": 2, "st')
    journal = Journal(path)
    assert (len(journal.entries("step")), journal.problem) == (1, "")
    journal.begin("step", "root@storage", RUN)
    assert [each.undo for each in Journal(path).entries("step")] == [RUN.undo, ADDED.undo]


BEGUN = '{"kind": "begun", "id": 7, "step": "step", "address": "root@storage", "undo": %s}'


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (BEGUN % '"none"', "it has no step, no address or no list of undo actions"),
        (BEGUN % "null", "it has no step, no address or no list of undo actions"),
        (BEGUN % '["none"]', "an action is not a JSON object"),
        (BEGUN % "[{}]", "an action is of an unknown kind"),
        (
            BEGUN.replace('"step": "step"', '"step": ["x"]') % "[]",
            "it has no step, no address or no list of undo actions",
        ),
        (BEGUN.replace('"root@storage"', "{}") % "[]", "it has no step, no address or no list of undo actions"),
        (BEGUN.replace("7", '"7"') % "[]", "its id is not a number"),
        (BEGUN.replace("7", "1e999") % "[]", "its id is not a number"),
        (BEGUN.replace("7", "true") % "[]", "its id is not a number"),
        (BEGUN.replace("7", "9" * 4000) % "[]", "its id is not a number"),
        (BEGUN.replace("begun", "beg") % "[]", "its kind is unknown"),
        ('{"kind": ["done"], "id": 1}', "its kind is unknown"),
        ("[]", "it is not a JSON object"),
        ("[" * 100_000, "it is not JSON"),
        ("half of", "it is not JSON"),
    ],
)
def test_an_invalid_line_is_kept_skipped_and_reported(
    path: Path, line: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    Journal(path).begin("step", "root@storage", ADDED)
    with path.open("a") as file:
        file.write(f"{line}\n")
    journal = Journal(path)
    assert [each.undo for each in journal.entries("step")] == [ADDED.undo]
    assert f"1 line of {path} can't be read (line 2: {problem}" in journal.problem
    assert journal.problem in caplog.text
    journal.begin("step", "root@storage", RUN)
    assert [each.undo for each in journal.entries("step")] == [RUN.undo, ADDED.undo]
    assert path.read_text().splitlines()[1] == line


def test_bytes_that_are_not_utf8_are_an_invalid_line(path: Path) -> None:
    Journal(path).begin("step", "root@storage", ADDED)
    with path.open("ab") as file:
        file.write(b'{"kind": "done", "id": 1, "\xff": 1}\n' * 2)
    journal = Journal(path)
    assert not journal.entries("step")[0].done
    assert "2 lines of" in journal.problem


def test_an_unreadable_journal_is_reported_until_it_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "changes.jsonl"
    assert Journal(path).problem == ""
    path.mkdir()
    journal = Journal(path)
    assert "Is a directory" in journal.problem
    path.rmdir()
    journal.begin("step", "root@storage", ADDED)
    assert (journal.problem, len(journal.entries("step"))) == ("", 1)


def test_no_move_begins_if_the_journal_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder is needed")
    with pytest.raises(Failure, match="The app changes nothing without it"):
        Journal(tmp_path / "state" / "changes.jsonl").begin("step", "root@storage", ADDED)


def test_a_full_disk_is_reported_before_any_change(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Failure, match="No space left on device"):
        Journal(path).begin("step", "root@storage", ADDED)


def test_two_apps_with_one_journal_keep_their_entries_and_read_each_others(path: Path) -> None:
    one, two = Journal(path), Journal(path)
    assert (one.entries("step"), two.entries("step")) == ((), ())  # both have read it
    one.done(one.begin("step", "root@storage", ADDED))
    two.begin("step", "root@storage", RUN)
    assert one.entries("step") == two.entries("step") == Journal(path).entries("step")
    assert [(each.undo, each.done) for each in one.entries("step")] == [(RUN.undo, False), (ADDED.undo, True)]
    one.undone(one.entries("step")[0])
    assert [each.undo for each in two.entries("step")] == [ADDED.undo]


def test_an_id_is_never_reused_because_another_app_may_still_hold_it(path: Path) -> None:
    one, two = Journal(path), Journal(path)
    first = one.begin("step", "root@storage", ADDED)
    entry = two.entries("step")[0]
    one.undone(entry)
    assert one.begin("step", "root@storage", RUN) != first
    two.undone(entry)
    assert [each.undo for each in one.entries("step")] == [RUN.undo]


def test_ids_allocated_at_the_same_time_differ(path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda _: Journal(path).begin("step", "root@storage", RUN), range(40)))
    assert sorted(ids) == list(range(1, 41))
    assert len(Journal(path).entries("step")) == 40


def test_a_journal_that_stays_locked_is_a_failure(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.checklist.backend.journal.LOCK_LIMIT_S", 0.0)
    Journal(path).begin("step", "root@storage", ADDED)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Failure, match="another process has locked it"):
            Journal(path).begin("step", "root@storage", RUN)
    assert len(Journal(path).entries("step")) == 1


def test_an_id_that_two_older_apps_used_names_both_moves(path: Path) -> None:
    def line(kind: str, number: int, **more: object) -> str:
        return json.dumps({"at": "2025-01-01T00:00:00.000Z", "kind": kind, "id": number, **more})

    def begun(step: str, move: Move) -> str:
        fields = {"step": step, "address": "root@storage", "action": to_fields(move.action)}
        return line("begun", 1, **fields, undo=[to_fields(each) for each in move.undo])

    path.parent.mkdir()
    path.write_text("\n".join((begun("a", ADDED), begun("b", RUN), line("done", 1), line("done", 1), "")))
    journal = Journal(path)
    first, second = journal.entries("a")[0], journal.entries("b")[0]
    assert (first.undo, first.done, second.undo, second.done) == (ADDED.undo, True, RUN.undo, True)
    journal.undone(first)
    assert (Journal(path).entries("a"), Journal(path).entries("b")) == ((), (second,))
    with path.open("a") as file:
        file.write(line("undone", 1) + "\n")
    assert journal.entries("b") == ()


def test_a_pipe_in_place_of_the_journal_is_reported_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "changes.jsonl")
    journal = Journal(tmp_path / "changes.jsonl")
    assert "Not a regular file" in journal.problem
    with pytest.raises(Failure, match="can't be written"):
        journal.begin("step", "root@storage", ADDED)

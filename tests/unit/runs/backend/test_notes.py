"""note.toml: written beside run.toml, and never replaced if it is damaged."""

import os
from pathlib import Path

import pytest

from tui.core.failure import Failure
from tui.runs.backend.notes import annotate, read_annotation
from tui.runs.backend.reading import RunReader
from tui.runs.model.annotation import Annotation


def test_an_annotation_is_written_and_read(tmp_path: Path) -> None:
    written = annotate(tmp_path, lambda old: old.with_note("two\nlines").with_tags(["paper"], []))
    assert written == read_annotation(tmp_path) == Annotation("two\nlines", ("paper",))
    assert [each.name for each in tmp_path.iterdir()] == ["note.toml"]


def test_the_file_goes_with_the_last_note_and_keeps_the_keys_of_others(tmp_path: Path) -> None:
    annotate(tmp_path, lambda old: old.with_exclusion("noisy"))
    annotate(tmp_path, lambda old: old.with_exclusion(""))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "note.toml").write_text('colour = "red"\ntags = ["a"]\n')
    annotate(tmp_path, lambda old: old.with_tags([], ["a"]))
    assert (tmp_path / "note.toml").read_text() == 'colour = "red"\n'


@pytest.mark.parametrize("text", ["note = [[[", "note = 7\n", "\udcff"])
def test_a_damaged_file_is_a_problem_of_the_run_and_is_not_replaced(tmp_path: Path, text: str) -> None:
    run = tmp_path / "20261123T034700Z-guest1-idle-pre-copy"
    run.mkdir()
    (run / "run.toml").write_text('outcome = "completed"\n')
    damaged = text.encode(errors="surrogateescape")
    (run / "note.toml").write_bytes(damaged)
    (found,) = RunReader(tmp_path).list()
    assert found.problem == ""
    assert found.annotation.problem.startswith("Its note.toml ")
    with pytest.raises(Failure, match=r"Correct or remove .*note\.toml"):
        annotate(run, lambda old: old.with_note("new"))
    assert (run / "note.toml").read_bytes() == damaged


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    other, run = tmp_path / "other", tmp_path / "run"
    run.mkdir()
    other.write_text('note = "of another"\n')
    (run / "note.toml").symlink_to(other)
    annotate(run, lambda old: old.with_note("mine"))
    assert other.read_text() == 'note = "of another"\n'
    assert read_annotation(run).note == "mine"


def test_a_pipe_is_a_problem_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "note.toml")
    assert read_annotation(tmp_path).problem == "Its note.toml can't be read: [Errno 22] Not a regular file: " + (
        f"'{tmp_path / 'note.toml'}'."
    )


def test_a_changed_note_is_read_again(tmp_path: Path) -> None:
    run = tmp_path / "20261123T034700Z-guest1-idle-pre-copy"
    run.mkdir()
    (run / "run.toml").write_text('outcome = "completed"\n')
    reader = RunReader(tmp_path)
    assert reader.list()[0].annotation == Annotation()
    annotate(run, lambda old: old.with_note("new"))
    assert reader.list()[0].annotation.note == "new"

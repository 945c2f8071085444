"""Runs are deleted with their files, and nothing else is."""

import errno
import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from tui.core.failure import Failure
from tui.runs.backend.deletion import Contents, contents, delete_run

NAME = "20261123T034700Z-guest1-idle-pre-copy"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / NAME
    folder.mkdir(parents=True)
    (folder / "run.toml").write_text("")
    (folder / "raw.jsonl").write_text("12345")
    return folder


def test_a_run_is_deleted_with_its_files(run: Path) -> None:
    assert contents(run) == Contents(run, 2, 5)
    assert (contents(run).words, Contents(run, 1, 5).words) == ("2 files, 5 B", "1 file, 5 B")
    delete_run(run.parent, run)
    assert list(run.parent.iterdir()) == []


@pytest.mark.parametrize(("error", "found"), [(errno.ENOENT, 1), (errno.EACCES, None)])
def test_a_file_that_is_gone_is_not_counted_and_one_that_is_refused_is_a_failure(
    run: Path, monkeypatch: pytest.MonkeyPatch, error: int, found: int | None
) -> None:
    lstat = os.lstat

    def refuse(path: Any, **given: Any) -> os.stat_result:
        if str(path).endswith("raw.jsonl"):
            raise OSError(error, os.strerror(error))
        return lstat(path, **given)

    monkeypatch.setattr(os, "lstat", refuse)
    if found is None:
        with pytest.raises(Failure, match="can't be read: Permission denied"):
            contents(run)
    else:
        assert contents(run).files == found


def test_an_empty_folder_that_a_crash_left_is_deleted(run: Path) -> None:
    empty = run.parent / "20261124T034700Z-guest1-idle-pre-copy"
    empty.mkdir()
    delete_run(run.parent, empty)
    assert list(run.parent.iterdir()) == [run]


def test_a_run_under_way_is_refused(run: Path) -> None:
    with (run / "raw.jsonl").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Failure, match="its migration is under way"):
            delete_run(run.parent, run)
    assert contents(run) == Contents(run, 2, 5)


def test_links_are_not_followed(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "run.toml").write_text("")
    link = run.parent / "link"
    link.symlink_to(other)
    with pytest.raises(Failure, match="it is a link to another folder"):
        delete_run(run.parent, link)
    (run / "inner").symlink_to(other)
    delete_run(run.parent, run)
    assert (other / "run.toml").exists()


@pytest.mark.parametrize(
    "path", ["elsewhere", "runs/20261123T034700Z-guest1-idle-pre-copy/inner", "runs/x/../../elsewhere"]
)
def test_a_folder_outside_of_the_runs_is_refused(run: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "runs" / "x").mkdir()
    for folder in (tmp_path / "elsewhere", run / "inner"):
        folder.mkdir()
        (folder / "run.toml").write_text("")
    with pytest.raises(Failure, match="it is not in the folder of the runs"):
        delete_run(tmp_path / "runs", tmp_path / path)
    assert (tmp_path / path / "run.toml").exists()


def test_a_folder_that_is_no_run_is_refused(run: Path) -> None:
    papers = run.parent / "papers"
    papers.mkdir()
    (papers / "paper.tex").write_text("")
    with pytest.raises(Failure, match=r"it is not a run: it has none of run\.toml, raw\.jsonl, domjobinfo\.txt"):
        delete_run(run.parent, papers)
    assert (papers / "paper.tex").exists()


def test_a_folder_that_is_gone_is_reported(run: Path) -> None:
    with pytest.raises(Failure, match="was not deleted: No such file or directory"):
        delete_run(run.parent, run.parent / "gone")

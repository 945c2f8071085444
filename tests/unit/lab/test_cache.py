"""The cache builds a folder once; a folder is complete or does not exist."""

from pathlib import Path

import pytest

from tui.lab import cache


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def build(_work: Path, result: Path) -> None:
    (result / "file").write_text("whole")


def test_a_cached_folder_is_not_built_again(folder: Path) -> None:
    def never(_work: Path, _result: Path) -> None:
        raise AssertionError

    assert cache.kept("image", "the image", build, print) == folder / "image"
    assert (cache.kept("image", "the image", never, print) / "file").read_text() == "whole"


def test_a_failed_build_leaves_nothing_and_the_next_build_succeeds(folder: Path) -> None:
    def fail(work: Path, result: Path) -> None:
        build(work, result)
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        cache.kept("image", "the image", fail, print)
    assert [path.name for path in folder.iterdir()] == ["lock"]
    assert cache.kept("image", "the image", build, print).is_dir()


def test_the_next_build_removes_the_leftovers_of_a_killed_one(folder: Path) -> None:
    (folder / "building-killed/result").mkdir(parents=True)
    cache.kept("image", "the image", build, print)
    assert sorted(path.name for path in folder.iterdir()) == ["image", "lock"]

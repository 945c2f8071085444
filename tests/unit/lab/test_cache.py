"""The cache: what is built is there as a whole or not at all, and is built once."""

from pathlib import Path

import pytest

from tui.lab import cache


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def build(_work: Path, result: Path) -> None:
    (result / "file").write_text("whole")


def test_what_is_built_once_is_not_built_again(folder: Path) -> None:
    def never(_work: Path, _result: Path) -> None:
        raise AssertionError

    assert cache.kept("image", "the image", build, print) == folder / "image"
    assert (cache.kept("image", "the image", never, print) / "file").read_text() == "whole"


def test_of_a_build_that_failed_nothing_is_left_and_the_next_one_succeeds(folder: Path) -> None:
    def fail(work: Path, result: Path) -> None:
        build(work, result)
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        cache.kept("image", "the image", fail, print)
    assert [path.name for path in folder.iterdir()] == ["lock"]
    assert cache.kept("image", "the image", build, print).is_dir()


def test_what_a_killed_builder_left_is_removed_by_the_next_one(folder: Path) -> None:
    (folder / "building-killed/result").mkdir(parents=True)
    cache.kept("image", "the image", build, print)
    assert sorted(path.name for path in folder.iterdir()) == ["image", "lock"]

"""The run that a word means."""

from pathlib import Path

import pytest

from tui.core.failure import Failure
from tui.runs.backend.find import find_run, look_up
from tui.runs.backend.reading import RunReader

NAMES = (
    "20261123T034700Z-guest1-idle-pre-copy",
    "20261123T034700Z-guest1-idle-pre-copy-2",
    "20261124T034700Z-guest1-idle-pre-copy",
)


@pytest.fixture
def reader(tmp_path: Path) -> RunReader:
    for name in NAMES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.toml").write_text('outcome = "completed"\n')
    return RunReader(tmp_path)


@pytest.mark.parametrize(
    ("word", "number"), [(NAMES[0], 0), (NAMES[1], 1), ("20261124", 2), ("last", 2), (f"{NAMES[0]}-", 1)]
)
def test_a_name_a_unique_prefix_and_last(reader: RunReader, word: str, number: int) -> None:
    assert find_run(reader, word).folder.name == NAMES[number]


def test_a_path_may_be_anywhere(reader: RunReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    empty = RunReader(tmp_path / "none")
    assert find_run(empty, f"./{NAMES[1]}/").folder == tmp_path / NAMES[1]
    assert find_run(reader, str(tmp_path / NAMES[0])).folder == tmp_path / NAMES[0]


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("2026", "3 runs begin with 2026: 20261123T034700Z-guest1-idle-pre-copy, .* Write more of the name"),
        ("x", "There is no run x: none in .* has this name"),
        ("", "There is no run without a name"),
        ("/nowhere/x", "/nowhere/x is not a run: it has neither run.toml nor raw.jsonl"),
    ],
)
def test_a_word_that_means_no_run(reader: RunReader, word: str, sentence: str) -> None:
    with pytest.raises(Failure, match=sentence):
        find_run(reader, word)


def test_there_is_no_last_run_before_the_first(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="There is no last run: nothing has been recorded"):
        find_run(RunReader(tmp_path), "last")
    assert look_up(RunReader(tmp_path), "text") is None

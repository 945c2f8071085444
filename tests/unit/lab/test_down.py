"""What remains after `vmlm-tui lab down`."""

from pathlib import Path

import pytest

from tui.lab.cli import runs_kept
from tui.lab.config import runs_folder
from tui.lab.place import DEFAULT_NAME, Place


@pytest.mark.parametrize(("name", "folder"), [("rack7", "runs-rack7"), (DEFAULT_NAME, "runs")])
def test_the_records_of_a_lab_are_named_if_there_are_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, folder: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    place = Place(name)
    found = runs_folder(place)
    assert found == tmp_path / ".local/state/vmlm" / folder
    assert runs_kept(place) is None
    found.mkdir(parents=True)
    assert runs_kept(place) is None
    (found / "20261129T120000Z-guest1-idle-pre-copy").mkdir()
    assert runs_kept(place) == found

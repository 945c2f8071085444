"""`vmlm-tui runs import`, as a person types it."""

import io
import os
import sys
from pathlib import Path

import pytest

from tui.app.main import main

LOGS = Path(__file__).parents[2] / "runs" / "logs"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("VMLM_CONFIG", raising=False)


def runs(tmp_path: Path) -> list[str]:
    return sorted(each.name for each in (tmp_path / "state/vmlm/runs").iterdir())


def test_a_file_is_imported_without_a_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--vm", "guest1", "--workload", "idle", "--technique", "pre-copy", "--began", "2026-03-01T12:00:00Z"]
    assert main(["runs", "import", str(LOGS / "completed.txt"), *words]) == 0
    out, err = capsys.readouterr()
    (name,) = runs(tmp_path)
    assert name == "20260301T120000Z-guest1-idle-pre-copy"
    folder, figures, words_of_it = out.splitlines()
    assert folder.endswith(name)
    assert figures == "  8 samples, 4 passes, 9.7 s in total, downtime 83 ms, 0.99 GiB sent, completed"
    assert words_of_it.endswith("Unknown: hosts.")
    assert err == ""


def test_a_folder_that_does_not_exist_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, new = str(LOGS / "completed.txt"), tmp_path / "others"
    assert main(["runs", "import", log, "--folder", str(new)]) == 0
    assert capsys.readouterr().out.startswith(f"{new}/")
    assert [str(each) for each in new.glob("*/original.txt")]
    assert main(["runs", "import", log, "--folder", log]) == 2
    assert "completed.txt is not a folder." in capsys.readouterr().err


def test_a_refused_file_does_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "import", str(LOGS / "no-log.txt"), str(LOGS / "damaged.txt")]) == 1
    out, err = capsys.readouterr()
    assert "at least 1 pass, at least 8.4 s in total" in out
    assert "no-log.txt is no log of virsh domjobinfo" in err
    assert "5 lines could not be understood and were left out" in err
    assert 'damaged.txt: line 52: "Time elapsed:     51"' in err
    assert len(runs(tmp_path)) == 1


def test_the_standard_input_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((LOGS / "rawstats.txt").read_bytes())))
    assert main(["runs", "import", "-", "--interval", "500ms"]) == 0
    assert len(runs(tmp_path)) == 1


def test_names_that_are_not_utf_8_are_imported(tmp_path: Path) -> None:
    log = Path(os.fsdecode(bytes(tmp_path) + b"/l\xff.txt"))
    log.write_bytes((LOGS / "completed.txt").read_bytes())
    assert main(["runs", "import", str(log), "--vm", "g\udcff", "--note", "n\udcff"]) == 0
    (name,) = runs(tmp_path)
    assert name.partition("-")[2] == "g_-unknown-unknown"


def test_a_closed_standard_input_is_an_empty_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["runs", "import", "-", str(LOGS / "completed.txt")]) == 1
    out, err = capsys.readouterr()
    assert "9.7 s in total" in out
    assert "- is empty" in err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["import"], "No FILE is given"),
        (["import", "x", "--interval", "soon"], "--interval soon"),
        (["import", "x", "--interval", "0"], "--interval 0 is out of range"),
        (["import", "x", "--began", "yesterday"], "--began yesterday is no time"),
        (["import", "x", "--technique", "warp"], "invalid choice"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_written(
    words: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", *words]) == 2
    assert why in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


def test_help_names_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "import", "--help"]) == 0
    assert "runs import FILE..." in capsys.readouterr().out

"""`vmlm-tui runs report`: its words, and where it writes."""

from pathlib import Path

import pytest

from tests.unit.runs.recorded import tables, write
from tui.app.commands.runs.report import main
from tui.core.failure import Failure


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, total in (("20261123T040000Z-guest1", 12), ("20261123T050000Z-guest1", 14)):
        write(tmp_path / "runs", name, tables(total))
    return tmp_path / "runs"


def test_the_report_is_written_where_it_is_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, figures = tmp_path / "new" / "r.html", tmp_path / "figures"
    assert main("report", ["--folder", str(folder), "-o", str(target), "--figures", str(figures)]) == 0
    assert "2 runs in 1 group" in target.read_text()
    count = len(list(figures.iterdir()))
    assert capsys.readouterr().out == f"Written: {target} and {count} files of figures in {figures}.\n"


def test_only_the_chosen_runs_are_in_it(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    assert main("report", ["--folder", str(folder), "-o", str(target), "20261123T050000Z-guest1"]) == 0
    assert "20261123T050000Z-guest1" in target.read_text()
    assert "20261123T040000Z-guest1" not in target.read_text()


def test_no_run_writes_nothing(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="There is no run"):
        main("report", ["--folder", str(folder), "-o", str(tmp_path / "r.html"), "vm:other"])
    assert not (tmp_path / "r.html").exists()


def test_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("report", ["--help"]) == 0
    assert "--figures FOLDER" in capsys.readouterr().out

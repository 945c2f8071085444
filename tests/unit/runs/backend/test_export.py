"""Runs written to a file: whole or not at all, and never over a file that nobody has agreed to replace."""

import csv
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.runs.recorded import tables, write
from tui.core.failure import Failure
from tui.runs.backend.export import KINDS, Exists, Export, Kind, Stopped, kinds_of
from tui.runs.backend.reading import RunReader
from tui.runs.model.run import Run

RECORDINGS = Path(__file__).parents[3] / "recordings"
CSV, SAMPLES, JSON, MARKDOWN, LATEX, REPORT = KINDS
NAMES = ("20261123T040000Z-a", "20261123T050000Z-b")


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    for hour, name in enumerate(NAMES, 4):
        folder = write(tmp_path / "runs", name, tables(began=f"2026-11-23T0{hour}:00:00.000Z"))
        (folder / "raw.jsonl").write_bytes((RECORDINGS / "cancelled.jsonl").read_bytes())
    return [*RunReader(tmp_path / "runs").list()]


def refused(*_: object, **__: object) -> None:
    """In place of os.link: the file system has no hard links."""
    raise PermissionError(1, "Operation not permitted")


def files(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_is_one_file_with_both_runs(tmp_path: Path, runs: list[Run], kind: Kind) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    written = Export(runs, kind, folder / kind.name).write()
    assert written.sentence.startswith(f"Written: {folder / kind.name}, 2 runs, ")
    assert written.unread == ()
    assert files(folder) == [kind.name]
    text = (folder / kind.name).read_text()
    if kind in (MARKDOWN, LATEX):
        assert text.count("pre-copy") == 2
    else:
        assert all(name in text for name in NAMES)


def test_rows_are_of_the_newest_run_first_and_samples_have_all_logs(tmp_path: Path, runs: list[Run]) -> None:
    for kind in (CSV, SAMPLES, JSON):
        Export(runs[::-1], kind, tmp_path / kind.name).write()
    with (tmp_path / CSV.name).open(newline="") as file:
        assert [row["run"] for row in csv.DictReader(file)] == [*NAMES[::-1]]
    assert [row["run"] for row in json.loads((tmp_path / JSON.name).read_text())] == [*NAMES[::-1]]
    with (tmp_path / SAMPLES.name).open(newline="") as file:
        rows = [row["run"] for row in csv.DictReader(file)]
    assert rows == sorted(rows, reverse=True)
    assert rows.count(NAMES[0]) == rows.count(NAMES[1]) > 20


def test_an_existing_file_stays_until_its_replacement_is_agreed(tmp_path: Path, runs: list[Run]) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("mine")
    with pytest.raises(Exists, match=r"runs\.csv exists"):
        Export(runs, CSV, path).write()
    assert path.read_text() == "mine"
    Export(runs, CSV, path, replace=True).write()
    assert NAMES[0] in path.read_text()


def test_a_dangling_link_is_not_written_through(tmp_path: Path, runs: list[Run]) -> None:
    (tmp_path / "runs.csv").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Exists):
        Export(runs, CSV, tmp_path / "runs.csv").write()
    assert not (tmp_path / "elsewhere").exists()


def test_a_link_stays_and_the_file_it_leads_to_is_replaced(tmp_path: Path, runs: list[Run]) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "real.csv").write_text("mine")
    for name, target in (("link.csv", "real.csv"), ("dangling.csv", "new.csv")):
        link = tmp_path / name
        link.symlink_to(folder / target)
        Export(runs, CSV, link, replace=True).write()
        assert link.readlink() == folder / target
        assert NAMES[0] in (folder / target).read_text()
    assert files(folder) == ["new.csv", "real.csv"]


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path, runs: list[Run]) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("mine")
    path.chmod(0o640)
    Export(runs, CSV, path, replace=True).write()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("agreed", [False, True])
def test_a_pipe_or_a_device_is_not_replaced(tmp_path: Path, runs: list[Run], agreed: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    for name in ("pipe", "null"):
        with pytest.raises(Failure, match=f"{name} is not a regular file. Type another name"):
            Export(runs, CSV, tmp_path / name, replace=agreed).write()
    assert (tmp_path / "pipe").is_fifo()
    assert Path("/dev/null").is_char_device()


class Appears(Export):
    """Another program writes the file meanwhile."""

    def _content(self, beside: Path, unread: list[str]) -> Iterator[bytes]:
        yield from super()._content(beside, unread)
        self._path.write_text("theirs")


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile_stays(
    tmp_path: Path, runs: list[Run], monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", refused)
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(Exists):
        Appears(runs, CSV, folder / "runs.csv").write()
    assert (folder / "runs.csv").read_text() == "theirs"
    assert files(folder) == ["runs.csv"]


@pytest.mark.parametrize("kind", [CSV, SAMPLES], ids=lambda kind: kind.name)
def test_a_stopped_export_leaves_no_file_and_the_old_one(tmp_path: Path, runs: list[Run], kind: Kind) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "old").write_text("mine")
    for name, agreed in (("new", False), ("old", True)):
        export = Export(runs, kind, folder / name, replace=agreed)
        export.stop()
        with pytest.raises(Stopped):
            export.write()
    assert files(folder) == ["old"]
    assert (folder / "old").read_text() == "mine"


class StoppedAtAFigure(Export):
    """A person stops it as soon as it draws; `steps` is what it did, and what was in the folder by then."""

    def _step(self, doing: str) -> None:
        super()._step(doing)
        self.steps = [*getattr(self, "steps", []), (doing, files(self._path.parent))]
        if doing.startswith("Drawing"):
            self.stop()


def test_a_report_that_is_drawn_is_stopped_before_its_next_figure_and_nothing_is_on_disk_meanwhile(
    tmp_path: Path, runs: list[Run]
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    for kind in (REPORT, kinds_of(runs[:1])[-1]):
        export = StoppedAtAFigure(runs[:1], kind, folder / kind.name)
        with pytest.raises(Stopped):
            export.write()
        assert [doing.partition(" ")[0] for doing, _ in export.steps][-1] == "Drawing"
        assert sum(doing.startswith("Drawing") for doing, _ in export.steps) == 1
        assert all(before == [] for _, before in export.steps)
        assert files(folder) == []


def test_it_names_the_log_that_it_reads(tmp_path: Path, runs: list[Run]) -> None:
    export = Export(runs, SAMPLES, tmp_path / "samples.csv")
    assert export.doing == "Writing samples.csv"
    export.write()
    assert export.doing == "Reading log 2 of 2"


def test_a_log_that_cannot_be_read_is_reported_and_the_others_are_written(tmp_path: Path, runs: list[Run]) -> None:
    gone = replace(runs[0], folder=tmp_path / "gone")
    written = Export([gone, runs[1]], SAMPLES, tmp_path / "samples.csv").write()
    assert written.unread == ("The log of gone can't be read: No such file or directory.",)
    assert NAMES[0] in (tmp_path / "samples.csv").read_text()


def test_a_folder_and_a_missing_folder_are_failures(tmp_path: Path, runs: list[Run]) -> None:
    with pytest.raises(Failure, match="is a folder"):
        Export(runs, CSV, tmp_path, replace=True).write()
    with pytest.raises(Failure, match="could not be written"):
        Export(runs, CSV, tmp_path / "none" / "runs.csv").write()


def test_a_file_system_without_hard_links_gets_the_file(
    tmp_path: Path, runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refused)
    Export(runs, CSV, tmp_path / "runs.csv").write()
    assert NAMES[0] in (tmp_path / "runs.csv").read_text()


def test_a_name_of_the_greatest_length_can_be_written(tmp_path: Path, runs: list[Run]) -> None:
    path = tmp_path / ("n" * 251 + ".csv")
    Export(runs, CSV, path).write()
    assert NAMES[0] in path.read_text()


class Twice(Export):
    """A second export to the same file runs meanwhile."""

    def _content(self, beside: Path, unread: list[str]) -> Iterator[bytes]:
        yield from super()._content(beside, unread)
        Export(self._runs, self._kind, self._path, replace=True).write()


def test_two_exports_to_one_file_do_not_disturb_each_other(tmp_path: Path, runs: list[Run]) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    Twice(runs, CSV, folder / "runs.csv", replace=True).write()
    assert files(folder) == ["runs.csv"]
    assert NAMES[0] in (folder / "runs.csv").read_text()

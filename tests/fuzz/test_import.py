"""Logs that others wrote: read, split, imported, opened."""

import tempfile
from io import BytesIO
from pathlib import Path

from tests.fuzz.inputs import files, reads, texts
from tests.fuzz.test_records import draw
from tui.runs.backend.importer import Given, import_log
from tui.runs.backend.reading import RunReader, open_run
from tui.runs.model.domjobinfo_log import LogReader, Output
from tui.runs.model.log_line import read_line
from tui.runs.model.log_split import Splitter
from tui.runs.model.log_time import read_time
from tui.runs.widgets.table import RunTable
from tui.runs.widgets.words import about_lines

LOGS = Path(__file__).parents[1] / "unit" / "runs" / "logs"
SAMPLES = [path.read_bytes().decode("utf-8", errors="replace") for path in sorted(LOGS.iterdir())]
SHORT = [text[:1500] for text in SAMPLES]
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # where to sync a file costs nothing
TIMES = ("Sun Nov 29 00:36:50 UTC 2026", "2026-11-29T01:36:50,250+01:00", "1795912610.104", "[23:59:58] Job type: None")


def read_and_split(text: str) -> None:
    reader, splitter = LogReader(), Splitter()
    lines = text.splitlines()
    for part in splitter.split(reader.read(lines)):
        assert isinstance(part.output, Output)
        assert 1 <= part.output.first <= part.output.last <= len(lines)
    assert reader.lines == len(lines)


def import_and_open(data: bytes) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        imported = import_log("-", BytesIO(data), Path(folder), Given())
        listed = RunReader(Path(folder)).list()
        assert len(listed) == len(imported.runs)
        for run in listed:
            assert not run.problem
            RunTable([run], 80).line(0)
            about_lines(run, 80)
            opened = open_run(run)
            assert opened.problem == ""
            draw(opened.timeline)


def test_damaged_lines_and_times() -> None:
    reads(texts(*{line for text in SAMPLES for line in text.splitlines()}), read_line)
    reads(texts(*TIMES), read_time)


def test_damaged_logs_are_split() -> None:
    reads(texts(*SHORT), read_and_split)


def test_damaged_logs_are_imported_and_open() -> None:
    reads(files(*SHORT), import_and_open)

"""The app's own files: config.toml, run.toml, changes.jsonl, the addresses of guests and the columns of runs."""

import asyncio
import contextlib
import csv
import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.fuzz.inputs import files, json_lines, reads, texts, trees
from tui.app import config
from tui.app.commands.runs.compare import forecast_lines
from tui.app.commands.runs.compare import text as compare_text
from tui.app.commands.runs.show import Log, run_lines
from tui.checklist.backend.journal import Journal, parse_journal
from tui.core.failure import Failure
from tui.core.plain_text import CONTROLS, plain
from tui.core.ssh_target import parse_target, target_of_uri
from tui.guest.backend.addresses import GuestAddresses
from tui.linux.change import AddLines, Command, RemoveLines, to_fields
from tui.runs.backend.comparison import compare
from tui.runs.backend.kept_view import KeptView
from tui.runs.backend.notes import annotate, read_annotation
from tui.runs.backend.report.tables import forecast_table, machine_table, run_table
from tui.runs.backend.runs import Runs
from tui.runs.model.annotation import parse_annotation
from tui.runs.model.export import csv_of_runs, fields, json_list
from tui.runs.model.filter import filter_of, parse_filter
from tui.runs.model.groups import grouped
from tui.runs.model.measure import measure
from tui.runs.model.paper import latex_table, markdown_table
from tui.runs.model.parse import parse_run
from tui.runs.model.run import Run
from tui.runs.model.table import Column, columns, ordered
from tui.runs.model.view import View
from tui.runs.widgets.table import RunTable
from tui.runs.widgets.words import about_lines, heading

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

WIDTH = 79
EXAMPLE = (Path(__file__).parents[2] / "config.example.toml").read_text("utf-8")
CONFIG = tomllib.loads(EXAMPLE)
RUN_TOML = """\
outcome = "completed"
began = "2026-11-23T04:00:13.932Z"
ended = "2026-11-23T04:00:26.101Z"
verified = "guest1 runs on destination and is gone from source."

[vm]
name = "guest1"
uuid = "0054f024-25aa-4e37-867f-6da151e2b201"
vcpus = 2
memory_bytes = 1073741824

[options]
technique = "post-copy-timeout"
timeout_s = 9.0
downtime_ms = 300

[hosts]
origin = "source"
target = "destination"

[workload]
name = "memory"

[figures]
total_time_ms = 11810
downtime_ms = 13
memory_sent_bytes = 1262485504
passes = 4
"""
RUN = tomllib.loads(RUN_TOML)
NOTES = {"note": "two\nlines", "tags": ["paper", "b"], "excluded": "noisy"}
STUDY = {"name": "original", "id": "x", "cell": "idle", "direction": "out", "repeat": 2, "warm_up": False}
QUEUE = {"id": "20261129T120000Z-evacuate-source", "number": 2, "attempt": 1}
FORECAST = {
    "technique": "pre-copy",
    "converges": True,
    "certain": False,
    "total_s": [7.2, 8.1, float("inf")],
    "downtime_s": [0.02, 0.04, 0.2],
    "sent_bytes": [1e9, 2e9, 3e9],
    "bandwidth_bytes_s": [1e8, 1.1e8, 1.2e8],
    "bandwidth_source": "a probe of the link",
    "curve": [[1.0, 1e8], [2.0, 1.5e8]],
    "outcome": {"verdict_right": True, "total_error": -0.3, "downtime_error": 0.2, "total_within": True},
}
FELT = {"network_ms": 230.7, "network_resolution_ms": 20.6, "guest_ms": 153.2, "clock_lost_ms": 61.3, "guest_why": "x"}
FILTERS = (
    "vm:guest1 -tag:bad since:2026-11-01 'any text' -\"10:30\"",
    'until:2026-11-30T14:30 is:excluded outcome:=completed technique:x4 version:"qemu 10"',
)
UNFINISHED = RUN_TOML.replace('"completed"', '"running"')


def check_and_write(tables: object) -> None:
    """The configuration of these tables; what is written of it is read back."""
    found, problems = config.check(tables)  # type: ignore[arg-type]
    assert (found is None) == bool(problems)
    for each in problems:
        assert each.place.isprintable()
    if found is not None:
        assert config.check(config.tables(found))[0] == found


def test_a_damaged_configuration_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"

    def load(data: bytes) -> None:
        path.write_bytes(data)
        config.load(path)

    reads(files(EXAMPLE), load)


def test_odd_values_in_the_configuration_are_read_or_refused() -> None:
    reads(trees(CONFIG), check_and_write)


URIS = ("qemu+ssh://root@kvm-b:22/system?no_tty=1", "qemu+ssh://me%40lab@[fe80::2%25eth0]/system", "root@[fe80::1]:22")


def test_a_damaged_address_is_read_or_refused() -> None:
    def read(text: str) -> None:
        with contextlib.suppress(Failure):
            target_of_uri(text)
        parse_target(text)

    reads(texts(*URIS), read)


def shown(folder: Path, loop: asyncio.AbstractEventLoop) -> None:
    """List the runs and draw their lines: one line each, without control characters."""
    for run in loop.run_until_complete(Runs(folder).list()):
        line = RunTable([run], WIDTH).line(0)
        drawn = [line, heading(run), *about_lines(run, WIDTH)]
        assert all(CONTROLS.search(line.plain) is None for line in drawn)
        assert line.cell_length <= WIDTH
        assert "\n" not in "".join(line.plain for line in drawn)


def test_a_damaged_summary_is_listed(tmp_path: Path) -> None:
    run = tmp_path / "20261123T040013Z-guest1-memory-post-copy-timeout"
    run.mkdir()
    (run / "raw.jsonl").write_text('{"kind": "end", "t": 1, "at": "now", "outcome": "completed"}\n')
    loop = asyncio.new_event_loop()

    def listed(data: bytes) -> None:
        (run / "run.toml").write_bytes(data)
        shown(tmp_path, loop)

    reads(files(RUN_TOML, UNFINISHED), listed)
    loop.close()


def written(run: Run, run_columns: dict[str, Column]) -> None:
    """Write the run in all formats, and read it back."""
    table = list(run_columns.values())
    assert all(column.cell(run).isprintable() for column in table)
    (row,) = csv.DictReader(io.StringIO("".join(csv_of_runs([run])), newline=""), strict=True)
    assert row["run"] == plain(run.folder.name)
    for text in (*json_list([fields(run)]), *markdown_table([run], table), *latex_table([run], table)):
        text.encode()
    for line in run_lines(run, Log(), WIDTH):
        assert CONTROLS.search(line) is None


def test_a_run_with_odd_values_and_notes_is_exported() -> None:
    run_columns = columns({})

    def exported(tables: Any) -> None:
        annotation = parse_annotation(tables.get("note") if isinstance(tables.get("note"), dict) else {})
        run = parse_run(Path("/runs/x"), tables, in_use=False, annotation=annotation)
        written(run, run_columns)
        for column in run_columns.values():
            ordered([run, run], column)
        json.loads("".join(json_list([fields(run)])))

    more = {
        "note": NOTES,
        "study": STUDY,
        "queue": QUEUE,
        "felt": FELT,
        "forecast": FORECAST,
        "workload": {"name": "cpu", "threads": 2},
    }
    reads(trees(RUN | more), exported)


def test_a_run_with_odd_values_is_compared_and_reported() -> None:
    def compared(tables: Any) -> None:
        run = parse_run(Path("/runs/x"), tables, in_use=False)
        comparison = compare(grouped([measure(run)]))
        lines = [
            *compare_text(comparison, WIDTH),
            run_table({run.folder: run}, comparison, Path("/")),
            machine_table([run]),
            forecast_table(comparison, ["all runs"], {run.folder: run}),
            *forecast_lines([run], WIDTH),
        ]
        assert all(CONTROLS.search(line) is None for line in lines)

    more = {"study": STUDY, "queue": QUEUE, "felt": FELT, "forecast": FORECAST}
    more["workload"] = {"name": "cpu", "threads": 2}
    reads(trees(RUN | more), compared)


def test_a_damaged_note_is_a_problem_or_read(tmp_path: Path) -> None:
    def read(data: bytes) -> None:
        (tmp_path / "note.toml").write_bytes(data)
        found = read_annotation(tmp_path)
        if found.problem:
            with pytest.raises(Failure):
                annotate(tmp_path, lambda old: old.with_note("new"))
            assert (tmp_path / "note.toml").read_bytes() == data
        else:
            assert annotate(tmp_path, lambda old: replace(old, note="new")).note == "new"
            assert read_annotation(tmp_path) == replace(found, note="new")

    reads(files(tomli_w.dumps(NOTES)), read)


def test_a_damaged_filter_is_read_or_refused() -> None:
    run = parse_run(Path("/runs/x"), RUN, in_use=False)

    def chosen(line: str) -> None:
        found = parse_filter(line)
        assert found.matches(run) in (True, False)
        filter_of(line.split())

    reads(texts(*FILTERS), chosen)


def test_a_summary_with_odd_values_is_drawn() -> None:
    def drawn(tables: object) -> None:
        run = parse_run(Path("/runs/20261123T040013Z-guest1-memory-pre-copy"), tables, in_use=False)  # type: ignore[arg-type]
        line = RunTable([run], WIDTH).line(0)
        assert line.cell_length <= WIDTH
        assert CONTROLS.search(line.plain) is None
        heading(run)

    reads(trees(RUN), drawn)


ACTIONS = (
    Command("storage", ("exportfs", "-ra"), "in", 5.0),
    AddLines("storage", "/etc/exports", ("ä (rw)",)),
    RemoveLines("storage", "/etc/exports", ("ä (rw)",)),
)
OF = {"id": 7, "step": "nfs.exports", "address": "root@storage"}
JOURNAL = [{"kind": "begun", **OF, "undo": list(map(to_fields, ACTIONS))}, {"kind": "done", "id": 7}]
LINES = "".join(f"{json.dumps(each)}\n" for each in JOURNAL)


def test_a_damaged_journal_is_read() -> None:
    reads(files(LINES), parse_journal)


def test_odd_values_in_the_journal_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "changes.jsonl"

    def read(lines: str) -> None:
        path.write_text(lines)
        journal = Journal(path)
        for entry in journal.entries("nfs.exports"):
            assert all(action.text for action in entry.undo)
        assert "\n" not in journal.problem

    reads(json_lines(JOURNAL), read)


def test_a_damaged_choice_of_columns_is_read_or_refused(tmp_path: Path) -> None:
    path, loop = tmp_path / "runs-page.json", asyncio.new_event_loop()

    def read(data: bytes) -> None:
        path.write_bytes(data)
        kept = KeptView(path)
        with contextlib.suppress(Failure):
            view = loop.run_until_complete(kept.read())
            RunTable([Run(Path("/runs/x"))], WIDTH, view).line(0)
            loop.run_until_complete(kept.keep(view))

    reads(files(json.dumps(View(("total", "vm"), "total", reverse=False).table)), read)
    loop.close()


def test_a_damaged_file_of_addresses_is_read(tmp_path: Path) -> None:
    path = tmp_path / "addresses.json"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        known = GuestAddresses(path)
        known.keep("guest2", f"{known.of('guest1')}{known.user_of('guest1')}")

    reads(files(json.dumps({"addresses": {"guest1": "root@192.0.2.1"}, "users": {"guest1": "op"}})), read)

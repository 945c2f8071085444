"""Recorded runs: listed with their problems, and opened."""

import asyncio
import fcntl
import math
import os
import shutil
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.unit.fakes import PATIENCE_S
from tui.core.failure import Failure
from tui.migration.backend.recording.run_files import records_of
from tui.migration.model.record import Record
from tui.migration.model.timeline import COMPLETED
from tui.runs.backend import reading
from tui.runs.backend.runs import Runs
from tui.runs.model.measure import measure
from tui.runs.model.measured import FAILED
from tui.runs.model.parse import broken_run, parse_run
from tui.runs.model.run import BROKEN, UNDER_WAY, UNFINISHED, UNFINISHED_WHY, GuestWork
from tui.runs.widgets.table import RunTable
from tui.runs.widgets.words import about_lines

RECORDINGS = Path(__file__).parents[2] / "recordings"
SUMMARY: dict[str, Any] = {
    "outcome": "completed",
    "began": "2026-11-23T04:00:13.932Z",
    "vm": {"name": "guest1", "vcpus": 2},
    "options": {"technique": "post-copy-timeout", "timeout_s": 9.0},
    "hosts": {"origin": "destination", "target": "source"},
    "workload": {"name": "memory"},
    "figures": {"total_time_ms": 11810, "downtime_ms": 13, "memory_sent_bytes": 1262485504},
}


def make(folder: Path, name: str, summary: dict[str, Any] | str | None = None, log: str | None = None) -> Path:
    """A run's folder with a summary and a recording as its log."""
    run = folder / name
    run.mkdir(parents=True)
    if isinstance(summary, dict):
        (run / "run.toml").write_text(tomli_w.dumps(summary))
    elif summary is not None:
        (run / "run.toml").write_text(summary)
    if log:
        shutil.copy(RECORDINGS / f"{log}.jsonl", run / "raw.jsonl")
    return run


def test_a_summary_becomes_a_line_of_the_list() -> None:
    run = parse_run(Path("/runs/x"), SUMMARY, in_use=False)
    assert run.began == datetime(2026, 11, 23, 4, 0, 13, 932000, timezone.utc)
    assert (run.vm, run.workload, run.options.short, run.outcome) == ("guest1", "memory", "post 9 s", "completed")
    assert (run.total_s, run.downtime_s, run.sent_bytes) == (11.81, 0.013, 1262485504)
    assert (run.origin, run.target, run.problem) == ("destination", "source", "")


@pytest.mark.parametrize(
    "summary",
    [
        {},
        {"outcome": 7, "vm": "guest1", "options": [], "figures": {"total_time_ms": "long", "downtime_ms": True}},
        {"outcome": "completed", "began": "yesterday"},
        {"outcome": "completed", "began": "0001-01-01T00:00:00+14:00"},
        {"outcome": "completed", "began": "9999-12-31T23:59:59-14:00"},
        {"figures": {"total_time_ms": math.inf, "downtime_ms": math.nan, "memory_sent_bytes": math.inf}},
        {"figures": {"total_time_ms": 1e300, "downtime_ms": -1, "memory_sent_bytes": 10**400}},
        {"options": {"technique": "post-copy-timeout", "timeout_s": math.inf}},
    ],
)
def test_a_summary_with_values_of_other_types_is_read_as_far_as_possible(summary: dict[str, Any]) -> None:
    run = parse_run(Path("/runs/20261123T040013Z-guest1-memory-pre-copy"), summary, in_use=False)
    assert run.total_s is run.downtime_s is run.sent_bytes is None
    assert run.options.timeout_s is None
    assert run.began == datetime(2026, 11, 23, 4, 0, 13, tzinfo=timezone.utc)  # from its name
    assert bool(run.problem) == (run.outcome == BROKEN)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("20261123T040013Z-ubuntu-22.04-memory-post-copy-timeout", ("ubuntu-22.04", "memory", "post-copy-timeout")),
        ("20261123T040013Z-guest1-idle-pre-copy-2", ("guest1", "idle", "pre-copy")),
        ("00010101T000000Z-guest1-idle-pre-copy", ("guest1", "idle", "pre-copy")),
        ("something else", ("", "", "")),
    ],
)
def test_a_broken_run_gets_its_values_from_its_name(name: str, words: tuple[str, str, str]) -> None:
    run = broken_run(Path("/runs") / name, "Its run.toml is gone.")
    assert (run.vm, run.workload, run.technique) == words
    assert (run.outcome, run.problem) == (BROKEN, "Its run.toml is gone.")
    assert run.began is None or run.began.year == 2026  # year 1 has no local time


@pytest.mark.parametrize("total_ms", [1e300, 1e15, 1e12, 3_600_000.0 * 24])
@pytest.mark.parametrize("width", [80, 120])
def test_a_figure_of_any_size_keeps_the_width_of_the_row(total_ms: float, width: int) -> None:
    figures = {"total_time_ms": total_ms, "downtime_ms": total_ms, "memory_sent_bytes": total_ms}
    run = parse_run(Path("/runs/x"), {**SUMMARY, "figures": figures}, in_use=False)
    table = RunTable([run], width)
    assert table.line(0).cell_length == table.header.cell_length <= width


async def test_runs_are_listed_newest_first_and_broken_ones_with_their_problem(tmp_path: Path) -> None:
    make(tmp_path, "20261123T034554Z-guest1-memory-pre-copy")
    make(tmp_path, "20261123T034621Z-guest1-memory-pre-copy", "outcome = [[[")
    make(tmp_path, "20261123T040013Z-guest1-memory-post-copy-timeout", SUMMARY)
    make(tmp_path, "20261123T034700Z-guest1-idle-pre-copy", {**SUMMARY, "outcome": "running", "began": "x"}, "failed")
    (tmp_path / "a file").write_text("not a run")
    found = await Runs(tmp_path).list()
    assert [run.outcome for run in found] == ["completed", UNFINISHED, BROKEN, BROKEN]
    assert [run.problem.split(":")[0] for run in found] == [
        "",
        "It has ended, but its run.toml could not be written",
        "Its run.toml can't be read",
        "It has no run.toml.",
    ]


async def test_a_run_whose_log_has_no_end_is_recorded_at_the_next_start(tmp_path: Path) -> None:
    run = make(tmp_path, "20261123T034700Z-guest1-idle-pre-copy", {**SUMMARY, "outcome": "running"}, "failed")
    lines = (run / "raw.jsonl").read_text("utf-8").splitlines(keepends=True)
    (run / "raw.jsonl").write_text("".join(lines[:-1]))
    assert [each.problem for each in await Runs(tmp_path).list()] == [UNFINISHED_WHY]
    (run / "raw.jsonl").unlink()
    assert [each.problem for each in await Runs(tmp_path).list()] == [UNFINISHED_WHY]


async def test_a_run_that_is_written_to_is_under_way(tmp_path: Path) -> None:
    run = make(tmp_path, "20261123T034700Z-guest1-idle-pre-copy", {**SUMMARY, "outcome": "running"}, "failed")
    runs = Runs(tmp_path)
    with (run / "raw.jsonl").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert [each.outcome for each in await runs.list()] == [UNDER_WAY]
    assert [each.outcome for each in await runs.list()] == [UNFINISHED]


async def test_a_run_that_has_ended_since_is_read_again(tmp_path: Path) -> None:
    run = make(tmp_path, "20261123T034700Z-guest1-idle-pre-copy", {**SUMMARY, "outcome": "running"}, "failed")
    runs = Runs(tmp_path)
    await runs.list()
    (run / "run.toml").write_text(tomli_w.dumps(SUMMARY))
    assert [each.outcome for each in await runs.list()] == ["completed"]


async def test_a_missing_folder_is_an_empty_list(tmp_path: Path) -> None:
    assert await Runs(tmp_path / "none").list() == ()


async def test_a_file_in_place_of_the_folder_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(Failure, match="can't be listed"):
        await Runs(tmp_path / "runs").list()


@pytest.mark.parametrize("name", sorted(path.stem for path in RECORDINGS.glob("*.jsonl")))
async def test_every_recording_can_be_opened(tmp_path: Path, name: str) -> None:
    make(tmp_path, "20261123T034700Z-guest1-idle-pre-copy", SUMMARY, name)
    runs = Runs(tmp_path)
    opened = await runs.open((await runs.list())[0])
    lines = (RECORDINGS / f"{name}.jsonl").read_text().splitlines()
    assert (opened.records, opened.problem) == (len(lines), "")
    assert opened.timeline.over


async def test_an_incomplete_last_line_is_ignored(tmp_path: Path) -> None:
    run = make(tmp_path, "20261123T034700Z-guest1-idle-pre-copy", SUMMARY, "pre-copy-idle")
    with (run / "raw.jsonl").open("a") as log:
        log.write('{"kind": "sample", "t": 99.0, "at": "2026-')
    runs = Runs(tmp_path)
    opened = await runs.open((await runs.list())[0])
    assert opened.problem == ""
    assert opened.timeline.phase == COMPLETED


@pytest.mark.parametrize(
    "line", ["nonsense", "[]", '{"kind": "sample"}', '{"kind": "x", "t": null, "at": ""}', "\x00\xff"]
)
async def test_a_broken_line_within_a_log_is_reported_and_skipped(tmp_path: Path, line: str) -> None:
    run = make(tmp_path, "20261123T034700Z-guest1-idle-pre-copy", SUMMARY, "pre-copy-idle")
    text = (run / "raw.jsonl").read_text()
    first, _, rest = text.partition("\n")
    (run / "raw.jsonl").write_text(f"{first}\n{line}\n{rest}")
    runs = Runs(tmp_path)
    opened = await runs.open((await runs.list())[0])
    assert opened.problem == "1 line of the log could not be read."
    assert opened.records == len(text.splitlines())


async def test_a_run_without_a_log_is_a_failure(tmp_path: Path) -> None:
    make(tmp_path, "20261123T034700Z-guest1-idle-pre-copy", SUMMARY)
    runs = Runs(tmp_path)
    with pytest.raises(Failure, match="No such file"):
        await runs.open((await runs.list())[0])


async def test_the_loop_is_not_blocked_while_a_log_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "20261123T034700Z-guest1-idle-pre-copy", SUMMARY, "pre-copy-idle")
    readable = threading.Event()  # not set: reading blocks, as on a dead network mount

    def slow(raw: Path) -> Iterator[Record | None]:
        readable.wait(PATIENCE_S)
        yield from records_of(raw)

    monkeypatch.setattr(reading, "records_of", slow)
    runs = Runs(tmp_path)
    opening = asyncio.ensure_future(runs.open((await runs.list())[0]))
    assert len(await runs.list()) == 1
    assert not opening.done()
    readable.set()
    assert (await opening).timeline.phase == COMPLETED


async def test_a_pipe_in_place_of_a_file_of_a_run_is_reported_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(make(tmp_path, "20261123T034700Z-guest1-idle-pre-copy") / "run.toml")
    os.mkfifo(make(tmp_path, "20261123T034800Z-guest1-idle-pre-copy", SUMMARY) / "raw.jsonl")
    runs = Runs(tmp_path)
    complete, broken = await asyncio.wait_for(runs.list(), PATIENCE_S)
    assert "Not a regular file" in broken.problem
    with pytest.raises(Failure, match="Not a regular file"):
        await asyncio.wait_for(runs.open(complete), PATIENCE_S)


@pytest.mark.parametrize("word", ["guest1\u202egnp.exe", "a\nb", "\x1b[2J", "\udce9", "w" * 300])
def test_odd_names_and_figures_are_one_line_of_the_table(word: str) -> None:
    figures = {"total_time_ms": 1e300, "downtime_ms": 9e14, "memory_sent_bytes": 9e14}
    tables = {"outcome": word, "vm": {"name": word}, "workload": {"name": word}, "figures": figures}
    tables["options"] = {"technique": "post-copy-timeout", "timeout_s": 9e14}
    run = parse_run(Path(f"/runs/{word}"), tables, in_use=False)
    for line in (RunTable([run], 79).line(0), *about_lines(run, 79)):
        assert line.cell_length <= 79
        assert line.plain.isprintable()


async def test_an_unchanged_run_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "20261123T034700Z-guest1-idle-pre-copy", SUMMARY)
    runs = Runs(tmp_path)
    first = await runs.list()
    monkeypatch.setattr(reading, "parse_run", None)  # reading it again would fail
    assert await runs.list() == first


STUDIED = SUMMARY | {"study": {"name": "mine", "warm_up": False}, "guest": {"rate_before": 60.0, "unit": "MiB/s"}}


async def test_what_a_study_measured_after_the_end_is_part_of_its_run(tmp_path: Path) -> None:
    folder = make(tmp_path, "20261123T034700Z-guest1-idle-pre-copy", STUDIED)
    runs = Runs(tmp_path)
    assert (await runs.list())[0].guest == GuestWork(60.0, unit="MiB/s")  # the study still measures
    guest = {"rate_before": 60.0, "rate_after": 59.5, "unit": "MiB/s", "lost_s": 0.608, "lost_at_least": ""}
    (folder / "study.toml").write_text(tomli_w.dumps({"study": STUDIED["study"], "guest": guest}))
    run = (await runs.list())[0]
    assert run.guest == GuestWork(60.0, 59.5, "MiB/s", 0.608)
    values = measure(run).values
    assert values["lost"].amount == 0.608
    assert values["loss"].amount == pytest.approx(100 * 0.608 / 11.81)


async def test_a_run_whose_guest_found_wrong_pages_fails_in_statistics(tmp_path: Path) -> None:
    folder = make(tmp_path, "20261123T034700Z-guest1-idle-pre-copy", STUDIED)
    (folder / "study.toml").write_text(tomli_w.dumps({"error": "2 pages have wrong contents"}))
    found = measure((await Runs(tmp_path).list())[0])
    assert (found.status, found.why) == (FAILED, "2 pages have wrong contents")


async def test_a_damaged_study_toml_is_the_problem_of_a_run_that_is_shown(tmp_path: Path) -> None:
    folder = make(tmp_path, "20261123T034700Z-guest1-idle-pre-copy", STUDIED)
    (folder / "study.toml").write_text("[guest")
    run = (await Runs(tmp_path).list())[0]
    assert run.problem.startswith("Its study.toml can't be read: ")
    assert (run.outcome, run.guest.rate_before) == (COMPLETED, 60.0)

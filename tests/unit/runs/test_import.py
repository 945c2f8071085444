"""Logs that others wrote become runs: each sample log with what it must be read as."""

import errno
import io
import os
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.unit.fakes import RECORDINGS, recording
from tui.core.failure import Failure
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model.domjobinfo import text
from tui.migration.model.record import Event, Sample
from tui.migration.model.timeline import Timeline
from tui.migration.model.verdict import sentence
from tui.migration.widgets.tiles import tiles
from tui.runs.backend.importer import Given, Imported, import_log

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LOGS = Path(__file__).parent / "logs"
NO_STDIN = io.BytesIO()


class Expected(NamedTuple):
    """What a run must have been read as."""

    outcome: str
    passes: int | None
    total_ms: int
    samples: int
    times: str = "elapsed"
    began_from: str = "file"


RUNS: dict[str, list[Expected]] = {
    "original-loop": [Expected("lost", 3, 9451, 9)],
    "original-loop-post-copy": [Expected("lost", 11, 26377, 20)],
    "completed": [Expected("completed", 4, 9730, 8)],
    "rawstats": [Expected("completed", 3, 10120, 4)],
    "key-value": [Expected("lost", 1, 3015, 3)],
    "date-lines": [Expected("lost", 1, 1968, 2, began_from="log")],
    "iso-lines": [Expected("lost", 1, 3041, 3, began_from="log")],
    "epoch-lines": [Expected("lost", 1, 2136, 3, "log", "log")],
    "clock-on-each-line": [Expected("lost", 1, 3000, 4, "log")],
    "virsh-0.7": [Expected("lost", None, 1893, 2)],
    "libvirt-1.2": [Expected("lost", None, 9451, 9)],
    "no-elapsed": [Expected("lost", 3, 8000, 9, "interval")],
    "windows": [Expected("lost", 1, 3041, 3)],
    "two-migrations": [Expected("lost", 3, 9451, 9), Expected("lost", 1, 3011, 3)],
    "cancelled-then-again": [Expected("cancelled", 1, 4109, 4), Expected("lost", 1, 3011, 3)],
    "damaged": [Expected("lost", 1, 8390, 6)],
    "terminal": [Expected("lost", 3, 9451, 4)],
}
REFUSED = {
    "french": 'another language: line 1 is "Type de tâche :         Unbounded". Run virsh in the loop with LC_ALL=C',
    "no-job": "has no migration: 12 outputs of virsh, and the VM had no job in any",
    "no-log": 'is no log of virsh domjobinfo: line 2 is "UUID=0a3407de / ext4 errors=remount-ro 0 1". Expected are',
    "snapshot": "has no migration: its jobs are others, such as a snapshot",
}


def imported(name: str, folder: Path, again: bool = False, **given: Any) -> Imported:
    return import_log(str(LOGS / f"{name}.txt"), NO_STDIN, folder / "runs", Given(**given), again=again)


def test_each_sample_log_has_an_expectation() -> None:
    assert {path.stem for path in LOGS.iterdir()} == {*RUNS, *REFUSED}


@pytest.mark.parametrize("name", RUNS)
def test_a_log_is_read_as_its_migrations(name: str, tmp_path: Path) -> None:
    found = []
    for run in imported(name, tmp_path).runs:
        summary = tomllib.loads((run.folder / "run.toml").read_text("utf-8"))
        figures, origin = summary["figures"], summary["imported"]
        total, passes = figures["total_time_ms"], figures.get("passes")
        found.append(
            Expected(summary["outcome"], passes, total, figures["samples"], origin["times"], origin["began_from"])
        )
    assert found == RUNS[name]


@pytest.mark.parametrize("name", REFUSED)
def test_a_log_without_a_migration_is_refused_with_its_reason_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    with pytest.raises(Failure) as refused:
        imported(name, tmp_path)
    assert REFUSED[name] in str(refused.value)
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize("name", sorted(each.stem for each in RECORDINGS.glob("*.jsonl")))
@pytest.mark.parametrize("every_s", [0.0, 1.0])
def test_a_loop_beside_a_recorded_migration_has_its_passes_and_its_last_time(
    name: str, every_s: float, tmp_path: Path
) -> None:
    """The loop samples a real migration; what it did not sample, it can't have."""
    seen, due = list[Sample](), -1.0
    for each in recording(name):
        if isinstance(each, Sample) and each.t >= due:
            seen, due = [*seen, each], each.t + every_s
    log = tmp_path / "idle.txt"
    log.write_text("".join(text(each.stats) for each in seen))
    (run,) = import_log(str(log), NO_STDIN, tmp_path / "runs", Given()).runs
    running = [each for each in seen if each.number("memory_total")]
    start = [each for each in recording(name) if isinstance(each, Event)][:1]
    expected = Timeline([*start, *running])
    figures = run.summary["figures"]
    assert figures.get("passes", 0) == expected.passes_begun
    assert figures["total_time_ms"] == max(each.number("time_elapsed") for each in seen)
    assert bool(figures.get("post_copy_at_s")) == any(each.number("memory_postcopy_requests") for each in seen)


def test_the_records_have_libvirts_names_and_the_text_of_virsh(tmp_path: Path) -> None:
    (run,) = imported("completed", tmp_path).runs
    samples = [each for each in read_records(run.folder / "raw.jsonl") if isinstance(each, Sample)]
    assert samples[0].stats["memory_remaining"] == 870 << 20
    assert (samples[0].t, samples[0].stats["operation"], samples[0].stats["downtime"]) == (0.903, 5, 300)
    log = (LOGS / "completed.txt").read_text()
    without_job = "Job type:         None        \n\n"
    assert (run.folder / "domjobinfo.txt").read_text() == log.replace(without_job, "")
    assert (run.folder / "original.txt").read_text() == log


def test_each_run_of_a_file_has_its_own_lines(tmp_path: Path) -> None:
    first, second = imported("cancelled-then-again", tmp_path).runs
    parts = [(run.folder / "original.txt").read_bytes() for run in (first, second)]
    assert b"".join(parts) == (LOGS / "cancelled-then-again.txt").read_bytes()
    assert b"Cancelled" in parts[0]
    assert b"failed to get domain" in parts[1]
    assert first.folder != second.folder


def test_damaged_lines_are_reported_by_number(tmp_path: Path) -> None:
    found = imported("damaged", tmp_path)
    assert [str(each) for each in found.oddities] == [
        'lines 47-48: "Memory processed: 34"',
        'line 52: "Time elapsed:     51"',
        'line 75: "Data total:       1.0.0 GiB"',
        'line 119: "Memory bandwidth: 117.00"',
    ]
    assert "5 lines were not understood" in found.runs[0].words
    assert found.not_understood == 5


def test_the_times_of_a_log_that_has_none_are_those_of_the_interval(tmp_path: Path) -> None:
    (assumed,) = imported("no-elapsed", tmp_path).runs
    assert "The log has no times: assumed is a sample every 1.0 s." in assumed.words
    (given,) = imported("no-elapsed", tmp_path, again=True, interval_s=2.5).runs
    assert given.summary["figures"]["total_time_ms"] == 20000
    assert "The log has no times: a sample every 2.5 s." in given.words


def test_what_a_person_knows_is_in_the_run_and_in_the_name_of_its_folder(tmp_path: Path) -> None:
    began = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
    facts = {"vm": "ubuntu22.04", "workload": "cpu", "technique": "pre-copy", "origin": "a", "target": "b"}
    run, _ = imported("two-migrations", tmp_path, began=began, note="by hand", **facts).runs
    assert run.folder.name == "20260301T120000Z-ubuntu22.04-cpu-pre-copy"
    assert run.summary["hosts"] == {"origin": "a", "target": "b"}
    assert run.summary["began"] == "2026-03-01T12:00:00.000Z"
    assert run.words.endswith("Unknown: downtime.")
    assert tomllib.loads((run.folder / "note.toml").read_text()) == {"note": "by hand"}


def test_a_disk_that_is_full_at_the_second_run_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_text = Path.write_text

    def refuse(path: Path, *given: Any) -> int:
        if path.parent.name == "2":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write_text(path, *given)

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(Failure, match="No space left on device"):
        imported("cancelled-then-again", tmp_path)
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_pipe_among_the_runs_does_not_hold_up_an_import(tmp_path: Path) -> None:
    (tmp_path / "runs" / "a-run").mkdir(parents=True)
    os.mkfifo(tmp_path / "runs" / "a-run" / "run.toml")
    assert len(imported("completed", tmp_path).runs) == 1


def test_a_file_is_imported_once_unless_told(tmp_path: Path) -> None:
    (first,) = imported("original-loop", tmp_path).runs
    with pytest.raises(Failure, match="was imported before") as refused:
        imported("original-loop", tmp_path)
    assert first.folder.name in str(refused.value)
    (second,) = imported("original-loop", tmp_path, again=True).runs
    assert second.folder.name == f"{first.folder.name}-2"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1"])
def test_the_standard_input_is_read_in_the_encodings_of_editors(encoding: str, tmp_path: Path) -> None:
    log = (LOGS / "original-loop.txt").read_text().encode(encoding)
    (run,) = import_log("-", io.BytesIO(log), tmp_path, Given()).runs
    assert (run.summary["figures"]["passes"], run.summary["imported"]["began_from"]) == (3, "import")


def test_a_log_that_starts_late_keeps_qemus_count_of_the_pass(tmp_path: Path) -> None:
    outputs = (LOGS / "original-loop.txt").read_text().split("\n\n")
    log = tmp_path / "late.txt"
    log.write_text("\n\n".join(each for each in outputs if "Iteration:        1 " not in each))
    (run,) = import_log(str(log), NO_STDIN, tmp_path / "runs", Given()).runs
    assert run.summary["figures"]["passes"] == 3


def test_an_earlier_attempt_does_not_count_as_passes(tmp_path: Path) -> None:
    log = tmp_path / "again.txt"
    again = (LOGS / "original-loop.txt").read_text()
    for old, new in ((3, 8), (2, 7), (1, 6)):
        again = again.replace(f"Iteration:        {old} ", f"Iteration:        {new} ")
    log.write_text(again)
    (run,) = import_log(str(log), NO_STDIN, tmp_path / "runs", Given()).runs
    assert run.summary["figures"]["passes"] == 3


def test_a_partly_translated_log_is_refused(tmp_path: Path) -> None:
    log = (LOGS / "original-loop.txt").read_text()
    for english, french in (("Time elapsed", "Temps écoulé"), ("Memory", "Mémoire"), ("Data", "Données")):
        log = log.replace(english, french)
    with pytest.raises(Failure, match="another language"):
        import_log("-", io.BytesIO(log.encode()), tmp_path, Given())


@pytest.mark.parametrize("counter", ["Iteration {}", "Iteration: {}", "=== {} ===", "Sample {}:"])
def test_the_counter_of_a_loop_is_no_pass(counter: str, tmp_path: Path) -> None:
    outputs = (LOGS / "original-loop.txt").read_text().split("\n\n")
    log = "\n\n".join(f"{counter.format(number)}\n{each}" for number, each in enumerate(outputs, 1))
    found = import_log("-", io.BytesIO(log.encode()), tmp_path, Given())
    assert [run.summary["figures"]["passes"] for run in found.runs] == [3]
    assert len(found.oddities) == 1


def test_a_hole_in_the_log_is_a_gap(tmp_path: Path) -> None:
    (run,) = imported("original-loop-post-copy", tmp_path).runs
    gaps = [each for each in read_records(run.folder / "raw.jsonl") if isinstance(each, Event) and each.kind == "gap"]
    assert [(each.t, each.data["seconds"]) for each in gaps] == [(8.2, 6.123)]


@pytest.mark.parametrize(("name", "why"), [("missing.txt", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_a_failure(name: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(Failure, match=why):
        import_log(str(tmp_path / name), NO_STDIN, tmp_path / "runs", Given())


def test_a_replay_of_an_imported_run_shows_no_limit(tmp_path: Path) -> None:
    (run,) = imported("original-loop", tmp_path).runs
    timeline, found = Timeline(), []
    for each in read_records(run.folder / "raw.jsonl"):
        timeline.add(each)
        assert "must be below" not in sentence(timeline, timeline.now).text
        found += [tile.plain for tile in tiles(timeline, timeline.now, 120)]
    assert timeline.threshold is None
    assert any("limit unknown, expects 300 ms" in tile for tile in found)
    assert not any("<= 300 ms" in tile for tile in found)

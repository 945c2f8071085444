"""Runs without an end, found in their folders."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fakes import NAMES, RECORDINGS, recording
from tui.core.plan import Plan
from tui.core.virsh_options import read_options
from tui.core.vm import Vm
from tui.migration.backend.recording.recorder import RAW, Recorder
from tui.migration.backend.recording.run_files import read_records
from tui.migration.backend.unfinished import unfinished_runs
from tui.migration.model.record import Event, from_line, to_line

BEGAN = "2026-11-23T03:49:38.000Z"  # fixed: it is in the names of tests, which must not differ between processes
START: dict[str, Any] = {
    "began": BEGAN,
    "vm": "guest1",
    "technique": "post-copy-timeout",
    "timeout_s": 9,
    "bandwidth_mib_s": 50,
    "downtime_ms": 500,
    "auto_converge": True,
    "parallel": 0,
    "uuid": "0054f024",
    "vcpus": 2,
    "memory_bytes": 1 << 30,
    "origin": "destination",
    "workload": "memory",
}


def run(runs: Path, name: str, *lines: str) -> Path:
    folder = runs / name
    folder.mkdir()
    (folder / RAW).write_text("".join(lines))
    return folder


def started(**changes: object) -> str:
    data = {name: value for name, value in (START | changes).items() if value is not None}
    return to_line(Event(0.0, BEGAN, "start", data)) + "\n"


def test_a_missing_folder_has_no_runs(tmp_path: Path) -> None:
    assert unfinished_runs(tmp_path / "none") == []


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_is_unfinished_until_its_last_line(tmp_path: Path, name: str) -> None:
    lines = (RECORDINGS / f"{name}.jsonl").read_text("utf-8").splitlines(keepends=True)
    run(tmp_path, "whole", *lines)
    run(tmp_path, "cut", *lines[:-1])
    run(tmp_path, "cut-in-the-end", *lines[:-1], lines[-1][:-5])
    assert [each.folder.name for each in unfinished_runs(tmp_path)] == ["cut-in-the-end", "cut"]


def test_the_options_are_read_from_the_start_event(tmp_path: Path) -> None:
    folder = run(tmp_path, "run", started())
    (found,) = unfinished_runs(tmp_path)
    assert found.plan == Plan("guest1", "post-copy-timeout", 9, 50, 500, True, 0)
    assert found.vm == Vm("guest1", "0054f024", "", vcpus=2, memory_bytes=1 << 30)
    assert (found.folder, found.origin, found.workload.name) == (folder, "destination", "memory")
    assert found.began == START["began"]


def test_a_run_that_begins_with_attaching_is_found(tmp_path: Path) -> None:
    run(tmp_path, "run", started().replace('"start"', '"attached"'))
    assert len(unfinished_runs(tmp_path)) == 1


def test_the_newest_comes_first(tmp_path: Path) -> None:
    for name in ("20260101T000000Z-x", "20260103T000000Z-x", "20260102T000000Z-x"):
        run(tmp_path, name, started())
    assert [each.folder.name[:8] for each in unfinished_runs(tmp_path)] == ["20260103", "20260102", "20260101"]


def test_a_run_in_use_is_not_unfinished(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")
    recorder.write(from_line(started()))
    assert unfinished_runs(tmp_path) == []
    recorder.close()
    assert len(unfinished_runs(tmp_path)) == 1


def test_searching_for_runs_blocks_no_writer(tmp_path: Path) -> None:
    run(tmp_path, "run", started())
    (found,) = unfinished_runs(tmp_path)
    Recorder.open(found.folder).close()


@pytest.mark.parametrize(
    "spoilt",
    [
        "",
        "\n\n",
        "no json\n",
        "\0" * 5000,
        started(uuid=None),
        started(vm=None),
        started(vm=7),
        started(vm=""),
        started(origin=None),
        started(began=None),
        started(began="yesterday"),
        started(began="2026-01-01T00:00:00"),
        started(began=[1]),
    ],
)
def test_other_folders_hide_no_run(tmp_path: Path, spoilt: str) -> None:
    run(tmp_path, "a-spoilt", spoilt)
    run(tmp_path, "b-good", started())
    run(tmp_path, "c-spoilt", spoilt)
    (tmp_path / "d-no-log").mkdir()
    (tmp_path / "e-file").touch()
    (tmp_path / "f-folder" / RAW).mkdir(parents=True)
    (tmp_path / "g-link").mkdir()
    (tmp_path / "g-link" / RAW).symlink_to(tmp_path / "nowhere")
    assert [each.folder.name for each in unfinished_runs(tmp_path)] == ["b-good"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("timeout_s", "soon"), ("bandwidth_mib_s", None), ("downtime_ms", []), ("parallel", 1.5), ("technique", 7)],
)
def test_an_option_of_another_type_has_its_default(tmp_path: Path, name: str, value: object) -> None:
    run(tmp_path, "run", started(**{name: value}))
    (found,) = unfinished_runs(tmp_path)
    assert getattr(found.plan, name) == getattr(Plan(""), name)


def test_broken_lines_are_skipped(tmp_path: Path) -> None:
    raw = tmp_path / RAW
    lines = (RECORDINGS / "failed.jsonl").read_text("utf-8").splitlines(keepends=True)
    raw.write_bytes(b"\xff\xfe\n" + "".join(lines[:5]).encode() + b"\n{}\n[]\n" + "".join(lines[5:]).encode()[:-9])
    assert read_records(raw) == recording("failed")[:-1]


def test_an_end_within_a_text_is_not_an_end(tmp_path: Path) -> None:
    said = Event(1.0, BEGAN, "error", {"what": '"kind": "end"', "detail": json.dumps({"kind": "end"})})
    run(tmp_path, "run", started(), to_line(said) + "\n")
    assert len(unfinished_runs(tmp_path)) == 1


def test_a_run_copied_elsewhere_is_read_there(tmp_path: Path) -> None:
    run(tmp_path, "run", started())
    shutil.copytree(tmp_path, tmp_path.parent / "copied")
    assert len(unfinished_runs(tmp_path.parent / "copied")) == 1


def test_the_options_of_virsh_are_read_and_damaged_ones_are_the_usual_ones(tmp_path: Path) -> None:
    good: dict[str, Any] = {"dname": "guest2", "comp_zstd_level": 0, "undefinesource": False}
    run(tmp_path, "a", started(**good, tls=1, postcopy_bandwidth_mib_s="x"))
    (found,) = unfinished_runs(tmp_path)
    assert read_options(found.plan.fields) == good

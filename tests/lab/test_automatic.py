"""The technique automatic on real daemons: it switches a VM that pre-copy cannot move, and leaves another one alone."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab_backend import LabBackend
from tests.lab.test_commands import VM, Commands, commands
from tests.lab.test_migration import DIRTY
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model import record
from tui.migration.model.record import Event

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["commands"]  # the fixture

AUTOMATIC = ("migrate", VM, "--technique", "automatic", "--json")


@pytest.fixture
def flat_out(lab_backend: LabBackend) -> Iterator[LabBackend]:
    """A workload that dirties its memory as fast as it can."""
    source = (Path(__file__).parents[2] / "workloads/memory_intensive.c").read_text()
    machine = lab_backend.lab.machine("source")
    machine.run(["ssh", VM, "cat > /tmp/m.c && cc -O2 -o /tmp/memory_intensive /tmp/m.c -lm -lpthread"], stdin=source)
    lab_backend.guest(DIRTY)
    lab_backend.guest("until grep -q state=dirtying /tmp/memory.log; do sleep 0.1; done")
    yield lab_backend
    lab_backend.guest("kill $(pidof memory_intensive); while pidof memory_intensive > /dev/null; do sleep 0.1; done")
    assert "wrong_pages=0" in lab_backend.guest("tail -n 1 /tmp/memory.log")


def events(records: list[Any], kind: str) -> list[Event]:
    return [each for each in records if isinstance(each, Event) and each.kind == kind]


def decisions(records: list[Any]) -> list[Event]:
    return [each for each in events(records, record.ACTION) if each.data.get("action") == "automatic"]


def test_it_switches_at_the_end_of_the_pass_that_proves_it(flat_out: LabBackend, commands: Commands) -> None:
    status, out, err = commands.run(*AUTOMATIC)
    assert (status, err) == (0, "")
    result = json.loads(out.splitlines()[-1])
    assert result["verified"] == f"{VM} runs on destination and is gone from source."
    assert flat_out.states() == {"source": "", "destination": "running"}
    records = read_records(Path(result["run"]) / "raw.jsonl")
    (decided,) = decisions(records)
    assert decided.data["decided"] == "post-copy"
    assert str(decided.data["reason"]).startswith("the last passes left no less than before: ")
    assert events(records, record.KEY) == []
    begins = [each.t for each in events(records, "iteration")]
    assert any(0 <= decided.t - t < 0.3 for t in begins)  # at the begin of the next pass
    assert 3 <= len([t for t in begins if t < decided.t]) <= 7
    assert result["figures"]["post_copy_at_s"] - decided.t < 1
    running = [each for each in events(records, record.FORECAST) if each.data["made"] == "running"]
    assert {each.data["converges"] for each in running[1:]} == {True}  # by its own switch


def test_a_forecast_from_before_is_acted_upon_and_judged(flat_out: LabBackend, commands: Commands) -> None:
    status, out, err = commands.run(*AUTOMATIC, "--forecast", "--probe")
    assert (status, err) == (0, "")
    result = json.loads(out.splitlines()[-1])
    assert flat_out.states() == {"source": "", "destination": "running"}
    records = read_records(Path(result["run"]) / "raw.jsonl")
    (decided,) = decisions(records)
    assert str(decided.data["reason"]).startswith("pre-copy would not converge: ")
    begins = [each.t for each in events(records, "iteration")]
    assert len([t for t in begins if t < decided.t]) == 1  # in the first pass
    summary = tomllib.loads((Path(result["run"]) / "run.toml").read_text())
    assert (summary["forecast"]["technique"], summary["forecast"]["converges"]) == ("automatic", True)
    assert summary["forecast"]["bandwidth_source"] == "a probe of the link"
    assert summary["forecast"]["outcome"]["verdict_right"] is True
    assert summary["figures"]["device_ms"] == summary["figures"]["downtime_ms"]


def test_an_idle_vm_is_moved_by_pre_copy(lab_backend: LabBackend, commands: Commands) -> None:
    status, out, err = commands.run(*AUTOMATIC)
    assert (status, err) == (0, "")
    result = json.loads(out.splitlines()[-1])
    assert lab_backend.states() == {"source": "", "destination": "running"}
    assert decisions(read_records(Path(result["run"]) / "raw.jsonl")) == []
    assert "post_copy_at_s" not in {name for name, value in result["figures"].items() if value is not None}

"""One migration from start to end, with daemons that replay recordings of real ones."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.fakes import NAMES, Stage, recording
from tests.unit.migration.watched import begin
from tui.core.plan import Plan
from tui.migration.backend.unfinished import unfinished_runs
from tui.migration.model import record
from tui.migration.model.record import Event, Record
from tui.migration.model.timeline import Timeline

pytestmark = pytest.mark.usefixtures("no_thread_raises")


def pressed(action: str) -> Callable[[Record], bool]:
    return lambda each: isinstance(each, Event) and each.kind == record.KEY and each.data["action"] == action


@pytest.mark.parametrize(
    ("name", "outcome"), [("pre-copy-idle", "completed"), ("failed", "failed"), ("post-copy-timeout", "completed")]
)
async def test_a_migration_ends_as_the_recorded_one_did(tmp_path: Path, name: str, outcome: str) -> None:
    stage = Stage(recording(name))
    plan = Plan(stage.vm.name, "post-copy-timeout" if "timeout" in name else "pre-copy", timeout_s=0.05)
    watched = begin(stage, tmp_path, plan)
    await watched.ended()
    assert watched.migration.timeline.phase == outcome
    assert watched.summary["outcome"] == outcome
    assert watched.summary["verified"] == watched.migration.timeline.verified[1]  # type: ignore[index]
    assert unfinished_runs(tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
async def test_every_record_is_on_disk_before_a_listener_receives_it(
    no_figures: None, tmp_path: Path, name: str
) -> None:
    stage = Stage(recording(name), waits_for_keys=False)
    watched = begin(stage, tmp_path)
    await watched.ended()
    assert watched.records
    assert all(watched.on_disk)
    assert [_read(each) for each in watched.records] == watched.log  # and in the same order


def _read(each: Record) -> Record:
    return record.from_line(record.to_line(each))


async def test_the_end_is_the_last_record_delivered_and_written(tmp_path: Path) -> None:
    watched = begin(Stage(recording("pre-copy-idle")), tmp_path)
    await watched.ended()
    last, written = watched.records[-1], watched.log[-1]
    assert isinstance(last, Event)
    assert isinstance(written, Event)
    assert (last.kind, written.kind) == (record.END, record.END)


async def test_the_live_timeline_equals_the_timeline_of_the_log(tmp_path: Path) -> None:
    watched = begin(Stage(recording("post-copy-by-hand"), waits_for_keys=False), tmp_path)
    await watched.ended()
    live, read = watched.migration.timeline, Timeline(watched.log)
    assert [(each.sign, each.text) for each in live.marks] == [(each.sign, each.text) for each in read.marks]
    assert [(each.number, each.left) for each in live.passes] == [(each.number, each.left) for each in read.passes]
    assert (live.phase, len(live.points), live.final) == (read.phase, len(read.points), read.final)

"""The rate of the workload in the first seconds after a migration: it is recorded, and delays nothing."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.fakes import connections
from tests.unit.migration.logs import Reader, lines_of
from tests.unit.migration.runners import BY_HAND, Make, switch
from tests.unit.migration.runners import begun as begun_runner
from tests.unit.migration.stages import end_of, stage_of, workload
from tests.unit.migration.test_guest_rate import WritingGuest
from tests.unit.migration.test_run_log import end, open_log
from tests.unit.until import until
from tui.core.failure import Failure
from tui.guest.backend.guest import WORKLOAD, Guest
from tui.guest.backend.heartbeats import Heartbeats
from tui.migration.backend.guest import rate as guest_rate
from tui.migration.backend.guest.monitor import GuestAccess, GuestMonitor
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.recorded import Recorded
from tui.migration.backend.recording.recorder import RAW, Recorder
from tui.migration.backend.recording.run_files import has_end, read_records
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.model import record
from tui.migration.model.record import Event
from tui.migration.model.timeline import Timeline


@pytest.fixture(autouse=True)
def read_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest_rate, "READ_EVERY_S", 0.01)


def guest(_vm: str, place: str) -> Guest:
    if place != WORKLOAD:
        raise Failure("It has no heartbeat")
    return WritingGuest(0)  # type: ignore[return-value]


async def migrated(runs: Path, recorded: Recorded, tables: dict[str, Any] | None = None) -> MigrationActor:
    """A migration that has just ended, with rates of the guest."""
    migration = await begun(runs, recorded, tables)
    await until(lambda: migration.timeline.guest.mean and migration.timeline.passes_begun)
    migration.controls.switch_to_post_copy()
    return await end_of(migration)


async def begun(runs: Path, recorded: Recorded, tables: dict[str, Any] | None = None) -> MigrationActor:
    stage = stage_of("post-copy-by-hand")
    access = GuestAccess(guest, Heartbeats(guest, 4711))
    owner = MigrationOwner(connections(stage), stage.open, runs, 0.005, workload, access, recorded)
    return await owner.start(BY_HAND, tables=tables)


def after_end(migration: MigrationActor) -> list[record.Record]:
    records = read_records(migration.folder / RAW)
    ends = [number for number, each in enumerate(records) if isinstance(each, Event) and each.kind == record.END]
    assert len(ends) == 1
    return records[ends[0] + 1 :]


async def test_the_rate_is_read_on_after_the_end_until_the_vm_is_migrated_again(tmp_path: Path) -> None:
    recorded = Recorded()
    there = await migrated(tmp_path, recorded)
    assert there.timeline.ended_at is not None
    mean = there.timeline.guest.mean
    await until(lambda: len(after_end(there)) > 2)
    back = await begun(tmp_path, recorded)  # at once, long before AFTER_S
    await until(lambda: there.run_log.done)
    assert {each.kind for each in after_end(there) if isinstance(each, Event)} == {record.GUEST}
    assert has_end(there.folder / RAW)
    read = Timeline(read_records(there.folder / RAW))
    assert [each.rate for each in read.guest] == [each.rate for each in there.timeline.guest]
    assert read.guest[-1].t > there.timeline.ended_at
    assert read.guest.mean == there.timeline.guest.mean == mean  # the recovery is no part of the migration
    back.leave()


async def test_a_study_measures_the_recovery_itself(tmp_path: Path) -> None:
    migration = await migrated(tmp_path, Recorded(), {"study": {"name": "compared"}})
    await until(lambda: migration.run_log.done)
    assert after_end(migration) == []


async def test_only_the_guest_is_recorded_after_the_end_and_only_for_a_while(tmp_path: Path) -> None:
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, first):
        run_log.event(record.GUEST, rate=1.0)
        end(run_log, tail_s=1000.0)
        run_log.event(record.GUEST, rate=2.0)
        run_log.event(record.ACTION, action="late")
        await until(lambda: '"rate": 2.0' in " ".join(first.lines))
        second = await Reader(run_log).start()
        assert not run_log.done
        run_log.event(record.GUEST, rate=3.0)
        await until(lambda: '"rate": 3.0' in " ".join(second.lines))
        run_log.end_tail()
        run_log.event(record.GUEST, rate=4.0)
        await until(lambda: run_log.done)
        assert first.lines == second.lines == lines_of(run_log.folder)
        assert [record.from_line(each).kind for each in first.lines] == ["guest", "end", "guest", "guest"]  # type: ignore[union-attr]


async def test_a_log_that_was_deleted_after_the_end_stays_deleted(tmp_path: Path) -> None:
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, reader):
        end(run_log, tail_s=1000.0)
        await until(lambda: reader.lines)
        (run_log.folder / RAW).unlink()
        run_log.event(record.GUEST, rate=2.0)
        await until(lambda: run_log.done)
        assert not (run_log.folder / RAW).exists()


async def test_a_rate_that_cannot_be_written_ends_the_record(tmp_path: Path) -> None:
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, _):
        end(run_log, tail_s=1000.0)
        run_log.event(record.GUEST, rate=object())
        await until(lambda: run_log.done)


async def test_a_log_that_is_left_waits_for_nothing_more_of_the_guest(tmp_path: Path) -> None:
    run_log = RunLog(Recorder.create(tmp_path, "run"))
    end(run_log, tail_s=1000.0)
    run_log.leave()
    assert run_log.done


async def test_an_end_is_found_before_all_that_a_guest_sends_after_a_long_silence(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GuestMonitor, "tail_s", lambda *_: 1000.0)
    monkeypatch.setattr(GuestMonitor, "ended", lambda _: None)
    runner, _ = await begun_runner(make)
    actor = runner.actor
    await switch(runner)
    for second in range(4000 // len("rate=1\n")):
        actor.run_log.event(record.GUEST, workload="mine", rate=1.0, unit="rows/s", seconds=second, waited=0.1, ago=1.0)
    actor.run_log.end_tail()
    await until(lambda: actor.run_log.done)
    assert has_end(actor.folder / RAW)
    actor.seen = False
    await runner.follower()
    assert actor.seen


async def test_the_record_is_complete_when_the_time_is_over(tmp_path: Path) -> None:
    async with open_log(Recorder.create(tmp_path, "run")) as (run_log, _):
        end(run_log, tail_s=0.01)
        await until(lambda: run_log.done)

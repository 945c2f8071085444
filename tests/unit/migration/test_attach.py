"""Finding running and ended migrations at the start of the app."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.fakes import CUT, PATIENCE_S, Stage, uri
from tests.unit.migration.stages import PARAMETERS, app, end_of, first_sample, runs_in, stage_of, summary
from tests.unit.until import until
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import JOB_CANCELLED, QEMU_STATUS, JobInfo
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.recording.recorder import RAW, Recorder
from tui.migration.backend.recording.run_files import read_records
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.backend.running.connections import MigrationConnections
from tui.migration.backend.running.location import Locator
from tui.migration.backend.unfinished import unfinished_runs
from tui.migration.model import record
from tui.migration.model.record import Event, Sample


async def test_without_a_migration_there_is_nothing_to_attach_to(tmp_path: Path) -> None:
    assert await app(stage_of(), tmp_path / "none").attach() is None


async def leave_one(stage: Stage, runs: Path, passes: int = 2, plan: Plan | None = None) -> MigrationActor:
    """Start a migration, let it come to a pass, and quit the app."""
    migrations = app(stage, runs)
    migration = await migrations.start(plan or Plan("guest1", technique="post-copy-manual"))
    come = asyncio.Event()
    migration.listen(lambda _each: come.set() if migration.timeline.iteration >= passes else None)
    await asyncio.wait_for(come.wait(), PATIENCE_S)
    await migrations.close()
    return migration


async def left_behind(runs: Path) -> tuple[Stage, MigrationActor]:
    """A migration whose switch a person requests, and that the app has left."""
    stage = stage_of("post-copy-by-hand")
    return stage, await leave_one(stage, runs)


async def attached(stage: Stage, runs: Path) -> tuple[MigrationOwner, MigrationActor]:
    """The next app, and the migration that it has found."""
    migrations = app(stage, runs)
    migration = await migrations.attach()
    assert migration is not None
    return migrations, migration


async def standing_foreign(runs: Path) -> tuple[Stage, MigrationActor]:
    """A migration that virsh has started and that is followed; it stands still now."""
    stage = stage_of("post-copy-by-hand")
    stage.begin()
    _migrations, migration = await attached(stage, runs)
    await first_sample(migration)
    stage.standing = True
    return stage, migration


async def test_the_next_start_follows_a_running_migration(tmp_path: Path) -> None:
    stage, left = await left_behind(tmp_path)
    migrations, migration = await attached(stage, tmp_path)
    assert (migration.folder, migration.plan, migration.origin) == (left.folder, left.plan, "destination")
    assert migrations.current is migration
    migration.controls.switch_to_post_copy()
    await end_of(migration)
    kinds = [each.kind for each in read_records(left.folder / RAW) if isinstance(each, Event)]
    assert kinds.count(record.GAP) == kinds.count(record.ATTACHED) == kinds.count(record.START) == 1
    assert summary(left.folder)["outcome"] == "completed"
    assert unfinished_runs(tmp_path) == []


async def test_a_migration_is_attached_to_only_once(tmp_path: Path) -> None:
    stage, _left = await left_behind(tmp_path)
    migrations = app(stage, tmp_path)
    first, second = await asyncio.gather(migrations.attach(), migrations.attach())
    assert first is second is not None
    await migrations.close()


async def test_a_second_app_records_in_its_own_folder(tmp_path: Path) -> None:
    """The first one writes into the run's; the second sees the migration all the same."""
    stage = stage_of("post-copy-by-hand")
    first = await app(stage, tmp_path).start(Plan("guest1", technique="post-copy-manual"))
    second = None
    while second is None:  # the migration begins on a thread of its own
        second = await asyncio.wait_for(app(stage, tmp_path).attach(), 60)
    assert second.folder != first.folder
    assert second.plan.technique == "unknown"
    second.controls.switch_to_post_copy()
    await end_of(second)
    await end_of(first)
    starts = [read_records(each.folder / RAW)[0] for each in (first, second)]
    assert [each.kind for each in starts if isinstance(each, Event)] == [record.START, record.ATTACHED]
    assert first.timeline.phase == second.timeline.phase == "completed"


async def test_a_migration_that_virsh_started_is_followed(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand", waits_for_keys=False)
    stage.begin()
    migration = await end_of(await app(stage, tmp_path).attach())
    assert migration.folder.name.endswith("-guest1-memory-unknown")
    assert migration.timeline.phase == "completed"
    assert migration.timeline.post_copy_at is not None


@pytest.mark.parametrize(("job_type", "phase"), [(JOB_CANCELLED, "cancelled"), (4, "failed")])
async def test_a_cancel_of_a_migration_that_virsh_started_is_told_from_a_failure(
    no_figures: None, tmp_path: Path, job_type: int, phase: str
) -> None:
    stage, migration = await standing_foreign(tmp_path)
    stage.job = JobInfo({"type": job_type, "operation": 5}, "running")
    types: list[object] = []
    migration.listen(lambda each: types.append(each.stats.get("type")) if isinstance(each, Sample) else None)
    await until(lambda: job_type in types)
    stage.finish(phase)
    assert (await end_of(migration)).timeline.phase == phase


@pytest.mark.parametrize(
    ("statuses", "phase"),
    [(("cancelling", "cancelled"), "cancelled"), (("cancelling",), "cancelled"), (("failed",), "failed")],
)
async def test_qemu_s_own_status_tells_a_cancel_from_a_failure_without_a_sample_of_the_end(
    no_figures: None, tmp_path: Path, statuses: tuple[str, ...], phase: str
) -> None:
    stage, migration = await standing_foreign(tmp_path)
    stage.emit(stage.target, QEMU_STATUS, status="cancelled")  # says nothing
    for status in statuses:
        stage.emit(stage.origin, QEMU_STATUS, status=status)
    stage.finish(phase)
    assert (await end_of(migration)).timeline.phase == phase
    events = [each for each in read_records(migration.folder / RAW) if isinstance(each, Event)]
    found = [each.data for each in events if each.kind == QEMU_STATUS and each.data["host"] == stage.origin]
    assert [each["status"] for each in found] == list(statuses)


async def test_an_older_run_is_not_continued_with_a_later_migration_of_the_same_vm(tmp_path: Path) -> None:
    stage, left = await left_behind(tmp_path)
    raw = left.folder / RAW
    yesterday = {"began": "2026-01-01T00:00:00.000Z"}
    lines = [json.loads(line) | yesterday for line in raw.open(encoding="utf-8")]
    raw.write_text("".join(json.dumps(each) + "\n" for each in lines))
    written = raw.read_bytes()
    migrations, migration = await attached(stage, tmp_path)
    assert migration.folder != left.folder
    assert raw.read_bytes() == written
    await migrations.close()


async def test_the_target_need_not_be_reachable_to_attach(tmp_path: Path) -> None:
    stage = stage_of("link-cut", waits_for_keys=False)
    left = await leave_one(stage, tmp_path)
    stage.down.add("destination")
    stage.cut("destination")
    migrations, migration = await attached(stage, tmp_path)
    assert migration.folder == left.folder
    await migrations.close()
    assert summary(left.folder)["hosts"]["destination"] == {}


async def test_a_migration_that_ended_unobserved_is_concluded_in_its_folder(tmp_path: Path) -> None:
    stage, left = await left_behind(tmp_path)
    stage.finish("completed")
    stage.completed[stage.target] = {"type": 3, "operation": 4, "downtime": 55, "memory_processed": 5 << 30}
    migration = await end_of(await app(stage, tmp_path).attach())
    assert migration.folder == left.folder
    kept = summary(left.folder)
    assert kept["outcome"] == "completed"
    assert kept["verified"] == "guest1 runs on source and is gone from destination."
    assert kept["figures"]["downtime_ms"] == 55
    vm = {"name": "guest1", "uuid": stage.vm.uuid, "vcpus": 2, "memory_bytes": 1 << 30, "accelerator": "kvm"}
    assert kept["vm"] == vm  # the definition is on the other host by then
    assert kept["workload"] == {"name": "memory", **PARAMETERS}
    assert await app(stage, tmp_path).attach() is None


async def test_all_runs_that_ended_unobserved_are_concluded_and_the_newest_is_current(tmp_path: Path) -> None:
    stage, left = await left_behind(tmp_path)
    for name in ("20200101T000000Z-older", "20200102T000000Z-old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / RAW).write_bytes((left.folder / RAW).read_bytes())
    stage.finish("completed")
    migration = await end_of(await app(stage, tmp_path).attach())
    assert migration.folder == left.folder
    assert unfinished_runs(tmp_path) == []
    assert [summary(each)["outcome"] for each in runs_in(tmp_path)] == ["completed"] * 3


@pytest.mark.parametrize("host", ["source", "destination"])
async def test_with_an_unreachable_host_a_run_stays_unfinished_until_the_next_start(tmp_path: Path, host: str) -> None:
    stage, left = await left_behind(tmp_path)
    stage.finish("completed")
    stage.down.add(host)
    stage.cut(host)
    assert await app(stage, tmp_path).attach() is None
    assert [each.folder for each in unfinished_runs(tmp_path)] == [left.folder]
    stage.down.clear()
    await end_of(await app(stage, tmp_path).attach())
    assert unfinished_runs(tmp_path) == []


async def test_a_job_that_cannot_be_read_does_not_count_as_ended(tmp_path: Path) -> None:
    stage, left = await left_behind(tmp_path)
    stage.refusals["job"] += [CUT] * 4
    assert await app(stage, tmp_path).attach() is None
    assert [each.folder for each in unfinished_runs(tmp_path)] == [left.folder]
    stage.refusals["job"].clear()
    migrations, migration = await attached(stage, tmp_path)
    assert migration.folder == left.folder
    await migrations.close()


@pytest.mark.parametrize("job", [JobInfo({"type": 2, "operation": 5}, "running"), CUT], ids=["migrates", "unread"])
async def test_a_run_that_ended_is_concluded_whatever_another_vm_does(tmp_path: Path, job: JobInfo | Failure) -> None:
    stage, left = await left_behind(tmp_path)
    stage.finish("completed")
    stage.others["guest2"] = replace(stage.vm, name="guest2", uuid="other"), job
    migrations = app(stage, tmp_path)
    found = await migrations.attach()
    assert summary(left.folder)["outcome"] == "completed"
    assert found is not None
    assert found.vm.name == ("guest1" if job is CUT else "guest2")  # what is under way is shown
    await migrations.close()


async def test_a_migration_whose_log_cannot_be_written_is_followed_and_controlled_with_a_warning(
    tmp_path: Path,
) -> None:
    stage, left = await left_behind(tmp_path)
    (left.folder / "domjobinfo.txt").unlink()
    (left.folder / "domjobinfo.txt").mkdir()
    migration = await app(stage, tmp_path).attach()
    assert migration is not None
    migration.controls.switch_to_post_copy()
    await end_of(migration)
    assert migration.timeline.log_trouble == f"The log in {left.folder} cannot be written: Is a directory"
    assert "start_post_copy" in stage.calls
    assert [each.folder for each in unfinished_runs(tmp_path)] == [left.folder]


async def test_a_migration_of_another_program_is_followed_even_without_a_folder(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand", waits_for_keys=False)
    stage.begin()
    runs = tmp_path / "a file"
    runs.write_text("")
    migration = await end_of(await app(stage, runs).attach())
    assert migration.timeline.phase == "completed"
    assert migration.timeline.log_trouble.startswith(f"The log in {runs}/")


async def test_a_run_that_another_app_concludes_is_left_to_it(tmp_path: Path) -> None:
    stage, left = await left_behind(tmp_path)
    stage.finish("completed")
    other = Recorder.open(left.folder)
    assert await app(stage, tmp_path).attach() is None
    other.close()


@pytest.mark.parametrize(("domain", "recorded"), [("qemu", "qemu"), ("kvm", "kvm"), ("'", None)])
async def test_a_run_records_how_its_vm_is_virtualized(tmp_path: Path, domain: str, recorded: str | None) -> None:
    stage = stage_of(waits_for_keys=False)
    stage.accelerator = domain
    migration = await end_of(await app(stage, tmp_path).start(Plan("guest1")))
    assert summary(migration.folder)["vm"].get("accelerator") == recorded


async def test_quitting_touches_no_migration(tmp_path: Path) -> None:
    stage, _left = await left_behind(tmp_path)
    assert not {"abort_job", "start_post_copy", "force_off", "shut_down"} & set(stage.calls)
    assert stage.under_way


async def test_quitting_after_the_end_changes_nothing(tmp_path: Path) -> None:
    stage = stage_of()
    migrations = app(stage, tmp_path)
    migration = await end_of(await migrations.start(Plan("guest1")))
    before = (migration.folder / RAW).read_bytes()
    await migrations.close()
    assert (migration.folder / RAW).read_bytes() == before
    assert summary(migration.folder)["outcome"] == "completed"


async def test_quitting_without_a_migration_does_nothing(tmp_path: Path) -> None:
    await app(stage_of(), tmp_path).close()


async def test_a_run_between_other_hosts_is_not_concluded(tmp_path: Path) -> None:
    """Two configurations may share a folder of runs: the end of one's migration is not for the other to judge."""
    _stage, left = await left_behind(tmp_path)
    elsewhere = stage_of("pre-copy-idle")
    for vms in elsewhere.vms.values():
        vms.clear()
    assert await app(elsewhere, tmp_path).attach() is None
    assert [each.folder for each in unfinished_runs(tmp_path)] == [left.folder]


async def test_another_vm_of_the_same_name_on_the_origin_is_ignored(tmp_path: Path) -> None:
    stage = stage_of("pre-copy-idle")
    stage.vms[stage.origin] = {stage.vm.name: replace(stage.vm, uuid="another")}
    stage.vms[stage.target] = {stage.vm.name: stage.vm}
    route = MigrationConnections(stage.origin, stage.target, {host: uri(host) for host in stage.vms}, stage.open)
    assert Locator(route, stage.vm).answers().here.off

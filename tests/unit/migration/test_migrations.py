"""The migrations between two hosts: what stands in the way, starting one, finding one that runs or has ended."""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fakes import CUT, PATIENCE_S, Stage, connections, recording, uri
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.vm import Vm
from tui.guest.backend.guest import Guest
from tui.guest.backend.heartbeats import Heartbeats
from tui.guest.model.workload import Workload
from tui.migration.backend.connections import MigrationConnections
from tui.migration.backend.guest_monitor import GuestAccess
from tui.migration.backend.location import VmLocation, locate
from tui.migration.backend.migration import Migration
from tui.migration.backend.migrations import Migrations, Refused
from tui.migration.backend.recorder import RAW, SUMMARY, Recorder
from tui.migration.backend.run_files import read_records
from tui.migration.backend.unfinished import unfinished_runs
from tui.migration.model import record
from tui.migration.model.record import Event
from tui.vm.model.location import Inventory, VmOnHost

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

STAGES: list[Stage] = []


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    yield
    for each in STAGES:
        each.let_go()
    STAGES.clear()


PARAMETERS = {"command": "memory_intensive --threads 2 --size 150 --rate 50", "working_set_mib": 300, "rate_mib_s": 50}


async def workload(_vm: str) -> Workload:
    return Workload("memory", PARAMETERS)


def app(stage: Stage, runs: Path) -> Migrations:
    """The app, started anew at each call."""
    STAGES.append(stage)
    return Migrations(connections(stage), stage.open, runs, 0.005, workload)


def stage_of(name: str = "pre-copy-idle", *, waits_for_keys: bool = True) -> Stage:
    return Stage(recording(name), waits_for_keys=waits_for_keys)


async def end_of(migration: Migration | None) -> Migration:
    assert migration is not None
    await asyncio.wait_for(migration.ended(), PATIENCE_S)
    return migration


def summary(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / SUMMARY).read_text("utf-8"))


def runs_in(runs: Path) -> list[Path]:
    return sorted(runs.iterdir())


async def in_the_way(migrations: Migrations, plan: Plan) -> list[Failure]:
    """What keeps `plan` from starting; where nothing does, it is started and left."""
    try:
        await migrations.start(plan)
    except Refused as refused:
        return list(refused.failures)
    except Failure as failure:
        return [failure]
    await migrations.close()
    return []


def sentences(failures: list[Failure]) -> list[str]:
    return [str(each) for each in failures]


# -- the guest --


@pytest.mark.parametrize("outcome", ["completed", "cancelled"])
async def test_without_access_to_the_guest_only_its_figures_are_missing(tmp_path: Path, outcome: str) -> None:
    def nobody(_name: str, _place: str) -> Guest:
        raise Failure("The address of guest1 is not known", "", "The Launch page sets it.")

    stage = stage_of("pre-copy-idle" if outcome == "completed" else "cancelled", waits_for_keys=False)
    STAGES.append(stage)
    guest_access = GuestAccess(nobody, Heartbeats(nobody, 4711))
    migrations = Migrations(connections(stage), stage.open, tmp_path, 0.005, workload, guest_access)
    migration = await end_of(await migrations.start(Plan(stage.vm.name)))
    assert migration.timeline.phase == outcome
    why = "The address of guest1 is not known"
    assert summary(migration.folder)["felt"] == {"network_why": why, "guest_why": why}
    kinds = [each.kind for each in read_records(migration.folder / RAW) if isinstance(each, Event)]
    assert kinds.count(record.GUEST) == 1
    assert kinds[-3:] == [record.OBSERVED, record.VERIFIED, record.END]


# -- what there is --


async def test_the_vms_of_both_hosts_are_listed_with_their_host(tmp_path: Path) -> None:
    stage = stage_of()
    other = Vm("other", "uuid-of-other", "shut off")
    stage.vms["destination"]["other"] = other
    migrations = app(stage, tmp_path)
    assert await migrations.vms() == Inventory((VmOnHost(stage.vm, "source"), VmOnHost(other, "destination")))


async def test_an_unreachable_host_hides_no_vm_of_the_other(tmp_path: Path) -> None:
    stage = stage_of()
    stage.down.add("destination")
    migrations = app(stage, tmp_path)
    before = await migrations.vms()
    assert (before.found, list(before.failures)) == ((VmOnHost(stage.vm, "source"),), ["destination"])
    stage.down.clear()
    assert (await migrations.vms()).failures == {}
    assert list(before.failures) == ["destination"]  # what was found then stays what it was


@pytest.mark.parametrize("away", [True, False])
def test_a_vm_counts_as_stopped_only_if_every_host_has_replied(away: bool) -> None:
    failures = {"destination": Failure("libvirt cannot be reached")} if away else {}
    inventory = Inventory(
        (VmOnHost(Vm("x", "uuid", "shut off"), "source"), VmOnHost(Vm("y", "u2", "paused"), "source")), failures
    )
    stopped = [inventory.stopped(name) for name in ("x", "y", "z")]
    assert [sentence.partition(";")[0] for sentence in stopped] == (
        ["", "", ""] if away else ["x is shut off on source", "", "Neither host has a VM named z"]
    )


@pytest.mark.parametrize(
    ("found", "origin"),
    [
        ([], None),
        ([("source", "shut off")], "source"),
        ([("destination", "shut off")], "destination"),
        ([("source", "shut off"), ("destination", "running")], "destination"),
        ([("source", "running"), ("destination", "paused")], "source"),
        ([("source", "shut off"), ("destination", "shut off")], "source"),
    ],
)
def test_a_vm_starts_from_where_it_runs(found: list[tuple[str, str]], origin: str | None) -> None:
    vms = tuple(VmOnHost(Vm("x", "uuid", state), host) for host, state in found)
    found_there = Inventory((*vms, VmOnHost(Vm("y", "uuid-y", "running"), "destination"))).origin("x")
    assert (found_there.host if found_there else None) == origin


# -- what is checked before a start --


async def test_a_running_vm_can_be_migrated(tmp_path: Path) -> None:
    assert await in_the_way(app(stage_of(), tmp_path), Plan("guest1")) == []


async def test_a_vm_on_neither_host_is_not_found(tmp_path: Path) -> None:
    failures = await in_the_way(app(stage_of(), tmp_path), Plan("no such [vm]"))
    assert sentences(failures) == [
        "There is no VM 'no such [vm]': neither host has it. Choose one that the Launch page lists."
    ]


async def test_with_an_unreachable_host_a_vm_is_not_reported_as_missing(tmp_path: Path) -> None:
    stage = stage_of()
    stage.down.add("source")
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1"))
    assert sentences(failures) == [
        "guest1 was not found, and source could not be reached: the network does not reach it. Check the cable."
    ]


async def test_a_vm_that_does_not_run_cannot_be_migrated(tmp_path: Path) -> None:
    stage = stage_of()
    stage.vms["source"]["guest1"] = replace(stage.vm, state="shut off")
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1"))
    assert sentences(failures) == [
        "guest1 cannot be migrated live: it is shut off on source. Start it on the Launch page."
    ]


async def test_a_vm_that_another_program_migrates_is_refused(tmp_path: Path) -> None:
    stage = stage_of()
    stage.begin()
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1"))
    assert sentences(failures) == [
        "guest1 is being migrated already: another program started it. Leave this page and come back to follow it."
    ]


async def test_another_job_of_the_vm_is_not_a_migration(tmp_path: Path) -> None:
    stage = stage_of()
    stage.begin()
    stage.standing = True
    stage.job = replace(stage.job, stats={"type": 2, "operation": 9})
    assert await in_the_way(app(stage, tmp_path), Plan("guest1")) == []


async def test_an_unreachable_target_is_reported_with_its_reason(tmp_path: Path) -> None:
    stage = stage_of()
    stage.down.add("destination")
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1"))
    assert sentences(failures) == ["The destination cannot be reached: the network does not reach it. Check the cable."]


async def test_two_addresses_of_one_host_are_refused(tmp_path: Path) -> None:
    stage = stage_of()
    stage.uuids = dict.fromkeys(stage.uuids, "4d0c")
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1"))
    assert sentences(failures) == [
        "Source and destination are the same host: both have the host UUID 4d0c. Check the addresses in the "
        "configuration; two cloned hosts each need their own host_uuid in libvirtd.conf."
    ]


async def test_hosts_without_a_uuid_are_not_taken_for_one(tmp_path: Path) -> None:
    stage = stage_of()
    stage.uuids = dict.fromkeys(stage.uuids, "")
    assert await in_the_way(app(stage, tmp_path), Plan("guest1")) == []


@pytest.mark.parametrize(
    ("uuid", "state", "expected"),
    [
        ("another", "shut off", "The name guest1 is taken on destination: a VM of that name is shut off there."),
        ("another", "running", "The name guest1 is taken on destination: a VM of that name is running there."),
        ("same", "paused", "The name guest1 is taken on destination: a VM of that name is paused there."),
        ("same", "shut off", ""),  # its own definition, left there by an earlier migration
    ],
)
async def test_a_name_in_use_at_the_target_is_reported(tmp_path: Path, uuid: str, state: str, expected: str) -> None:
    stage = stage_of()
    uuid = stage.vm.uuid if uuid == "same" else uuid
    stage.vms["destination"]["guest1"] = Vm("guest1", uuid, state)
    migrations = app(stage, tmp_path)
    if state == "running":
        stage.vms["source"]["guest1"] = stage.vm
    failures = await in_the_way(migrations, Plan("guest1"))
    assert sentences(failures) == ([f"{expected} Rename or undefine it there."] if expected else [])


async def test_a_combination_that_qemu_refuses_is_refused_before_the_call(tmp_path: Path) -> None:
    failures = await in_the_way(app(stage_of(), tmp_path), Plan("guest1", technique="post-copy-manual", parallel=2))
    assert [each.what for each in failures] == ["Post-copy over parallel connections cannot start"]


async def test_all_failed_checks_are_reported_at_once(tmp_path: Path) -> None:
    stage = stage_of()
    stage.vms["source"]["guest1"] = replace(stage.vm, state="paused")
    stage.uuids = dict.fromkeys(stage.uuids, "4d0c")
    stage.vms["destination"]["guest1"] = Vm("guest1", "another", "shut off")
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1", downtime_ms=0))
    assert [each.what for each in failures] == [
        "The maximum downtime must be at least 1 ms",
        "guest1 cannot be migrated live",
        "Source and destination are the same host",
        "The name guest1 is taken on destination",
    ]


@pytest.mark.parametrize("call", ["daemon", "job"])
async def test_a_host_that_fails_during_the_checks_is_reported(tmp_path: Path, call: str) -> None:
    stage = stage_of()
    stage.refusals[call] += [Failure("libvirt did not answer")] * 2
    failures = await in_the_way(app(stage, tmp_path), Plan("guest1"))
    assert sentences(failures) == ["libvirt did not answer."]


async def test_one_migration_at_a_time(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand")
    migrations = app(stage, tmp_path)
    await migrations.start(Plan("guest1", technique="post-copy-manual"))
    assert sentences(await in_the_way(migrations, Plan("guest1"))) == [
        "guest1 is being migrated. Wait until it ends, or cancel it."
    ]
    await migrations.close()


# -- start --


async def test_a_migration_is_started_recorded_and_ended(tmp_path: Path) -> None:
    stage = stage_of()
    migrations = app(stage, tmp_path / "runs")
    migration = await end_of(await migrations.start(Plan("guest1", bandwidth_mib_s=100)))
    assert migrations.current is migration
    assert migration.timeline.phase == "completed"
    assert migration.folder.name.endswith("-guest1-memory-pre-copy")
    kept = summary(migration.folder)
    assert kept["outcome"] == "completed"
    assert kept["hosts"] == {
        "origin": "source",
        "target": "destination",
        "source": _host("source"),
        "destination": _host("destination"),
    }
    assert kept["options"]["bandwidth_mib_s"] == 100
    assert kept["vm"] == {"name": "guest1", "uuid": stage.vm.uuid, "vcpus": 2, "memory_bytes": 1 << 30}
    assert kept["figures"]["total_time_ms"] == 4405
    start = read_records(migration.folder / RAW)[0]
    assert isinstance(start, Event)
    assert (start.kind, start.data["technique"], start.data["origin"]) == (record.START, "pre-copy", "source")


async def test_a_start_reads_each_host_once(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand")
    migrations = app(stage, tmp_path)
    await migrations.start(Plan("guest1", technique="post-copy-manual"))
    before_the_call = stage.calls[: stage.calls.index("subscribe")]
    await migrations.close()
    # The checks ask both daemons who they are, and so does the route on connections of its own.
    assert sorted(before_the_call) == ["daemon"] * 4 + ["job"] + ["vms"] * 2


async def test_a_refused_start_reads_each_host_once_and_reports_all_reasons(tmp_path: Path) -> None:
    stage = stage_of()
    stage.vms["source"]["guest1"] = replace(stage.vm, state="paused")
    with pytest.raises(Refused, match="at least 1 ms") as refused:
        await app(stage, tmp_path).start(Plan("guest1", downtime_ms=0))
    assert [each.what for each in refused.value.failures] == [
        "The maximum downtime must be at least 1 ms",
        "guest1 cannot be migrated live",
    ]
    assert sorted(stage.calls) == ["daemon"] * 2 + ["job"] + ["vms"] * 2


def _host(name: str) -> dict[str, Any]:
    return {
        "hostname": name,
        "uri": uri(name),
        "libvirt": "11.3.0",
        "qemu": "10.0.2",
        "cpus": 2,
        "cpu_model": "EPYC",
        "memory_bytes": 24 << 30,
    }


async def test_a_vm_on_the_destination_is_migrated_back(tmp_path: Path) -> None:
    stage = stage_of("cancelled", waits_for_keys=False)
    migration = await end_of(await app(stage, tmp_path).start(Plan("guest1")))
    assert (migration.origin, migration.target) == ("destination", "source")


async def test_after_the_end_another_can_be_started(tmp_path: Path) -> None:
    stage = stage_of()
    migrations = app(stage, tmp_path)
    first = await end_of(await migrations.start(Plan("guest1")))
    assert await in_the_way(migrations, Plan("guest1")) == []
    assert first.timeline.over


async def test_a_refused_plan_leaves_no_folder(tmp_path: Path) -> None:
    stage = stage_of()
    stage.down.add("destination")
    migrations = app(stage, tmp_path / "runs")
    with pytest.raises(Failure, match="The destination cannot be reached"):
        await migrations.start(Plan("guest1"))
    assert not (tmp_path / "runs").exists()
    assert migrations.current is None


async def test_a_folder_that_cannot_be_written_prevents_the_start(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    stage = stage_of()
    migrations = app(stage, tmp_path / "runs")
    with pytest.raises(Failure, match="The run cannot be recorded in"):
        await migrations.start(Plan("guest1"))
    assert "migrate" not in stage.calls
    assert migrations.current is None


async def test_enter_pressed_twice_starts_one_migration(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand")
    migrations = app(stage, tmp_path)
    plan = Plan("guest1", technique="post-copy-manual")
    results = await asyncio.gather(migrations.start(plan), migrations.start(plan), return_exceptions=True)
    assert [str(each) for each in results if isinstance(each, BaseException)] == [
        "guest1 is being migrated. Wait until it ends, or cancel it."
    ]
    assert len(runs_in(tmp_path)) == 1
    await migrations.close()


# -- attach --


async def test_without_a_migration_there_is_nothing_to_attach_to(tmp_path: Path) -> None:
    assert await app(stage_of(), tmp_path / "none").attach() is None


async def leave_one(stage: Stage, runs: Path, passes: int = 2, plan: Plan | None = None) -> Migration:
    """Start a migration, let it come to a pass, and quit the app."""
    migrations = app(stage, runs)
    migration = await migrations.start(plan or Plan("guest1", technique="post-copy-manual"))
    come = asyncio.Event()
    migration.listen(lambda _each: come.set() if migration.timeline.iteration >= passes else None)
    await asyncio.wait_for(come.wait(), PATIENCE_S)
    await migrations.close()
    return migration


async def test_the_next_start_follows_a_running_migration(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand")
    left = await leave_one(stage, tmp_path)
    migrations = app(stage, tmp_path)
    migration = await migrations.attach()
    assert migration is not None
    assert (migration.folder, migration.plan, migration.origin) == (left.folder, left.plan, "destination")
    assert migrations.current is migration
    migration.switch_to_post_copy()
    await end_of(migration)
    kinds = [each.kind for each in read_records(left.folder / RAW) if isinstance(each, Event)]
    assert kinds.count(record.GAP) == kinds.count(record.ATTACHED) == kinds.count(record.START) == 1
    assert summary(left.folder)["outcome"] == "completed"
    assert unfinished_runs(tmp_path) == []


async def test_a_migration_is_attached_to_only_once(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand")
    await leave_one(stage, tmp_path)
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
    second.switch_to_post_copy()
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


async def test_an_older_run_is_not_continued_with_a_later_migration_of_the_same_vm(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand")
    left = await leave_one(stage, tmp_path)
    raw = left.folder / RAW
    yesterday = {"began": "2026-01-01T00:00:00.000Z"}
    lines = [json.loads(line) | yesterday for line in raw.open(encoding="utf-8")]
    raw.write_text("".join(json.dumps(each) + "\n" for each in lines))
    written = raw.read_bytes()
    migrations = app(stage, tmp_path)
    migration = await migrations.attach()
    assert migration is not None
    assert migration.folder != left.folder
    assert raw.read_bytes() == written
    await migrations.close()


async def test_the_target_need_not_be_reachable_to_attach(tmp_path: Path) -> None:
    stage = stage_of("link-cut", waits_for_keys=False)
    left = await leave_one(stage, tmp_path)
    stage.down.add("destination")
    stage.cut("destination")
    migrations = app(stage, tmp_path)
    migration = await migrations.attach()
    assert migration is not None
    assert migration.folder == left.folder
    await migrations.close()
    assert summary(left.folder)["hosts"]["destination"] == {}


async def test_a_migration_that_ended_unobserved_is_concluded_in_its_folder(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand")
    left = await leave_one(stage, tmp_path)
    stage.finish("completed")
    stage.completed[stage.target] = {"type": 3, "operation": 4, "downtime": 55, "memory_processed": 5 << 30}
    migration = await end_of(await app(stage, tmp_path).attach())
    assert migration.folder == left.folder
    kept = summary(left.folder)
    assert kept["outcome"] == "completed"
    assert kept["verified"] == "guest1 runs on source and is gone from destination."
    assert kept["figures"]["downtime_ms"] == 55
    assert kept["vm"] == {"name": "guest1", "uuid": stage.vm.uuid, "vcpus": 2, "memory_bytes": 1 << 30}
    assert kept["workload"] == {"name": "memory", **PARAMETERS}
    assert await app(stage, tmp_path).attach() is None


async def test_all_runs_that_ended_unobserved_are_concluded_and_the_newest_is_current(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand")
    left = await leave_one(stage, tmp_path)
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
    stage = stage_of("post-copy-by-hand")
    left = await leave_one(stage, tmp_path)
    stage.finish("completed")
    stage.down.add(host)
    stage.cut(host)
    assert await app(stage, tmp_path).attach() is None
    assert [each.folder for each in unfinished_runs(tmp_path)] == [left.folder]
    stage.down.clear()
    await end_of(await app(stage, tmp_path).attach())
    assert unfinished_runs(tmp_path) == []


async def test_a_job_that_cannot_be_read_does_not_count_as_ended(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand")
    left = await leave_one(stage, tmp_path)
    stage.refusals["job"] += [CUT] * 4
    assert await app(stage, tmp_path).attach() is None
    assert [each.folder for each in unfinished_runs(tmp_path)] == [left.folder]
    stage.refusals["job"].clear()
    migrations = app(stage, tmp_path)
    migration = await migrations.attach()
    assert migration is not None
    assert migration.folder == left.folder
    await migrations.close()


async def test_a_migration_whose_log_cannot_be_written_is_followed_and_controlled_with_a_warning(
    tmp_path: Path,
) -> None:
    stage = stage_of("post-copy-by-hand")
    left = await leave_one(stage, tmp_path)
    (left.folder / "domjobinfo.txt").unlink()
    (left.folder / "domjobinfo.txt").mkdir()
    migration = await app(stage, tmp_path).attach()
    assert migration is not None
    migration.switch_to_post_copy()
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
    stage = stage_of("post-copy-by-hand")
    left = await leave_one(stage, tmp_path)
    stage.finish("completed")
    other = Recorder.open(left.folder)
    assert await app(stage, tmp_path).attach() is None
    other.close()


# -- close --


async def test_quitting_touches_no_migration(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand")
    await leave_one(stage, tmp_path)
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
    stage = stage_of("post-copy-by-hand")
    left = await leave_one(stage, tmp_path)
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
    finding = locate(route, stage.vm)
    assert finding.moved is True


def found_on(here: Vm | None, there: Vm | None) -> VmLocation:
    """What is found when the migration from source to destination has ended that way."""
    stage = stage_of("link-cut")
    for host, vm in ((stage.origin, here), (stage.target, there)):
        stage.vms[host] = {vm.name: vm} if vm else {}
    route = MigrationConnections(stage.origin, stage.target, {host: uri(host) for host in stage.vms}, stage.open)
    return locate(route, stage.vm)


async def test_a_remaining_definition_is_reported_with_the_command_that_removes_it() -> None:
    vm = stage_of("link-cut").vm
    finding = found_on(replace(vm, state="shut off"), vm)
    assert (finding.ok, finding.moved) == (True, True)
    assert finding.sentence == "guest1 runs on destination, and only there; source still has its definition, shut off."
    assert "Do not start it on source" in finding.advice
    assert finding.advice.endswith("virsh undefine --keep-nvram guest1")


@pytest.mark.parametrize("there", ["running", "paused"])
async def test_an_interrupted_post_copy_is_reported_with_the_host_of_the_vm_and_of_its_memory(there: str) -> None:
    vm = stage_of("link-cut").vm
    finding = found_on(
        replace(vm, state="paused", reason="post-copy failed"), replace(vm, state=there, reason="post-copy")
    )
    assert (finding.ok, finding.moved) == (False, None)
    assert f"destination has run it since the switchover, where it is {there} (post-copy)" in finding.sentence
    assert "source, where it is paused (post-copy failed), holds the memory that was not sent" in finding.sentence
    assert finding.advice.startswith("Resume or destroy it on neither host. Repair the network")


async def test_a_vm_that_runs_on_both_hosts_is_an_alarm() -> None:
    vm = stage_of("link-cut").vm
    finding = found_on(vm, vm)
    assert (finding.ok, finding.moved) == (False, None)
    assert finding.sentence == "guest1 runs on source and on destination at once: both write to one disk."
    assert finding.advice.startswith("Force one of them off at once: virsh destroy guest1")


async def test_a_vm_that_both_hosts_have_for_another_reason_is_reported_with_its_states() -> None:
    vm = stage_of("link-cut").vm
    finding = found_on(replace(vm, state="paused"), vm)
    assert finding.sentence == "guest1 is paused on source and runs on destination."
    assert "Resume neither" in finding.advice


async def test_without_remains_there_is_no_advice() -> None:
    assert found_on(None, stage_of("link-cut").vm).advice == ""


@pytest.mark.parametrize(("down", "moved"), [("target", False), ("origin", None)])
async def test_the_reply_of_one_host_is_used_if_the_other_is_unreachable(down: str, moved: bool | None) -> None:
    stage = stage_of("pre-copy-idle")
    stage.down.add(getattr(stage, down))
    route = MigrationConnections(stage.origin, stage.target, {host: uri(host) for host in stage.vms}, stage.open)
    finding = locate(route, stage.vm)
    assert finding.moved is moved
    assert ("cannot be reached" if moved is False else "is unknown") in finding.sentence

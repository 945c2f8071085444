"""Starting migrations."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fakes import uri
from tests.unit.migration.stages import app, end_of, first_sample, in_the_way, runs_in, stage_of, summary
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.migration.backend.before.preflight import Refused
from tui.migration.backend.recording.recorder import RAW
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model import record
from tui.migration.model.record import Event


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
    vm = {"name": "guest1", "uuid": stage.vm.uuid, "vcpus": 2, "memory_bytes": 1 << 30, "accelerator": "kvm"}
    assert kept["vm"] == vm
    assert kept["figures"]["total_time_ms"] == 4405
    start = read_records(migration.folder / RAW)[0]
    assert isinstance(start, Event)
    assert (start.kind, start.data["technique"], start.data["origin"]) == (record.START, "pre-copy", "source")


async def test_a_start_reads_each_host_once(tmp_path: Path) -> None:
    stage = stage_of("post-copy-by-hand")
    migrations = app(stage, tmp_path)
    await first_sample(await migrations.start(Plan("guest1", technique="post-copy-manual")))
    before_the_call = stage.calls[: stage.calls.index("subscribe")]
    await migrations.close()
    # The checks ask both daemons who they are, and so does the route on connections of its own.
    assert sorted(before_the_call) == ["autostart"] + ["daemon"] * 4 + ["definition", "job"] + ["vms"] * 2


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
    with pytest.raises(Failure, match="destination cannot be reached"):
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

"""Migrations among more than two hosts, or from the only one."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.fakes import PATIENCE_S, Stage
from tests.unit.fakes import connections as connections_of
from tests.unit.migration.stages import app, end_of, first_sample, stage_of, summary, workload
from tests.unit.until import until
from tui.adapters.local import LocalShell
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import Hypervisor
from tui.migration.backend.before.preflight import Moved
from tui.migration.backend.owner import MigrationOwner

HOSTS = ("host3", "host4", "source", "destination")


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A VM on `source`, whose recorded migration goes to `destination`, among four hosts."""
    monkeypatch.setattr("tui.migration.backend.running.actor.ASK_AGAIN_S", 0.05)
    monkeypatch.setattr("tui.migration.backend.running.actor.TICK_S", 0.05)
    opened = stage_of()
    for host in ("host3", "host4"):
        opened.vms[host], opened.uuids[host], opened.completed[host] = {}, host, {}
    yield opened
    opened.let_go()


async def test_a_vm_goes_to_the_host_of_its_plan_whatever_is_with_the_others(stage: Stage, tmp_path: Path) -> None:
    stage.down.add("host3")
    migrations = app(stage, tmp_path, HOSTS)
    migration = await migrations.start(Plan(stage.vm.name, to=stage.target), stage.origin)
    assert (migration.origin, migration.target) == (stage.origin, stage.target)
    await end_of(migration)
    assert migration.timeline.verified == (True, f"guest1 runs on {stage.target} and is gone from {stage.origin}.")
    hosts = summary(migration.folder)["hosts"]
    assert (hosts["origin"], hosts["target"]) == (stage.origin, stage.target)
    assert set(hosts) == {"origin", "target", stage.origin, stage.target}


async def test_a_start_does_not_wait_for_a_host_that_has_no_part_in_it(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.migration.backend.inventory.LATE_S", 0.05)
    monkeypatch.setattr("tui.core.connections.OPEN_LIMIT_S", 3600.0)
    hangs = threading.Event()
    usual = stage.open

    def open_but_host3(uri: str) -> Hypervisor:
        if uri.endswith("host3"):
            hangs.wait(2 * PATIENCE_S)
        return usual(uri)

    connections = Connections(connections_of(stage, HOSTS).config, open_but_host3, LocalShell)  # type: ignore[arg-type]
    migrations = MigrationOwner(connections, usual, tmp_path, 0.005, workload)
    try:
        start = migrations.start(Plan(stage.vm.name, to=stage.target), stage.origin)
        migration = await asyncio.wait_for(start, PATIENCE_S)
        await end_of(migration)
    finally:
        hangs.set()


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("", "the host that it goes to was not chosen. The hosts are host3, host4, destination."),
        ("nowhere", "there is no such host. The other hosts are host3, host4, destination."),
    ],
)
async def test_a_plan_without_a_possible_target_is_refused(
    stage: Stage, tmp_path: Path, to: str, sentence: str
) -> None:
    with pytest.raises(Failure) as refused:
        await app(stage, tmp_path, HOSTS).start(Plan(stage.vm.name, to=to))
    assert sentence in str(refused.value)


async def test_a_vm_that_is_where_it_should_go_has_moved(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(Moved):
        await app(stage, tmp_path, HOSTS).start(Plan(stage.vm.name, to=stage.origin))


async def test_the_one_of_many_hosts_that_receives_a_foreign_vm_is_its_target(stage: Stage, tmp_path: Path) -> None:
    stage.begin()
    migration = await app(stage, tmp_path, HOSTS).attach()
    assert migration is not None
    assert migration.target == ""
    await first_sample(migration)
    stage.vms[stage.target] = {stage.vm.name: replace(stage.vm, state="paused", reason="migrating")}
    await until(lambda: migration.target == stage.target)
    await end_of(migration)
    assert migration.timeline.verified == (True, f"guest1 runs on {stage.target} and is gone from {stage.origin}.")
    assert summary(migration.folder)["hosts"]["target"] == stage.target


async def test_a_hanging_host_does_not_hide_the_one_that_receives(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.migration.backend.running.location.REPLY_LIMIT_S", 0.2)
    stage.begin()
    migration = await app(stage, tmp_path, HOSTS).attach()
    assert migration is not None
    stage.down.add("host3")
    stage.vms[stage.target] = {stage.vm.name: replace(stage.vm, state="paused", reason="migrating")}
    await until(lambda: migration.target == stage.target)
    migration.leave()


async def test_a_migration_from_the_only_configured_host_is_followed(stage: Stage, tmp_path: Path) -> None:
    stage.begin()
    stage.elsewhere = True
    migration = await app(stage, tmp_path, ("source",)).attach()
    assert migration is not None
    await asyncio.wait_for(end_of(migration), PATIENCE_S)
    assert migration.timeline.phase == "completed"
    assert migration.timeline.verified is not None
    assert "its destination is not one of the configured hosts" in migration.timeline.verified[1]
    assert set(summary(migration.folder)["hosts"]) == {"origin", "source"}

"""What the tests of migration share."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.unit.fakes import PATIENCE_S, Stage, connections, recording
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.guest.model.workload import Workload
from tui.migration.backend.before.preflight import Refused
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.recording.recorder import SUMMARY
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.model.record import Sample

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


PARAMETERS = {"command": "memory_intensive --threads 2 --size 150 --rate 50", "working_set_mib": 300, "rate_mib_s": 50}


async def workload(_vm: str, _known: Workload | None) -> Workload:
    return Workload("memory", PARAMETERS)


def app(stage: Stage, runs: Path, hosts: Sequence[str] = ("source", "destination")) -> MigrationOwner:
    """The app, started anew at each call."""
    return MigrationOwner(connections(stage, hosts), stage.open, runs, 0.005, workload)


def stage_of(name: str = "pre-copy-idle", *, waits_for_keys: bool = True) -> Stage:
    return Stage(recording(name), waits_for_keys=waits_for_keys)


async def end_of(migration: MigrationActor | None) -> MigrationActor:
    assert migration is not None
    await asyncio.wait_for(migration.ended(), PATIENCE_S)
    return migration


async def first_sample(migration: MigrationActor) -> None:
    """Wait until the migration is followed."""
    sampled = asyncio.Event()
    migration.listen(lambda each: sampled.set() if isinstance(each, Sample) else None)
    await asyncio.wait_for(sampled.wait(), PATIENCE_S)


def summary(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / SUMMARY).read_text("utf-8"))


def runs_in(runs: Path) -> list[Path]:
    return sorted(runs.iterdir())


async def in_the_way(migrations: MigrationOwner, plan: Plan) -> list[Failure]:
    """What keeps `plan` from starting; where nothing does, it is started and left."""
    try:
        await migrations.start(plan)
    except Refused as refused:
        return list(refused.failures)
    except Failure as failure:
        return [failure]
    await migrations.close()
    return []

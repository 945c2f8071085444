"""What the tests of migration share."""

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.fakes import PATIENCE_S, Stage, uri
from tui.core.plan import Plan
from tui.core.protocols import ITERATION
from tui.core.threads import IDLE
from tui.migration.backend.recording.recorder import RAW, SUMMARY, Recorder
from tui.migration.backend.recording.run_files import read_records
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.backend.running.connections import MigrationConnections
from tui.migration.model import record
from tui.migration.model.record import Event, Record, Sample

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


INTERVAL_S = 0.005


class Watched:
    """A migration, all its records, and a way to wait for more."""

    def __init__(self, migration: MigrationActor, stage: Stage) -> None:
        self.migration = migration
        self.stage = stage
        self.records: list[Record] = []
        self.on_disk: list[bool] = []  # when it was delivered
        self._changed = asyncio.Event()
        migration.listen(self._on_output)

    def _on_output(self, each: Record) -> None:
        self.records.append(each)
        lines = (self.migration.folder / RAW).read_text("utf-8").splitlines()
        self.on_disk.append(record.to_line(each) in lines)
        self._changed.set()

    async def until(self, met: Callable[[], Any]) -> None:
        async def wait() -> None:
            while not met():
                self._changed.clear()
                with contextlib.suppress(asyncio.TimeoutError):  # the condition may change without a record
                    await asyncio.wait_for(self._changed.wait(), 0.05)

        await asyncio.wait_for(wait(), PATIENCE_S)

    async def ended(self) -> None:
        await asyncio.wait_for(self.migration.ended(), PATIENCE_S)

    def events(self, kind: str) -> list[Event]:
        return [each for each in self.records if isinstance(each, Event) and each.kind == kind]

    def actions(self, action: str) -> list[Event]:
        return [each for each in self.events(record.ACTION) if each.data.get("action") == action]

    def samples(self, iteration: int) -> list[Sample]:
        samples = (each for each in self.records if isinstance(each, Sample))
        return [each for each in samples if each.number("memory_iteration") == iteration]

    def errors(self) -> list[str]:
        return [str(each.data["what"]) for each in self.events(record.ERROR)]

    @property
    def log(self) -> list[Record]:
        return read_records(self.migration.folder / RAW)

    @property
    def summary(self) -> dict[str, Any]:
        return dict(tomllib.loads((self.migration.folder / SUMMARY).read_text("utf-8")))


OPTIONS: dict[str, Any] = {"timeout_s": 25.0, "downtime_ms": 300}


def prepare(stage: Stage, runs: Path, plan: Plan | None = None, interval: float = INTERVAL_S) -> Watched:
    """A migration that has not begun."""
    start = next(each for each in stage.records if isinstance(each, Event) and each.kind == record.START)
    plan = plan or Plan(stage.vm.name, str(start.data["technique"]), float(start.data["timeout_s"]))
    route = MigrationConnections(stage.origin, stage.target, {host: uri(host) for host in stage.vms}, stage.open)
    migration = MigrationActor(plan, stage.vm, route, Recorder.create(runs, "run"), interval)
    migration.facts = {"destination_uri": "qemu+ssh://there/system"}
    return Watched(migration, stage)


def options(watched: Watched) -> dict[str, Any]:
    plan, stage = watched.migration.plan, watched.stage
    return OPTIONS | {
        "vm": plan.vm,
        "technique": plan.technique,
        "timeout_s": plan.timeout_s,
        "uuid": stage.vm.uuid,
        "origin": stage.origin,
        "target": stage.target,
    }


def begin(stage: Stage, runs: Path, plan: Plan | None = None) -> Watched:
    watched = prepare(stage, runs, plan)
    watched.migration.begin(options(watched))
    return watched


def join_threads(known: set[threading.Thread]) -> None:
    """Wait until all other threads have ended, or are idle."""
    until = time.monotonic() + PATIENCE_S
    while new := {each for each in set(threading.enumerate()) - known if each.name != IDLE}:
        assert time.monotonic() < until, new
        for each in new:
            if each.ident is not None:  # else it is about to start
                each.join(0.01)  # one of on_thread does not end, but becomes idle


def iteration(number: int) -> Callable[[Record], bool]:
    return lambda each: isinstance(each, Event) and each.kind == ITERATION and each.data["iteration"] == number

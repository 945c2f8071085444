"""Runs whose log has no end: the app was killed, or quit while the migration continued."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.core.clock import seconds_since
from tui.core.plan import Plan
from tui.core.protocols import Stat
from tui.core.settings import IDLE
from tui.core.vm import Vm
from tui.guest.model.workload import Workload
from tui.migration.backend.recording.recorder import RAW
from tui.migration.backend.recording.run_files import has_end, in_use, read_records
from tui.migration.model import record
from tui.migration.model.call.recorded_script import plan_in
from tui.migration.model.ending.evidence import HostAnswer
from tui.migration.model.record import Event, Record
from tui.migration.model.timeline import Timeline
from tui.vm.model.location import Inventory, VmOnHost

SAME_START_S = 60.0  # a job that began this much later than a run is another one; allows for a clock that was set


@dataclass(frozen=True)
class Unfinished:
    """A run folder without an end to which no process writes."""

    folder: Path
    plan: Plan
    vm: Vm  # as it was when it started
    origin: str
    target: str  # "" if unknown
    workload: Workload
    began: str  # the start of its clock, in UTC
    records: list[Record]
    tables: Mapping[str, Any]  # for run.toml, of whoever started it


def unfinished_runs(runs: Path) -> list[Unfinished]:
    """The unfinished runs, newest first, without broken folders: the Runs page shows those with the problem.

    Their hosts may be of another configuration.
    """
    if not runs.is_dir():
        return []
    folders = sorted((each.parent for each in runs.glob(f"*/{RAW}")), reverse=True)
    found = (_read_run(folder) for folder in folders)
    return [run for run in found if run is not None]


def same_job(run: Unfinished, found: VmOnHost, job: Mapping[str, Stat]) -> bool:
    """Whether `run` is the record of `job` of the VM `found`, and not of an earlier job of it."""
    elapsed_ms = job.get("time_elapsed", 0)
    passed_s = float(elapsed_ms) / 1000 if isinstance(elapsed_ms, (int, float)) else 0.0
    later = 0 < passed_s < seconds_since(run.began) - SAME_START_S
    return run.vm.uuid == found.vm.uuid and run.origin == found.host and not later


def _read_run(folder: Path) -> Unfinished | None:
    try:
        return None if has_end(folder / RAW) else _read(folder)
    except OSError:
        return None  # not readable for us


def _read(folder: Path) -> Unfinished | None:
    if in_use(folder / RAW):
        return None
    records = read_records(folder / RAW)
    begins = (each for each in records if isinstance(each, Event) and each.kind in (record.START, record.ATTACHED))
    first = next(begins, None)
    data = first.data if first else {}
    uuid, origin, began = (str(data.get(name, "")) for name in ("uuid", "origin", "began"))
    plan = plan_in(data)
    vcpus, memory_bytes = (data[name] if isinstance(data.get(name), int) else 0 for name in ("vcpus", "memory_bytes"))
    vm = Vm(plan.vm, uuid, "", vcpus=vcpus, memory_bytes=memory_bytes)
    if not plan.vm or not uuid or not origin or not _is_time(began):
        return None
    tables = data.get("tables")
    tables = tables if isinstance(tables, dict) else {}
    target = Timeline(each for each in records if isinstance(each, Event)).target
    return Unfinished(folder, plan, vm, origin, target, _workload(data), began, records, tables)


def _workload(data: Mapping[str, Any]) -> Workload:
    parameters = data.get("workload_parameters")
    return Workload(str(data.get("workload", IDLE)), parameters if isinstance(parameters, dict) else {})


def _is_time(began: str) -> bool:
    try:
        seconds_since(began)
    except ValueError:
        return False
    return True


def target_of(found: VmOnHost, run: Unfinished | None, inventory: Inventory) -> str:
    """Where a running migration goes; "" if another program started it and no other host receives the VM."""
    if run is not None and run.target in inventory.hosts:
        return run.target
    others = (each for each in inventory.found if each.host != found.host and each.vm.uuid == found.vm.uuid)
    return next((each.host for each in others if HostAnswer(each.vm).receives), "")

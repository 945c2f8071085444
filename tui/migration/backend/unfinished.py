"""Runs whose log has no end yet: the app was killed or quit while the migration went on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tui.core.clock import seconds_since
from tui.core.plan import Plan
from tui.core.settings import HYPERVISORS, IDLE
from tui.core.vm import Vm
from tui.guest.model.workload import Workload
from tui.migration.backend.recorder import RAW
from tui.migration.backend.run_files import in_use, read_records
from tui.migration.model import record
from tui.migration.model.record import Event, Record

LONGEST_END = 4096  # bytes; a longer last line is something else


@dataclass(frozen=True)
class Unfinished:
    """A run folder without an end that no process writes into."""

    folder: Path
    plan: Plan
    vm: Vm  # as it was when it started
    origin: str
    workload: Workload
    began: str  # when its clock was 0, in UTC
    records: list[Record]


def unfinished_runs(runs: Path) -> list[Unfinished]:
    """Newest first; a folder that is not (yet) a run's is passed over, the Runs page shows it with its trouble."""
    if not runs.is_dir():
        return []
    folders = sorted((each.parent for each in runs.glob(f"*/{RAW}")), reverse=True)
    found = (_read_run(folder) for folder in folders)
    return [run for run in found if run is not None]


def _read_run(folder: Path) -> Unfinished | None:
    try:
        return None if _ended(folder / RAW) else _read(folder)
    except OSError:
        return None  # not ours to read


def _ended(raw: Path) -> bool:
    """Whether the last line is an end, without reading the rest."""
    with raw.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - LONGEST_END))
        last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    try:
        each = record.from_line(last.decode())
    except ValueError:
        return False  # half a line, if it was to be an end, is none
    return isinstance(each, Event) and each.kind == record.END


def _read(folder: Path) -> Unfinished | None:
    if in_use(folder / RAW):
        return None
    records = read_records(folder / RAW)
    begins = (each for each in records if isinstance(each, Event) and each.kind in (record.START, record.ATTACHED))
    first = next(begins, None)
    data = first.data if first else {}
    uuid, origin, began = (str(data.get(name, "")) for name in ("uuid", "origin", "began"))
    plan = _plan(data)
    vcpus, memory_bytes = (data[name] if isinstance(data.get(name), int) else 0 for name in ("vcpus", "memory_bytes"))
    vm = Vm(plan.vm, uuid, "", vcpus=vcpus, memory_bytes=memory_bytes)
    if not plan.vm or not uuid or origin not in HYPERVISORS or not _is_time(began):
        return None
    return Unfinished(folder, plan, vm, origin, _workload(data), began, records)


def _workload(data: Mapping[str, Any]) -> Workload:
    parameters = data.get("workload_parameters")
    return Workload(str(data.get("workload", IDLE)), parameters if isinstance(parameters, dict) else {})


def _plan(data: Mapping[str, Any]) -> Plan:
    """What the log says that was asked for; what is missing or of another kind is as if nothing had been said."""
    plan = asdict(Plan(""))
    for name, usual in plan.items():
        kinds = (int, float) if isinstance(usual, float) else type(usual)
        if isinstance(data.get(name), kinds):
            plan[name] = data[name]
    return Plan(**plan)


def _is_time(began: str) -> bool:
    try:
        seconds_since(began)
    except ValueError:
        return False
    return True

"""Runs whose log has no end yet: the app was killed or quit while the migration went on."""

import fcntl
from dataclasses import dataclass
from pathlib import Path

from tui.backend.recorder import RAW
from tui.model import record
from tui.model.plan import Plan
from tui.model.record import Event, Record

OPTIONS = ("vm", "technique", "timeout_s", "bandwidth_mib_s", "downtime_ms", "auto_converge", "parallel")


@dataclass(frozen=True)
class Unfinished:
    """A run folder without an end that no process writes into."""

    folder: Path
    plan: Plan
    vm_uuid: str
    origin: str
    workload: str
    began: str  # when its clock was 0, in UTC
    records: list[Record]


def unfinished_runs(runs: Path) -> list[Unfinished]:
    """Newest first; a folder that is not (yet) a run's is passed over, the Runs page shows it with its trouble."""
    if not runs.is_dir():
        return []
    folders = sorted((each.parent for each in runs.glob(f"*/{RAW}")), reverse=True)
    found = (_read(folder) for folder in folders if not _ended(folder / RAW))
    return [run for run in found if run is not None]


def read_records(raw: Path) -> list[Record]:
    """Every whole line of a raw.jsonl; a crash may have left half a line, and that is passed over."""
    records = []
    with raw.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                records.append(record.from_line(line))
            except (ValueError, KeyError):
                continue
    return records


def _ended(raw: Path) -> bool:
    """Whether the last line is an end, without reading the rest."""
    with raw.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 4096))
        return f'"kind": "{record.END}"'.encode() in file.read().rstrip(b"\n").rpartition(b"\n")[2]


def _read(folder: Path) -> Unfinished | None:
    if _in_use(folder / RAW):
        return None
    records = read_records(folder / RAW)
    begins = (each for each in records if isinstance(each, Event) and each.kind in (record.START, record.ATTACHED))
    first = next(begins, None)
    if first is None or "uuid" not in first.data:
        return None
    plan = Plan(**{name: first.data[name] for name in OPTIONS if name in first.data})
    data = first.data
    return Unfinished(folder, plan, data["uuid"], data["origin"], data.get("workload", "idle"), data["began"], records)


def _in_use(raw: Path) -> bool:
    with raw.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False

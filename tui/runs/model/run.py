"""A recorded run, parsed from its run.toml; a broken one has a problem."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tui.core.plan import POST_COPY_MANUAL, POST_COPY_TIMEOUT, PRE_COPY, TECHNIQUES
from tui.runs.model.imported import imported_words

RUNNING = "running"  # the outcome in run.toml until the end is known
EARLIEST, LATEST = 1970, 9998  # years
UNDER_WAY, UNFINISHED, BROKEN = "under way", "unfinished", "broken"

MOST = 1e15  # bytes or milliseconds; more is a damaged file
UNSUMMARIZED = "It has ended, but its run.toml could not be written: the figures are only in its log."
UNFINISHED_WHY = "Its end was not recorded: the app stopped first. At its next start it records what libvirt still has."


@dataclass(frozen=True)
class Run:
    """One folder of the runs; unknown figures are None, `problem` is empty if there is none."""

    folder: Path
    began: datetime | None = None
    vm: str = ""
    workload: str = ""
    technique: str = ""
    timeout_s: float = 0.0
    origin: str = ""
    target: str = ""
    outcome: str = BROKEN
    total_s: float | None = None
    downtime_s: float | None = None
    sent_bytes: int | None = None
    problem: str = ""
    imported: str = ""  # where an imported run comes from, and what is not known of it

    @property
    def how(self) -> str:
        """The technique, short: "pre-copy", "post 25 s", "post hand"."""
        short = {
            PRE_COPY: "pre-copy",
            POST_COPY_TIMEOUT: f"post {self.timeout_s:g} s" if self.timeout_s else "post timed",
            POST_COPY_MANUAL: "post hand",
        }
        return short.get(self.technique, self.technique)


def parse_run(folder: Path, tables: Mapping[str, Any], *, in_use: bool, ended: bool = False) -> Run:
    """The run of a run.toml; missing or mistyped values are unknown. `ended`: its log has an end."""
    vm, options, hosts = (_table(tables, name) for name in ("vm", "options", "hosts"))
    figures, workload = _table(tables, "figures"), _table(tables, "workload")
    outcome = _text(tables, "outcome")
    total, downtime, sent = (_number(figures, name) for name in ("total_time_ms", "downtime_ms", "memory_sent_bytes"))
    problem = ""
    if outcome == RUNNING:
        outcome, problem = (UNDER_WAY, "") if in_use else (UNFINISHED, UNSUMMARIZED if ended else UNFINISHED_WHY)
    elif not outcome:
        outcome, problem = BROKEN, "Its run.toml has no outcome."
    return Run(
        folder=folder,
        began=parse_time(_text(tables, "began")) or time_of_name(folder.name),
        vm=_text(vm, "name"),
        workload=_text(workload, "name"),
        technique=_text(options, "technique"),
        timeout_s=_number(options, "timeout_s") or 0.0,
        origin=_text(hosts, "origin"),
        target=_text(hosts, "target"),
        outcome=outcome,
        total_s=total / 1000 if total is not None else None,
        downtime_s=downtime / 1000 if downtime is not None else None,
        sent_bytes=int(sent) if sent is not None else None,
        problem=problem,
        imported=imported_words(_table(tables, "imported")),
    )


def broken_run(folder: Path, problem: str) -> Run:
    """A run without a usable run.toml: VM, workload and technique come from the folder's name."""
    found = re.fullmatch(rf"[^-]+-(.+)-([^-]+)-({'|'.join(TECHNIQUES)})(?:-\d+)?", folder.name)
    vm, workload, technique = found.groups() if found else ("", "", "")
    began = time_of_name(folder.name)
    return Run(folder, began, vm=vm, workload=workload, technique=technique, problem=problem)


def parse_time(text: str) -> datetime | None:
    """An ISO time of the log; None for any other text."""
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return _shown(time if time.tzinfo else time.replace(tzinfo=timezone.utc))


def time_of_name(name: str) -> datetime | None:
    """The time in the name of a run's folder."""
    try:
        return _shown(datetime.strptime(name.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc))
    except ValueError:
        return None


def _shown(time: datetime) -> datetime | None:
    """The time, if it is within the years that can be converted to local time."""
    return time if EARLIEST <= time.year <= LATEST else None


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = tables.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(table: Mapping[str, Any], name: str) -> str:
    value = table.get(name)
    return value if isinstance(value, str) else ""


def _number(table: Mapping[str, Any], name: str) -> float | None:
    value = table.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= MOST:
        return None
    return float(value)

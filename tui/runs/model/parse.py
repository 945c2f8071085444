"""Reads a run from the tables of its run.toml, or, if that is missing or damaged, from the name of its folder."""

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tui.core.plan import TECHNIQUES
from tui.core.virsh_options import VirshOptions, read_options
from tui.forecast.model.interval import Interval
from tui.migration.model.observed_downtime import TEXTS, ObservedDowntime
from tui.migration.model.record import RUNNING
from tui.runs.model.annotation import Annotation
from tui.runs.model.imported import imported_words
from tui.runs.model.options import RunOptions
from tui.runs.model.run import (
    BROKEN,
    UNDER_WAY,
    UNFINISHED,
    UNFINISHED_WHY,
    UNSUMMARIZED,
    GuestWork,
    HostFacts,
    QueueMark,
    Run,
    StudyMark,
)
from tui.runs.model.run_forecast import RunForecast

EARLIER_LOSS = "an earlier version measured it, which did not see the switchover of a short migration"
EARLIEST, LATEST = 1970, 9998  # years
MOST = 1e15  # bytes or milliseconds; more is a damaged file
NAME = re.compile(rf"[^-]+-(.+)-([^-]+)-({'|'.join(TECHNIQUES)})(?:-\d+)?")

Tables = Mapping[str, Any]


def parse_run(
    folder: Path,
    tables: Tables,
    *,
    in_use: bool,
    ended: bool = False,
    annotation: Annotation | None = None,
    after: Tables | None = None,
) -> Run:
    """The run of a run.toml; missing or mistyped values are unknown.

    `ended`: its log has an end; `after` are the tables of its study.toml, with `problem` if that can't be read.
    """
    after = after or {}
    vm, hosts, figures = (_table(tables, name) for name in ("vm", "hosts", "figures"))
    outcome, problem = _outcome(_text(tables, "outcome"), in_use=in_use, ended=ended)
    workload, error = _table(tables, "workload"), _table(tables, "error")
    origin, target = _text(hosts, "origin"), _text(hosts, "target")
    return Run(
        folder=folder,
        began=parse_time(_text(tables, "began")) or time_of_name(folder.name),
        ended=parse_time(_text(tables, "ended")),
        vm=_text(vm, "name"),
        vcpus=_whole(vm, "vcpus"),
        memory_bytes=_whole(vm, "memory_bytes"),
        accelerator=_text(vm, "accelerator"),
        workload=_text(workload, "name"),
        parameters={name: value for name, value in workload.items() if name != "name" and _is_plain(value)},
        options=_options(_table(tables, "options")),
        origin=origin,
        target=target,
        destination_uri=_text(tables, "destination_uri"),
        origin_facts=_host(_table(hosts, origin)),
        target_facts=_host(_table(hosts, target)),
        app_version=_text(_table(tables, "versions"), "vmlm-tui"),
        interval_s=_number(tables, "interval_s"),
        outcome=outcome,
        verified=_text(tables, "verified"),
        advice=_text(tables, "advice"),
        error=": ".join(word for word in (_text(error, "what"), _text(error, "why")) if word),
        total_s=_seconds(figures, "total_time_ms"),
        downtime_s=_seconds(figures, "downtime_ms"),
        setup_s=_seconds(figures, "setup_time_ms"),
        sent_bytes=_whole(figures, "memory_sent_bytes"),
        total_bytes=_whole(figures, "memory_total_bytes"),
        disks_bytes=_whole(figures, "disk_copied_bytes"),
        passes=_whole(figures, "passes"),
        faults=_whole(figures, "post_copy_faults"),
        post_copy_at_s=_number(figures, "post_copy_at_s"),
        samples=_whole(figures, "samples"),
        from_libvirt=_truth(figures, "from_libvirt"),
        observed=_observed(_table(tables, "felt")),
        guest=_guest({**_table(tables, "guest"), **_table(after, "guest")}, _text(after, "error")),
        bandwidth_bytes_s=_number(figures, "bandwidth_bytes_s"),
        device_ms=_number(figures, "device_ms"),
        forecast=_forecast(_table(tables, "forecast")),
        study=_study(_table(tables, "study"), _seconds(figures, "total_time_ms")),
        queue=_queue(_table(tables, "queue")),
        imported=imported_words(_table(tables, "imported")),
        annotation=annotation or Annotation(),
        problem=problem or _text(after, "problem"),
    )


def broken_run(folder: Path, problem: str, annotation: Annotation | None = None) -> Run:
    """A run without a usable run.toml: VM, workload and technique come from the folder's name."""
    found = NAME.fullmatch(folder.name)
    vm, workload, technique = found.groups() if found else ("", "", "")
    return Run(
        folder,
        time_of_name(folder.name),
        vm=vm,
        workload=workload,
        options=RunOptions(technique),
        annotation=annotation or Annotation(),
        problem=problem,
    )


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


def _outcome(recorded: str, *, in_use: bool, ended: bool) -> tuple[str, str]:
    """The outcome, and the problem of a run without an end."""
    if recorded == RUNNING:
        return (UNDER_WAY, "") if in_use else (UNFINISHED, UNSUMMARIZED if ended else UNFINISHED_WHY)
    return (recorded, "") if recorded else (BROKEN, "Its run.toml has no outcome.")


def _options(table: Tables) -> RunOptions:
    virsh = read_options(table)
    if _truth(table, "host_address"):
        virsh.pop("migrateuri", None)  # it is one of its host, and would make each direction another setting
    return RunOptions(
        technique=_text(table, "technique"),
        timeout_s=_number(table, "timeout_s"),
        bandwidth_mib_s=_whole(table, "bandwidth_mib_s"),
        downtime_ms=_whole(table, "downtime_ms"),
        auto_converge=_truth(table, "auto_converge"),
        parallel=_whole(table, "parallel"),
        policy=_text(table, "policy"),
        total_s=_number(table, "total_s"),
        shadow=bool(_truth(table, "shadow")),
        post_copy_refused=_text(table, "post_copy_refused"),
        virsh=VirshOptions(**virsh),
    )


def _host(table: Tables) -> HostFacts:
    return HostFacts(
        hostname=_text(table, "hostname"),
        uri=_text(table, "uri"),
        libvirt=_text(table, "libvirt"),
        qemu=_text(table, "qemu"),
        cpus=_whole(table, "cpus"),
        cpu_model=_text(table, "cpu_model"),
        memory_bytes=_whole(table, "memory_bytes"),
    )


def _study(table: Tables, total_s: float | None) -> StudyMark | None:
    if not table:
        return None
    limit_s = _number(table, "limit_s")
    # A run that ended while no process watched it has no mark.
    unmarked = limit_s is not None and total_s is not None and total_s > limit_s
    return StudyMark(
        name=_text(table, "name"),
        id=_text(table, "id"),
        cell=_text(table, "cell"),
        direction=_text(table, "direction"),
        repeat=_whole(table, "repeat"),
        warm_up=_truth(table, "warm_up") or False,
        censored=unmarked or _truth(table, "censored") or False,
        limit_s=limit_s,
    )


def _queue(table: Tables) -> QueueMark | None:
    if not table:
        return None
    return QueueMark(_text(table, "id"), _whole(table, "number"), _whole(table, "attempt"))


def _guest(table: Tables, error: str) -> GuestWork:
    before, after = _number(table, "rate_before"), _number(table, "rate_after")
    why = _text(table, "lost_at_least") if "lost_at_least" in table else EARLIER_LOSS
    lost_s = _number(table, "lost_s")
    return GuestWork(before, after, _text(table, "unit"), lost_s, "" if lost_s is None else why, error)


def _observed(table: Tables) -> ObservedDowntime | None:
    if not table:
        return None
    numbers = {name: value for name, value in table.items() if type(value) in (int, float) and abs(value) <= MOST}
    texts = {name: _text(table, name) for name in TEXTS}
    return ObservedDowntime.of(numbers | texts | {"network_open": table.get("network_open")})


def _forecast(table: Tables) -> RunForecast | None:
    if not table:
        return None
    outcome = _table(table, "outcome")
    return RunForecast(
        technique=_text(table, "technique"),
        converges=_truth(table, "converges"),
        certain=_truth(table, "certain"),
        total_s=_interval(table, "total_s"),
        downtime_s=_interval(table, "downtime_s"),
        sent_bytes=_interval(table, "sent_bytes"),
        bandwidth_bytes_s=_interval(table, "bandwidth_bytes_s"),
        bandwidth_source=_text(table, "bandwidth_source"),
        verdict_right=_truth(outcome, "verdict_right"),
        total_error=_error(outcome, "total_error"),
        downtime_error=_error(outcome, "downtime_error"),
        total_within=_truth(outcome, "total_within"),
        downtime_within=_truth(outcome, "downtime_within"),
    )


def _interval(table: Tables, name: str) -> Interval | None:
    try:
        return Interval.from_json(table.get(name))
    except ValueError:  # damaged, or missing
        return None


def _error(table: Tables, name: str) -> float | None:
    """A share of what happened: at least -1, as a forecast is not below 0."""
    value = table.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not -1 <= value <= MOST:
        return None
    return float(value)


def _shown(time: datetime) -> datetime | None:
    """The time, if it is within the years that can be converted to local time."""
    return time if EARLIEST <= time.year <= LATEST else None


def _table(tables: Tables, name: str) -> Tables:
    value = tables.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(table: Tables, name: str) -> str:
    value = table.get(name)
    return value if isinstance(value, str) else ""


def _truth(table: Tables, name: str) -> bool | None:
    value = table.get(name)
    return value if isinstance(value, bool) else None


def _number(table: Tables, name: str) -> float | None:
    value = table.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= MOST:
        return None
    return float(value)


def _whole(table: Tables, name: str) -> int | None:
    value = _number(table, name)
    return None if value is None else int(value)


def _seconds(table: Tables, name: str) -> float | None:
    value = _number(table, name)
    return None if value is None else value / 1000


def _is_plain(value: Any) -> bool:
    """Whether the value is a text, a truth value, or a number that is no damage."""
    return isinstance(value, (str, bool)) or (isinstance(value, (int, float)) and abs(value) <= MOST)

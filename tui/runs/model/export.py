"""Runs and samples as CSV and JSON, for programs: every known value, with its unit in the name of the field."""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from itertools import chain
from pathlib import Path
from typing import Any

from tui.core.plain_text import plain
from tui.core.plan import TIMED
from tui.forecast.model.interval import Interval
from tui.migration.model.observed_downtime import ObservedDowntime
from tui.migration.model.record import Sample
from tui.runs.model.run import GuestWork, HostFacts, QueueMark, Run, StudyMark
from tui.runs.model.run_forecast import RunForecast

Fields = dict[str, Any]
PARAMETERS = "workload_parameters"
MOST_WHOLE = 1e15
SAMPLE_FIELDS = ("run", "t_s", "at", "state", "waited_s", "late_s")


def fields(run: Run) -> Fields:
    """All values of a run: numbers, truth values, texts, ISO times; None if unknown."""
    options, note = run.options, run.annotation
    return {
        "run": run.folder.name,
        "began": _iso(run.began),
        "ended": _iso(run.ended),
        "outcome": run.outcome,
        "vm": run.vm,
        "vm_vcpus": run.vcpus,
        "vm_memory_bytes": run.memory_bytes,
        "vm_accelerator": run.accelerator,
        "workload": run.workload,
        PARAMETERS: dict(run.parameters),
        "technique": run.technique,
        "timeout_s": options.timeout_s if run.technique in TIMED else None,
        "bandwidth_limit_mib_s": options.bandwidth_mib_s,
        "downtime_limit_ms": options.downtime_ms,
        "auto_converge": options.auto_converge,
        "parallel_connections": options.parallel,
        "further_options": options.further,
        "origin": run.origin,
        "target": run.target,
        "total_time_ms": _ms(run.total_s),
        "downtime_ms": _ms(run.downtime_s),
        **_observed(run, run.observed or ObservedDowntime()),
        "setup_time_ms": _ms(run.setup_s),
        "memory_sent_bytes": run.sent_bytes,
        "memory_total_bytes": run.total_bytes,
        "disk_copied_bytes": run.disks_bytes,
        "passes": run.passes,
        "post_copy_faults": run.faults,
        "post_copy_at_s": run.post_copy_at_s,
        "bandwidth_bytes_s": run.bandwidth_bytes_s,
        "device_ms": run.device_ms,
        "samples": run.samples,
        "interval_s": run.interval_s,
        "figures_from_libvirt": run.from_libvirt,
        **_forecast(run.forecast or RunForecast()),
        **_guest(run.guest),
        **_host("origin", run.origin_facts),
        **_host("target", run.target_facts),
        "vmlm_tui_version": run.app_version,
        "verified": run.verified,
        "error": run.error,
        **_study(run.study or StudyMark(), known=run.study is not None),
        **_queue(run.queue or QueueMark()),
        "imported": bool(run.imported),
        "tags": list(note.tags),
        "note": note.note,
        "excluded": bool(note.excluded),
        "excluded_reason": note.excluded,
        "problem": run.problem or note.problem,
        "folder": str(run.folder),
    }


def json_value(value: Any) -> Any:
    """The value for JSON: text without control characters, None for an empty text, a NaN or an infinity."""
    if isinstance(value, str):
        return plain(value) or None
    if isinstance(value, Mapping):
        return {plain(str(name)): json_value(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_list(rows: Iterable[Fields]) -> Iterator[str]:
    """A JSON list, one object a line."""
    before = "["
    for row in rows:
        yield f"{before}\n{json.dumps(json_value(row), ensure_ascii=False, allow_nan=False)}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def csv_of_runs(runs: Sequence[Run]) -> Iterator[str]:
    """The lines of a CSV, one row a run; each parameter of the workloads has a column."""
    rows = [fields(run) for run in runs]
    parameters = list(dict.fromkeys(name for row in rows for name in row[PARAMETERS]))
    names: list[str] = []
    for name in fields(Run(Path())):
        names += [f"workload_{each}" for each in parameters] if name == PARAMETERS else [name]
    for row in rows:
        row |= {f"workload_{name}": value for name, value in row[PARAMETERS].items()}
    return csv_lines(names, rows)


def csv_lines(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The lines of a CSV with a header; an unknown value is empty."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    for values in chain(({name: name for name in names},), rows):
        line.seek(0)
        line.truncate()
        writer.writerow([_cell(values.get(name)) for name in names])
        yield line.getvalue()


def sample_row(run: Run, sample: Sample) -> Fields:
    """A sample with the statistics under libvirt's own names; what is no number and no text is damaged."""
    own = (run.folder.name, round(sample.t, 4), sample.at, sample.state, sample.waited, sample.late)
    return dict(zip(SAMPLE_FIELDS, own, strict=True)) | {
        name: each for name, each in sample.stats.items() if isinstance(each, (bool, int, float, str))
    }


def _observed(run: Run, observed: ObservedDowntime) -> Fields:
    return {
        "network_downtime_ms": observed.network_ms,
        "network_resolution_ms": observed.network_resolution_ms,
        "network_downtime_why": observed.network_why,
        "guest_downtime_ms": _rounded(run.guest_ms),
        "guest_resolution_ms": observed.guest_resolution_ms,
        "guest_downtime_why": observed.guest_why,
        "guest_clock_lost_ms": observed.clock_lost_ms,
        "guest_clock_error_ms": observed.clock_error_ms,
        "guest_clock_why": observed.clock_why,
    }


def _forecast(forecast: RunForecast) -> Fields:
    """An infinite value is None, as an unknown one: `forecast_converges` tells them apart."""
    return {
        "forecast_technique": forecast.technique,
        "forecast_converges": forecast.converges,
        "forecast_certain": forecast.certain,
        **_interval("forecast_total", "ms", forecast.total_s, 1000),
        **_interval("forecast_downtime", "ms", forecast.downtime_s, 1000),
        **_interval("forecast_sent", "bytes", forecast.sent_bytes),
        **_interval("forecast_bandwidth", "bytes_s", forecast.bandwidth_bytes_s),
        "forecast_bandwidth_source": forecast.bandwidth_source,
        "forecast_verdict_right": forecast.verdict_right,
        "forecast_total_error": forecast.total_error,
        "forecast_total_within": forecast.total_within,
        "forecast_downtime_error": forecast.downtime_error,
        "forecast_downtime_within": forecast.downtime_within,
    }


def _interval(name: str, unit: str, interval: Interval | None, factor: float = 1) -> Fields:
    bounds = (None, None, None) if interval is None else (interval.likely, interval.low, interval.high)
    fields = (f"{name}_{unit}", f"{name}_low_{unit}", f"{name}_high_{unit}")
    finite = (None if each is None or math.isinf(each) else _rounded(each * factor) for each in bounds)
    return dict(zip(fields, finite, strict=True))


def _guest(guest: GuestWork) -> Fields:
    return {
        "guest_rate_before": guest.rate_before,
        "guest_rate_after": guest.rate_after,
        "guest_rate_unit": guest.unit,
        "guest_lost_s": guest.lost_s,
        "guest_lost_at_least_why": guest.lost_at_least,
        "guest_error": guest.error,
    }


def _host(name: str, facts: HostFacts) -> Fields:
    values = {
        "hostname": facts.hostname,
        "libvirt": facts.libvirt,
        "qemu": facts.qemu,
        "cpus": facts.cpus,
        "cpu_model": facts.cpu_model,
        "memory_bytes": facts.memory_bytes,
    }
    return {f"{name}_{field}": value for field, value in values.items()}


def _study(study: StudyMark, *, known: bool) -> Fields:
    return {
        "study": study.name,
        "study_id": study.id,
        "cell": study.cell,
        "direction": study.direction,
        "repeat": study.repeat,
        "warm_up": study.warm_up if known else None,
        "censored": study.censored if known else None,
        "limit_s": study.limit_s,
    }


def _queue(queue: QueueMark) -> Fields:
    return {"queue": queue.id, "queue_number": queue.number, "queue_attempt": queue.attempt}


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    value = json_value(value)
    if isinstance(value, list):
        return ";".join(map(str, value))
    if isinstance(value, float) and value.is_integer() and abs(value) < MOST_WHOLE:
        value = int(value)
    return "" if value is None else str(value)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else _rounded(seconds * 1000)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _iso(time: datetime | None) -> str | None:
    """UTC, as in run.toml."""
    if time is None:
        return None
    return time.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")

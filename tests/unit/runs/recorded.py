"""Recorded runs for tests: the tables of a run.toml, and folders with them."""

from pathlib import Path
from typing import Any

import tomli_w


def tables(total_s: float | None = 12.0, outcome: str = "completed", **changes: Any) -> dict[str, Any]:
    """The tables of a run; `changes` replace keys of tables, such as options={"parallel": 4}."""
    found: dict[str, Any] = {
        "outcome": outcome,
        "began": "2026-11-23T04:00:00.000Z",
        "ended": "2026-11-23T04:01:00.000Z",
        "vm": {"name": "guest1", "vcpus": 2, "memory_bytes": 1 << 30},
        "options": {
            "technique": "pre-copy",
            "timeout_s": 25.0,
            "bandwidth_mib_s": 0,
            "downtime_ms": 300,
            "auto_converge": False,
            "parallel": 0,
        },
        "hosts": {
            "origin": "source",
            "target": "destination",
            "source": {"hostname": "a", "qemu": "10.0.2", "libvirt": "11.3.0", "cpu_model": "Skylake"},
            "destination": {"hostname": "b", "qemu": "10.0.2", "libvirt": "11.3.0", "cpu_model": "Skylake"},
        },
        "workload": {"name": "memory", "threads": 2, "size_mib": 150, "rate_mib_s": 20, "working_set_mib": 300},
        "versions": {"vmlm-tui": "0.2.0"},
        "figures": {
            "total_time_ms": None if total_s is None else round(1000 * total_s),
            "downtime_ms": 30,
            "memory_sent_bytes": 2 << 30,
            "memory_total_bytes": 1 << 30,
            "passes": 4,
            "post_copy_faults": 0,
        },
        "felt": {"network_ms": 200.0, "guest_ms": 100.0, "clock_lost_ms": 60.0, "clock_error_ms": 20.0},
    }
    for name, change in changes.items():
        found[name] = {**found.get(name, {}), **change} if isinstance(change, dict) else change
    return {name: _known(value) for name, value in found.items() if value is not None}


def _known(value: Any) -> Any:
    return {key: each for key, each in value.items() if each is not None} if isinstance(value, dict) else value


def write(folder: Path, name: str, content: dict[str, Any]) -> Path:
    """A folder of a run with this run.toml."""
    run = folder / name
    run.mkdir(parents=True)
    (run / "run.toml").write_text(tomli_w.dumps(content))
    return run

"""How a run has ended, read from its folder, for those that did not see it end."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.core.quantity import MOST_S
from tui.core.regular_file import read_regular
from tui.migration.backend.recording.recorder import SUMMARY

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class RunResult:
    """The outcome, "running" if no end was recorded; libvirt's figures, None if unknown; and all tables of run.toml."""

    outcome: str
    total_s: float | None
    downtime_s: float | None
    tables: Mapping[str, Any]

    def table(self, name: str) -> Mapping[str, Any]:
        """A table of run.toml, empty if it has none of that name."""
        found = self.tables.get(name)
        return found if isinstance(found, dict) else {}


def result_in(folder: Path) -> RunResult:
    """The result in run.toml; raises OSError, or ValueError if it is damaged."""
    tables = tomllib.loads(read_regular(folder / SUMMARY).decode())
    figures = tables.get("figures")
    total_s, downtime_s = (_seconds(figures, name) for name in ("total_time_ms", "downtime_ms"))
    return RunResult(str(tables.get("outcome")), total_s, downtime_s, tables)


def _seconds(figures: object, name: str) -> float | None:
    """A figure of run.toml; None if it is missing or the file is damaged."""
    found = figures.get(name) if isinstance(figures, dict) else None
    return found / 1000 if isinstance(found, (int, float)) and 0 <= found <= MOST_S * 1000 else None

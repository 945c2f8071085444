"""Reads what earlier runs show of the link between two hosts and of a VM's memory, from the newest recorded runs."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.core.regular_file import open_regular, read_regular
from tui.forecast.model import first_pass
from tui.forecast.model.link import EarlierRun, LinkFacts, Probe, Way, earlier_run, learned

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SUMMARY, RAW = "run.toml", "raw.jsonl"
COUNTED = 20  # runs of the two hosts that sent in one way
COUNTED_OF_VM = 5
READ = 400  # newest runs; those of other hosts may be among them
TAIL_BYTES = 64 << 10  # of a log: its last statistics are among them


@dataclass(frozen=True)
class Earlier:
    """The earlier runs of two hosts, and what those of the VM show of its first pass, the newest first."""

    runs: tuple[EarlierRun, ...] = ()
    first: tuple[first_pass.Earlier, ...] = ()

    def link(self, way: Way = (), probe: Probe | None = None) -> LinkFacts:
        """What the runs and a probe show of the link for a migration that sends in this way."""
        return learned(self.runs, way, probe)


def earlier(runs: Path, origin: str, target: str, uuid: str) -> Earlier:
    """What the newest runs show of the link from one host to another, by their host names, and of a VM. Blocks.

    A run or a folder that can't be read shows nothing; the Runs page reports it.
    """
    return earlier_in(newest(runs), origin, target, uuid)


def earlier_in(runs: Iterable[tuple[Path, Mapping[str, Any]]], origin: str, target: str, uuid: str) -> Earlier:
    """As `earlier`, of runs that were read before, for several VMs or links. Blocks."""
    found: list[EarlierRun] = []
    counts: Counter[Way] = Counter()
    first: list[first_pass.Earlier] = []
    for folder, tables in runs:
        run = earlier_run(tables, origin, target)
        if run is not None and counts[run.way] < COUNTED:
            counts[run.way] += 1
            found.append(run)
        vm = tables.get("vm")
        if len(first) < COUNTED_OF_VM and isinstance(vm, Mapping) and vm.get("uuid") == uuid:
            sent = _sent_first(folder / RAW)
            first += [] if sent is None else [first_pass.Earlier(sent, first_pass.dirtied_before(tables))]
    return Earlier(tuple(found), tuple(first))


def newest(runs: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The folders of the newest runs, each with its run.toml; those that can't be read are left out. Blocks."""
    try:
        names = sorted((each.name for each in runs.iterdir()), reverse=True)  # each begins with its time
    except OSError:
        return
    for name in names[:READ]:
        try:
            yield runs / name, tomllib.loads(read_regular(runs / name / SUMMARY).decode())
        except (OSError, ValueError, RecursionError):
            continue


def _sent_first(raw: Path) -> float | None:
    """What the first pass of a run sent, from the last statistics in its log."""
    try:
        with open_regular(raw) as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        if '"memory_constant"' in line:
            try:
                return first_pass.sent_first(json.loads(line))
            except (ValueError, RecursionError):
                continue
    return None

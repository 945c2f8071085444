"""Reads what earlier runs show of the link between two hosts and of a VM's memory, from the newest recorded runs."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.core.regular_file import open_regular, read_regular
from tui.forecast.model import first_pass
from tui.forecast.model.link import EarlierRun, LinkFacts, Way, earlier_run, learned

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SUMMARY, RAW = "run.toml", "raw.jsonl"
COUNTED = 20  # runs of the two hosts
COUNTED_OF_VM = 5
READ = 400  # newest runs; those of other hosts may be among them
TAIL_BYTES = 64 << 10  # of a log: its last statistics are among them


@dataclass(frozen=True)
class Earlier:
    """What earlier runs show: of the link, and of what the first pass of the VM sends, the newest run first."""

    link: LinkFacts = field(default_factory=LinkFacts)
    first: tuple[first_pass.Earlier, ...] = ()


def earlier(runs: Path, origin: str, target: str, uuid: str, way: Way = ()) -> Earlier:
    """What the newest runs show of the link from one host to another, by their host names, and of a VM. Blocks.

    A run or a folder that can't be read shows nothing; the Runs page reports it.
    """
    return earlier_in(newest(runs), origin, target, uuid, way)


def earlier_in(
    runs: Iterable[tuple[Path, Mapping[str, Any]]], origin: str, target: str, uuid: str, way: Way = ()
) -> Earlier:
    """As `earlier`, of runs that were read before, for several VMs or links. Blocks."""
    found: list[EarlierRun] = []
    first: list[first_pass.Earlier] = []
    for folder, tables in runs:
        run = earlier_run(tables, origin, target, way)
        if run is not None and len(found) < COUNTED:
            found.append(run)
        vm = tables.get("vm")
        if len(first) < COUNTED_OF_VM and isinstance(vm, Mapping) and vm.get("uuid") == uuid:
            sent = _sent_first(folder / RAW)
            first += [] if sent is None else [first_pass.Earlier(sent, first_pass.dirtied_before(tables))]
    return Earlier(learned(found), tuple(first))


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

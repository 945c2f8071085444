"""Groups of runs with equal settings, and the settings in which groups differ."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Any

from tui.core.plan import PRE_COPY
from tui.runs.model.measured import AXES, CENSORED, COMPLETED, Measured, Settings, Value

CELL, DIRECTION = "cell", "direction"
POOLED = "both directions"
ROWS = ("vm", "accelerator", "workload", "direction")  # of a matrix; the other settings are its columns
WORDS = {
    "vm": "VM",
    "accelerator": "accelerator",
    "workload": "workload",
    "technique": "technique",
    "bandwidth": "bandwidth limit",
    "limit": "downtime limit",
    "connections": "connections",
    "throttle": "auto-converge",
    "further": "further options",
    "direction": "direction",
    "cell": "study cell",
}  # the names of the settings for a person


@dataclass(frozen=True)
class Group:
    """Runs with equal settings, in the order in which they began."""

    settings: Settings
    runs: tuple[Measured, ...]

    def values(self, figure: str) -> list[tuple[Measured, Value]]:
        """The runs that count and have this figure, with its value."""
        return [(run, run.values[figure]) for run in self.runs if run.counts and figure in run.values]

    def unmeasured(self, figure: str) -> tuple[int, int]:
        """How many censored runs, and how many completed ones, lack this figure."""
        lacking = [run.status for run in self.runs if figure not in run.values]
        return lacking.count(CENSORED), lacking.count(COMPLETED)

    def count(self, status: str) -> int:
        """How many runs have this status."""
        return sum(run.status == status for run in self.runs)

    @property
    def converged(self) -> int:
        """How many runs completed by pre-copy alone."""
        return sum(run.status == COMPLETED and run.without_post_copy for run in self.runs)

    @property
    def reasons(self) -> list[str]:
        """Why runs do not count, the most frequent reason first: "2 x cancelled"."""
        found = Counter(run.why or run.status for run in self.runs if not run.counts)
        return [f"{count} x {why}" if count > 1 else why for why, count in found.most_common()]

    @property
    def mixed(self) -> list[str]:
        """The facts that are not equal in all runs that count: "QEMU: 10.0.2, 10.1.0"."""
        counted = [run for run in self.runs if run.counts]
        names = dict.fromkeys(name for run in counted for name in run.facts)
        found = {name: sorted({run.facts[name] for run in counted if run.facts.get(name)}) for name in names}
        return [f"{name}: {', '.join(values)}" for name, values in found.items() if len(values) > 1]


def grouped(runs: Iterable[Measured], *, pooled: bool = False) -> list[Group]:
    """The groups, in the order of their settings: pre-copy without options is the first of its workload.

    `pooled`: runs there and back are repeats of each other.
    """
    found: dict[Settings, list[Measured]] = {}
    if pooled:
        runs = [replace(run, settings=replace(run.settings, direction=POOLED)) for run in runs]
    for run in sorted(runs, key=lambda each: (each.began.timestamp() if each.began else 0.0, each.name)):
        found.setdefault(run.settings, []).append(run)
    return [Group(settings, tuple(found[settings])) for settings in sorted(found, key=_order)]


def _order(settings: Settings) -> tuple[Any, ...]:
    """Sorts numbers in texts by their size, and pre-copy before the others; no order of runs can change it."""
    later = not settings.technique.startswith(PRE_COPY)
    return (*(_parts(getattr(settings, axis)) for axis in ROWS), later, *(_parts(getattr(settings, a)) for a in AXES))


def _parts(words: str) -> list[tuple[float, str]]:
    return [(float(part), "") if part.isdecimal() else (-1.0, part) for part in re.split(r"([0-9]+)", words)]


def differing(settings: Sequence[Settings]) -> tuple[str, ...]:
    """The names of the settings that are not equal in all; the study cell, which repeats others, only if alone."""
    found = tuple(axis for axis in AXES if len({getattr(each, axis) for each in settings}) > 1)
    return tuple(axis for axis in found if axis != CELL) or found


def text(settings: Settings, axes: Sequence[str] = AXES) -> str:
    """These settings in words; one that is not set is left out, unless it is the only one."""
    words = [getattr(settings, axis) for axis in axes if getattr(settings, axis)]
    missing = (f"{WORDS[axis]} unknown" if axis == "accelerator" else f"no {WORDS[axis]}" for axis in axes)
    return ", ".join(words) or ", ".join(missing) or "all runs"


def names(settings: Sequence[Settings]) -> list[str]:
    """Each in words, as short as it can be told apart from the others."""
    found = [text(each, differing(settings)) for each in settings]
    if len(set(found)) == len(found):
        return found
    return [text(each, (*differing(settings), CELL)) for each in settings]


def matrix(settings: Sequence[Settings]) -> tuple[list[str], list[str]]:
    """The row and the column of each in a matrix: VM, workload and direction by technique and options."""
    shown = [axis for axis in AXES if axis in differing(settings) or axis == "technique"]
    sides = [[axis for axis in shown if (axis in ROWS) == side] for side in (True, False)]
    rows, columns = ([text(each, axes) if axes else "" for each in settings] for axes in sides)
    return rows, columns


def common(settings: Sequence[Settings]) -> str:
    """The settings that are equal in all, in words; empty if there is none."""
    equal = [axis for axis in AXES if axis != CELL and len({getattr(each, axis) for each in settings}) == 1]
    return ", ".join(getattr(settings[0], axis) for axis in equal if getattr(settings[0], axis))


def directions(groups: Sequence[Group], by: Sequence[str] = ()) -> str:
    """The sentence on how runs there and back are treated; empty if there is only one direction.

    `by` are the settings in which compared groups may differ, as in `families`.
    """
    known = {group.settings.direction for group in groups}
    if known == {POOLED}:
        return "Runs there and back are pooled."
    if len(known) < 2:
        return ""
    if DIRECTION in by:
        return "Each direction is a group of its own."
    return "Each direction is a group of its own, and is compared only with groups of the same direction."


def families(groups: Sequence[Group], by: Sequence[str] = ()) -> list[list[int]]:
    """The positions of the groups to compare with each other: those that differ only by these settings.

    Without any, they may differ by all but the direction, because the hosts may differ. A study cell names the other
    settings, so it may differ, too.
    """
    by = by or [axis for axis in AXES if axis != DIRECTION]
    found: dict[tuple[str, ...], list[int]] = {}
    for position, group in enumerate(groups):
        rest = tuple(getattr(group.settings, axis) for axis in AXES if axis not in (*by, CELL))
        found.setdefault(rest, []).append(position)
    return list(found.values())


def letter(position: int) -> str:
    """A short name of a group: A to Z, then AA."""
    before, last = divmod(position, len(ascii_uppercase))
    return (letter(before - 1) if before else "") + ascii_uppercase[last]

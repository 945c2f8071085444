"""The settings of a study: each combination of a VM, a workload and the options of a migration is a cell."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from tui.core.plan import AT_ONCE, NOT_ALLOWED, POST_COPY_MANUAL, TIMED, Plan, without_post_copy
from tui.core.quantity import MIB
from tui.core.schema import Problem
from tui.core.settings import IDLE, CpuWorkload, MemoryWorkload
from tui.core.virsh_options import OPTIONS, option_words
from tui.guest.model.workload import CPU, MEMORY, WorkloadSpec
from tui.study.model.plan import MOST_RUNS, TECHNIQUES, MigrationTable, StudyPlan, WorkloadTable

LEGS = 2  # there and back


@dataclass(frozen=True)
class Cell:
    """One setting; `spec` is the workload to start, None for an idle guest.

    `row` names the workload in a table of the study, with its VM if there are several, and `column` the technique.
    """

    plan: Plan
    spec: WorkloadSpec | None
    row: str
    column: str

    @property
    def short(self) -> str:
        """Its name in a line of progress."""
        return f"{self.row} {self.column}".rstrip()

    @property
    def vm(self) -> str:
        """The VM that is migrated."""
        return self.plan.vm

    @cached_property  # the status of a study needs it for each of its runs
    def text(self) -> str:
        """The whole setting; equal settings have equal texts."""
        workload = self.spec.text if self.spec else IDLE
        return f"{self.vm}; {workload}; {options_text(self.plan)}"


def technique_text(plan: Plan) -> str:
    """The technique in words."""
    return AT_ONCE if plan.technique == POST_COPY_MANUAL else plan.words


def options_text(plan: Plan) -> str:
    """The technique with all options that differ from their defaults: "pre-copy, at most 20 MiB/s, auto-converge"."""
    usual, parts = Plan(plan.vm), [technique_text(plan)]
    if plan.bandwidth_mib_s:
        parts.append(f"at most {plan.bandwidth_mib_s} MiB/s")
    if plan.downtime_ms != usual.downtime_ms:
        parts.append(f"downtime {plan.downtime_ms} ms")
    if plan.auto_converge:
        parts.append("auto-converge")
    if plan.parallel:
        parts.append(f"{plan.parallel} connections")
    if plan.total_s:
        parts.append(f"total at most {plan.total_s:g} s")
    if plan.post_copy_refused:
        parts.append("without post-copy")
    return ", ".join([*parts, *option_words(plan)])


def cells_of(plan: StudyPlan, vm: str) -> tuple[Cell, ...]:
    """All cells in the order of the file; `vm` is the VM of a plan that names none."""
    vms, found = plan.vms or (vm,), []
    for name in vms:
        for migration in plan.migration.all.values():
            for workload in migration.workloads or plan.workload.all:
                for spec, workload_words in _specs(plan.workload.all[workload]):
                    for each, plan_words in _plans(name, migration):
                        row = [*([name] if len(vms) > 1 else []), workload, *workload_words]
                        column = [migration.name, *plan_words]
                        found.append(Cell(each, spec, " ".join(row), " ".join(column)))
    return tuple(found)


def check_size(plan: StudyPlan, cells: Sequence[Cell]) -> Problem | None:
    """Why these cells are no study: a setting or a name is there twice, or too many runs; None if they are."""
    known: dict[str, Cell] = {}
    places: dict[tuple[str, str], Cell] = {}
    for each in cells:
        if each.text in known:
            why = f"the setting of {each.short} is that of {known[each.text].short}: {each.text}"
            return Problem("migration", "", why, "Remove one of the two.")
        known[each.text] = each
        place = each.row, each.column
        if place in places:
            why = f"{each.text} and {places[place].text} are both named {each.short}"
            return Problem("migration", "", why, "Rename one of their tables.")
        places[place] = each
    runs = run_count(plan, cells)
    if runs > MOST_RUNS:
        why = f"{len(cells)} settings there and back, {plan.repeats} times each, are {runs} runs"
        return Problem("", "repeats", why, f"The limit is {MOST_RUNS}: use shorter lists or fewer repeats.")
    return None


def run_count(plan: StudyPlan, cells: Sequence[Cell]) -> int:
    """The number of runs, with those of the warm-up."""
    return LEGS * len(cells) * plan.repeats + plan.warm_up * len({each.vm for each in cells})


def _specs(table: WorkloadTable) -> Iterator[tuple[WorkloadSpec | None, list[str]]]:
    """The workloads of a table, each with the words that tell it from the others."""
    if table.command:
        yield WorkloadSpec(table.name, command=table.command), []
    elif table.what == CPU:
        yield WorkloadSpec(CPU, table.threads or CpuWorkload().threads), []
    elif table.what == MEMORY:
        usual = MemoryWorkload()
        threads, size_bytes = table.threads or usual.threads, table.size_bytes or usual.size_bytes
        rates = table.rate_mib_s or (usual.rate_mib_s,)
        for rate_mib_s in rates:
            words = [f"{rate_mib_s} MiB/s"] if len(rates) > 1 else []
            yield WorkloadSpec(MEMORY, threads, size_bytes // MIB, rate_mib_s), words
    else:
        yield None, []


def _plans(vm: str, table: MigrationTable) -> Iterator[tuple[Plan, list[str]]]:
    """The migrations of a table, each with the words that tell it from the others."""
    technique = TECHNIQUES[table.technique]
    usual = Plan(vm).timeout_s
    timeouts = (table.timeout_s or (usual,)) if technique in TIMED else (usual,)
    swept = {
        "timeout_s": timeouts, "bandwidth_mib_s": table.bandwidth_mib_s, "downtime_ms": table.downtime_ms,
        "auto_converge": table.auto_converge, "parallel": table.parallel, "policy": table.policy,
        "total_s": table.total_s, "post_copy": table.post_copy,
    }  # fmt: skip
    options = {option.name: option for option in OPTIONS if hasattr(table, option.name)}
    swept |= {name: getattr(table, name) for name in options}
    for each in itertools.product(*swept.values()):
        values: dict[str, Any] = dict(zip(swept, each, strict=True))
        different = [
            options[name].words(value) if name in options else _WORDS[name](value)
            for name, value in values.items()
            if len(swept[name]) > 1
        ]
        allowed = values.pop("post_copy")
        plan = Plan(vm, technique, **values)
        yield plan if allowed else without_post_copy(plan, NOT_ALLOWED), different


_WORDS: dict[str, Callable[[Any], str]] = {  # that tell the values of a list apart
    "timeout_s": "{:g} s".format,
    "bandwidth_mib_s": "{} MiB/s".format,
    "downtime_ms": "{} ms".format,
    "auto_converge": lambda value: "+ac" if value else "-ac",
    "parallel": "x{}".format,
    "policy": str,
    "total_s": lambda value: f"total {value:g} s" if value else "no total",
    "post_copy": lambda value: "+post-copy" if value else "-post-copy",
}


def to_fields(cell: Cell) -> dict[str, Any]:
    """The cell as JSON."""
    names = {"short": cell.short, "row": cell.row, "column": cell.column}
    return {"plan": cell.plan.fields, "workload": asdict(cell.spec) if cell.spec else None, **names}


def from_fields(fields: Mapping[str, Any]) -> Cell:
    """The cell of such JSON; ValueError, KeyError or TypeError if it is none."""
    workload = fields["workload"]
    spec = None if workload is None else WorkloadSpec(**{**workload, "command": tuple(workload["command"])})
    row, column = fields.get("row", fields["short"]), fields.get("column", "")  # 0.2.0 wrote only `short` at first
    return Cell(Plan(**fields["plan"]), spec, str(row), str(column))

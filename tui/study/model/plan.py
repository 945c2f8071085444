"""The plan file of a study as frozen dataclasses; every mistake is a Problem that names its key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from tui.core import schema
from tui.core import schema_kinds as kinds
from tui.core.plan import AUTOMATIC, OURS, POST_COPY_MANUAL, POST_COPY_TIMEOUT, PRE_COPY, SUSPEND_TIMEOUT, TIMED
from tui.core.quantity import MIB
from tui.core.schema import NamedTables, Problem, nearest
from tui.core.settings import COMMAND, HOST_NAME, IDLE, TIB, UNKNOWN, VM_NAME
from tui.forecast.model.dirty_curve import WINDOWS_S
from tui.forecast.model.policy import POLICIES
from tui.guest.model.workload import CPU, MEMORY, MOST_THREADS
from tui.study.model.option_keys import OptionKeys
from tui.study.model.sweep import sweep

MOST_RUNS = 10_000  # a study of more would take weeks: a list is longer than meant
MOST_SEED = (1 << 53) - 1

# By their names in a plan; the study switches to "post-copy" as soon as QEMU accepts it.
TECHNIQUES = {
    PRE_COPY: PRE_COPY,
    "post-copy": POST_COPY_MANUAL,
    POST_COPY_TIMEOUT: POST_COPY_TIMEOUT,
    AUTOMATIC: AUTOMATIC,
    SUSPEND_TIMEOUT: SUSPEND_TIMEOUT,
}
KINDS = (IDLE, CPU, MEMORY)


def _is_name(text: str) -> bool:
    return text.strip() == text != "" and text.isprintable() and len(text) <= 40 and "/" not in text


NAME = kinds.text('a name of up to 40 letters, without "/"', _is_name)
TABLE_NAME = kinds.text(
    f'a name of up to 40 letters, without "/", and not "{UNKNOWN}"', lambda text: _is_name(text) and text != UNKNOWN
)


@dataclass(frozen=True)
class WorkloadTable:
    """One workload, [workload.NAME]; without `kind` and `command` its name is its kind. A rate of 0 is no limit."""

    name: Annotated[str, schema.NAME_OF_TABLE]
    kind: Annotated[str, kinds.one_of(list(KINDS))] = ""
    threads: Annotated[int | None, kinds.whole(1, MOST_THREADS)] = None
    size_bytes: Annotated[int | None, kinds.size(MIB, 64 * TIB)] = None
    rate_mib_s: Annotated[tuple[int, ...] | None, sweep(kinds.rate(1_000_000))] = None
    command: Annotated[tuple[str, ...] | None, COMMAND] = None

    @property
    def what(self) -> str:
        """Its kind: one of KINDS, or "" for a command or one that is unknown."""
        return self.kind or (self.name if self.name in KINDS and not self.command else "")


@dataclass(frozen=True)
class MigrationTable(OptionKeys):
    """One technique with its options, [migration.NAME]; each combination of values is measured."""

    name: Annotated[str, schema.NAME_OF_TABLE]
    technique: Annotated[str, kinds.one_of(list(TECHNIQUES))]
    workloads: Annotated[tuple[str, ...], sweep(TABLE_NAME)] = ()  # all, if empty
    timeout_s: Annotated[tuple[float, ...] | None, sweep(kinds.seconds(0.1, 86_400))] = None
    bandwidth_mib_s: Annotated[tuple[int, ...], sweep(kinds.rate(1_000_000))] = (0,)
    downtime_ms: Annotated[tuple[int, ...], sweep(kinds.milliseconds(1, 2_000_000))] = (300,)
    policy: Annotated[tuple[str, ...], sweep(kinds.one_of(list(POLICIES)))] = (OURS,)  # of "automatic", as the next two
    total_s: Annotated[tuple[float, ...], sweep(kinds.seconds(0, 86_400))] = (0.0,)  # 0: no limit
    post_copy: Annotated[tuple[bool, ...], sweep(kinds.yes_or_no())] = (True,)  # whether it is allowed
    auto_converge: Annotated[tuple[bool, ...], sweep(kinds.yes_or_no())] = (False,)
    parallel: Annotated[tuple[int, ...], sweep(kinds.whole(0, 255))] = (0,)


@dataclass(frozen=True)
class WorkloadTables:
    """The workloads by name."""

    all: Annotated[Mapping[str, WorkloadTable], NamedTables(WorkloadTable, TABLE_NAME)] = field(default_factory=dict)


@dataclass(frozen=True)
class MigrationTables:
    """The techniques by name."""

    all: Annotated[Mapping[str, MigrationTable], NamedTables(MigrationTable, TABLE_NAME)] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyPlan:
    """A whole plan file; without `vms` the VM of the configuration, without `seed` one by chance.

    `between` are the two hosts; without it those of a configuration that has two.
    """

    name: Annotated[str, NAME]
    vms: Annotated[tuple[str, ...], sweep(VM_NAME)] = ()
    between: Annotated[tuple[str, ...], sweep(HOST_NAME)] = ()
    repeats: Annotated[int, kinds.whole(1, 1000)] = 5
    seed: Annotated[int | None, kinds.whole(0, MOST_SEED)] = None
    warm_up: Annotated[int, kinds.whole(0, 100)] = 2  # runs of each VM that are dropped
    settle_s: Annotated[float, kinds.seconds(0, 86_400)] = 10.0
    baseline_s: Annotated[float, kinds.seconds(0, 86_400)] = 10.0
    recovery_s: Annotated[float, kinds.seconds(0, 86_400)] = 10.0
    rest_s: Annotated[float, kinds.seconds(0, 86_400)] = 5.0
    limit_s: Annotated[float, kinds.seconds(0.1, 86_400)] = 600.0
    stop_after: Annotated[int, kinds.whole(1, 1000)] = 3  # failures in a row
    forecast: Annotated[bool, kinds.yes_or_no()] = False  # made before each migration, and judged afterwards
    workload: WorkloadTables = field(default_factory=WorkloadTables)
    migration: MigrationTables = field(default_factory=MigrationTables)

    @property
    def waits_s(self) -> float:
        """The seconds of one run besides its migration, as planned."""
        measured_s = sum(WINDOWS_S) if self.forecast else 0.0
        return self.settle_s + self.baseline_s + measured_s + self.recovery_s + self.rest_s


def check(tables: Mapping[str, Any]) -> tuple[StudyPlan | None, tuple[Problem, ...]]:
    """The plan in parsed TOML, or None, with all problems."""
    problems: list[Problem] = []
    plan = schema.read(StudyPlan, tables, "", problems)
    if plan is not None:
        problems += _contradictions(plan)
    return (None if problems else plan), tuple(problems)


def _contradictions(plan: StudyPlan) -> Iterator[Problem]:
    """Problems of keys that are valid one by one."""
    if len(plan.between) == 1:
        yield Problem("", "between", "it has one host", "A list of two hosts is expected.")
    if len(plan.between) > 2:
        yield Problem("", "between", f"it has {len(plan.between)} hosts", "A list of two hosts is expected.")
    if not plan.workload.all:
        yield Problem("workload", "", "there is no workload", "Add a table such as [workload.idle].")
    if not plan.migration.all:
        hint = 'Add a table such as [migration.plain] with technique = "pre-copy".'
        yield Problem("migration", "", "there is no technique", hint)
    for workload in plan.workload.all.values():
        yield from _of_workload(workload)
    for migration in plan.migration.all.values():
        yield from _of_migration(migration, list(plan.workload.all))


def _of_workload(table: WorkloadTable) -> Iterator[Problem]:
    name = f"workload.{table.name}"
    if table.command and table.kind:
        yield Problem(name, "kind", "the workload has a command already", "Remove one of the two.")
    elif not table.command and not table.what:
        why = f"it is missing, and must be one of {', '.join(KINDS)}"
        yield Problem(name, "kind", why, "A workload of your own has a command in its place.")
    elif table.command and table.name in KINDS:
        yield Problem(name, "command", f"the name {table.name} has a program of its own", "Rename the table.")
    allowed = {CPU: ("threads",), MEMORY: ("threads", "size", "rate")}.get(table.what, ())
    given = {"threads": table.threads, "size": table.size_bytes, "rate": table.rate_mib_s}
    for key, value in given.items():
        if value is not None and key not in allowed:
            what = f"a workload of kind {table.what}" if table.what else "a command"
            yield Problem(name, key, f"{what} has no {key}", "Remove it.")


def _of_migration(table: MigrationTable, workloads: list[str]) -> Iterator[Problem]:
    name = f"migration.{table.name}"
    for each in table.workloads:
        if each not in workloads:
            meant = nearest(each, workloads)
            hint = f'Did you mean "{meant}"?' if meant else f"Expected: {', '.join(map(schema.plain, workloads))}."
            yield Problem(name, "workloads", f"there is no table [workload.{schema.plain(each)}]", hint)
    if table.timeout_s is not None and table.technique not in TIMED:
        hint = f'Use technique = "{POST_COPY_TIMEOUT}" or "{SUSPEND_TIMEOUT}", or remove it.'
        yield Problem(name, "timeout", f"the technique {table.technique} has no timeout", hint)
    yield from _of_automatic(table, name)


def _of_automatic(table: MigrationTable, name: str) -> Iterator[Problem]:
    """Keys that only "automatic" has, and those of them that exclude each other."""
    given = {
        "policy": ("has no policy", table.policy != (OURS,)),
        "total": ("has no longest total time", any(table.total_s)),
        "post_copy": ("decides nothing about post-copy", not all(table.post_copy)),
    }
    if table.technique != AUTOMATIC:
        hint = f'Use technique = "{AUTOMATIC}", or remove it.'
        for key, (why, is_given) in given.items():
            if is_given:
                yield Problem(name, key, f"the technique {table.technique} {why}", hint)
    elif any(table.total_s) and not all(table.post_copy):
        why = "without post-copy, no longest total time can be kept"
        yield Problem(name, "total", why, "Remove it, or make a table of its own for post_copy = false.")

"""What a report has of a study besides the figures of its runs: the plan, and what became of each of its runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from tui.core.quantity import exact_seconds
from tui.study.model.cell import LEGS
from tui.study.model.matrix import Matrix, matrix_of
from tui.study.model.plan import StudyPlan
from tui.study.model.progress import DONE_CANCELLED, DONE_FAILED, ENDS, Progress
from tui.study.model.schedule import Step
from tui.study.model.status import cell_fields


@dataclass(frozen=True)
class Overview:
    """`facts` are labels with texts; `cells` and `bad`, the runs without a result, are tables with a head."""

    facts: tuple[tuple[str, str], ...]
    cells: tuple[tuple[str, ...], ...]
    bad: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Recorded:
    """A study as its folder has it: the facts of its plan, and the table of its results."""

    facts: tuple[tuple[str, str], ...]
    results: Matrix


def recorded(plan: StudyPlan, steps: Sequence[Step], progress: Progress, seed: int | None) -> Recorded:
    """The plan and the results so far; nothing of it is under way."""
    cells = cell_fields(steps, progress, plan.limit_s)
    return Recorded(plan_facts(plan, steps, seed), matrix_of({"step": None, "cells": cells}))


def overview(plan: StudyPlan, steps: Sequence[Step], progress: Progress, seed: int | None, state: str) -> Overview:
    """The plan and the progress of a study; `state` is a sentence on whether it goes on."""
    facts = (*plan_facts(plan, steps, seed), ("runs", _runs(steps, progress)), ("state", state))
    return Overview(facts, _cells(steps, progress, plan.limit_s), _bad(steps, progress))


def plan_facts(plan: StudyPlan, steps: Sequence[Step], seed: int | None) -> tuple[tuple[str, str], ...]:
    """The plan as labels with texts; without a `seed` its order is not known to be repeatable."""
    vms = list(dict.fromkeys(step.cell.vm for step in steps))
    settings = len({step.cell.text for step in steps})
    order = "random order" if seed is None else f"the random order of seed {seed}"
    warm_up = f"the first {_counted(plan.warm_up, 'run')} of each VM, which {_are(plan.warm_up)} dropped"
    return (
        ("VMs", ", ".join(vms)),
        ("workloads", ", ".join(plan.workload.all)),
        ("techniques", ", ".join(plan.migration.all)),
        ("matrix", f"{_counted(settings, 'setting')}, each there and back: {settings * LEGS} runs a repeat"),
        ("repeats", f"{plan.repeats}, each a block in {order}"),
        ("warm-up", warm_up if plan.warm_up else "none"),
        ("one run", _one_run(plan)),
        (
            "limit",
            f"{exact_seconds(plan.limit_s)}: a longer pre-copy is cancelled; a longer total time is a lower bound",
        ),
        ("stops after", _counted(plan.stop_after, "failure") + (" in a row" if plan.stop_after > 1 else "")),
    )


def state_of(progress: Progress, left: int, *, in_use: bool) -> str:
    """Whether the study goes on, as a sentence; `left` are its runs that are not done."""
    if not left:
        return "It is complete."
    if in_use:
        return f"It is under way: {_counted(left, 'run')} {_are(left)} left."
    why = f"It was stopped: {progress.stopped.rstrip('.')}." if progress.stopped else "It was interrupted."
    return f"{why} {_counted(left, 'run')} {_are(left)} left."


def _one_run(plan: StudyPlan) -> str:
    parts = (
        (plan.settle_s, "for the workload to settle"),
        (plan.baseline_s, "to measure its rate"),
        (plan.recovery_s, "after the migration to measure it again"),
        (plan.rest_s, "of rest"),
    )
    return ", ".join(f"{exact_seconds(seconds)} {words}" for seconds, words in parts)


def _runs(steps: Sequence[Step], progress: Progress) -> str:
    """ "15 of 16 done: 13 completed, 1 over the limit, 1 failed; 2 of 2 more to warm up done and dropped"."""
    planned = [step.number for step in steps if not step.warm_up]
    results = [done.result for number in planned if (done := progress.done.get(number)) is not None]
    ends = [f"{count} {words}" for result, words in ENDS.items() if (count := results.count(result))]
    text = f"{len(results)} of {len(planned)} done" + (f": {', '.join(ends)}" if ends else "")
    warm_up = [step.number for step in steps if step.warm_up]
    dropped = sum(number in progress.done for number in warm_up)
    return f"{text}; {dropped} of {len(warm_up)} more to warm up done, and dropped" if warm_up else text


def _cells(steps: Sequence[Step], progress: Progress, limit_s: float) -> tuple[tuple[str, ...], ...]:
    """For each setting how many runs were planned and done, and how they ended."""
    rows = [("setting", "all of it", "planned", "done", *ENDS.values())]
    for each in cell_fields(steps, progress, limit_s):
        numbers = (each["total"], each["done"], *(each[result] for result in ENDS))
        rows.append((str(each["short"]), str(each["cell"]), *map(str, numbers)))
    return tuple(rows)


def _bad(steps: Sequence[Step], progress: Progress) -> tuple[tuple[str, ...], ...]:
    """The runs that failed or were cancelled, also those that have no record, because no migration was started."""
    rows = []
    for step in steps:
        done = progress.done.get(step.number)
        if done is not None and done.result in (DONE_FAILED, DONE_CANCELLED):
            repeat = "warm-up" if step.warm_up else str(step.repeat)
            folder = PurePath(done.run).name
            rows.append((str(step.number), step.cell.short, repeat, done.direction, done.result, done.why, folder))
    head = ("run", "setting", "repeat", "direction", "result", "why", "folder")
    return (head, *rows) if rows else ()


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"

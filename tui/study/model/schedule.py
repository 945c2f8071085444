"""The order of the runs of a study: blocks of all settings, shuffled by a seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random, randrange
from typing import Any

from tui.study.model.cell import LEGS, Cell, from_fields, to_fields
from tui.study.model.plan import StudyPlan

SEEDS = 1 << 32


@dataclass(frozen=True)
class Step:
    """One run; `number` counts from 1, `repeat` too. A run of the warm-up has the repeat 0 and is dropped.

    Its direction is that from where the VM is at that time: a run that failed leaves the VM where it was.
    """

    number: int
    cell: Cell
    repeat: int

    @property
    def warm_up(self) -> bool:
        """Whether its figures are dropped."""
        return not self.repeat


def schedule(plan: StudyPlan, cells: Sequence[Cell], seed: int) -> tuple[Step, ...]:
    """All runs: the warm-up of each VM, then for each repeat a block of all cells in random order, there and back."""
    random = Random(seed)  # noqa: S311  # the order must be reproducible, not secret
    order: list[tuple[Cell, int]] = []
    for vm in dict.fromkeys(each.vm for each in cells):
        first = next(each for each in cells if each.vm == vm)
        order += [(first, 0)] * plan.warm_up
    for repeat in range(1, plan.repeats + 1):
        block = list(cells)
        random.shuffle(block)
        order += [(cell, repeat) for cell in block for _ in range(LEGS)]
    return tuple(Step(number, cell, repeat) for number, (cell, repeat) in enumerate(order, 1))


def to_line(step: Step) -> dict[str, Any]:
    """The step as JSON."""
    return {"number": step.number, "repeat": step.repeat, **to_fields(step.cell)}


def from_line(fields: Mapping[str, Any]) -> Step:
    """The step of such JSON; ValueError, KeyError or TypeError if it is none."""
    return Step(number_of(fields["number"]), from_fields(fields), number_of(fields["repeat"]))


def number_of(value: object) -> int:
    """The whole number of a line; ValueError if it is none."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no number of a run")
    return value


def seed_of(plan: StudyPlan, seed: int | None = None) -> int:
    """The seed of the order: that of the plan, else `seed`, else one by chance."""
    if plan.seed is not None:
        return plan.seed
    return randrange(SEEDS) if seed is None else seed  # noqa: S311  # it is recorded, not secret

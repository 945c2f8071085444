"""The figures of a few runs beside each other, each with its ratio to one of the runs, the baseline."""

from collections.abc import Sequence
from dataclasses import dataclass

from tui.runs.model.comparison import value_text
from tui.runs.model.figures import FIGURES
from tui.runs.model.groups import Group
from tui.runs.model.measured import Measured, Value
from tui.runs.model.table import UNKNOWN

FEWEST_COMPARED, MOST_COMPARED = 2, 8  # runs: more columns and curves than that hide each other


@dataclass(frozen=True)
class Difference:
    """One figure of all runs; a ratio is empty for the baseline itself, and where there is none.

    It is a dash if one of both runs does not count, because it failed or has no end: its figures are not those of a
    whole migration.
    """

    label: str
    unit: str  # of the values, empty for a count
    values: tuple[str, ...]
    ratios: tuple[str, ...]


def differences(runs: Sequence[Measured], baseline: int) -> list[Difference]:
    """The figures that some run has; `baseline` is the position of the run that the others are divided by."""
    found = []
    for figure in FIGURES.values():
        values = [run.values.get(figure.name) for run in runs]
        amounts = [value.amount for value in values if value is not None]
        if not amounts:
            continue
        scale = figure.scale(amounts, amounts)
        found.append(
            Difference(
                figure.label,
                scale.unit,
                tuple(UNKNOWN if value is None else value_text(scale, value) for value in values),
                tuple(
                    "" if at == baseline else _ratio(runs[at], runs[baseline], figure.name) for at in range(len(runs))
                ),
            )
        )
    return found


def _ratio(run: Measured, baseline: Measured, figure: str) -> str:
    value, base = run.values.get(figure), baseline.values.get(figure)
    if value is not None and base is not None and not (run.counts and baseline.counts):
        return UNKNOWN
    return ratio_text(value, base)


def ratio_text(value: Value | None, base: Value | None) -> str:
    """The value by the baseline's: "1.25x", ">1.25x" if it is a lower bound; empty if unknown or by 0."""
    if value is None or base is None or base.amount <= 0 or (value.above and base.above):
        return ""
    ratio = value.amount / base.amount
    bound = ">" if value.above else "<" if base.above else ""
    digits = 0 if ratio >= 99.5 else 1 if ratio >= 9.95 else 2
    return f"{bound}{ratio:.{digits}f}x"


def repeated(groups: Sequence[Group]) -> bool:
    """Whether some group has several runs that count; else there is no spread to compare with."""
    return any(sum(run.counts for run in group.runs) > 1 for group in groups)

"""How long a study will take: medians of the runs that are done, forecasts from the plan for the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tui.core.quantity import duration
from tui.study.model.forecast import migration_s
from tui.study.model.plan import StudyPlan
from tui.study.model.progress import Done
from tui.study.model.schedule import Step


@dataclass(frozen=True)
class Estimate:
    """Seconds: `likely_s` of the runs with a figure, `unknown` counts those without, each of at most `limit_s`.

    `too_long` are the settings, by their short names, whose migrations take longer than the limit by the forecast.
    """

    likely_s: float
    unknown: int = 0
    limit_s: float = 0.0
    too_long: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """ "about 41 min"; "between 3 min and 20 min" if the time of some migrations is not known yet."""
        if not self.unknown:
            return f"about {rough(self.likely_s)}"
        return f"between {rough(self.likely_s)} and {rough(self.likely_s + self.unknown * self.limit_s)}"


def estimate(
    plan: StudyPlan, steps: Sequence[Step], left: Sequence[Step], done: Mapping[int, Done], memory: Mapping[str, int]
) -> Estimate:
    """The time of the steps that are left; `memory` has the bytes of each VM's memory, as far as known."""
    by_cell: dict[str, list[float]] = {}
    cells = {each.number: each.cell.text for each in steps}
    for each in done.values():
        if each.took_s is not None and not each.failed and each.number in cells:
            by_cell.setdefault(cells[each.number], []).append(each.took_s)
    medians = {cell: median(found) for cell, found in by_cell.items()}
    of_all = median(took_s for found in by_cell.values() for took_s in found) if by_cell else None
    settings = {each.cell.text: each.cell for each in left}  # of thousands of runs; each client asks every second
    forecasts = {text: migration_s(cell, memory.get(cell.vm, 0)) for text, cell in settings.items()}
    seconds, unknown, too_long = 0.0, 0, []
    for step in left:
        forecast_s = forecasts[step.cell.text]
        if step.cell.text in medians:
            seconds += medians[step.cell.text]
        elif forecast_s is not None:
            seconds += plan.waits_s + min(plan.limit_s, forecast_s)
            too_long += [step.cell.short] if forecast_s > plan.limit_s else []
        elif of_all is not None:
            seconds += of_all
        else:
            seconds += plan.waits_s
            unknown += 1
    return Estimate(seconds, unknown, plan.limit_s, tuple(dict.fromkeys(too_long)))


def rough(seconds: float) -> str:
    """A time without false precision: "41 min", "2 h 10 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return duration(seconds) if seconds >= 3600 else f"{round(seconds / 60)} min"

"""The charts of the chosen VM on a wide terminal: its CPU use, and the rate of its workload."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.core.quantity import MIB
from tui.guest.model.workload import MEMORY
from tui.launch.model.cpu_history import STEP_S
from tui.launch.model.rate_history import rate_text
from tui.ui.chart.chart import Chart
from tui.ui.chart.picture import AREA, BYTES_PER_SECOND, Level, Picture, Series, Unit

PERCENT = (Unit("%", 1),)
ADDITIONS = (Unit("million additions/s", 1e6),)


class VmCurves(Vertical):
    """Each chart is hidden while there is nothing to draw."""

    DEFAULT_CSS = "VmCurves > Chart { height: 1fr; min-height: 9; max-height: 18; margin-top: 1; }"

    def compose(self) -> ComposeResult:
        """The charts."""
        yield Chart(id="cpu-curve")
        yield Chart(id="rate-curve")

    def show(self, cpu: Picture, rate: Picture) -> None:
        """Draw both."""
        for name, picture in (("cpu", cpu), ("rate", rate)):
            chart = self.query_one(f"#{name}-curve", Chart)
            chart.display = not picture.blank
            chart.picture = picture


def cpu_picture(means: Sequence[float], vcpus: int) -> Picture:
    """The CPU use of a VM, means of STEP_S in percent of one CPU, against that of all its CPUs."""
    xs = tuple(number * STEP_S for number in range(len(means)))
    now = f"{means[-1]:.0f} %" if means else ""
    every = f"all {vcpus} CPUs" if vcpus > 1 else "its CPU"
    level = Level(100.0 * vcpus, every, limit=False)
    series = Series("in use", xs, tuple(means), "text-primary", AREA, now=now)
    return Picture("CPU", PERCENT, (series,), level=level, subtitle=_length(xs), ends=True)


def rate_picture(name: str, points: Sequence[tuple[float, float]]) -> Picture:
    """The rate of a workload: the last value of each STEP_S that is over, so that it is drawn as seldom as the CPU."""
    by_step = {int(at // STEP_S): value for at, value in points}
    steps = list(by_step.items())[:-1]
    if len(steps) < 2:
        return Picture("")
    xs = tuple((step - steps[0][0]) * STEP_S for step, _ in steps)
    size, units = (MIB, BYTES_PER_SECOND) if name == MEMORY else (1, ADDITIONS)
    ys = tuple(value * size for _, value in steps)
    series = Series("workload", xs, ys, "text-success", AREA, now=rate_text(name, steps[-1][1]))
    return Picture(f"workload {name}", units, (series,), subtitle=_length(xs), ends=True)


def _length(xs: Sequence[float]) -> str:
    return f"the last {xs[-1] / 60:.0f} min" if xs and xs[-1] >= 90 else ""

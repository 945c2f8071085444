"""The figures of a run that statistics compare, each with its name, its unit and the words of a ratio."""

from collections.abc import Sequence
from dataclasses import dataclass

from tui.core.quantity import GIB, MIB

TIME = ((1.0, "s"), (0.001, "ms"))
BYTES = ((float(GIB), "GiB"), (float(MIB), "MiB"))
COUNT = ((1.0, ""),)
PERCENT = ((1.0, "%"),)


@dataclass(frozen=True)
class Scale:
    """The one unit and the one number of decimals in which a column shows its amounts."""

    factor: float
    unit: str
    decimals: int

    def number(self, amount: float) -> str:
        """The amount without its unit: "27.9"."""
        return f"{amount / self.factor:.{self.decimals}f}"

    def average(self, amount: float) -> str:
        """A mean or a spread without its unit: that of small counts has a decimal."""
        return f"{amount:.1f}" if not self.unit and amount < 100 else self.number(amount)

    def text(self, amount: float) -> str:
        """The amount with its unit: "27.9 s", "12 %"; a count has none."""
        return f"{self.number(amount)} {self.unit}".rstrip()


@dataclass(frozen=True)
class Figure:
    """`units` are factor and unit, the largest first; `less` and `more` are a sentence about two groups."""

    name: str
    label: str
    units: tuple[tuple[float, str], ...]
    less: str
    more: str

    def scale(self, amounts: Sequence[float], medians: Sequence[float] = ()) -> Scale:
        """The unit of the largest amount; decimals for three digits of the smallest median, fewer if they spread."""
        largest = max(map(abs, amounts), default=0.0)
        if self.units == COUNT:
            return Scale(1.0, "", 0 if all(each == int(each) for each in medians) else 1)
        factor, unit = next((each for each in self.units if largest >= each[0]), self.units[-1])
        least = min((each for each in map(abs, medians) if each), default=largest) / factor
        decimals = 0 if least >= 99.95 else 1 if least >= 9.995 or largest / factor >= 99.95 else 2
        return Scale(factor, unit, decimals)


TOTAL = Figure("total", "total time", TIME, "is {} times faster than", "is {} times slower than")
DOWNTIME = Figure(
    "downtime",
    "downtime by libvirt",
    TIME,
    "has a {} times shorter downtime than",
    "has a {} times longer downtime than",
)
NETWORK = Figure(
    "downtime-network",
    "downtime on the network",
    TIME,
    "has a {} times shorter downtime on the network than",
    "has a {} times longer downtime on the network than",
)
GUEST = Figure(
    "downtime-guest",
    "downtime of the guest",
    TIME,
    "has a {} times shorter downtime of the guest than",
    "has a {} times longer downtime of the guest than",
)
SENT = Figure("sent", "memory sent", BYTES, "sends {} times less memory than", "sends {} times more memory than")
PASSES = Figure("passes", "passes", COUNT, "has {} times fewer passes than", "has {} times more passes than")
FAULTS = Figure(
    "faults",
    "post-copy faults",
    COUNT,
    "has {} times fewer post-copy faults than",
    "has {} times more post-copy faults than",
)
LOSS = Figure(
    "loss",
    "guest's loss of its own rate",
    PERCENT,
    "loses {} times less of its rate than",
    "loses {} times more of its rate than",
)
LOST = Figure("lost", "guest's lost work", TIME, "loses {} times less work than", "loses {} times more work than")

FIGURES = {
    each.name: each for each in (TOTAL, DOWNTIME, NETWORK, GUEST, SENT, PASSES, FAULTS, LOSS, LOST)
}  # by their names on the command line
DOWNTIMES = (DOWNTIME.name, NETWORK.name, GUEST.name)

"""The input of a chart as frozen values: the owner of the data makes a Picture, the chart draws it."""

from dataclasses import dataclass

# How a series is drawn; series must differ without colour.
LINE = "line"
AREA = "area"  # a line with light shade below it
DOTS = "dots"

PASS_MARK = "|"  # drawn light and without a letter


@dataclass(frozen=True)
class Unit:
    """A unit of the value axis; it is `size` of the series' own units."""

    name: str
    size: float


PLAIN = (Unit("", 1),)
BYTES = tuple(Unit(name, 1024**power) for power, name in enumerate(("B", "KiB", "MiB", "GiB", "TiB")))
BYTES_PER_SECOND = tuple(Unit(f"{unit.name}/s", unit.size) for unit in BYTES)


@dataclass(frozen=True)
class Series:
    """One curve: x in seconds, rising; a y of None breaks the line, because there is no sample."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float | None, ...]
    color: str = "text-primary"  # a variable of the theme, or a colour name of Textual
    form: str = LINE


@dataclass(frozen=True)
class Sign:
    """A moment, drawn as a vertical line with its letter on top; `text` is the letter's entry in the legend."""

    x: float
    mark: str
    text: str = ""


@dataclass(frozen=True)
class Level:
    """A horizontal line at `y`, in the unit of the series, and its entry in the legend."""

    y: float
    text: str


@dataclass(frozen=True)
class Picture:
    """One chart; it chooses one of `units`, which rise in size."""

    title: str
    units: tuple[Unit, ...] = PLAIN
    series: tuple[Series, ...] = ()
    signs: tuple[Sign, ...] = ()
    level: Level | None = None
    span_s: float = 0.0  # the least length of the time axis
    subtitle: str = ""  # at the right end of the frame
    empty: str = ""  # a sentence in the frame while there is nothing to draw

    @property
    def last_x(self) -> float:
        """The latest moment in seconds."""
        moments = [each.xs[-1] for each in self.series if each.xs]
        return max([*moments, *(sign.x for sign in self.signs), 0.0])

    @property
    def highest_y(self) -> float:
        """The largest value, the level included."""
        peaks = [max((y for y in each.ys if y is not None), default=0.0) for each in self.series]
        return max([*peaks, self.level.y if self.level else 0.0])

    @property
    def blank(self) -> bool:
        """Whether no series has a value."""
        return not any(y is not None for each in self.series for y in each.ys)

"""What a chart shows, as plain frozen values: whoever holds the data makes a Picture, the chart draws it."""

from dataclasses import dataclass

# How a series is drawn; it tells series apart where there is no colour.
LINE = "line"
AREA = "area"  # a line with light shade below it
DOTS = "dots"

PASS_MARK = "|"  # the one mark that is drawn light and without a letter


@dataclass(frozen=True)
class Unit:
    """What the values are counted in for the reader: `size` of the series' own units make one of it."""

    name: str
    size: float


PLAIN = (Unit("", 1),)
BYTES = tuple(Unit(name, 1024**power) for power, name in enumerate(("B", "KiB", "MiB", "GiB", "TiB")))
BYTES_PER_SECOND = tuple(Unit(f"{unit.name}/s", unit.size) for unit in BYTES)


@dataclass(frozen=True)
class Series:
    """One curve: x in seconds, rising; a y of None breaks the line (nobody watched)."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float | None, ...]
    color: str = "text-primary"  # a variable of the theme, or a colour Textual knows
    form: str = LINE


@dataclass(frozen=True)
class Sign:
    """A moment, drawn as an upright line with its letter on top; `text` says in a word what the letter stands for."""

    x: float
    mark: str
    text: str = ""


@dataclass(frozen=True)
class Level:
    """A line across the chart, in the unit of the series, and what it means."""

    y: float
    text: str


@dataclass(frozen=True)
class Picture:
    """One chart; `units` from small to large, of which the chart takes the one that fits."""

    title: str
    units: tuple[Unit, ...] = PLAIN
    series: tuple[Series, ...] = ()
    signs: tuple[Sign, ...] = ()
    level: Level | None = None
    span_s: float = 0.0  # at least this much time is in view; the data always is
    subtitle: str = ""  # at the right end of the frame
    empty: str = ""  # said in the middle of the frame while there is nothing to draw

    @property
    def last_x(self) -> float:
        """The newest moment in it, in seconds."""
        moments = [each.xs[-1] for each in self.series if each.xs]
        return max([*moments, *(sign.x for sign in self.signs), 0.0])

    @property
    def highest_y(self) -> float:
        """The largest value in it, the level included."""
        peaks = [max((y for y in each.ys if y is not None), default=0.0) for each in self.series]
        return max([*peaks, self.level.y if self.level else 0.0])

    @property
    def blank(self) -> bool:
        return not any(y is not None for each in self.series for y in each.ys)

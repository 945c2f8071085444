"""The input of a chart as frozen values: the owner of the data makes a Picture, the chart draws it."""

from dataclasses import dataclass

# How a series is drawn; series must differ without colour.
LINE = "line"
AREA = "area"  # solid from the axis up to the value
DOTS = "dots"
THICK = "thick"  # a thick line, for curves of one kind; with letters on it if the picture is lettered


@dataclass(frozen=True)
class Unit:
    """A unit of the value axis; it is `size` of the series' own units."""

    name: str
    size: float
    binary: bool = False  # the axis has ticks at powers of two, as sizes of memory have, not at 1, 2 or 5


PLAIN = (Unit("", 1),)
NAMES = ("B", "KiB", "MiB", "GiB", "TiB")
BYTES = tuple(Unit(name, 1024**power, binary=True) for power, name in enumerate(NAMES))
BYTES_PER_SECOND = tuple(Unit(f"{name}/s", 1024**power) for power, name in enumerate(NAMES))


@dataclass(frozen=True)
class Series:
    """One curve: x in seconds, rising; a y of None breaks the line, because there is no sample."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float | None, ...]
    color: str = "text-primary"  # a variable of the theme, or a colour name of Textual
    form: str = LINE
    now: str = ""  # its newest value, at the end of the curve if the picture has labels there
    floors: tuple[float | None, ...] = ()  # of an area: the values at which it begins, instead of the axis
    inside: str = ""  # of an area: a text in its widest row, if it has room


@dataclass(frozen=True)
class Sign:
    """A moment, drawn as a vertical line with its letter on top; `text` is the letter's entry in the legend."""

    x: float
    mark: str
    text: str = ""


@dataclass(frozen=True)
class Level:
    """A horizontal line at `y`, in the unit of the series, and its meaning, which is shown at its end."""

    y: float
    text: str
    short: str = ""  # the meaning where there is no room for `text`
    value: str = ""  # what follows `short`, which is shortened for it
    limit: bool = True  # something must stay below it; else it is a value to compare with


@dataclass(frozen=True)
class Gap:
    """The room between the area and the other curve, filled by which of them is higher, and what each means."""

    area: str
    other: str


@dataclass(frozen=True)
class Band:
    """A time that is marked over the whole height, at least a column wide, with its text on top."""

    begin: float
    end: float
    text: str


@dataclass(frozen=True)
class Cone:
    """What is expected from now on: (seconds, lowest, highest), rising in time; two of one moment are a step."""

    edges: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True)
class Picture:
    """One chart; it chooses one of `units`, which rise in size."""

    title: str
    units: tuple[Unit, ...] = PLAIN
    series: tuple[Series, ...] = ()
    signs: tuple[Sign, ...] = ()
    level: Level | None = None
    gap: Gap | None = None
    bands: tuple[Band, ...] = ()
    cone: Cone = Cone()
    unknown: tuple[tuple[float, float], ...] = ()  # times without values, drawn hatched
    span_s: float = 0.0  # the least length of the time axis
    subtitle: str = ""  # at the right end of the frame
    empty: str = ""  # a sentence in the frame while there is nothing to draw
    ends: bool = False  # names are at the ends of curves and of the level, not in a legend, if the chart is wide enough
    lettered: bool = False  # the name of each curve, a letter, is above its last value
    times: bool = True  # the time axis has labels; charts below each other need them once
    window: tuple[float, float] | None = None  # the time axis shows exactly this; else all, with room for more
    cursor: float | None = None  # a moment that is marked by a line
    log: bool = False  # the value axis is logarithmic, with ticks at powers of two
    least_top: float = 0.0  # the least value at which the value axis ends

    @property
    def last_x(self) -> float:
        """The latest moment in seconds."""
        moments = [each.xs[-1] for each in self.series if each.xs]
        return max([*moments, *(sign.x for sign in self.signs), 0.0])

    @property
    def highest_y(self) -> float:
        """The largest value that the value axis has, the level included."""
        peaks = [max((y for y in each.ys if y is not None), default=0.0) for each in self.series]
        return max([*peaks, self.level.y if self.level else 0.0, self.least_top])

    @property
    def blank(self) -> bool:
        """Whether no series has a value."""
        return not any(y is not None for each in self.series for y in each.ys)

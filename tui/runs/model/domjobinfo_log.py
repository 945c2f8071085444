"""Reads a log of `virsh domjobinfo` outputs, one after another, whatever stands between them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from tui.core.protocols import Stat
from tui.migration.model.domjobinfo import NONE
from tui.runs.model.log_line import EMPTY, FIELD, GONE, NOISE, OTHER, UNKNOWN, clean, label_of, read_line
from tui.runs.model.log_time import LogTime, read_time

MOST_ODDITIES = 100  # kinds of lines that are listed; the others are counted
LEAST_FIELDS = 3  # of an output whose type is missing; fewer are scattered lines
ITERATION = "memory_iteration"
LONGEST = 70  # characters of a line that is shown


@dataclass(frozen=True)
class Output:
    """One output of virsh, under libvirt's own names; `time` is the time line that belongs to it."""

    first: int  # line numbers
    last: int
    stats: Mapping[str, Stat]
    time: LogTime | None = None

    def number(self, name: str) -> float | None:
        """The statistic; None if the output does not have it."""
        value = self.stats.get(name)
        return value if isinstance(value, (int, float)) else None

    @property
    def kind(self) -> int | None:
        """libvirt's type of the job; None if its line is missing."""
        value = self.number("type")
        return None if value is None else int(value)

    @property
    def idle(self) -> bool:
        """Whether the VM had no job."""
        return self.kind == NONE


@dataclass(frozen=True)
class Gone:
    """virsh reported that the VM is not on its host, or does not run there."""

    line: int


@dataclass
class Oddity:
    """Lines that are not understood: neighbours, or all that differ only in numbers or in what follows a label."""

    first: int
    last: int
    text: str
    count: int = 1

    def __str__(self) -> str:
        where = f"line {self.first}" if self.count == 1 else f"lines {self.first}-{self.last}"
        if 1 < self.count <= self.last - self.first:
            where = f"line {self.first} and {self.count - 1} more"
        return f'{where}: "{self.text}"'


@dataclass
class Oddities:
    """The lines of a log that are not understood."""

    count: int = 0
    found: list[Oddity] = field(default_factory=list)
    _labels: dict[str, Oddity] = field(default_factory=dict)

    def add(self, number: int, line: str) -> None:
        """Add a line."""
        self.count += 1
        label = label_of(line)
        same = self._labels.get(label)
        if same is None and self.found and self.found[-1].last == number - 1:
            same = self.found[-1]
        if same is not None:
            same.last, same.count = number, same.count + 1
        elif len(self.found) < MOST_ODDITIES:
            text = line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
            self.found.append(Oddity(number, number, text))
            self._labels[label] = self.found[-1]


class LogReader:
    """Reads one log; `oddities` and the counts are complete when `read` has ended."""

    def __init__(self, local: tzinfo | None = None) -> None:
        self.oddities = Oddities()
        self.lines = 0
        self.foreign = 0  # lines of virsh with a label that is not known
        self.typed = 0  # outputs with a known type of the job
        self.rounded = False  # sizes have units, so at most four digits of each are known
        self._local = local
        self._stats: dict[str, Stat] = {}
        self._first = self._last = 0
        self._time: LogTime | None = None  # of the output that is read
        self._next_time: LogTime | None = None  # of the output that follows
        self._time_follows: bool | None = None  # whether a time line belongs to the output before it

    def read(self, lines: Iterable[str]) -> Iterator[Output | Gone]:
        """The outputs in the order of the log, each as soon as it is complete."""
        for number, raw in enumerate(lines, 1):
            self.lines = number
            kind, name, value = read_line(raw)
            if kind == EMPTY:
                continue
            if kind not in (FIELD, GONE) and (timed := read_time(clean(raw), self._local)):
                time, rest = timed
                if not rest:
                    yield from self._at(time)
                    continue
                kind, name, value = read_line(rest)
                self._next_time = time  # each line of this log begins with its time
            if kind == FIELD and name == ITERATION and ITERATION not in raw and not self._in_memory:
                kind, name = OTHER, clean(raw)  # the counter of a loop; virsh has the pass below the memory
            if kind == FIELD:
                if name == "type" or self._stats.get(name, value) != value:
                    yield from self._complete()
                self._take(number, name, value)
                self.rounded = self.rounded or "iB" in raw
            elif kind == GONE:
                yield from self._complete()
                yield Gone(number)
            elif kind != NOISE:
                self.foreign += kind == UNKNOWN
                self.oddities.add(number, name)
        yield from self._complete()

    @property
    def _in_memory(self) -> bool:
        return "memory_total" in self._stats and ITERATION not in self._stats

    def _take(self, number: int, name: str, value: Stat) -> None:
        if not self._stats:
            self._first, self._time, self._next_time = number, self._next_time, None
        self._stats[name], self._last = value, number

    def _at(self, time: LogTime) -> Iterator[Output]:
        """A line that is only a time: the first one tells whether it stands before or behind its output."""
        if self._time_follows is None:
            self._time_follows = bool(self._stats)
        if self._time_follows and self._stats:
            self._time = time
        else:
            self._next_time = time
        follows = self._time_follows
        yield from self._complete()
        if follows:
            self._next_time = None

    def _complete(self) -> Iterator[Output]:
        if "type" in self._stats or len(self._stats) >= LEAST_FIELDS:
            self.typed += "type" in self._stats
            yield Output(self._first, self._last, self._stats, self._time)
        self._stats, self._time = {}, None

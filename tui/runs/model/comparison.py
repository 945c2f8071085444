"""Groups compared with each other, figure by figure, and the sentences on what was found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tui.runs.model.description import FEWEST_TESTED, SIGNIFICANT, Description, holm, needed, smallest_p
from tui.runs.model.figures import Figure, Scale
from tui.runs.model.groups import Group, letter
from tui.runs.model.measured import Value


@dataclass(frozen=True)
class Interval:
    """The 95 % interval of a median; an end with `above` is open."""

    low: Value
    high: Value


@dataclass(frozen=True)
class Ratio:
    """A median by another one, with its 95 % interval; an end that is None is open if the other is known.

    `above`: the true ratio is larger, because the first median is a lower bound; `below`: it is smaller.
    """

    amount: float
    low: float | None = None
    high: float | None = None
    above: bool = False
    below: bool = False


@dataclass(frozen=True)
class Test:
    """A two-sided Mann-Whitney U test; `superiority` is how often a value of the first is larger, ties count half."""

    __test__ = False  # pytest takes classes of this name for tests

    p: float
    exact: bool
    superiority: float


@dataclass(frozen=True)
class Cell:
    """One figure of one group; without a description no run has it."""

    description: Description | None
    interval: Interval | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pair:
    """One figure of a group against that of a baseline; both are positions of groups. `corrected` is p after Holm."""

    group: int
    baseline: int
    ns: tuple[int, int]
    ratio: Ratio | None = None
    test: Test | None = None
    corrected: float | None = None


@dataclass(frozen=True)
class Compared:
    """One figure of all groups; `scale` is the unit of its column."""

    figure: Figure
    scale: Scale
    cells: tuple[Cell, ...]
    pairs: tuple[Pair, ...]

    def sentence(self, pair: Pair, called: Mapping[int, str] | None = None) -> str:
        """What was found of a pair: "B is 2.1 [1.8, 2.6] times slower than A (p = 0.008).".

        `called` are names of the groups by their positions, by default letters.
        """
        found = self._found(pair, *(called[each] if called else letter(each) for each in (pair.group, pair.baseline)))
        if pair.test is None or pair.corrected is None:
            return f"{_capital(found)}; not tested, because {self._untested(pair)}."
        tests = sum(each.test is not None for each in self.pairs)
        many = f" after Holm for {tests} comparisons" if tests > 1 else ""
        p = f"{p_text(pair.corrected)}{many}"
        if pair.corrected < SIGNIFICANT:
            return f"{_capital(found)} ({p})."
        sentence = f"No significant difference ({p}): {found}."
        if not self.is_too_small(pair):
            return sentence
        never = f"With n = {pair.ns[0]} and {pair.ns[1]} there can never be one"
        return f"{sentence} {never}; each group needs {needed(tests)} values."

    def is_too_small(self, pair: Pair) -> bool:
        """Whether groups of these sizes can never differ significantly."""
        tested = [each for each in self.pairs if each.test is not None]
        # Holm's p grows with each p, so this is the smallest one that groups of these sizes can give.
        return pair in tested and holm([smallest_p(*each.ns) for each in tested])[tested.index(pair)] >= SIGNIFICANT

    def _found(self, pair: Pair, ours: str, theirs: str) -> str:
        """The clause on the ratio, without a full stop."""
        ratio = pair.ratio
        if ratio is None:
            return f"{ours} and {theirs} have no ratio, because {self._no_ratio(pair)}"
        bounded = ratio.above or ratio.below
        if _number(ratio.amount) == _number(1.0) and not bounded:
            return f"the medians of {ours} and {theirs} are about equal, {_times(ratio)} times"
        clause = self.figure.more
        if ratio.amount < 1 or ratio.below:
            ratio, clause = _turned(ratio), self.figure.less
        bound = "more than " if bounded else ""
        return f"{ours} {clause.format(f'{bound}{_times(ratio)}')} {theirs}"

    def _untested(self, pair: Pair) -> str:
        fewest = min(pair.ns)
        if fewest < FEWEST_TESTED:
            return f"a group has {'no value' if not fewest else 'only 1 value'}"
        both = [self.cells[each].description for each in (pair.group, pair.baseline)]
        if all(each is not None and each.above == each.n for each in both):
            return "all values are lower bounds"
        return "a lower bound is below a value of the others"

    def _no_ratio(self, pair: Pair) -> str:
        ours, theirs = self.cells[pair.group].description, self.cells[pair.baseline].description
        if ours is None or theirs is None:
            return "one has no value"
        if ours.median.above and theirs.median.above:
            return "both medians are lower bounds"
        if min(ours.median.amount, theirs.median.amount) <= 0:
            return "a median is 0"
        return "a lower bound is below the other median"


@dataclass(frozen=True)
class Comparison:
    """All of it; `missing` is a sentence if intervals and tests could not be computed, `method` how they were.

    `by` are the only settings in which compared groups differ; without any, all of a direction are compared with one.
    """

    groups: tuple[Group, ...]
    figures: tuple[Compared, ...]
    by: tuple[str, ...] = ()
    method: str = ""
    missing: str = ""


def value_text(scale: Scale, value: Value) -> str:
    """A value without its unit: "27.9", or ">60.0" for a lower bound."""
    return f"{'>' if value.above else ''}{scale.number(value.amount)}"


def interval_text(scale: Scale, interval: Interval | None) -> str:
    """The interval in brackets: "[27.1, 28.4]"; empty for None."""
    if interval is None:
        return ""
    return f"[{value_text(scale, interval.low)}, {value_text(scale, interval.high)}]"


def median_text(scale: Scale, cell: Cell) -> str:
    """The median with its interval: "27.9 [27.1, 28.4]"; a dash without values."""
    if cell.description is None:
        return "-"
    return f"{value_text(scale, cell.description.median)} {interval_text(scale, cell.interval)}".rstrip()


def warning_lines(named: Iterable[tuple[int, str]]) -> list[str]:
    """Warnings by the positions of their groups; groups with the same warning share a line: "A, C: ..."."""
    found: dict[str, list[str]] = {}
    for position, warning in named:
        found.setdefault(warning, []).append(letter(position))
    return [f"{', '.join(letters)}: {warning}" for warning, letters in found.items()]


def p_text(p: float) -> str:
    """A p value: "p = 0.008", "p < 0.001"."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _turned(ratio: Ratio) -> Ratio:
    """The ratio the other way round."""
    low = None if ratio.high is None else 1 / ratio.high
    high = None if ratio.low is None else 1 / ratio.low
    return Ratio(1 / ratio.amount, low, high, above=ratio.below, below=ratio.above)


def _times(ratio: Ratio) -> str:
    amount = _number(ratio.amount)
    if ratio.low is None and ratio.high is None:
        return amount
    low = "open" if ratio.low is None else _number(ratio.low)
    high = "open" if ratio.high is None else _number(ratio.high)
    return f"{amount} [{low}, {high}]"


def _number(amount: float) -> str:
    return f"{amount:.0f}" if amount >= 99.5 else f"{amount:.1f}" if amount >= 1.95 else f"{amount:.2f}"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]

"""What a migration costs the workload in the guest: its rate before and after, and the work that was lost."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from tui.guest.model.rate import rate_of
from tui.guest.model.workload import CPU, MEMORY, WorkloadSpec, number_of, parse_values
from tui.migration.model.observed_downtime import ObservedDowntime
from tui.migration.model.record import GUEST, Event, Record

NEXT_S = 1.5  # a line that is later by the guest's clock is not the next one: a workload writes one a second

KEPT_S = 20.0  # the guest keeps about 20 lines: after a longer time without a reply some may be missing

# Why the true loss may be larger.
MAKES_UP = "its workload may make up later for what it missed"
NO_LINE = "its workload wrote no line after the end"
MISSING = "lines of its workload are missing"
CLOCK = "it is unknown for how long the guest's clock stood still"


@dataclass(frozen=True)
class Rate:
    """The median rate of a workload over some seconds, in `unit`, and of how many lines."""

    value: float
    unit: str
    lines: int


@dataclass(frozen=True)
class Loss:
    """Seconds of work at the rate before the migration; `why` is empty, or the reason why it is at least that."""

    seconds: float
    why: str = ""


@dataclass(frozen=True)
class Lines:
    """Lines of the workload around a migration, as it wrote them, the oldest first.

    `before` ends with the last one of the baseline, `at_end` has those that were read as soon as the migration had
    ended, `after` those that came then.
    """

    before: Sequence[str] = ()
    at_end: Sequence[str] = ()
    after: Sequence[str] = ()


def median_rate(lines: Iterable[str]) -> Rate | None:
    """The rate in these lines of output; None if none has one."""
    rates = [found for line in lines if (found := rate_of(parse_values(line))) is not None]
    return Rate(round(median(rate for rate, _unit in rates), 3), rates[-1][1], len(rates)) if rates else None


def keeps_no_rate(spec: WorkloadSpec | None) -> bool:
    """Whether the workload runs as fast as it can, so that it cannot make up for what it has missed."""
    return spec is not None and (spec.name == CPU or (spec.name == MEMORY and not spec.rate_mib_s))


def loss(
    before: Rate | None, records: Sequence[Record], lines: Lines, observed: ObservedDowntime | None, *, flat_out: bool
) -> Loss | None:
    """The work that the guest did not do from the start to the first line after the end; None if it is unknown.

    By the guest's clock it is the time less the work that was done, then the time for which that clock stood still.
    """
    if before is None or before.value <= 0:
        return None
    rates = dict([*_recorded(records), *_written([*lines.at_end, *lines.after[:1]])])
    begin = max((seconds for seconds, _rate in _written(lines.before)), default=0.0)
    moments = sorted(seconds for seconds in rates if seconds > begin)
    first_s = moments[0] - begin if moments else 0.0
    if moments and first_s < NEXT_S:
        moments = [begin, *moments]
    if len(moments) < 2:
        return None
    stopped_s = _stopped_s(observed)
    steps = [(later - moment, 1 - rates[later] / before.value) for moment, later in pairwise(moments)]
    lost = sum(length_s * part for length_s, part in steps if length_s < KEPT_S)
    missing = any(length_s >= KEPT_S for length_s in (first_s, *(length_s for length_s, _part in steps)))
    unsure = {MAKES_UP: not flat_out, NO_LINE: not lines.after, MISSING: missing, CLOCK: stopped_s is None}
    why = next((each for each, is_so in unsure.items() if is_so), "")
    return Loss(round(max(0.0, lost + (stopped_s or 0.0)), 3), why)


def _recorded(records: Sequence[Record]) -> Iterator[tuple[float, float]]:
    """The seconds and the rates of the lines that were read during the migration."""
    for each in records:
        if isinstance(each, Event) and each.kind == GUEST:
            yield from _pair({key: str(each.data.get(key, "")) for key in ("seconds", "rate")})


def _written(lines: Iterable[str]) -> Iterator[tuple[float, float]]:
    for line in lines:
        values = parse_values(line)
        rate = rate_of(values)
        yield from _pair({**values, "rate": str(rate[0]) if rate else ""})


def _pair(values: Mapping[str, str]) -> Iterator[tuple[float, float]]:
    seconds, rate = number_of(values, "seconds"), number_of(values, "rate")
    if seconds is not None and rate is not None:
        yield seconds, rate


def _stopped_s(observed: ObservedDowntime | None) -> float | None:
    """For how long the guest's clock stood still; None if unknown, 0 within the error of the measurement."""
    if observed is None or observed.clock_lost_ms is None:
        return None
    return observed.clock_lost_ms / 1000 if abs(observed.clock_lost_ms) > (observed.clock_error_ms or 0) else 0.0

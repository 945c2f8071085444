"""What a migration costs the workload in the guest: its rate before and after, and the work that was lost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from tui.guest.model.rate import rate_of
from tui.guest.model.workload import number_of, parse_values
from tui.migration.model.record import GUEST, Event, Record


@dataclass(frozen=True)
class Rate:
    """The median rate of a workload over some seconds, in `unit`, and of how many lines."""

    value: float
    unit: str
    lines: int


def median_rate(lines: Iterable[str]) -> Rate | None:
    """The rate in these lines of output; None if none has one."""
    rates = [found for line in lines if (found := rate_of(parse_values(line))) is not None]
    return Rate(round(median(rate for rate, _unit in rates), 3), rates[-1][1], len(rates)) if rates else None


def lost_seconds(records: Sequence[Record], before: Rate | None) -> float | None:
    """How many seconds of work at the rate `before` the guest did not do during the migration; None if unknown.

    Between two lines of the workload, the time that passed is compared with the work that was done: the guest counts
    its own seconds, which stand still while it is paused.
    """
    if before is None or before.value <= 0:
        return None
    lost, previous, known = 0.0, None, False
    for each in records:
        if not isinstance(each, Event) or each.kind != GUEST or "rate" not in each.data:
            continue
        numbers = {key: str(each.data.get(key, "")) for key in ("rate", "seconds", "ago")}
        rate, seconds = number_of(numbers, "rate"), number_of(numbers, "seconds")
        if rate is None or seconds is None:
            continue
        moment = each.t - (number_of(numbers, "ago") or 0.0)
        if previous is not None and seconds > previous[1] and moment > previous[0]:
            lost += (moment - previous[0]) - (seconds - previous[1]) * rate / before.value
            known = True
        previous = moment, seconds
    return round(max(0.0, lost), 3) if known else None

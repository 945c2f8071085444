"""The rate of the workload before the migration, which the rates during it are compared with."""

from collections.abc import Mapping
from statistics import median
from typing import NamedTuple

from tui.core.quantity import MIB, rate
from tui.guest.model.rate import MIB_S
from tui.migration.model.record import number_in
from tui.migration.model.timeline import Timeline


class RateBefore(NamedTuple):
    """A rate in the workload's unit, and what to call it: "before", or "at first" if none was measured before."""

    rate: float
    name: str


def rate_before(timeline: Timeline) -> RateBefore | None:
    """What a study measured before the migration, else what the workload's log has, else that of the first rates."""
    tables = timeline.options.get("tables")
    guest = tables.get("guest") if isinstance(tables, Mapping) else None
    measured = number_in(guest, "rate_before") if isinstance(guest, Mapping) else None
    measured = measured or timeline.guest.before
    if measured:
        return RateBefore(measured, "before")
    rates = [rate for rate in timeline.guest.first if rate]
    return RateBefore(median(rates), "at first") if rates else None


def rate_text(amount: float, unit: str) -> str:
    """A rate with its unit, rounded: "1.3 GiB/s", "935,210 additions/s"."""
    return rate(amount * MIB) if unit == MIB_S else f"{amount:,.0f} {unit}"

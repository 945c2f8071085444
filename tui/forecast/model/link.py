"""The link between two hosts, as earlier runs, the plan's limit or a probe show it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import median, quantiles
from typing import Any

from tui.core.quantity import GIB, MIB
from tui.forecast.model.forecast import DEVICE_S, SETUP_S, SWITCH_S
from tui.forecast.model.interval import SHARE, Interval

LEAST_SPREAD = 0.05  # of the likely value: so much differs from one migration to the next on an idle link, too
OF_LIMIT = 0.9  # a migration may stay this much below its limit
# Of the probe's rate. QEMU reported 0.96 to 1.01 of it in passes of a second or more (measured in the lab, 1 Gbit/s).
OF_PROBE = Interval(0.90, 0.98, 1.0)
LONG_S = 10.0  # of a run without a recorded bandwidth: less than a tenth of it is connecting
SHORT_S = 20.0  # of sending: in a longer run, the error of the bandwidth hides what connecting took
MOSTLY = 0.8  # of a run must be pre-copy, else its mean rate is that of post-copy
# Bytes per second at which QEMU finds zero pages in the first pass. The lab, emulated and busy, has 1.8 to 2.9 GiB/s.
ZERO_PAGES = Interval(1.0 * GIB, 3.0 * GIB, 10.0 * GIB)
MANY = 4  # runs
ENOUGH = math.ceil((1 + SHARE) / (1 - SHARE) - 1e-9)  # runs
ENOUGH_WITHOUT_EXTREMES = math.ceil((3 + SHARE) / (1 - SHARE) - 1e-9)
MOST = 1e15  # bytes or milliseconds; more is a damaged file
# The options of a migration over which link the memory is sent, and those that change how fast it is sent over one.
ROUTE, WAY = ("migrateuri",), ("parallel", "zerocopy", "comp_methods", "tls", "tunnelled")
# Of the bandwidth that other options gave. Assumed: encryption and the tunnel load one CPU, which may halve the rate;
# one connection may leave half of a fast link unused, and compression may halve what is sent.
OF_ANOTHER_WAY = Interval(0.5, 1.0, 2.0)
PROBE, ANOTHER_WAY = "a probe of the link", ", learned with another way to send"
LIMIT = "the limit"

Way = tuple[tuple[str, int | str], ...]  # the options in ROUTE and WAY that are set, with their values


@dataclass(frozen=True)
class Probe:
    """What was moved over one plain connection in bytes per second, and when, as a time of the log."""

    bytes_s: float
    at: str


@dataclass(frozen=True)
class LinkFacts:
    """What is known of a link: bytes per second without a limit (None if unknown), and seconds of a migration."""

    bandwidth: Interval | None = None
    source: str = ""  # where the bandwidth is known from
    setup_s: Interval = SETUP_S
    device_s: Interval = DEVICE_S
    switch_s: Interval = SWITCH_S

    def limited(self, limit: float) -> tuple[Interval, str] | None:
        """The bandwidth with a limit in bytes per second (0: none), and where it is known from; None if unknown."""
        known = self.bandwidth
        if not limit:
            return None if known is None else (known, self.source)
        below = Interval(OF_LIMIT * limit, limit, limit)
        if known is None:
            return below, LIMIT
        least = Interval(min(known.low, below.low), min(known.likely, limit), min(known.high, limit))
        return least, self.source if known.likely < limit else LIMIT

    def probed(self, bytes_s: float, way: Way = ()) -> "LinkFacts":
        """The same link after a probe has moved so much over one plain connection: newer than the runs that count."""
        bandwidth = Interval(*(share * bytes_s for share in (OF_PROBE.low, OF_PROBE.likely, OF_PROBE.high)))
        if any(name in WAY for name, _ in way):
            return replace(self, bandwidth=another_way(bandwidth), source=f"{PROBE}{ANOTHER_WAY}")
        return replace(self, bandwidth=bandwidth, source=PROBE)


@dataclass(frozen=True)
class EarlierRun:
    """The figures of a run.toml that tell of the link: bytes and seconds, None if unknown.

    `limit` is 0 if there was none, None if it was changed during the run. `zero` are the bytes of zero pages, at least;
    `way` is how it sent them; `began` is a time of the log.
    """

    bandwidth: float | None
    limit: float | None
    sent: float | None
    total_s: float | None
    downtime_s: float | None
    device_s: float | None
    post_copy: bool
    zero: float = 0.0
    way: Way = ()
    began: str = ""

    @property
    def setup_s(self) -> float | None:
        """What connecting took: the total without the sending at a rate that is known."""
        rate = self.limit or self.bandwidth
        if not rate or self.post_copy or self.sent is None or self.total_s is None or self.sent > SHORT_S * rate:
            return None
        return max(0.0, self.total_s - self.sent / rate - (self.device_s or 0.0) - scanning(self.zero).likely)

    @property
    def switch_s(self) -> float | None:
        """The pause of the switch to post-copy; None for pre-copy."""
        return self.downtime_s if self.post_copy else None


def way_of(options: Mapping[str, Any]) -> Way:
    """The way of a migration, by the fields of a plan or of a record, which may have only those that are set."""
    set_here = ((name, options.get(name)) for name in (*ROUTE, *WAY))
    return tuple((name, value) for name, value in set_here if value and isinstance(value, (int, str)))


def earlier_run(tables: Mapping[str, Any], origin: str, target: str) -> EarlierRun | None:
    """The figures of a completed run from one host to another, by their host names; None for any other run."""
    hosts = _table(tables, "hosts")
    names = tuple(_table(hosts, str(hosts.get(end))).get("hostname") for end in ("origin", "target"))
    if names != (origin, target) or tables.get("outcome") != "completed":
        return None
    figures, limit = _table(tables, "figures"), _number(_table(tables, "options"), "bandwidth_mib_s")
    if limit is None:
        return None  # another program started it: its limit is unknown
    changed = figures.get("limit_changed") is True
    post_copy_at, total_ms, device_ms = (_number(figures, n) for n in ("post_copy_at_s", "total_time_ms", "device_ms"))
    memory = _number(figures, "memory_total_bytes")
    sent, downtime_ms = _number(figures, "memory_sent_bytes"), _number(figures, "downtime_ms")
    total_s = _seconds(total_ms)
    bandwidth = _number(figures, "bandwidth_bytes_s")
    steady = not limit and not changed
    if not bandwidth and steady and sent and total_s and total_s >= LONG_S:  # recorded by an earlier version
        mostly_pre_copy = post_copy_at is None or post_copy_at >= MOSTLY * total_s
        bandwidth = sent / (total_s - SETUP_S.likely) if mostly_pre_copy else None
    return EarlierRun(
        bandwidth or None, None if changed else limit * MIB, sent, total_s, _seconds(downtime_ms), _seconds(device_ms),
        post_copy=post_copy_at is not None, zero=max(0.0, (memory or 0.0) - (sent or 0.0)),
        way=way_of(_table(tables, "options")), began=str(tables.get("began", "")),
    )  # fmt: skip


def learned(runs: Iterable[EarlierRun], way: Way = (), probe: Probe | None = None) -> LinkFacts:
    """What earlier runs between two hosts show of the link for a migration that sends in this way.

    Runs of another route count as those over another link. Those that sent in another way show the bandwidth and what
    connecting takes only if none of this way does; the pauses do not depend on it. After a probe, only the bandwidth of
    runs in this way that began later counts, and without any of them that of the probe.
    """
    found = [each for each in runs if _route(each.way) == _route(way)]
    same = [each for each in found if each.way == way]
    rates = [each.bandwidth for each in same if each.bandwidth and (probe is None or each.began > probe.at)]
    others = [each.bandwidth for each in found if each.bandwidth]
    setups = [each.setup_s for each in same if each.setup_s is not None]
    devices = [each.device_s for each in found if each.device_s is not None and not each.post_copy]
    switches = [each.switch_s for each in found if each.switch_s is not None]
    bandwidth = spread(rates) if rates else another_way(spread(others)) if others else None
    number = len(rates) or len(others)
    facts = LinkFacts(
        bandwidth,
        f"{number} earlier run{'' if number == 1 else 's'}{'' if rates else ANOTHER_WAY}" if number else "",
        times(SETUP_S, setups or [each.setup_s for each in found if each.setup_s is not None]),
        times(DEVICE_S, devices),
        times(SWITCH_S, switches),
    )
    return facts if probe is None or rates else facts.probed(probe.bytes_s, way)


def another_way(bandwidth: Interval) -> Interval:
    """The bandwidth that may be expected if the memory is sent in another way than the one that was measured."""
    low, likely, high = OF_ANOTHER_WAY.low, OF_ANOTHER_WAY.likely, OF_ANOTHER_WAY.high
    return Interval(low * bandwidth.low, likely * bandwidth.likely, high * bandwidth.high)


def _route(way: Way) -> Way:
    return tuple(each for each in way if each[0] in ROUTE)


def scanning(zero: float) -> Interval:
    """The seconds that the first pass takes to find so many bytes of zero pages, which are hardly sent."""
    return Interval(*(zero / each for each in (ZERO_PAGES.high, ZERO_PAGES.likely, ZERO_PAGES.low)))


def spread(values: list[float]) -> Interval:
    """The median with the quartiles, with the extremes of less than MANY values; never narrower than LEAST_SPREAD."""
    middle = median(values)
    low, high = min(values), max(values)
    if len(values) >= MANY:
        low, _, high = quantiles(values, n=4, method="inclusive")
    return Interval(min(low, (1 - LEAST_SPREAD) * middle), middle, max(high, (1 + LEAST_SPREAD) * middle))


def times(assumed: Interval, values: list[float]) -> Interval:
    """What runs show of a time, so that SHARE of further ones are expected within it.

    Of further values, (n - 1) / (n + 1) are within the extremes of n: fewer than ENOUGH do not narrow what is assumed
    without any. Of so many that it suffices without them, the extremes do not count: they may be accidents.
    """
    if not values:
        return assumed
    ordered, middle = sorted(values), median(values)
    if len(values) >= ENOUGH_WITHOUT_EXTREMES:
        ordered = ordered[1:-1]
    bounds = [ordered[0], ordered[-1], (1 - LEAST_SPREAD) * middle, (1 + LEAST_SPREAD) * middle]
    return Interval.around(middle, bounds if len(values) >= ENOUGH else [*bounds, assumed.low, assumed.high])


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tables.get(name)
    return found if isinstance(found, Mapping) else {}


def _number(table: Mapping[str, Any], name: str) -> float | None:
    value = table.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < MOST:
        return None
    return float(value)


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000

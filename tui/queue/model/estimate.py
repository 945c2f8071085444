"""How long a queue takes: its scheduler run on a simulated clock, with the link of each host shared."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tui.core.quantity import duration
from tui.forecast.model.interval import Interval
from tui.queue.model.plan import OPPOSITE, Cost, Entry, QueuePlan
from tui.queue.model.progress import MOVED, QUEUED, RUNNING, EntryState, Progress
from tui.queue.model.scheduler import Running, Situation, Start, decide, heads_for

NO_RUN = "no earlier migration shows how fast the links are"
BY_LIMIT = "This takes links that no earlier migration shows for as fast as the limit of the bandwidth."


@dataclass(frozen=True)
class Estimate:
    """The seconds until the queue is over, without the `unknown` entries of which nothing is known; None if all are.

    With `by_limit`, links of which no migration is known are taken for as fast as the limit of the bandwidth. With
    `copies_disks`, that is why nothing is known.
    """

    seconds: Interval | None
    unknown: int = 0
    by_limit: bool = False
    copies_disks: bool = False

    @property
    def text(self) -> str:
        """ "about 12 min (8 min to 20 min)"; says what is unknown, "" if nothing is left."""
        if self.seconds is None:
            why = "no forecast counts the disks that are copied" if self.copies_disks else NO_RUN
            return f"unknown: {why}" if self.unknown else ""
        low, likely, high = (rough(self.seconds.at(bound)) for bound in ("low", "likely", "high"))
        between = f" ({low} to {high})" if low != high else ""
        more = f", and {self.unknown} of which nothing is known" if self.unknown else ""
        return f"about {likely}{between}{more}"

    @property
    def assumption(self) -> str:
        """What it assumes, as a sentence; "" for nothing."""
        return BY_LIMIT if self.by_limit else ""


@dataclass
class _Work:
    """One migration of the simulation: what is left of it."""

    running: Running
    cost: Cost
    setup_s: float
    left: float

    def seconds(self, rate: float) -> float:
        return self.setup_s + self.left / rate


def estimate(plan: QueuePlan, progress: Progress, left: Mapping[int, float] | None = None) -> Estimate:
    """How long the rest takes; `left` are the bytes that migrations under way have still to send, as far as known."""
    states = {each.number: progress.of(each.number) for each in plan.movable}
    open_now = [
        each.to(heads_for(plan, each, states[each.number]))
        for each in plan.movable
        if states[each.number].state in (QUEUED, RUNNING)
    ]
    known = [each for each in open_now if each.alone_s(plan.limits.bandwidth) is not None]
    if not known:
        return Estimate(None, len(open_now), copies_disks=plan.copies_disks)
    low, likely, high = (_simulated(plan, progress, known, bound, left or {}) for bound in OPPOSITE)
    bounds = (min(low, likely), likely, max(likely, high))
    by_limit = any(each.cost is not None and each.cost.rate is None for each in known)
    return Estimate(Interval(*bounds), len(open_now) - len(known), by_limit)


def _simulated(
    plan: QueuePlan, progress: Progress, entries: list[Entry], bound: str, left: Mapping[int, float]
) -> float:
    """The seconds until these entries are over, at one bound of their costs."""
    clear = replace(plan, entries=tuple(entries))
    states = {each.number: EntryState() for each in entries}
    work: dict[int, _Work] = {}
    for each in entries:
        if progress.of(each.number).state == RUNNING:
            states[each.number] = EntryState(RUNNING)
            work[each.number] = _begun(each, bound, left.get(each.number))
    passed = 0.0
    for _ in range(2 * len(entries) + 1):  # each turn ends one migration
        running = tuple(each.running for each in work.values())
        for act in decide(clear, Progress(states), Situation(running)):
            if isinstance(act, Start):
                states[act.number] = EntryState(RUNNING)
                work[act.number] = _begun(clear.entry(act.number), bound, None)
        if not work:
            break
        rates = _rates(work, plan.limits.bandwidth, OPPOSITE[bound])
        step = min(each.seconds(rates[number]) for number, each in work.items())
        passed += step
        for number, under_way in tuple(work.items()):
            _advance(under_way, rates[number], step)
            if under_way.left <= 0 and under_way.setup_s <= 0:
                del work[number]
                states[number] = EntryState(MOVED)
    return passed


def _begun(entry: Entry, bound: str, left: float | None) -> _Work:
    cost = entry.cost
    if cost is None:
        raise ValueError(f"{entry.vm} has no known cost")
    running = Running(entry.number, entry.origin, entry.target, None)
    sent = cost.sent.at(bound)
    if left is None:
        return _Work(running, cost, cost.setup_s.at(bound), sent)
    return _Work(running, cost, 0.0, min(left, sent))


def _rates(work: Mapping[int, _Work], budget: int, bound: str) -> dict[int, float]:
    """Bytes per second of each: the link of a host is shared by those that leave or reach it, the budget by all."""
    hosts = Counter(host for each in work.values() for host in (each.running.origin, each.running.target))
    found = {}
    for number, each in work.items():
        on_link = max(hosts[each.running.origin], hosts[each.running.target])
        speed = each.cost.speed(bound, budget / len(work), on_link)
        if speed is None:
            raise ValueError(f"nothing shows how fast entry {number} is")
        found[number] = speed
    return found


def _advance(work: _Work, rate: float, seconds: float) -> None:
    connecting = min(work.setup_s, seconds)
    work.setup_s -= connecting
    work.left -= (seconds - connecting) * rate
    if work.left < 1.0:  # less than a byte is an error of rounding
        work.left = 0.0


def rough(seconds: float) -> str:
    """A time without false precision: "50 s", "41 min", "2 h 10 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return duration(seconds) if seconds >= 3600 else f"{round(seconds / 60)} min"

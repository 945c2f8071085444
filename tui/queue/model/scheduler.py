"""What a queue does next: a pure function of its plan, its progress, and what runs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tui.core.quantity import MIB
from tui.queue.model.plan import Entry, QueuePlan
from tui.queue.model.progress import OVER, QUEUED, EntryState, Progress

Way = tuple[str, str]  # from a host to another


@dataclass(frozen=True)
class Running:
    """A migration of the queue; `mib_s` is its bandwidth limit, 0 for none, None if it has to be set in any case."""

    number: int
    origin: str
    target: str
    mib_s: int | None = 0


@dataclass(frozen=True)
class Situation:
    """What runs; `others` are the ways of migrations of other clients, `busy` their VMs.

    Nothing may go to the hosts in `avoid`: they are in maintenance.
    """

    running: tuple[Running, ...] = ()
    others: tuple[Way, ...] = ()
    busy: frozenset[str] = frozenset()
    avoid: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Start:
    """Start the migration of an entry; `mib_s` 0 is no limit."""

    number: int
    target: str
    mib_s: int


@dataclass(frozen=True)
class SetBandwidth:
    """Change the limit of a migration that runs."""

    number: int
    mib_s: int


@dataclass(frozen=True)
class GiveUp:
    """No host is left for a queued entry."""

    number: int
    why: str


@dataclass(frozen=True)
class Stop:
    """Start no more, because too much has failed."""

    why: str


Act = Start | SetBandwidth | GiveUp | Stop


def decide(plan: QueuePlan, progress: Progress, now: Situation) -> tuple[Act, ...]:
    """What to do now, in this order; nothing if it is to wait.

    Limits of those that run fall before another one starts, so that their sum keeps to the budget.
    """
    why = _too_many_failures(plan, progress)
    if why and not progress.stopped:
        return (Stop(why), *_shared(plan, now.running, ()))
    going_on = not (progress.stopped or progress.paused or progress.finished)
    chosen = _chosen(plan, progress, now) if going_on else []
    starts = [each for each in chosen if isinstance(each, Start)]
    given_up = [each for each in chosen if isinstance(each, GiveUp)]
    return (*given_up, *_shared(plan, now.running, starts))


def next_target(plan: QueuePlan, entry: Entry, known: EntryState, avoid: Iterable[str] = ()) -> str:
    """The host to try next for an entry, "" if none is left; the plan's own first."""
    options = dict.fromkeys((entry.target, *entry.targets) if plan.limits.elsewhere else (entry.target,))
    return next((host for host in options if host not in known.tried and host not in avoid), "")


def heads_for(plan: QueuePlan, entry: Entry, known: EntryState) -> str:
    """The host to which an entry goes, will go or was sent last, as far as its plan and its progress show it."""
    waits_for = next_target(plan, entry, known) if known.state == QUEUED else known.target
    return waits_for or known.target or entry.target


def _chosen(plan: QueuePlan, progress: Progress, now: Situation) -> list[Start | GiveUp]:
    """The entries to start now, in their order; one that has to wait for a host keeps no later one waiting."""
    hosts = Counter(host for each in now.running for host in (each.origin, each.target))
    hosts.update(host for way in now.others for host in way)
    found: list[Start | GiveUp] = []
    free = plan.limits.at_once - len(now.running)
    for entry in plan.movable:
        known = progress.of(entry.number)
        if known.state != QUEUED or entry.vm in now.busy:
            continue
        target = next_target(plan, entry, known, now.avoid)
        if not target:
            found.append(GiveUp(entry.number, known.why or f"{entry.target} is in maintenance"))
        elif free > 0 and max(hosts[entry.origin], hosts[target]) < plan.limits.per_host:
            hosts.update((entry.origin, target))
            free -= 1
            found.append(Start(entry.number, target, 0))
    return found


def _shared(plan: QueuePlan, running: Iterable[Running], starts: Iterable[Start]) -> list[Act]:
    """The starts with their share of the budget, after the changes that make room for them."""
    known, new = list(running), list(starts)
    share = share_mib_s(plan.limits.bandwidth, len(known) + len(new))
    changes = [SetBandwidth(each.number, share) for each in known if each.mib_s != share]
    return [*changes, *(Start(each.number, each.target, share) for each in new)]


def share_mib_s(bandwidth: int, count: int) -> int:
    """The equal share of a budget in bytes per second, in the MiB/s that libvirt takes, at least 1; 0 for no limit."""
    return max(1, bandwidth // max(1, count) // MIB) if bandwidth else 0


def _too_many_failures(plan: QueuePlan, progress: Progress) -> str:
    limit, failed = plan.limits.stop_after, progress.failures
    if not limit or len(failed) - progress.forgiven < limit or progress.finished:
        return ""
    last = progress.of(failed[-1])
    count = "a migration has" if len(failed) == 1 else f"{len(failed)} migrations have"
    return f"{count} failed; the last one: {last.why}"


def all_over(plan: QueuePlan, progress: Progress) -> bool:
    """Whether no entry is queued or under way."""
    return all(progress.of(each.number).state in OVER for each in plan.movable)

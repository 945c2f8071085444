"""The plan of a queue: which VM goes from which host to which one, in which order, and what cannot move."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tui.core.failure import Failure
from tui.core.plan import AUTOMATIC, TECHNIQUES
from tui.forecast.model.interval import Interval
from tui.forecast.model.link import OF_LIMIT
from tui.queue.model.limits import MOST_BANDWIDTH, Limits, limits_of
from tui.queue.model.progress import LIMITS

EVACUATE, BACK, MOVE = "evacuate", "bring back", "move"  # what the plan is made for
MOST_ENTRIES = 2_000
OPPOSITE = {"low": "high", "likely": "likely", "high": "low"}  # little over a fast link is soonest done


@dataclass(frozen=True)
class Cost:
    """What a migration takes: bytes sent, bytes per second of the link if it has it alone, seconds of connecting.

    `rate` is None if nothing shows it. `limit` is what the options of the migration allow in bytes per second, 0 for no
    limit; a share of the queue's bandwidth takes its place.
    """

    sent: Interval
    rate: Interval | None
    setup_s: Interval
    limit: int = 0

    def speed(self, bound: str, share: float = 0.0, on_link: int = 1) -> float | None:
        """Bytes per second at a bound of `rate`, if so many migrations use the link; None if unknown.

        `share` is its part of the queue's bandwidth in bytes per second, 0 if that has no limit.
        """
        limit = (share or self.limit) * (OF_LIMIT if bound == "low" else 1.0)
        known = [] if self.rate is None else [self.rate.at(bound) / on_link]
        known += [limit] * bool(limit)
        return max(1.0, min(known)) if known else None

    def alone_s(self, bandwidth: float = 0.0) -> Interval | None:
        """The seconds of the migration if it has its link and the queue's bandwidth alone; None if unknown."""
        found = []
        for bound, other in OPPOSITE.items():
            speed = self.speed(other, bandwidth)
            if speed is None:
                return None
            found.append(self.setup_s.at(bound) + self.sent.at(bound) / speed)
        return Interval(*found)

    @property
    def fields(self) -> dict[str, Any]:
        """The cost as JSON."""
        rate = None if self.rate is None else self.rate.to_json()
        return {"sent": self.sent.to_json(), "rate": rate, "setup_s": self.setup_s.to_json(), "limit": self.limit}


@dataclass(frozen=True)
class Entry:
    """One VM; `number` is its place in the order, from 1.

    `target` is "" if it cannot move, and `cannot` why. `targets` are all hosts that can take it, the best first.
    By host, `doubts` are why its migration there may fail, and `costs` what that takes, as far as anything shows it.
    """

    number: int
    vm: str
    uuid: str
    origin: str
    target: str = ""
    targets: tuple[str, ...] = ()
    technique: str = AUTOMATIC
    memory_bytes: int = 0
    cannot: str = ""
    doubts: Mapping[str, str] = field(default_factory=dict)
    costs: Mapping[str, Cost] = field(default_factory=dict)

    def to(self, target: str) -> "Entry":
        """The entry with another target."""
        return replace(self, target=target)

    @property
    def doubt(self) -> str:
        """Why its migration to `target` may fail; usually empty."""
        return self.doubts.get(self.target, "")

    @property
    def cost(self) -> Cost | None:
        """What its migration to `target` takes; None if nothing shows it."""
        return self.costs.get(self.target)

    def alone_s(self, bandwidth: int) -> Interval | None:
        """The seconds of its migration with its link and the queue's bandwidth alone; None if unknown."""
        return None if self.cost is None else self.cost.alone_s(bandwidth)

    @property
    def movable(self) -> bool:
        """Whether the plan moves it."""
        return not self.cannot

    def fields(self, bandwidth: int = 0) -> dict[str, Any]:
        """The entry as JSON; `bandwidth` is that of its queue."""
        found: dict[str, Any] = {name: getattr(self, name) for name in TEXTS}
        found |= {"number": self.number, "memory_bytes": self.memory_bytes, "targets": list(self.targets)}
        found |= {"doubts": dict(self.doubts), "costs": {host: each.fields for host, each in self.costs.items()}}
        alone_s = self.alone_s(bandwidth)
        found["alone_s"] = None if alone_s is None else alone_s.to_json()
        return found | {"doubt": self.doubt, "cost": self.cost.fields if self.cost else None}


TEXTS = ("vm", "uuid", "origin", "target", "technique", "cannot")


@dataclass(frozen=True)
class QueuePlan:
    """`purpose` is EVACUATE or BACK of `host`, or MOVE; `stays` are sentences on VMs that are no entries.

    `preset` has the options of its migrations, "" for those of [migration]; with `copies_disks` they copy the disks.
    """

    purpose: str
    host: str
    entries: tuple[Entry, ...]
    limits: Limits = field(default_factory=Limits)
    stays: tuple[str, ...] = ()
    preset: str = ""
    copies_disks: bool = False

    @property
    def fields(self) -> dict[str, Any]:
        """The plan as JSON."""
        entries = [each.fields(self.limits.bandwidth) for each in self.entries]
        about = {"purpose": self.purpose, "host": self.host, "limits": self.limits.fields, "stays": list(self.stays)}
        return {**about, "preset": self.preset, "copies_disks": self.copies_disks, "entries": entries}

    @property
    def movable(self) -> tuple[Entry, ...]:
        """The entries that the plan moves, in their order."""
        return tuple(each for each in self.entries if each.movable)

    def entry(self, number: int) -> Entry:
        """The entry of that number; KeyError if there is none."""
        found = next((each for each in self.entries if each.number == number), None)
        if found is None:
            raise KeyError(number)
        return found

    def after(self, entry: Mapping[str, Any]) -> "QueuePlan":
        """The plan after an entry of the log, which may have other limits; raises Failure if those are damaged."""
        return self.with_limits(limits_of(entry.get("limits"))) if entry.get("do") == LIMITS else self

    # -- edits, before it is started --

    def with_limits(self, limits: Limits) -> "QueuePlan":
        """The plan with other limits."""
        return replace(self, limits=limits)

    def without(self, number: int) -> "QueuePlan":
        """The plan without an entry: its VM stays."""
        return self._ordered([each for each in self.entries if each.number != number])

    def with_target(self, number: int, target: str) -> "QueuePlan":
        """The plan with another target of an entry, which is one of its `targets`."""
        entries = (each.to(target) if each.number == number else each for each in self.entries)
        return replace(self, entries=tuple(entries))

    def with_technique(self, number: int, technique: str) -> "QueuePlan":
        """The plan with another technique of an entry."""
        entries = (replace(each, technique=technique) if each.number == number else each for each in self.entries)
        return replace(self, entries=tuple(entries))

    def shifted(self, number: int, by: int) -> "QueuePlan":
        """The plan with an entry that many places later; negative: earlier."""
        order = list(self.entries)
        at = next(place for place, each in enumerate(order) if each.number == number)
        order.insert(max(0, at + by), order.pop(at))
        return self._ordered(order)

    def _ordered(self, entries: Sequence[Entry]) -> "QueuePlan":
        return replace(self, entries=numbered(entries))


def numbered(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries with their numbers: those that move in this order, then the others."""
    ordered = sorted(entries, key=lambda each: not each.movable)
    return tuple(replace(each, number=number) for number, each in enumerate(ordered, 1))


def smallest_first(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries in the order in which they start: the shortest forecast first, else the least memory.

    They share the link of the host, so each order takes the same time in all, and this one frees it of most VMs soonest
    (Smith's rule); oVirt goes by the priority of its VMs, Nova and Proxmox as they list them.
    """

    def key(entry: Entry) -> tuple[float, str]:
        sent = entry.cost.sent.likely if entry.cost else float(entry.memory_bytes)
        return sent, entry.vm

    return numbered(sorted(entries, key=key))


def plan_of(values: object) -> QueuePlan:
    """The plan of such JSON; raises Failure."""
    try:
        if not isinstance(values, Mapping):
            raise TypeError("it is no object")
        entries = values["entries"]
        if not isinstance(entries, list) or len(entries) > MOST_ENTRIES:
            raise TypeError(f"it has no list of at most {MOST_ENTRIES} entries")
        found = numbered([_entry(each) for each in entries])
        stays = tuple(_text(each) for each in values.get("stays", ()))
        about = _text(values["purpose"]), _text(values["host"])
        options = _text(values.get("preset", "")), values.get("copies_disks") is True
        plan = QueuePlan(*about, found, limits_of(values.get("limits", {})), stays, *options)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Failure("The plan of the queue is malformed", str(error)) from error
    _require_whole(plan)
    return plan


def _require_whole(plan: QueuePlan) -> None:
    """Raise a Failure for a plan that cannot be meant."""
    what = "The plan of the queue is malformed"
    if plan.purpose not in (EVACUATE, BACK, MOVE):
        raise Failure(what, f"{plan.purpose!r} is no purpose")
    names = [each.vm for each in plan.entries]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise Failure(what, f"{twice} is in it twice")
    for each in plan.movable:
        if each.target in ("", each.origin):
            raise Failure(what, f"{each.vm} has no host to go to")
        if each.technique not in TECHNIQUES:
            raise Failure(what, f"there is no technique {each.technique!r}", f"They are {', '.join(TECHNIQUES)}.")


def _entry(values: Any) -> Entry:
    if not isinstance(values, Mapping):
        raise TypeError("an entry is no object")
    texts = {name: _text(values.get(name, "")) for name in TEXTS if name in values or name != "technique"}
    memory_bytes, cost = values.get("memory_bytes", 0), values.get("cost")
    if not isinstance(memory_bytes, int) or not 0 <= memory_bytes <= 2**60 or not texts["vm"]:
        raise ValueError(f"an entry has no VM, or {memory_bytes!r} bytes")
    targets = tuple(_text(each) for each in values.get("targets", ()))
    doubts = {_text(host): _text(doubt) for host, doubt in values.get("doubts", {}).items()}
    costs = {_text(host): _cost(each) for host, each in values.get("costs", {}).items()}
    # A journal of an earlier version has those of the target only.
    doubts = {texts["target"]: doubt, **doubts} if (doubt := _text(values.get("doubt", ""))) else doubts
    costs = {texts["target"]: _cost(cost), **costs} if cost else costs
    return Entry(0, targets=targets, memory_bytes=memory_bytes, doubts=doubts, costs=costs, **texts)


def _cost(values: Any) -> Cost:
    sent, setup_s = (Interval.from_json(values[name]) for name in ("sent", "setup_s"))
    rate, limit = None if values["rate"] is None else Interval.from_json(values["rate"]), values.get("limit", 0)
    if rate is not None and math.isinf(rate.high):
        raise ValueError(f"{values['rate']!r} is no rate in bytes per second")
    if type(limit) is not int or not 0 <= limit <= MOST_BANDWIDTH:
        raise ValueError(f"{limit!r} is no limit in bytes per second")
    return Cost(sent, rate, setup_s, limit)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value

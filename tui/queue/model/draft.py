"""A plan that a person edits before it runs: the VMs that were taken out can be put back."""

from dataclasses import dataclass, replace

from tui.core.plan import TECHNIQUES
from tui.queue.model.limits import Limits
from tui.queue.model.plan import Entry, QueuePlan


@dataclass(frozen=True)
class Draft:
    """The plan with all of its VMs; those in `out` stay where they are."""

    plan: QueuePlan
    out: frozenset[str] = frozenset()

    @property
    def result(self) -> QueuePlan:
        """The plan without the VMs that were taken out."""
        plan = self.plan
        for vm in self.out:
            plan = plan.without(next(each.number for each in plan.entries if each.vm == vm))
        return plan

    def entry(self, vm: str) -> Entry | None:
        """The entry of a VM."""
        return next((each for each in self.plan.entries if each.vm == vm), None)

    def why_fixed(self, vm: str) -> str:
        """Why nothing of a VM can be changed; empty if it can."""
        entry = self.entry(vm)
        if entry is None:
            return "There is no VM here."
        if not entry.movable:
            return f"{vm} cannot move: {entry.cannot}"
        return f"{vm} was taken out; taking it out again puts it back." if vm in self.out else ""

    def toggled(self, vm: str) -> "Draft":
        """Take a VM out, or put it back."""
        return replace(self, out=self.out ^ {vm})

    def shifted(self, vm: str, by: int) -> "Draft":
        """Move a VM that many places later; negative: earlier. It stays among those that can move."""
        entry, last = self.entry(vm), len(self.plan.movable)
        if entry is None or not 1 <= entry.number + by <= last:
            return self
        return replace(self, plan=self.plan.shifted(entry.number, by))

    def to_next_target(self, vm: str, step: int) -> "Draft":
        """Send a VM to the next one of its hosts; after the last comes the first."""
        entry = self.entry(vm)
        if entry is None or len(entry.targets) < 2:
            return self
        at = entry.targets.index(entry.target) if entry.target in entry.targets else -1
        target = entry.targets[(at + step) % len(entry.targets)]
        return replace(self, plan=self.plan.with_target(entry.number, target))

    def with_next_technique(self, vm: str) -> "Draft":
        """Move a VM by the next technique; after the last comes the first."""
        entry = self.entry(vm)
        if entry is None:
            return self
        names = list(TECHNIQUES)
        technique = names[(names.index(entry.technique) + 1) % len(names)]
        return replace(self, plan=self.plan.with_technique(entry.number, technique))

    def with_limits(self, limits: Limits) -> "Draft":
        """The same with other limits."""
        return replace(self, plan=self.plan.with_limits(limits))


def arrivals(plan: QueuePlan) -> dict[str, tuple[int, int]]:
    """By host: how many VMs of the plan go there, and the bytes of their memory."""
    found: dict[str, tuple[int, int]] = {}
    for each in plan.movable:
        count, memory_bytes = found.get(each.target, (0, 0))
        found[each.target] = (count + 1, memory_bytes + each.memory_bytes)
    return found

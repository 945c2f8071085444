"""The placement of a VM: which host has it, and in which state."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tui.core.aged import Aged, ago
from tui.core.failure import Failure
from tui.core.host_words import none_of
from tui.core.settings import DESTINATION, SOURCE
from tui.core.vm import Vm


@dataclass(frozen=True)
class VmOnHost:
    """A VM and the host that has it."""

    vm: Vm
    host: str


@dataclass(frozen=True)
class LastSeen:
    """The VMs that a host had which does not answer now, and the age of that answer in seconds; None for none."""

    vms: tuple[Vm, ...] = ()
    age_s: float | None = None


def last_seen(known: Aged[tuple[Vm, ...]], now: float) -> LastSeen | None:
    """What is known of a host that is silent; None if it answers."""
    return LastSeen(known.value or (), known.age_s(now)) if known.silent(now) else None


@dataclass(frozen=True)
class Inventory:
    """The VMs of all `hosts`, in their order, and by host why it can't be read; `late` of those may still reply.

    `seen` is what hosts had that do not answer now.
    """

    found: tuple[VmOnHost, ...] = ()
    failures: Mapping[str, Failure] = field(default_factory=dict)
    hosts: tuple[str, ...] = (SOURCE, DESTINATION)
    late: frozenset[str] = frozenset()
    seen: Mapping[str, LastSeen] = field(default_factory=dict)

    def only(self, hosts: Collection[str]) -> "Inventory":
        """What is known of these hosts alone."""
        return Inventory(
            tuple(each for each in self.found if each.host in hosts),
            {host: failure for host, failure in self.failures.items() if host in hosts},
            tuple(host for host in self.hosts if host in hosts),
            self.late.intersection(hosts),
            {host: seen for host, seen in self.seen.items() if host in hosts},
        )

    @property
    def lost(self) -> tuple["VmPlacement", ...]:
        """The VMs that only hosts had which do not answer now."""
        found = {each.vm.name for each in self.found}
        names = {vm.name for each in self.seen.values() for vm in each.vms} - found
        return tuple(map(self.where, sorted(names)))

    def origin(self, name: str) -> VmOnHost | None:
        """The VM on the host where a migration would start: where it is active, else where it is defined."""
        having = (each for each in self.found if each.vm.name == name)
        return min(having, key=lambda each: (not each.vm.active, each.vm.arriving), default=None)

    def where(self, name: str) -> "VmPlacement":
        """The placement of one VM."""
        answers: dict[str, Vm | Failure | None] = {
            host: failure for host, failure in self.failures.items() if host not in self.late
        }
        for host in (each for each in self.hosts if each not in self.failures):
            having = (each.vm for each in self.found if (each.vm.name, each.host) == (name, host))
            answers[host] = next(having, None)
        return VmPlacement(name, answers, tuple(host for host in self.hosts if host in self.late), self.seen)

    def stopped(self, name: str) -> str:
        """Why a VM that is active on no host can't be migrated; empty if it is active or may be."""
        origin = self.origin(name)
        if self.failures or (origin is not None and origin.vm.active):
            return ""
        if origin is None:
            return f"{none_of(self.hosts).capitalize()} has a VM named {name}; the Launch page lists the VMs."
        return f"{name} is {state_words(origin.vm)} on {origin.host}; the Launch page starts it."


@dataclass(frozen=True)
class VmPlacement:
    """By host the VM, None if it has none of that name, a Failure if it can't be read; `awaited` have not replied.

    `seen` is what hosts had before they stopped to answer. A list of VMs reads some properties of each many times.
    """

    name: str
    answers: Mapping[str, Vm | Failure | None] = field(default_factory=dict)
    awaited: tuple[str, ...] = ()
    seen: Mapping[str, LastSeen] = field(default_factory=dict)

    def with_answer(self, host: str, answer: Vm | Failure | None) -> "VmPlacement":
        """A copy with the new answer of one host."""
        answers = dict(self.answers) | {host: answer}
        return VmPlacement(self.name, answers, tuple(each for each in self.awaited if each != host), self.seen)

    @cached_property
    def host(self) -> str:
        """The host that has the VM, "" if none; if several have it, as in a migration, the one where it runs."""
        known = {host: vm for host, vm in self.answers.items() if isinstance(vm, Vm)}
        return min(known, key=lambda host: (not known[host].running, not known[host].active), default="")

    @cached_property
    def vm(self) -> Vm | None:
        """The VM on that host."""
        answer = self.answers.get(self.host)
        return answer if isinstance(answer, Vm) else None

    @cached_property
    def arrives_at(self) -> str:
        """The host that receives it in a migration, "" if none does."""
        return next((host for host, vm in self.answers.items() if isinstance(vm, Vm) and vm.incoming), "")

    @property
    def arrival(self) -> str:
        """ "arriving from source" while a host receives it, as far as it is known where it comes from; else empty."""
        there = self.arrives_at
        if not there:
            return ""
        others = {host: answer for host, answer in self.answers.items() if host != there}
        origin = next((host for host, vm in others.items() if isinstance(vm, Vm) and vm.active), "")
        if origin:
            return f"arriving from {origin}"
        unread = self.awaited or any(isinstance(each, Failure) for each in others.values())
        return f"arriving on {there}" if unread else "arriving from elsewhere"

    @property
    def twice(self) -> bool:
        """Whether it is active on several hosts although no migration explains that: both write to its disks."""
        return not self.arrives_at and sum(isinstance(vm, Vm) and vm.active for vm in self.answers.values()) > 1

    @property
    def elsewhere(self) -> str:
        """ "running on host3, too": the other hosts that have it although it does not arrive there; else empty."""
        others = {host: vm for host, vm in self.answers.items() if isinstance(vm, Vm) and host != self.host}
        if not others or self.arrives_at:
            return ""
        words = (f"{state_words(vm) if vm.active else 'defined'} on {host}" for host, vm in others.items())
        return f"{', '.join(words)}, too"

    @property
    def active(self) -> bool:
        """Whether a host reports it as running or paused."""
        return self.vm is not None and self.vm.active

    @property
    def unreachable(self) -> dict[str, Failure]:
        """The hosts that can't be read."""
        return {host: answer for host, answer in self.answers.items() if isinstance(answer, Failure)}

    @cached_property
    def last_seen(self) -> str:
        """ "last seen running on destination 40 s ago" for a VM that only silent hosts had; empty if one has it now."""
        if self.active:
            return ""
        known = [(each.age_s or 0.0, host, vm) for host, each in self.seen.items() for vm in each.vms]
        there = [(age, host, vm) for age, host, vm in known if vm.name == self.name and (vm.active or self.vm is None)]
        if not there:
            return ""
        age, host, vm = min(there, key=lambda each: (not each[2].running, not each[2].active, each[0]))
        return f"last seen {state_words(vm)} on {host} {ago(age)}"

    @property
    def nowhere(self) -> bool:
        """Whether all hosts replied and none has a VM of that name."""
        return bool(self.answers) and not self.awaited and not any(self.answers.values())

    @cached_property
    def sentence(self) -> str:
        """Its state and place: "running on source"."""
        if last_seen := self.last_seen:
            return last_seen
        if self.vm is None and (self.awaited or not self.answers):
            return "not known yet"
        if self.vm is None:
            away = " and ".join(self.unreachable)
            return f"unknown because {away} can't be reached" if away else "no host has a VM of this name"
        if self.arrives_at and self.host != self.arrives_at:
            return f"{state_words(self.vm)} on {self.host}, arriving on {self.arrives_at}"
        arrival = self.arrival
        return f"{state_words(self.vm)} on {self.host}{f', {arrival}' if ' from ' in arrival else ''}"

    def why_not_boot(self) -> str:
        """Why it can't be booted now; empty if it can."""
        if not self.active and (self.awaited or not self.answers):
            waiting = " and ".join(self.awaited) or "a host"
            return f"The VM is not located yet: {waiting} has not answered."
        if self.vm is None:
            return next((str(each) for each in self.unreachable.values()), f"No host has a VM named {self.name}.")
        if self.vm.active:
            return f"{self.name} is already {self.sentence}."
        return ""

    @property
    def doubt(self) -> str:
        """Why booting may damage the disk: it may already run on a host that can't be reached."""
        away = ", ".join(self.unreachable)
        return f"{away} can't be reached. If {self.name} runs there, booting it here damages its disk." if away else ""


def taken(vm: Vm, there: Iterable[VmOnHost]) -> Failure | None:
    """Why `vm` can't arrive on the host whose VMs are `there`: its name or UUID is in use; None if it can."""
    for found in there:
        other, host = found.vm, found.host
        if other.name == vm.name and (other.uuid != vm.uuid or other.active):
            why = f"a VM of that name is {other.state} there"
            return Failure(f"The name {vm.name} is taken on {host}", why, "Rename or undefine it there.")
        if other.uuid == vm.uuid and other.name != vm.name:
            why = f"{other.name} has it there, and is {other.state}; libvirt takes them for one VM"
            hint = f"If {other.name} is a copy, undefine it there and define it again without its <uuid> line."
            return Failure(f"The UUID of {vm.name} is taken on {host}", why, hint)
    return None


def state_words(vm: Vm) -> str:
    """The state with libvirt's reason: "paused (post-copy)"."""
    return f"{vm.state} ({vm.reason})" if vm.reason else vm.state

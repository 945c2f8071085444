"""Where VMs are: which host has one, and what both hosts say of the configured one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.core.failure import Failure
from tui.core.vm import Vm


@dataclass(frozen=True)
class VmOnHost:
    """A VM and the host that has it ("source" or "destination")."""

    vm: Vm
    host: str


@dataclass(frozen=True)
class Inventory:
    """The VMs of the hosts that answered, the source's first, and by host why another did not answer."""

    found: tuple[VmOnHost, ...] = ()
    failures: Mapping[str, Failure] = field(default_factory=dict)

    def origin(self, name: str) -> VmOnHost | None:
        """The VM of that name where a migration would start: on the host where it is active, else where defined."""
        having = (each for each in self.found if each.vm.name == name)
        return min(having, key=lambda each: not each.vm.active, default=None)

    def stopped(self, name: str) -> str:
        """Why the VM of that name can't be migrated: it is active on no host; empty where it is, or may be."""
        origin = self.origin(name)
        if self.failures or (origin is not None and origin.vm.active):
            return ""
        if origin is None:
            return f"Neither host knows a VM named {name}; the Launch page shows what there is."
        return f"{name} is {state_words(origin.vm)} on {origin.host}; the Launch page starts it."


@dataclass(frozen=True)
class VmPlacement:
    """The answers by host: the VM, None where the host knows none of that name, a Failure where it can't be asked.

    `awaited` are the hosts that have not answered yet.
    """

    name: str
    answers: Mapping[str, Vm | Failure | None] = field(default_factory=dict)
    awaited: tuple[str, ...] = ()

    def with_answer(self, host: str, answer: Vm | Failure | None) -> "VmPlacement":
        """The same with what one host says now."""
        answers = dict(self.answers) | {host: answer}
        return VmPlacement(self.name, answers, tuple(each for each in self.awaited if each != host))

    @property
    def host(self) -> str:
        """The host that has it, "" where none has; while it migrates both have, and it is where it runs."""
        known = {host: vm for host, vm in self.answers.items() if isinstance(vm, Vm)}
        return min(known, key=lambda host: (not known[host].running, not known[host].active), default="")

    @property
    def vm(self) -> Vm | None:
        answer = self.answers.get(self.host)
        return answer if isinstance(answer, Vm) else None

    @property
    def active(self) -> bool:
        """Whether it is known to run (or to be paused) somewhere."""
        return self.vm is not None and self.vm.active

    @property
    def unreachable(self) -> dict[str, Failure]:
        return {host: answer for host, answer in self.answers.items() if isinstance(answer, Failure)}

    @property
    def nowhere(self) -> bool:
        """Whether both hosts have said that they know none of that name."""
        return bool(self.answers) and not self.awaited and not any(self.answers.values())

    @property
    def sentence(self) -> str:
        """Where it is, in a few words."""
        if self.vm is None and (self.awaited or not self.answers):
            return "not known yet"
        if self.vm is None:
            away = " and ".join(self.unreachable)
            return f"not known, because {away} can't be asked" if away else "no host knows a VM of this name"
        return f"{state_words(self.vm)} on {self.host}"

    def why_not_boot(self) -> str:
        """Why it can't be booted now; empty where it can."""
        if not self.active and (self.awaited or not self.answers):
            waiting = " and ".join(self.awaited) or "a host"
            return f"It is not known yet where the VM is: {waiting} has not answered."
        if self.vm is None:
            return next((str(each) for each in self.unreachable.values()), f"No host knows a VM named {self.name}.")
        if self.vm.active:
            return f"{self.name} is {self.sentence} already."
        return ""

    @property
    def doubt(self) -> str:
        """Why booting might be a mistake: it might run where nobody can look, and two would write into one disk."""
        away = ", ".join(self.unreachable)
        return f"{away} can't be asked: if {self.name} runs there, booting it here damages its disk." if away else ""


def state_words(vm: Vm) -> str:
    """Its state with libvirt's reason: "paused (post-copy)"."""
    return f"{vm.state} ({vm.reason})" if vm.reason else vm.state

"""The VMs of all hosts, as the Launch page lists them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from tui.core.aged import last_answer
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.vm.model.domain import Domain
from tui.vm.model.location import LastSeen, VmPlacement


@dataclass(frozen=True)
class Listed:
    """One VM on one host and its definition, a Failure if that can't be read."""

    vm: Vm
    domain: Domain | Failure


@dataclass(frozen=True)
class Listing:
    """The VMs by host, a Failure if the host can't be read; `awaited` hosts have not replied yet.

    `seen` is what hosts had that do not answer now. The answers are in the order of `hosts`, whichever comes first.
    """

    answers: Mapping[str, tuple[Listed, ...] | Failure] = field(default_factory=dict)
    awaited: tuple[str, ...] = ()
    seen: Mapping[str, LastSeen] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()

    @classmethod
    def of(cls, hosts: tuple[str, ...]) -> "Listing":
        """The listing of hosts that have not replied yet."""
        return cls(awaited=hosts, hosts=hosts)

    def with_answer(self, host: str, answer: tuple[Listed, ...] | Failure) -> "Listing":
        """A copy with the new answer of one host; itself if that is the one of before."""
        if host not in self.awaited and self.answers.get(host) == answer:
            return self
        awaited = tuple(each for each in self.awaited if each != host)
        answers = {**self.answers, host: answer}
        if host not in self.answers:
            answers = {each: answers[each] for each in (*self.hosts, *answers) if each in answers}
        return replace(self, answers=answers, awaited=awaited)

    def with_silent(self, seen: Mapping[str, LastSeen]) -> "Listing":
        """A copy in which these hosts do not answer: what they had counts only as seen; itself if none is silent."""
        if not seen and not self.seen:
            return self
        late = {
            host: Failure(f"{host} does not answer", last_answer(each.age_s))
            for host, each in seen.items()
            if isinstance(self.answers.get(host), tuple)
        }
        return replace(self, answers={**self.answers, **late}, seen=seen)

    def without(self, name: str) -> "Listing":
        """A copy without that VM."""
        answers = {
            host: answer if isinstance(answer, Failure) else tuple(each for each in answer if each.vm.name != name)
            for host, answer in self.answers.items()
        }
        return replace(self, answers=answers)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all VMs, without duplicates, also of those that only silent hosts had."""
        seen = {vm.name for each in self.seen.values() for vm in each.vms}
        return tuple(sorted({each.vm.name for each in self._read} | seen))

    @property
    def _read(self) -> list[Listed]:
        """The VMs of the hosts that could be read."""
        return [each for answer in self.answers.values() if isinstance(answer, tuple) for each in answer]

    def where(self, name: str) -> VmPlacement:
        """The placement of one VM."""
        if name not in self._places:
            answers = {
                host: answer if isinstance(answer, Failure) else self._vm_on(host, name)
                for host, answer in self.answers.items()
            }
            seen = {
                host: LastSeen(self._seen_by_name[host].get(name, ()), each.age_s) for host, each in self.seen.items()
            }
            self._places[name] = VmPlacement(name, answers, self.awaited, seen)
        return self._places[name]

    def domain(self, name: str) -> Domain | Failure | None:
        """The definition on the host that has the VM, or on the one that sends it there; None if no host has it."""
        where = self.where(name)
        found = self._domain_on(where.host, name)
        if where.host == where.arrives_at:
            others = (self._domain_on(host, name) for host in self.answers if host != where.host)
            return next((each for each in others if isinstance(each, Domain)), found)
        return found

    def _domain_on(self, host: str, name: str) -> Domain | Failure | None:
        found = self._by_name.get(host, {}).get(name)
        return found.domain if found else None

    def _vm_on(self, host: str, name: str) -> Vm | None:
        found = self._by_name.get(host, {}).get(name)
        return found.vm if found else None

    @cached_property
    def _places(self) -> dict[str, VmPlacement]:
        """The placements that were requested: a table requests each one several times."""
        return {}

    @cached_property
    def _seen_by_name(self) -> dict[str, dict[str, tuple[Vm, ...]]]:
        """By silent host, the VMs that it had, by name."""
        found: dict[str, dict[str, tuple[Vm, ...]]] = {}
        for host, each in self.seen.items():
            found[host] = {}
            for vm in each.vms:
                found[host][vm.name] = (*found[host].get(vm.name, ()), vm)
        return found

    @cached_property
    def _by_name(self) -> dict[str, dict[str, Listed]]:
        """By host that could be read, its VMs by name: a table looks up each of a thousand VMs."""
        read = {host: answer for host, answer in self.answers.items() if isinstance(answer, tuple)}
        return {host: {each.vm.name: each for each in answer} for host, answer in read.items()}

    @property
    def files(self) -> dict[str, tuple[str, ...]]:
        """By VM, the sources of its drives, their backing and data files, from all hosts; a volume only by its name."""
        found: dict[str, tuple[str, ...]] = {}
        for each in self._read:
            if isinstance(each.domain, Domain):
                files = (
                    file for disk in each.domain.disks for file in (disk.source, *disk.backing, *disk.data) if file
                )
                found[each.vm.name] = tuple(dict.fromkeys((*found.get(each.vm.name, ()), *files)))
        return found

    @property
    def unread(self) -> tuple[str, ...]:
        """Hosts and VMs that could not be read; any of them may use a file."""
        hosts = [host for host, answer in self.answers.items() if isinstance(answer, Failure)]
        read = {each.vm.uuid for each in self._read if isinstance(each.domain, Domain)}
        vms = [each.vm.name for each in self._read if isinstance(each.domain, Failure) and each.vm.uuid not in read]
        return (*self.awaited, *hosts, *vms)

"""The VMs of both hosts, as the Launch page lists them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.vm.model.domain import Domain
from tui.vm.model.location import VmPlacement


@dataclass(frozen=True)
class Listed:
    """One VM on one host and its definition, which is a Failure where it could not be read."""

    vm: Vm
    domain: Domain | Failure


@dataclass(frozen=True)
class Listing:
    """What each host answered, a Failure where it could not be asked; `awaited` hosts have not answered yet."""

    answers: Mapping[str, tuple[Listed, ...] | Failure] = field(default_factory=dict)
    awaited: tuple[str, ...] = ()

    def with_answer(self, host: str, answer: tuple[Listed, ...] | Failure) -> "Listing":
        """The same with what one host says now."""
        return Listing(dict(self.answers) | {host: answer}, tuple(each for each in self.awaited if each != host))

    @property
    def names(self) -> tuple[str, ...]:
        """Of all VMs, each once."""
        found = {each.vm.name for answer in self.answers.values() if isinstance(answer, tuple) for each in answer}
        return tuple(sorted(found))

    def where(self, name: str) -> VmPlacement:
        """What both hosts say of one VM."""
        answers = {
            host: answer
            if isinstance(answer, Failure)
            else next((each.vm for each in answer if each.vm.name == name), None)
            for host, answer in self.answers.items()
        }
        return VmPlacement(name, answers, self.awaited)

    def domain(self, name: str) -> Domain | Failure | None:
        """Its definition where it is, None where no host has one."""
        answer = self.answers.get(self.where(name).host)
        if not isinstance(answer, tuple):
            return None
        return next((each.domain for each in answer if each.vm.name == name), None)

    @property
    def files(self) -> dict[str, tuple[str, ...]]:
        """What each VM's drives consist of, on whichever host: files, and what else libvirt calls their source."""
        found: dict[str, tuple[str, ...]] = {}
        for answer in self.answers.values():
            for each in answer if isinstance(answer, tuple) else ():
                if isinstance(each.domain, Domain):
                    disks = each.domain.disks
                    files = (file for disk in disks for file in (disk.source, *disk.backing) if file)
                    found[each.vm.name] = tuple(dict.fromkeys((*found.get(each.vm.name, ()), *files)))
        return found

    @property
    def unread(self) -> tuple[str, ...]:
        """What may hide a user of a file: hosts that could not be asked, VMs whose definition could not be read."""
        hosts = [host for host, answer in self.answers.items() if isinstance(answer, Failure)]
        vms = [
            each.vm.name
            for answer in self.answers.values()
            if isinstance(answer, tuple)
            for each in answer
            if isinstance(each.domain, Failure)
        ]
        return (*self.awaited, *hosts, *vms)

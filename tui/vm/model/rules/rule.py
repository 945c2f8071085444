"""One rule of the tables, and the case that it judges."""

import ipaddress
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import PurePosixPath

from tui.vm.model.domain import Disk, Domain
from tui.vm.model.fix import Fix
from tui.vm.model.host_facts import HostFacts, HostFile
from tui.vm.model.host_inventory import HostInventory
from tui.vm.model.offer import Offer

BLOCKED, DOUBTFUL, NOTE = "blocked", "doubtful", "note"
PATHS = 8192  # of many VMs: all rules ask the same of each path
Words = Mapping[str, str | int]


@dataclass(frozen=True)
class Case:
    """One VM, its target, and what is known of both hosts; an unknown offer is None."""

    domain: Domain
    folder: str
    target: str
    there: Offer | None
    here: Offer | None
    origin: str = ""  # the host of the VM, "" if unknown

    @cached_property
    def disks(self) -> tuple[Disk, ...]:
        """The drives that have a medium; volumes are resolved by the pools of this host."""
        known = HostInventory() if self.here is None else self.here.inventory
        return tuple(known.resolved(each) for each in self.domain.disks if each.source)

    @property
    def facts(self) -> HostFacts | None:
        """What the system of the target has."""
        return None if self.there is None else self.there.facts

    def file_there(self, path: str) -> HostFile | None:
        """A path on the target; None if it could not be looked up."""
        return None if self.facts is None else self.facts.files.get(path)

    def file_here(self, path: str) -> HostFile | None:
        """A path on the host of the VM; None if it could not be looked up."""
        return None if self.here is None or self.here.facts is None else self.here.facts.files.get(path)

    def listens_there(self, address: str) -> bool | None:
        """Whether a program can listen on the address on the target, too; None if that is unknown, as of a name."""
        ip = _ip(address)
        if address in ("", "localhost") or (ip is not None and (ip.is_loopback or ip.is_unspecified)):
            return True
        there = set() if self.facts is None else {_ip(each) for each in self.facts.addresses}
        if ip is None or not there:
            return None
        return ip in there

    def older(self, libvirt: tuple[int, ...] = (), qemu: tuple[int, ...] = ()) -> bool:
        """Whether a host is known to have an older libvirt or QEMU."""
        daemons = [offer.daemon for offer in (self.here, self.there) if offer is not None]
        return any(each.libvirt_version < libvirt or each.hypervisor_version < qemu for each in daemons)


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def nothing(_case: Case, _words: Words) -> tuple[Fix, ...]:
    """No change that a key can make."""
    return ()


@dataclass(frozen=True)
class Rule:
    """One row: each result of `finds` fills the sentence and the hint; {target} and {vm} are known to all rows.

    `mend` returns the changes that mend it, any of them; `unless_copied` if it does not hold for a copied disk.
    """

    level: str
    finds: Callable[[Case], Iterable[Words]]
    sentence: str
    hint: str = ""
    mend: Callable[[Case, Words], tuple[Fix, ...]] = nothing
    unless_copied: bool = False

    def judge(self, case: Case) -> list[tuple[str, tuple[Fix, ...]]]:
        """The sentences about the case, each with its hint, and what mends it."""
        return [self._finding(case, words) for words in self.finds(case)]

    def _finding(self, case: Case, found: Words) -> tuple[str, tuple[Fix, ...]]:
        words = {"target": case.target, "vm": shlex.quote(case.domain.name), **found}
        return f"{self.sentence} {self.hint}".format_map(words).rstrip(), self.mend(case, words)


@lru_cache(maxsize=PATHS)
def on_shared(path: str, folder: str) -> bool:
    """Whether a path is below `folder`; a path with ".." is not."""
    parts = PurePosixPath(path).parts
    return ".." not in parts and PurePosixPath(path).is_relative_to(folder)

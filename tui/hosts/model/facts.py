"""All facts of the Hosts room: about each host, and from one host about another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from tui.checklist.model.check import Finding, from_failure
from tui.core.failure import Failure
from tui.core.ssh_target import parse_target, target_of_uri
from tui.core.vm import Daemon, Vm
from tui.hosts.model.account import Account
from tui.hosts.model.clock import Clock
from tui.hosts.model.host import System
from tui.hosts.model.names import Names, is_local
from tui.hosts.model.ports import Tried
from tui.hosts.model.software import Software
from tui.hosts.model.ssh import Attempt
from tui.hosts.model.userfaultfd import Userfaultfd
from tui.linux.addresses import is_address
from tui.linux.firewall import Firewall
from tui.linux.qemu_conf import QemuConf
from tui.vm.model.cpu import CpuFit
from tui.vm.model.domain import Domain
from tui.vm.model.kvm import Kvm

ALL_PAIRS_UP_TO = 4  # hypervisors; of more, only the pairs with one of them are checked


@dataclass(frozen=True)
class Configured:
    """The part of the configuration that the steps depend on; `ssh` and `peer_uri` are by host.

    `here` is the host that the app runs on, "" for none, `storage` the storage server, "" if there is none.
    """

    ssh: Mapping[str, str]
    peer_uri: Mapping[str, str]
    images: str  # the folder of the images on the storage server
    vm: str
    vm_memory_bytes: int
    hypervisors: tuple[str, ...]
    here: str
    storage: str
    migration_address: Mapping[str, str] = field(default_factory=dict)  # of the hypervisors that have one
    only: tuple[tuple[str, str], ...] = ()  # the ways between hypervisors that are read, in place of the usual ones

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts, the storage server last."""
        return (*self.hypervisors, *filter(None, [self.storage]))

    def partner(self, host: str) -> str:
        """The hypervisor with which `host` is compared first: that of the app, or the first other; "" for none."""
        home = self.here or self.hypervisors[0]
        return home if host != home else next((each for each in self.hypervisors if each != home), "")

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The ways between two hypervisors that are checked: all, or with many those from and to one of them."""
        if self.only:
            return self.only
        home, few = self.here or self.hypervisors[0], len(self.hypervisors) <= ALL_PAIRS_UP_TO
        every = ((start, end) for start in self.hypervisors for end in self.hypervisors if start != end)
        return tuple(pair for pair in every if few or home in pair)

    @cached_property
    def compared(self) -> tuple[tuple[str, str], ...]:
        """The same pairs, each once: what two hypervisors have in common holds for both ways."""
        if self.only:
            return self.only
        order = self.hypervisors.index
        return tuple((one, other) for one, other in self.pairs if order(one) < order(other))

    @cached_property
    def ways(self) -> tuple[tuple[str, str], ...]:
        """From which host the names of which other one are resolved; a hypervisor also its own."""
        own = ((host, host) for host in self.hypervisors)
        served = self.hypervisors if self.storage else ()
        back = (pair[::-1] for pair in self.only)  # the names there may give the addresses of both
        return (
            *own,
            *dict.fromkeys((*self.pairs, *back)),
            *((host, self.storage) for host in served),
            *((self.storage, host) for host in served),
        )

    def between(self, pairs: Iterable[tuple[str, str]]) -> "Configured":
        """The same for these ways alone, and the hosts at their ends."""
        only = tuple(pairs)
        ends = {host for pair in only for host in pair}
        hosts = tuple(host for host in self.hypervisors if host in ends)
        return replace(self, hypervisors=hosts, here=self.here if self.here in ends else "", storage="", only=only)

    def id(self, host: str, step: str, other: str) -> str:
        """The id of a step of `host` that is about `other`, too."""
        return f"{host}.{step}" if other == self.partner(host) else f"{host}.{step}.{other}"


@dataclass(frozen=True)
class Libvirt:
    """A daemon, its VMs, its machine types, and the definition of the configured VM if it is here."""

    daemon: Daemon
    vms: tuple[Vm, ...] = ()
    machines: tuple[str, ...] = ()
    vm: Domain | None = None


@dataclass(frozen=True)
class OneHost:
    """The facts of one host; a part is None until it is read, a Failure if it can't be."""

    system: System | Failure | None = None
    clock: Clock | Failure | None = None
    conf: QemuConf | Failure | None = None  # the first one read as root; a Failure if root is not available
    software: Software | Failure | None = None  # libvirt and QEMU
    libvirt: Libvirt | Failure | None = None
    kvm: Kvm | Failure | None = None
    userfaultfd: Userfaultfd | Failure | None = None


@dataclass(frozen=True)
class Way:
    """The facts that one host has about another."""

    names: Names | Failure | None = None  # addresses of the other's names
    ssh: Attempt | Failure | None = None  # root's login to the other
    account: Account | Failure | None = None  # on the other host; read only if the login failed
    peer: str | Failure | None = None  # host name from the other's libvirt; "" without virsh
    ports: Tried | Failure | None = None
    firewall: Firewall | Failure | None = None  # of the other host; read only if ports are closed
    cpu: CpuFit | Failure | None = None  # only of the pairs that are compared


UNREAD_HOST, UNREAD_WAY = OneHost(), Way()


@dataclass(frozen=True)
class HostsFacts:
    """All facts that were read."""

    configured: Configured
    hosts: Mapping[str, OneHost] = field(default_factory=dict)
    ways: Mapping[tuple[str, str], Way] = field(default_factory=dict)

    def at(self, host: str) -> OneHost:
        """The facts of one host."""
        return self.hosts.get(host, UNREAD_HOST)

    def way(self, start: str, end: str) -> Way:
        """The facts that `start` has about `end`."""
        return self.ways.get((start, end), UNREAD_WAY)

    def with_host(self, host: str, **sections: Any) -> "HostsFacts":
        """A copy with these fields of OneHost replaced."""
        return replace(self, hosts={**self.hosts, host: replace(self.at(host), **sections)})

    def with_way(self, start: str, end: str, **sections: Any) -> "HostsFacts":
        """A copy with these fields of Way replaced."""
        return replace(self, ways={**self.ways, (start, end): replace(self.way(start, end), **sections)})

    def address(self, host: str) -> str:
        """The address at which the others reach it, "" if unknown; the ends of the app's connections come first."""
        others = [each for each in self.configured.hosts if each != host]
        system = self.at(host).system
        own = system.addresses if isinstance(system, System) else ()
        seen = [system.reached_at] if isinstance(system, System) else []
        if host == self.configured.here:
            systems = (self.at(each).system for each in others)
            seen = [each.reached_from for each in systems if isinstance(each, System)]
        if own:  # the end of a tunnel or of address translation is not its own address
            seen = [each for each in seen if each in own]
        given = parse_target(self.configured.ssh[host]).host
        resolved = (self.way(each, host).names for each in others)
        found = [address for names in resolved if isinstance(names, Mapping) for address in names.get(given, ())]
        return next((each for each in (*seen, given, *found) if is_address(each) and not is_local(each)), "")

    def announced(self, host: str) -> str:
        """The name or address to which the other libvirt sends a VM, "" if unknown."""
        if address := self.configured.migration_address.get(host):
            return address
        conf, libvirt = self.at(host).conf, self.at(host).libvirt
        configured = conf.migration_host if isinstance(conf, QemuConf) else ""
        return configured or (libvirt.daemon.hostname if isinstance(libvirt, Libvirt) else "")

    def sends_from(self, start: str, end: str) -> str:
        """The address from which `start` sends a VM to `end`, "" if unknown: that in the network of migrations."""
        known = self.configured.migration_address
        own = known.get(start, "")
        return own if end in known and is_address(own) else self.address(start)

    def names_of(self, host: str) -> tuple[str, ...]:
        """The names that others resolve: the configured ones and the announced one, without plain addresses."""
        peer = target_of_uri(self.configured.peer_uri[host]) if host in self.configured.hypervisors else None
        names = (parse_target(self.configured.ssh[host]).host, peer.host if peer else "", self.announced(host))
        return tuple(dict.fromkeys(each for each in names if each and not is_address(each)))

    @cached_property
    def vm(self) -> Domain | None:
        """The definition of the configured VM, from the host that has it."""
        found = (self.at(host).libvirt for host in self.configured.hypervisors)
        return next((each.vm for each in found if isinstance(each, Libvirt) and each.vm), None)

    @cached_property
    def vm_awaited(self) -> bool:
        """Whether a libvirt that may have it is still unread."""
        return any(self.at(host).libvirt is None for host in self.configured.hypervisors)


def unread(part: object) -> Finding | None:
    """UNKNOWN with the reason for a part that can't be read; None while it is not read yet."""
    return from_failure(part) if isinstance(part, Failure) else None

"""All that the Hosts room reads: of each host, and of the ways between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tui.checklist.model.check import UNKNOWN, Finding
from tui.core.failure import Failure
from tui.core.settings import DESTINATION, HYPERVISORS, SOURCE, STORAGE
from tui.core.ssh_target import parsed, target
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

ALL = (SOURCE, DESTINATION, STORAGE)


@dataclass(frozen=True)
class Configured:
    """What the steps depend on of the configuration; `ssh` and `peer_uri` are by the host's role."""

    ssh: Mapping[str, str]
    peer_uri: Mapping[str, str]
    images: str  # their folder on the storage server
    vm: str
    vm_memory_bytes: int


@dataclass(frozen=True)
class Libvirt:
    """What a daemon says: of itself, of the VMs it knows, and of the configured one if it is here."""

    daemon: Daemon
    vms: tuple[Vm, ...] = ()
    machines: tuple[str, ...] = ()
    vm: Domain | None = None


@dataclass(frozen=True)
class OneHost:
    """What was read on one host; each part is None until it is, a Failure where it can't be."""

    system: System | Failure | None = None
    clock: Clock | Failure | None = None
    conf: QemuConf | Failure | None = None  # the first that is read as root: a Failure says why root is not to be had
    software: Software | Failure | None = None  # libvirt's and QEMU's
    libvirt: Libvirt | Failure | None = None
    kvm: Kvm | Failure | None = None
    userfaultfd: Userfaultfd | Failure | None = None


@dataclass(frozen=True)
class Way:
    """What was tried from one host to another."""

    names: Names | Failure | None = None  # what the other's names lead to
    ssh: Attempt | Failure | None = None  # root's login
    account: Account | Failure | None = None  # on the other side; read only where the login failed
    peer: str | Failure | None = None  # what the other's libvirt answered, "" where there is no program to ask it with
    ports: Tried | Failure | None = None
    firewall: Firewall | Failure | None = None  # on the other side; read only where ports are closed


@dataclass(frozen=True)
class HostsFacts:
    """All that was read of the three hosts and of the ways between them."""

    configured: Configured
    hosts: Mapping[str, OneHost] = field(default_factory=dict)
    ways: Mapping[tuple[str, str], Way] = field(default_factory=dict)
    cpu: CpuFit | Failure | None = None

    def at(self, host: str) -> OneHost:
        return self.hosts.get(host, OneHost())

    def way(self, start: str, end: str) -> Way:
        return self.ways.get((start, end), Way())

    def with_host(self, host: str, **sections: Any) -> "HostsFacts":
        """The same with these fields of OneHost replaced."""
        return replace(self, hosts={**self.hosts, host: replace(self.at(host), **sections)})

    def with_way(self, start: str, end: str, **sections: Any) -> "HostsFacts":
        """The same with these fields of Way replaced."""
        return replace(self, ways={**self.ways, (start, end): replace(self.way(start, end), **sections)})

    def address(self, host: str) -> str:
        """By which the others reach it, "" where that is not known; the ends of the app's own connections tell best."""
        others = [each for each in ALL if each != host]
        system = self.at(host).system
        own = system.addresses if isinstance(system, System) else ()
        seen = [system.reached_at] if isinstance(system, System) else []
        if host == SOURCE:
            systems = (self.at(each).system for each in others)
            seen = [each.reached_from for each in systems if isinstance(each, System)]
        if own:  # an end of a tunnel, or of somebody's in between, is none of its own
            seen = [each for each in seen if each in own]
        given = parsed(self.configured.ssh[host]).host
        looked_up = (self.way(each, host).names for each in others)
        found = [address for names in looked_up if isinstance(names, Mapping) for address in names.get(given, ())]
        return next((each for each in (*seen, given, *found) if is_address(each) and not is_local(each)), "")

    def announced(self, host: str) -> str:
        """The name by which its libvirt tells the other to send a VM to it, "" where that is not known."""
        conf, libvirt = self.at(host).conf, self.at(host).libvirt
        set_by_hand = conf.migration_host if isinstance(conf, QemuConf) else ""
        return set_by_hand or (libvirt.daemon.hostname if isinstance(libvirt, Libvirt) else "")

    def names_of(self, host: str) -> tuple[str, ...]:
        """By which others look it up: as it is configured, and as it announces itself; addresses need no look-up."""
        peer = target(self.configured.peer_uri[host]) if host in HYPERVISORS else None
        names = (parsed(self.configured.ssh[host]).host, peer.host if peer else "", self.announced(host))
        return tuple(dict.fromkeys(each for each in names if each and not is_address(each)))

    @property
    def vm(self) -> Domain | None:
        """The configured VM's, from whichever host has it."""
        found = (self.at(host).libvirt for host in HYPERVISORS)
        return next((each.vm for each in found if isinstance(each, Libvirt) and each.vm), None)

    @property
    def vm_awaited(self) -> bool:
        """Whether a libvirt that may know it has neither answered nor failed yet."""
        return any(self.at(host).libvirt is None for host in HYPERVISORS)


def unread(part: object) -> Finding | None:
    """The finding where a part was not read: none yet, or that it can't be looked at, and why."""
    if not isinstance(part, Failure):
        return None
    found = f"{part.what}: {part.why}" if part.why else part.what
    return Finding(UNKNOWN, found.rstrip("."), hint=part.hint, detail=part.detail)

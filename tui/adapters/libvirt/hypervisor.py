"""The Hypervisor of the protocols over libvirt: one open connection, frozen answers, translated errors."""

import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import libvirt
import libvirt_qemu

from tui.adapters.libvirt import cpu, events
from tui.adapters.libvirt import domain as libvirt_domain
from tui.adapters.libvirt.domain import state_words, vm_of
from tui.adapters.libvirt.errors import translate
from tui.adapters.libvirt.migration import NO_LIMIT_MIB_S, migration_flags, migration_parameters
from tui.core.plan import Plan
from tui.core.protocols import HypervisorEvent, JobInfo, Stat
from tui.core.vm import Daemon, Vm
from tui.vm.model.domain_mark import NAMESPACE, PREFIX, TAG

T = TypeVar("T")
Listener = Callable[[HypervisorEvent], None]

KEEPALIVE_S, KEEPALIVE_MISSED = 5, 5  # a dead link is noticed after half a minute, as QEMU does itself

GONE = frozenset({libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_OPERATION_INVALID})
# "migration statistics are available only on the source host": a VM that is just arriving
NO_JOB = GONE | {libvirt.VIR_ERR_OPERATION_UNSUPPORTED}

INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
UNDEFINE = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
)
# Who knows a VM's addresses: libvirt's own network that gave it one, the guest itself, else the host that spoke to it.
ADDRESS_SOURCES = (
    libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE,
    libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT,
    libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP,
)
NOT_KNOWN = frozenset({libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_NO_SUPPORT})


def connect(uri: str) -> "LibvirtHypervisor":
    """Open a connection to the daemon at `uri`; blocks, raises Failure."""
    events.start_loop()
    try:
        connection = _open(uri)
    except libvirt.libvirtError as error:
        raise translate(f"libvirt at {uri} cannot be reached", error) from error
    try:
        connection.setKeepAlive(KEEPALIVE_S, KEEPALIVE_MISSED)
    except libvirt.libvirtError as error:
        # test:/// has nobody to keep alive; everything that travels has
        if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
            connection.close()
            raise translate(f"libvirt at {uri} cannot be reached", error) from error
    return LibvirtHypervisor(uri, connection)


def _open(uri: str) -> libvirt.virConnect:
    try:
        return libvirt.open(uri)
    except libvirt.libvirtError as error:
        if "Cannot write data: Broken pipe" not in str(error):
            raise
        # ssh had ended before libvirt first wrote to it, and libvirt then drops ssh's message. This race is rare.
        return libvirt.open(uri)


class LibvirtHypervisor:
    """One connection; libvirt's client lets several threads talk over it at the same time."""

    def __init__(self, uri: str, connection: libvirt.virConnect) -> None:
        self.uri = uri
        self._connection = connection
        self._domains: dict[str, Any] = {}  # name -> virDomain: a look-up saved on every sample
        self._listening = threading.Lock()
        self._registered: list[int] = []  # libvirt's numbers of our calls, while anybody listens
        self._listeners: tuple[tuple[str, Listener], ...] = ()

    def _do(self, what: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except libvirt.libvirtError as error:
            raise translate(what, error) from error

    def _domain(self, name: str) -> Any:
        domain = self._domains.get(name)
        if domain is None:
            domain = self._domains[name] = self._connection.lookupByName(name)
        return domain

    def daemon(self) -> Daemon:
        return self._do(f"The facts of {self.uri} could not be read", self._daemon)

    def _daemon(self) -> Daemon:
        host = ET.fromstring(self._connection.getCapabilities()).find("host")  # noqa: S314 - our own daemon's word
        uuid, model = (host.findtext("uuid", ""), host.findtext("cpu/model", "")) if host is not None else ("", "")
        label = None if host is None else host.findtext("secmodel[model='dac']/baselabel")
        info = self._connection.getInfo()
        return Daemon(
            uri=self.uri,
            hostname=self._connection.getHostname(),
            uuid=uuid,
            libvirt_version=_version(self._connection.getLibVersion()),
            hypervisor_version=_version(self._connection.getVersion()),
            cpus=info[2],
            cpu_model=model or info[0],
            memory_bytes=info[1] * 2**20,
            memory_free_bytes=self._connection.getFreeMemory(),
            qemu_user=_numbers(label or ""),
        )

    def vms(self) -> tuple[Vm, ...]:
        def read() -> tuple[Vm, ...]:
            found = (vm_of(each) for each in self._connection.listAllDomains())
            return tuple(sorted((vm for vm in found if vm is not None), key=lambda vm: vm.name))

        return self._do(f"The VMs of {self.uri} could not be listed", read)

    def vm(self, name: str) -> Vm | None:
        def read() -> Vm | None:
            try:
                return vm_of(self._connection.lookupByName(name))
            except libvirt.libvirtError as error:
                if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                    return None
                raise

        return self._do(f"The VM {name} could not be looked up", read)

    def definition(self, name: str, *, inactive: bool = False) -> str:
        def read() -> str:
            try:
                return str(self._connection.lookupByName(name).XMLDesc(INACTIVE if inactive else 0))
            except libvirt.libvirtError as error:
                if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                    return ""
                raise

        return self._do(f"The definition of {name} could not be read", read)

    def machine_types(self) -> tuple[str, ...]:
        what = f"The machine types of {self.uri} could not be read"
        return self._do(what, lambda: cpu.machine_types(self._connection))

    def cpu_xml(self, virtualization: str) -> str:
        what = f"The CPU of {self.uri} could not be read"
        return self._do(what, lambda: cpu.best(self._connection, virtualization))

    def compare_cpu(self, xml: str, virtualization: str) -> str:
        what = f"CPUs could not be compared by {self.uri}"
        return self._do(what, lambda: cpu.compare(self._connection, xml, virtualization))

    def baseline_cpu(self, xmls: Sequence[str], virtualization: str, *, spelled_out: bool = False) -> str:
        what = f"A CPU in common could not be found by {self.uri}"
        return self._do(what, lambda: cpu.baseline(self._connection, xmls, virtualization, spelled_out))

    def define(self, xml: str) -> None:
        flags = libvirt.VIR_DOMAIN_DEFINE_VALIDATE
        self._do("libvirt does not take this definition", lambda: self._connection.defineXMLFlags(xml, flags))

    def undefine(self, name: str) -> None:
        def run() -> None:
            domain = self._connection.lookupByName(name)
            try:
                domain.undefineFlags(UNDEFINE)
            except libvirt.libvirtError as error:
                # test:/// and old daemons do not know all of these flags
                if error.get_error_code() not in NOT_KNOWN:
                    raise
                domain.undefine()

        self._do(f"The VM {name} could not be deleted", run)

    def mark(self, name: str, work: str) -> None:
        kind, config = libvirt.VIR_DOMAIN_METADATA_ELEMENT, libvirt.VIR_DOMAIN_AFFECT_CONFIG

        def run() -> None:
            text = f"<{TAG}>{work}</{TAG}>" if work else None  # libvirt puts it into the namespace
            self._connection.lookupByName(name).setMetadata(kind, text, PREFIX, NAMESPACE, config)

        self._do(f"The definition of {name} could not be changed", run)

    def networks(self) -> tuple[str, ...]:
        active = libvirt.VIR_CONNECT_LIST_NETWORKS_ACTIVE

        def read() -> tuple[str, ...]:
            try:
                return tuple(sorted(network.name() for network in self._connection.listAllNetworks(active)))
            except libvirt.libvirtError as error:
                if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:  # the daemon's network part is not installed
                    return ()
                raise

        return self._do(f"The networks of {self.uri} could not be listed", read)

    def addresses(self, name: str) -> tuple[str, ...]:
        def read() -> tuple[str, ...]:
            domain = self._connection.lookupByName(name)
            return next(filter(None, (libvirt_domain.addresses(domain, source) for source in ADDRESS_SOURCES)), ())

        return self._do(f"The addresses of {name} could not be read", read)

    def start(self, name: str) -> None:
        self._do(f"The VM {name} could not be started", lambda: self._connection.lookupByName(name).create())

    def shut_down(self, name: str) -> None:
        self._do(f"The VM {name} could not be shut down", lambda: self._connection.lookupByName(name).shutdown())

    def force_off(self, name: str) -> None:
        self._do(f"The VM {name} could not be forced off", lambda: self._connection.lookupByName(name).destroy())

    def ask_agent(self, name: str, command: str, limit_s: float) -> str:
        def ask() -> str:
            domain = self._connection.lookupByName(name)
            return str(libvirt_qemu.qemuAgentCommand(domain, command, max(1, round(limit_s)), 0))

        return self._do(f"The guest agent of {name} could not be asked", ask)

    def migrate(self, plan: Plan, destination_uri: str) -> None:
        flags, parameters = migration_flags(plan), migration_parameters(plan)

        def run() -> None:
            self._connection.lookupByName(plan.vm).migrateToURI3(destination_uri, parameters, flags)

        self._do(f"The migration of {plan.vm} failed", run)

    def job(self, name: str) -> JobInfo:
        def read() -> JobInfo:
            try:
                domain = self._domain(name)
                stats = domain.jobStats()
                state = state_words(domain)
            except libvirt.libvirtError as error:
                self._domains.pop(name, None)
                if error.get_error_code() not in NO_JOB:
                    raise
                return JobInfo({}, "")
            return JobInfo({} if stats.get("type") == libvirt.VIR_DOMAIN_JOB_NONE else stats, state)

        return self._do(f"The job statistics of {name} could not be read", read)

    def completed_job(self, name: str) -> Mapping[str, Stat]:
        flags = libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED | libvirt.VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED

        def read() -> Mapping[str, Stat]:
            try:
                stats: dict[str, Stat] = self._connection.lookupByName(name).jobStats(flags)
            except libvirt.libvirtError as error:
                if error.get_error_code() in NO_JOB:
                    return {}
                raise
            return {} if stats.get("type", libvirt.VIR_DOMAIN_JOB_NONE) == libvirt.VIR_DOMAIN_JOB_NONE else stats

        return self._do(f"The statistics of the completed job of {name} could not be read", read)

    def start_post_copy(self, name: str) -> None:
        self._do(f"{name} could not be switched to post-copy", lambda: self._domain(name).migrateStartPostCopy())

    def abort_job(self, name: str) -> None:
        self._do(f"The migration of {name} could not be cancelled", lambda: self._domain(name).abortJob())

    def max_downtime_ms(self, name: str) -> int:
        def read() -> int:
            milliseconds = self._domain(name).migrateGetMaxDowntime()
            if milliseconds is None:  # where others raise, this one of the binding's functions does not
                raise libvirt.libvirtError("virDomainMigrateGetMaxDowntime() failed")
            return int(milliseconds)

        return self._do(f"The maximum downtime of {name} could not be read", read)

    def set_max_downtime(self, name: str, milliseconds: int) -> None:
        what = f"The maximum downtime of {name} could not be set"
        self._do(what, lambda: self._domain(name).migrateSetMaxDowntime(milliseconds))

    def set_bandwidth(self, name: str, mib_per_s: int) -> None:
        what = f"The bandwidth limit of {name} could not be set"
        # 0 is "no limit" to us and to migrateToURI3, but an error here: libvirt wants its largest number instead
        self._do(what, lambda: self._domain(name).migrateSetMaxSpeed(mib_per_s or NO_LIMIT_MIB_S))

    def subscribe(self, name: str, listener: Listener) -> Callable[[], None]:
        entry = (name, listener)
        with self._listening:
            if not self._registered:
                self._registered = self._do(
                    f"The events of {name} cannot be followed",
                    lambda: events.register(self._connection, self._tell),
                )
            self._listeners = (*self._listeners, entry)

        def end() -> None:
            with self._listening:
                self._listeners = tuple(each for each in self._listeners if each is not entry)
                if not self._listeners:
                    self._deregister()

        return end

    def _tell(self, name: str, event: HypervisorEvent) -> None:
        for wanted, listener in self._listeners:
            if wanted == name:
                listener(event)

    def _deregister(self) -> None:
        registered, self._registered = self._registered, []
        if self.alive():
            for each in registered:
                end = partial(self._connection.domainEventDeregisterAny, each)
                self._do("Following events could not be ended", end)

    def alive(self) -> bool:
        try:
            return bool(self._connection.isAlive())
        except libvirt.libvirtError:
            return False  # asked of a broken connection, which is the answer

    def close(self) -> None:
        with self._listening:
            self._deregister()  # these, as every VM that is held, keep the connection open
        self._domains.clear()
        self._do(f"The connection to {self.uri} could not be closed", self._connection.close)


def _numbers(label: str) -> tuple[int, int] | None:
    """The user and group of libvirt's "+64055:+994"."""
    user, _, group = label.replace("+", "").partition(":")
    return (int(user), int(group)) if user.isdigit() and group.isdigit() else None


def _version(number: int) -> tuple[int, int, int]:
    return number // 1_000_000, number // 1000 % 1000, number % 1000

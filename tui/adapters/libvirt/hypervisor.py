"""The Hypervisor protocol over one libvirt connection: frozen results, translated errors."""

import threading
from collections.abc import Callable, Mapping, Sequence

import libvirt
import libvirt_qemu

from tui.adapters.libvirt import cpu, events
from tui.adapters.libvirt import domain as libvirt_domain
from tui.adapters.libvirt.after_move import AfterMoveCalls
from tui.adapters.libvirt.domain import state_words, vm_of
from tui.adapters.libvirt.errors import translate
from tui.adapters.libvirt.fixes import NEXT_BOOT, FixCalls
from tui.adapters.libvirt.inventory import InventoryCalls
from tui.adapters.libvirt.memory import MemoryCalls
from tui.adapters.libvirt.migration import migration_flags, migration_parameters, offline_flags, resume_flags
from tui.core.failure import Failure
from tui.core.plan import NO_LIMIT_MIB_S, Plan
from tui.core.protocols import HypervisorEvent, JobInfo, Stat
from tui.core.quantity import whole
from tui.core.ssh_agent import AGENTS
from tui.core.vm import Daemon, Vm
from tui.vm.model.domain_mark import NAMESPACE, PREFIX, TAG
from tui.vm.model.xml_tree import tree_of

Listener = Callable[[HypervisorEvent], None]

KEEPALIVE_S, KEEPALIVE_MISSED = 5, 5  # a dead link is detected after half a minute, the same time as in QEMU

GONE = frozenset({libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_OPERATION_INVALID})
# an incoming VM: "migration statistics are available only on the source host"
NO_JOB = GONE | {libvirt.VIR_ERR_OPERATION_UNSUPPORTED}

UNDEFINE = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
)
# In this order: DHCP leases of libvirt's own networks, the guest agent, the host's ARP table.
ADDRESS_SOURCES = (
    libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE,
    libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT,
    libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP,
)
UNSUPPORTED_FLAGS = frozenset({libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_NO_SUPPORT})


# Errors of an open by which libvirt hides why: it had not read yet what the other end wrote, or its event loop had.
CAUSE_LOST = ("Cannot write data: Broken pipe", "client socket is closed")


def connect(uri: str) -> "LibvirtHypervisor":
    """Open a connection to the daemon at `uri`; blocks and raises Failure."""
    events.start_loop()
    AGENTS.use_newest()
    try:
        connection = _open(uri)
    except libvirt.libvirtError as error:
        raise translate(f"libvirt at {uri} cannot be reached", error) from error
    try:
        connection.setKeepAlive(KEEPALIVE_S, KEEPALIVE_MISSED)
    except libvirt.libvirtError as error:
        # test:/// has no remote end to keep alive
        if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
            connection.close()
            raise translate(f"libvirt at {uri} cannot be reached", error) from error
    return LibvirtHypervisor(uri, connection)


def _open(uri: str) -> libvirt.virConnect:
    """Open a connection; tries once more if libvirt has lost the cause, which depends on its threads."""
    try:
        return libvirt.open(uri)
    except libvirt.libvirtError as error:
        if not any(each in str(error) for each in CAUSE_LOST):
            raise
        return libvirt.open(uri)


class LibvirtHypervisor(MemoryCalls, InventoryCalls, AfterMoveCalls, FixCalls):
    """One connection; core.protocols describes its methods. libvirt allows calls from several threads at once."""

    def __init__(self, uri: str, connection: libvirt.virConnect) -> None:
        super().__init__(uri, connection)
        self._listener_lock = threading.Lock()
        self._subscriptions: list[Callable[[], object]] = []  # each ends one; empty without listeners
        self._listeners: tuple[tuple[str, Listener], ...] = ()

    def daemon(self) -> Daemon:
        return self._do(f"The facts of {self.uri} could not be read", self._daemon)

    def _daemon(self) -> Daemon:
        what = f"The facts of {self.uri} could not be read"
        host = tree_of(self._connection.getCapabilities(), what).find("host")
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
            qemu_user=_user_and_group(label or ""),
        )

    def vms(self) -> tuple[Vm, ...]:
        def read() -> tuple[Vm, ...]:
            found = (vm_of(each) for each in self._connection.listAllDomains())
            return tuple(sorted((vm for vm in found if vm is not None), key=lambda vm: vm.name))

        return self._do(f"The VMs of {self.uri} could not be listed", read)

    def vm(self, name: str) -> Vm | None:
        what, missing = f"The VM {name} could not be looked up", {libvirt.VIR_ERR_NO_DOMAIN: None}
        return self._do(what, lambda: vm_of(self._connection.lookupByName(name)), missing)

    def definition(self, name: str, *, inactive: bool = False) -> str:
        what, missing = f"The definition of {name} could not be read", {libvirt.VIR_ERR_NO_DOMAIN: ""}
        flags = NEXT_BOOT if inactive else 0
        return self._do(what, lambda: str(self._connection.lookupByName(name).XMLDesc(flags)), missing)

    def machine_types(self) -> tuple[str, ...]:
        what = f"The machine types of {self.uri} could not be read"
        return self._do(what, lambda: cpu.machine_types(self._connection))

    def cpu_xml(self, virtualization: str) -> str:
        what = f"The CPU of {self.uri} could not be read"
        return self._do(what, lambda: cpu.best(self._connection, virtualization))

    def compare_cpu(self, xml: str, virtualization: str) -> str:
        what = f"CPUs could not be compared by {self.uri}"
        return self._do(what, lambda: cpu.compare(self._connection, xml, virtualization))

    def baseline_cpu(self, xmls: Sequence[str], virtualization: str, *, expand_features: bool = False) -> str:
        what = f"A CPU in common could not be found by {self.uri}"
        return self._do(what, lambda: cpu.baseline(self._connection, xmls, virtualization, expand_features))

    def define(self, xml: str) -> None:
        flags = libvirt.VIR_DOMAIN_DEFINE_VALIDATE
        self._do("libvirt rejected the definition", lambda: self._connection.defineXMLFlags(xml, flags))

    def undefine(self, name: str) -> None:
        def run() -> None:
            domain = self._connection.lookupByName(name)
            try:
                domain.undefineFlags(UNDEFINE)
            except libvirt.libvirtError as error:
                # test:/// and old daemons lack some of these flags
                if error.get_error_code() not in UNSUPPORTED_FLAGS:
                    raise
                domain.undefine()

        self._do(f"The VM {name} could not be deleted", run)

    def set_mark(self, name: str, mark: str) -> None:
        kind, config = libvirt.VIR_DOMAIN_METADATA_ELEMENT, libvirt.VIR_DOMAIN_AFFECT_CONFIG

        def run() -> None:
            text = f"<{TAG}>{mark}</{TAG}>" if mark else None  # libvirt adds the namespace
            self._connection.lookupByName(name).setMetadata(kind, text, PREFIX, NAMESPACE, config)

        self._do(f"The definition of {name} could not be changed", run)

    def networks(self) -> tuple[str, ...]:
        """The names of libvirt's active networks; none if the daemon has no network driver."""
        what, active = f"The networks of {self.uri} could not be listed", libvirt.VIR_CONNECT_LIST_NETWORKS_ACTIVE
        no_driver: dict[int, tuple[str, ...]] = {libvirt.VIR_ERR_NO_SUPPORT: ()}
        read = self._connection.listAllNetworks
        return self._do(what, lambda: tuple(sorted(network.name() for network in read(active))), no_driver)

    def addresses(self, name: str) -> tuple[str, ...]:
        """The VM's addresses, from the first source that has any."""

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

    def agent_command(self, name: str, command: str, limit_s: float) -> str:
        what, seconds = f"The command to the guest agent of {name} failed", max(1, round(limit_s))
        send, lookup = libvirt_qemu.qemuAgentCommand, self._connection.lookupByName
        return self._do(what, lambda: str(send(lookup(name), command, seconds, 0)))

    def migrate(self, plan: Plan, destination_uri: str) -> None:
        self._migrate(f"The migration of {plan.vm} failed", plan, destination_uri, migration_flags(plan))

    def move_definition(self, plan: Plan, destination_uri: str) -> None:
        """Only the names, the XML and the flags of the plan count: nothing is sent but the definition."""
        only = Plan(plan.vm, dname=plan.dname, xml=plan.xml)
        self._migrate(f"The definition of {plan.vm} was not moved", only, destination_uri, offline_flags(plan))

    def _migrate(self, what: str, plan: Plan, destination_uri: str, flags: int) -> None:
        parameters = migration_parameters(plan)
        try:
            self._connection.lookupByName(plan.vm).migrateToURI3(destination_uri, parameters, flags)
        except libvirt.libvirtError as error:
            raise translate(what, error, migration=True) from error

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
        """The statistics of the last completed job; the daemon keeps them."""
        flags = libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED | libvirt.VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED

        def read() -> Mapping[str, Stat]:
            stats: dict[str, Stat] = self._connection.lookupByName(name).jobStats(flags)
            return {} if stats.get("type", libvirt.VIR_DOMAIN_JOB_NONE) == libvirt.VIR_DOMAIN_JOB_NONE else stats

        what = f"The statistics of the completed job of {name} could not be read"
        return self._do(what, read, {code: {} for code in NO_JOB})

    def start_post_copy(self, name: str) -> None:
        self._do(f"{name} could not be switched to post-copy", lambda: self._domain(name).migrateStartPostCopy())

    def abort_job(self, name: str) -> None:
        self._do(f"The migration of {name} could not be cancelled", lambda: self._domain(name).abortJob())

    def suspend(self, name: str) -> None:
        self._do(f"{name} could not be suspended", lambda: self._domain(name).suspend())

    def pause_post_copy(self, name: str) -> None:
        what, flag = (
            f"The post-copy of {name} could not be paused",
            getattr(libvirt, "VIR_DOMAIN_ABORT_JOB_POSTCOPY", None),
        )
        if flag is None:
            raise _too_old(what)
        self._do(what, lambda: self._domain(name).abortJobFlags(flag))

    def resume_post_copy(self, plan: Plan, destination_uri: str) -> None:
        what, flags = f"The post-copy of {plan.vm} could not be resumed", resume_flags(plan)
        if flags is None:
            raise _too_old(what)
        self._migrate(what, plan, destination_uri, flags)

    def max_downtime(self, name: str) -> int:
        """The maximum downtime of the VM's migration, in milliseconds."""
        what = f"The maximum downtime of {name} could not be read"
        found: int | None = self._do(what, lambda: self._domain(name).migrateGetMaxDowntime())
        if found is None:  # libvirt's binding returns it in place of an error
            raise Failure(what, "libvirt did not report it")
        return found

    def set_max_downtime(self, name: str, milliseconds: int) -> None:
        what = f"The maximum downtime of {name} could not be set"
        self._do(what, lambda: self._domain(name).migrateSetMaxDowntime(milliseconds))

    def set_bandwidth(self, name: str, mib_per_s: int) -> None:
        self._set_max_speed(name, mib_per_s, 0)

    def set_post_copy_bandwidth(self, name: str, mib_per_s: int) -> None:
        self._set_max_speed(name, mib_per_s, libvirt.VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY)

    def _set_max_speed(self, name: str, mib_per_s: int, flags: int) -> None:
        what = f"The bandwidth limit of {name} could not be set"
        # 0 means no limit here and in migrateToURI3; migrateSetMaxSpeed rejects it and requires the largest number
        self._do(what, lambda: self._domain(name).migrateSetMaxSpeed(mib_per_s or NO_LIMIT_MIB_S, flags))

    def subscribe(self, name: str, listener: Listener) -> Callable[[], None]:
        entry = (name, listener)
        with self._listener_lock:
            if not self._subscriptions:
                self._subscriptions = self._do(
                    f"The events of {name} cannot be received", lambda: events.register(self._connection, self._notify)
                )
            self._listeners = (*self._listeners, entry)

        def end() -> None:
            with self._listener_lock:
                self._listeners = tuple(each for each in self._listeners if each is not entry)
                if not self._listeners:
                    self._deregister()

        return end

    def _notify(self, name: str, event: HypervisorEvent) -> None:
        for wanted, listener in self._listeners:
            if wanted == name:
                listener(event)

    def _deregister(self) -> None:
        subscriptions, self._subscriptions = self._subscriptions, []
        if self.is_alive():
            for end in subscriptions:
                self._do("Events could not be stopped", end)

    def is_alive(self) -> bool:
        try:
            return bool(self._connection.isAlive())
        except libvirt.libvirtError:
            return False  # isAlive itself fails on a broken connection

    def close(self) -> None:
        with self._listener_lock:
            self._deregister()  # callbacks and domain objects keep the connection open
        self._domains.clear()
        self._do(f"The connection to {self.uri} could not be closed", self._connection.close)


def _too_old(what: str) -> Failure:
    why = "the libvirt that vmlm-tui uses on this machine is older than 8.5"
    return Failure(what, why, "Upgrade libvirt here, then reinstall libvirt-python.")


def _user_and_group(label: str) -> tuple[int, int] | None:
    """The user and group id in libvirt's "+64055:+994"."""
    user, _, group = label.replace("+", "").partition(":")
    uid, gid = whole(user), whole(group)
    return None if uid is None or gid is None else (uid, gid)


def _version(number: int) -> tuple[int, int, int]:
    return number // 1_000_000, number // 1000 % 1000, number % 1000

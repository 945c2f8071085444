"""The Hypervisor of the protocols over libvirt: one open connection, frozen answers, translated errors."""

import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import libvirt
import libvirt_qemu

from tui.adapters import libvirt_cpu
from tui.adapters.libvirt_errors import translate
from tui.adapters.protocols import HypervisorEvent, Job
from tui.model import record
from tui.model.failure import Failure
from tui.model.plan import Plan
from tui.model.record import Stat
from tui.model.vm import Daemon, Vm

T = TypeVar("T")
Listener = Callable[[HypervisorEvent], None]

KEEPALIVE_S, KEEPALIVE_MISSED = 5, 5  # a dead link is noticed after half a minute, as QEMU does itself

STATES = {
    libvirt.VIR_DOMAIN_NOSTATE: "no state",
    libvirt.VIR_DOMAIN_RUNNING: "running",
    libvirt.VIR_DOMAIN_BLOCKED: "blocked",
    libvirt.VIR_DOMAIN_PAUSED: "paused",
    libvirt.VIR_DOMAIN_SHUTDOWN: "in shutdown",
    libvirt.VIR_DOMAIN_SHUTOFF: "shut off",
    libvirt.VIR_DOMAIN_CRASHED: "crashed",
    libvirt.VIR_DOMAIN_PMSUSPENDED: "suspended",
}

REASONS = {
    (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER): "by a user",
    (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION): "migrating",
    (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR): "I/O error",
    (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY): "post-copy",
    (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED): "post-copy failed",
    (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_POSTCOPY): "post-copy",
    (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED): "migrated",
}
# libvirt 8.5 and later know a further reason for a running VM
if hasattr(libvirt, "VIR_DOMAIN_RUNNING_POSTCOPY_FAILED"):
    REASONS[libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_POSTCOPY_FAILED] = "post-copy failed"

LIFECYCLE = {
    libvirt.VIR_DOMAIN_EVENT_DEFINED: "defined",
    libvirt.VIR_DOMAIN_EVENT_UNDEFINED: "undefined",
    libvirt.VIR_DOMAIN_EVENT_STARTED: "started",
    libvirt.VIR_DOMAIN_EVENT_SUSPENDED: "suspended",
    libvirt.VIR_DOMAIN_EVENT_RESUMED: "resumed",
    libvirt.VIR_DOMAIN_EVENT_STOPPED: "stopped",
    libvirt.VIR_DOMAIN_EVENT_SHUTDOWN: "shutdown",
    libvirt.VIR_DOMAIN_EVENT_CRASHED: "crashed",
}

DETAILS = {
    ("started", libvirt.VIR_DOMAIN_EVENT_STARTED_MIGRATED): "migrated",
    ("suspended", libvirt.VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED): "migrated",
    ("suspended", libvirt.VIR_DOMAIN_EVENT_SUSPENDED_IOERROR): "I/O error",
    ("suspended", libvirt.VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY): "post-copy",
    ("suspended", libvirt.VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY_FAILED): "post-copy failed",
    ("resumed", libvirt.VIR_DOMAIN_EVENT_RESUMED_MIGRATED): "migrated",
    ("resumed", libvirt.VIR_DOMAIN_EVENT_RESUMED_POSTCOPY): "post-copy",
    ("stopped", libvirt.VIR_DOMAIN_EVENT_STOPPED_MIGRATED): "migrated",
    ("stopped", libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN): "shut down",
    ("stopped", libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED): "forced off",
    ("stopped", libvirt.VIR_DOMAIN_EVENT_STOPPED_FAILED): "failed",
    ("stopped", libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED): "crashed",
}

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
NOT_KNOWN = frozenset({libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_NO_SUPPORT})

_event_loop = threading.Lock()
_event_loop_runs = False


def connect(uri: str) -> "LibvirtHypervisor":
    """Open a connection to the daemon at `uri`; blocks, raises Failure."""
    _start_event_loop()
    try:
        connection = libvirt.open(uri)
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


def _start_event_loop() -> None:
    """Register libvirt's own event loop once and turn it on a thread that quitting does not wait for."""
    global _event_loop_runs  # noqa: PLW0603 - libvirt's registration is as global as this
    with _event_loop:
        if _event_loop_runs:
            return
        libvirt.registerErrorHandler(_ignore, None)  # else libvirt prints every error over the screen
        libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=_turn_events, name="libvirt-events", daemon=True).start()
        _event_loop_runs = True


def _ignore(_context: object, _error: object) -> None:
    """The error is raised as well, and translated there."""


def _turn_events() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


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
            found = (_vm(each) for each in self._connection.listAllDomains())
            return tuple(sorted((vm for vm in found if vm is not None), key=lambda vm: vm.name))

        return self._do(f"The VMs of {self.uri} could not be listed", read)

    def vm(self, name: str) -> Vm | None:
        def read() -> Vm | None:
            try:
                return _vm(self._connection.lookupByName(name))
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
        return self._do(what, lambda: libvirt_cpu.machine_types(self._connection))

    def cpu_xml(self, virtualization: str) -> str:
        what = f"The CPU of {self.uri} could not be read"
        return self._do(what, lambda: libvirt_cpu.best(self._connection, virtualization))

    def compare_cpu(self, xml: str, virtualization: str) -> str:
        what = f"CPUs could not be compared by {self.uri}"
        return self._do(what, lambda: libvirt_cpu.compare(self._connection, xml, virtualization))

    def baseline_cpu(self, xmls: Sequence[str], virtualization: str, *, spelled_out: bool = False) -> str:
        what = f"A CPU in common could not be found by {self.uri}"
        return self._do(what, lambda: libvirt_cpu.baseline(self._connection, xmls, virtualization, spelled_out))

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

    def job(self, name: str) -> Job:
        def read() -> Job:
            try:
                domain = self._domain(name)
                stats = domain.jobStats()
                state = _state(domain)
            except libvirt.libvirtError as error:
                self._domains.pop(name, None)
                if error.get_error_code() not in NO_JOB:
                    raise
                return Job({}, "")
            return Job({} if stats.get("type") == libvirt.VIR_DOMAIN_JOB_NONE else stats, state)

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
                self._registered = self._do(f"The events of {name} cannot be followed", self._register)
            self._listeners = (*self._listeners, entry)

        def end() -> None:
            with self._listening:
                self._listeners = tuple(each for each in self._listeners if each is not entry)
                if not self._listeners:
                    self._deregister()

        return end

    def _register(self) -> list[int]:
        """Have libvirt call for the events of all VMs; it takes one such call an event and connection, no more.

        Of all, because a registration for one VM ends with it, and one that comes back from its destination is new.
        """

        def tell(domain: Any, kind: str, data: dict[str, Any]) -> None:
            name = domain.name()
            for wanted, listener in self._listeners:
                if wanted == name:
                    listener(HypervisorEvent(kind, data))

        def lifecycle(_connection: object, domain: Any, event: int, detail: int, _opaque: object) -> None:
            word = LIFECYCLE.get(event, str(event))
            tell(domain, record.LIFECYCLE, {"event": word, "detail": DETAILS.get((word, detail), "")})

        def iteration(_connection: object, domain: Any, number: int, _opaque: object) -> None:
            tell(domain, record.ITERATION, {"iteration": number})

        def completed(_connection: object, domain: Any, stats: dict[str, Any], _opaque: object) -> None:
            tell(domain, record.JOB_COMPLETED, {"stats": dict(stats)})

        wanted = (
            (libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lifecycle),
            (libvirt.VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION, iteration),
            (libvirt.VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, completed),
        )
        return [self._connection.domainEventRegisterAny(None, kind, call, None) for kind, call in wanted]

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


NO_LIMIT_MIB_S = 2**63 // 2**20 - 1  # the most that libvirt can turn into bytes for QEMU


def migration_flags(plan: Plan) -> int:
    """migrateToURI3's flags: live, peer-to-peer, and the VM lives on at the destination only."""
    flags = (
        libvirt.VIR_MIGRATE_LIVE
        | libvirt.VIR_MIGRATE_PEER2PEER
        | libvirt.VIR_MIGRATE_PERSIST_DEST
        | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    )
    if plan.post_copy:
        flags |= libvirt.VIR_MIGRATE_POSTCOPY
    if plan.auto_converge:
        flags |= libvirt.VIR_MIGRATE_AUTO_CONVERGE
    if plan.parallel:
        flags |= libvirt.VIR_MIGRATE_PARALLEL
    return int(flags)


def migration_parameters(plan: Plan) -> dict[str, Any]:
    """migrateToURI3's typed parameters."""
    parameters: dict[str, Any] = {}
    if plan.bandwidth_mib_s:
        parameters[libvirt.VIR_MIGRATE_PARAM_BANDWIDTH] = plan.bandwidth_mib_s
    if plan.parallel:
        parameters[libvirt.VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS] = plan.parallel
    return parameters


def _numbers(label: str) -> tuple[int, int] | None:
    """The user and group of libvirt's "+64055:+994"."""
    user, _, group = label.replace("+", "").partition(":")
    return (int(user), int(group)) if user.isdigit() and group.isdigit() else None


def _version(number: int) -> tuple[int, int, int]:
    return number // 1_000_000, number // 1000 % 1000, number % 1000


def _state(domain: Any) -> str:
    state, reason = domain.state()
    words, why = STATES.get(state, str(state)), REASONS.get((state, reason), "")
    return f"{words} ({why})" if why else words


def _vm(domain: Any) -> Vm | None:
    """The VM, or None where it vanished between the listing and the question."""
    try:
        state, _limit, memory_kib, vcpus, _time = domain.info()
        reason = REASONS.get((state, domain.state()[1]), "")
        return Vm(
            name=domain.name(),
            uuid=domain.UUIDString(),
            state=STATES.get(state, str(state)),
            reason=reason,
            vcpus=vcpus,
            memory_bytes=memory_kib * 1024,
            persistent=bool(domain.isPersistent()),
        )
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise


__all__ = ["Failure", "LibvirtHypervisor", "connect"]

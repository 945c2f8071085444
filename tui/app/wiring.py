"""Creates the backend with its adapters: the only module that imports both the rooms and the adapters."""

# What only the runner has, and the adapters, are imported where they are created: the first paint does not need them.
# ruff: noqa: PLC0415

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tui.checklist.backend.changes import Changes
from tui.checklist.backend.journal import Journal
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import FirstLogin, Hypervisor, Shell
from tui.core.settings import Config, state_folder
from tui.forecast.backend.current import Forecasting
from tui.forecast.backend.forecaster import Forecaster
from tui.guest.backend.addresses import GuestAddresses
from tui.hosts.backend import matrix_file
from tui.hosts.backend.hosts import Hosts
from tui.hosts.backend.matrix_file import MatrixFile
from tui.launch.backend.launch import Launch
from tui.linux.sudo import Sudo
from tui.migration.backend.after.after_move import AfterMove
from tui.migration.backend.before.last_targets import LastTargets
from tui.migration.backend.before.presets import FormPresets
from tui.migration.backend.migrations import Migrations
from tui.migration.backend.scripts import Scripts
from tui.migration.model.call.migrate_call import Call
from tui.nfs.backend.nfs import Nfs
from tui.queue.backend.access import QueueAccess
from tui.queue.backend.client import QueueClient
from tui.runner.process import connect
from tui.runs.backend.runs import Runs
from tui.study.backend.access import StudyAccess
from tui.study.backend.client import StudiesClient
from tui.vm.backend import maintenance
from tui.vm.backend.maintenance import Maintenance
from tui.vm.backend.targets import Targets
from tui.vm.model.maintenance import Marks

if TYPE_CHECKING:
    from tui.migration.backend.owner import MigrationOwner
    from tui.migration.backend.recorded import Recorded
    from tui.queue.backend.service import Queues
    from tui.study.backend.service import Studies

RUNNER = (sys.executable, "-m", "tui.app.main", "runner")  # the command that starts it


@dataclass(frozen=True)
class Backend:
    """The backend of each page; it exists once the configuration is known."""

    migrations: Migrations
    hosts: Hosts
    nfs: Nfs
    launch: Launch
    runs: Runs
    studies: StudyAccess
    forecaster: Forecasting | None = None  # None: the form of a migration has no forecast
    scripts: Scripts | None = None  # None: no key copies a migration as virsh
    after_move: AfterMove | None = None  # None: nothing can be done for a VM that has moved
    presets: FormPresets | None = None  # None: the form has no presets
    last_targets: LastTargets | None = None  # None: the form does not know where a VM went before
    queues: QueueAccess | None = None  # None: VMs move one by one
    read_marks: Callable[[], Marks] = dict  # the hosts in maintenance; blocks, raises Failure


@dataclass(frozen=True)
class Owned:
    """What the runner owns of one configuration."""

    migrations: "MigrationOwner"
    studies: "Studies"
    queues: "Queues | None" = None  # None: it works off no queue


def wire(config: Config, path: Path) -> Backend:
    """The backend for the configuration at `path`; it opens connections, and imports libvirt, on first use."""
    connections = Connections(config, open_hypervisor, open_shell)
    changes = changes_through(connections, state_folder() / "changes.jsonl")
    launch, hosts = launch_of(connections, changes.sudo), Hosts(connections, changes, open_first_login)
    hosts.matrix.file = MatrixFile(config, state_folder() / matrix_file.NAME)
    return Backend(
        Migrations(connections, partial(connect, RUNNER), path, launch.workloads.known),
        hosts,
        Nfs(connections, changes),
        launch,
        Runs(config.runs.folder, state_folder() / "runs-page.json", call_of),
        StudyAccess(studies_of(path), studies_folder(), path, config.vm, (Path(), path.parent / "studies")),
        forecaster_of(connections, launch),
        Scripts(connections, call_of),
        AfterMove(connections),
        FormPresets(config.technique.named, state_folder() / "last-preset"),
        LastTargets(state_folder() / "last-targets.json"),
        QueueAccess(queue_client(path), tuple(config.technique.named)),
        maintenance_of(config).marks,
    )


def migrations_of(connections: Connections, path: Path) -> Migrations:
    """The migrations alone of the configuration at `path`, through the runner."""
    return Migrations(connections, partial(connect, RUNNER), path)


def client_of(config: Config, path: Path) -> Migrations:
    """The same for the command line."""
    return migrations_of(Connections(config, open_hypervisor, open_shell), path)


def studies_of(path: Path) -> StudiesClient:
    """The studies of the configuration at `path`, through the runner."""
    return StudiesClient(partial(connect, RUNNER), path)


def owned_by_runner(config: Config, recorded: "Recorded") -> Owned:
    """The migrations, the studies and the queues of a configuration, owned by this process; for the runner."""
    from tui.guest.backend.clock import GuestClocks
    from tui.migration.backend.after.host_logs import HostLogs
    from tui.migration.backend.before.disk_images import DiskImages
    from tui.migration.backend.before.tls_check import TlsCheck
    from tui.migration.backend.guest.monitor import GuestAccess
    from tui.migration.backend.owner import MigrationOwner
    from tui.study.backend.measurement import Tools
    from tui.study.backend.service import Studies

    connections = Connections(config, open_hypervisor, open_shell)
    sudo = Sudo(connections.shell)
    launch = launch_of(connections, sudo)
    access = GuestAccess(launch.guest, launch.heartbeats, GuestClocks(connections))
    runs, interval_s = config.runs.folder, config.sampling.interval_s
    workload = launch.workloads.current
    owner = MigrationOwner(connections, open_hypervisor, runs, interval_s, workload, access, recorded)
    owner.call_of = call_of
    owner.on_hosts.logs = HostLogs(connections, sudo)
    owner.on_hosts.images = DiskImages(connections, sudo)
    owner.on_hosts.tls = TlsCheck(connections, sudo)
    tools = Tools(owner, launch.workloads, forecaster_of(connections, launch))
    studies = Studies(tools, config, studies_folder())
    return Owned(owner, studies, queues_of(connections, launch, owner))


def queue_client(path: Path) -> QueueClient:
    """The queue of the configuration at `path`, through the runner."""
    return QueueClient(partial(connect, RUNNER), path)


def maintenance_of(config: Config) -> Maintenance:
    """The hosts in maintenance."""
    return Maintenance(config, state_folder() / maintenance.NAME)


def queues_of(connections: Connections, launch: Launch, owner: "MigrationOwner") -> "Queues":
    """The queues of a configuration, for the runner."""
    from tui.queue.backend.carrier import Tools as QueueTools
    from tui.queue.backend.planner import Planner
    from tui.queue.backend.service import Queues

    config = connections.config
    marks, folder = maintenance_of(config), queues_folder()
    planner = Planner(connections, launch.vms, marks, folder)
    return Queues(QueueTools(connections, owner, marks, config.runs.folder), planner, folder)


def queues_folder() -> Path:
    """The folder of the queues of all configurations."""
    return state_folder() / "queues"


def studies_folder() -> Path:
    """The folder of the studies of all configurations."""
    return state_folder() / "studies"


def launch_of(connections: Connections, sudo: Sudo) -> Launch:
    """The VMs and their workloads."""
    return Launch(connections, sudo, GuestAddresses(state_folder() / "guests.json"), open_first_login)


def forecaster_of(connections: Connections, launch: Launch) -> Forecaster:
    """Measures what the forecast of a migration starts from."""
    return Forecaster(connections, connections.config.runs.folder, launch.workloads.written_per_s)


def forecaster_alone(config: Config) -> tuple[Connections, Forecaster]:
    """The same for the command line, with its connections, which the caller closes."""
    connections = Connections(config, open_hypervisor, open_shell)
    return connections, forecaster_of(connections, launch_of(connections, Sudo(connections.shell)))


def targets_alone(config: Config) -> tuple[Connections, Targets]:
    """The ranked targets of VMs for the command line, with the connections, which the caller closes."""
    connections = Connections(config, open_hypervisor, open_shell)
    targets = launch_of(connections, Sudo(connections.shell)).targets
    targets.read_marks = maintenance_of(config).marks
    return connections, targets


def hosts_alone(config: Config) -> tuple[Connections, Hosts]:
    """The facts of the hosts for the command line, with the connections, which the caller closes."""
    connections = Connections(config, open_hypervisor, open_shell)
    hosts = Hosts(connections, changes_through(connections, state_folder() / "changes.jsonl"))
    hosts.matrix.file = MatrixFile(config, state_folder() / matrix_file.NAME)
    return connections, hosts


def scripts_alone(config: Config) -> tuple[Connections, Scripts]:
    """Migrations as commands of virsh, for the command line, with the connections, which the caller closes."""
    connections = Connections(config, open_hypervisor, open_shell)
    return connections, Scripts(connections, call_of)


def after_move_alone(config: Config) -> tuple[Connections, AfterMove]:
    """What can be done for a VM that has moved, for the command line, with the connections, which the caller closes."""
    connections = Connections(config, open_hypervisor, open_shell)
    return connections, AfterMove(connections)


def call_of(plan: Plan) -> Call:
    """What the app calls libvirt's migrateToURI3 with, for a plan; imports libvirt, and raises Failure without it."""
    try:
        from tui.adapters.libvirt.migration import migration_flags, migration_parameters
    except ImportError as error:
        raise _without_libvirt(error) from error

    return Call(migration_flags(plan), migration_parameters(plan))


def changes_through(connections: Connections, journal: Path) -> Changes:
    """The changes to the configured hosts as root; `journal` records how to undo them."""
    addresses = {host.name: host.ssh for host in connections.config.machines}
    return Changes(Sudo(connections.shell), Journal(journal), addresses)


def open_hypervisor(uri: str) -> Hypervisor:
    """A connection to a libvirt daemon; blocks and raises Failure."""
    try:
        from tui.adapters.libvirt.hypervisor import connect  # on the caller's thread, after first paint
    except ImportError as error:
        raise _without_libvirt(error) from error

    return connect(uri)


def _without_libvirt(error: ImportError) -> Failure:
    hint = "`vmlm-tui doctor` shows how to install it."
    return Failure("libvirt-python is missing on this machine", str(error), hint, detail=str(error))


def open_shell(address: str) -> Shell:
    """Commands on the host at an ssh address; "" means this host."""
    if not address:
        from tui.adapters.local import LocalShell

        return LocalShell()
    from tui.adapters.ssh.shell import SshShell

    return SshShell(address)


def open_first_login(address: str) -> FirstLogin:
    """The first login to the host at an ssh address."""
    from tui.adapters.ssh.first_login import SshFirstLogin

    return SshFirstLogin(address)

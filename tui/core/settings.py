"""The settings of config.toml as frozen dataclasses: hosts, VM, workloads, and the defaults of a migration."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from tui.core import schema
from tui.core import schema_kinds as kinds
from tui.core.failure import Failure
from tui.core.migration_address import ADDRESS_WORDS, is_migration_address, uri_of
from tui.core.migration_defaults import MigrationDefaults
from tui.core.plan import Plan
from tui.core.preset import Presets
from tui.core.ssh_target import is_target, target_of_uri

SOURCE, DESTINATION, STORAGE = "source", "destination", "storage"  # the hosts of a first configuration

IDLE, UNKNOWN = "idle", "unknown"  # reserved: no [workload] table may have these names
HEARTBEAT_PORT = 48613  # UDP

MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40

SSH_REACH, AGENT_REACH = "ssh", "agent"

SSH_PORT = 22

LOCAL_LIBVIRT = "qemu:///system"

LIBVIRT_URI = re.compile(r"(?:qemu|test)(?:\+[a-z0-9]+)?://[^\s/?#]*/[^\s?#]+(?:\?[^\s#]*)?")


def over_ssh(ssh: str) -> str:
    """The libvirt URI that reaches the daemon of an ssh target."""
    return f"qemu+ssh://{ssh.replace('%', '%25')}/system?no_tty=1"


def is_libvirt_uri(text: str) -> bool:
    """Whether the app can use this libvirt URI; one over ssh must name its host like an ssh target."""
    if not LIBVIRT_URI.fullmatch(text):
        return False
    try:
        target_of_uri(text)
    except (Failure, ValueError):  # urlsplit raises ValueError for unbalanced brackets
        return False
    return True


def without_prompt(uri: str) -> str:
    """The libvirt URI with no_tty=1 if it uses ssh, because a prompt of ssh would corrupt the screen."""
    base, _, query = uri.partition("?")
    if not base.partition("://")[0].endswith("+ssh"):
        return uri
    others = [each for each in query.split("&") if each and each.partition("=")[0] != "no_tty"]
    return f"{base}?{'&'.join([*others, 'no_tty=1'])}"


SSH = kinds.text('an ssh target such as "root@192.0.2.10" or "user@host:2222"', is_target)
URI = schema.Kind(
    'a libvirt URI such as "qemu:///system" or "qemu+ssh://root@192.0.2.10/system"',
    kinds.text("", is_libvirt_uri).read,
    suffix="_uri",
)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
HOST_NAME = kinds.text(
    "a name for a host: up to 40 of the letters a to z, digits, - and _, the first one a letter or digit",
    lambda text: NAME.fullmatch(text) is not None,
)
MIGRATION_ADDRESS = kinds.text(ADDRESS_WORDS, is_migration_address)
GROUPS = kinds.names(
    'a list of groups such as ["rack1", "amd"]; their names are made as those of hosts',
    lambda text: NAME.fullmatch(text) is not None,
)
VM_NAME = kinds.text(
    'the name libvirt has for the VM, such as "ubuntu22.04"',
    lambda text: bool(text.strip()) and text.isprintable() and "/" not in text and len(text) <= 200,
)
WORKLOAD_NAME = kinds.text(
    f'a name for a workload: up to 40 letters, and not "{IDLE}" or "{UNKNOWN}"',
    lambda text: text.strip() == text != "" and text.isprintable() and len(text) <= 40 and text not in (IDLE, UNKNOWN),
)
COMMAND_BYTES = 6_000  # dropbear, the ssh server of small guests, accepts about 9000 bytes in all
COMMAND = kinds.words('a command line as a list of words, such as ["stress-ng", "--vm", "2"]', COMMAND_BYTES)


@dataclass(frozen=True)
class Host:
    """One machine: `libvirt` is the URI for the app, `peer_uri` for other hosts' daemons; "" becomes the default.

    `groups` are names by which several hosts are chosen together. `migration_address` is where VMs that come here are
    sent to; "" leaves that to libvirt.
    """

    name: Annotated[str, schema.NAME_OF_TABLE]
    ssh: Annotated[str, SSH]
    libvirt: Annotated[str, URI] = ""
    peer_uri: Annotated[str, URI] = ""
    groups: Annotated[tuple[str, ...], GROUPS] = ()
    migration_address: Annotated[str, MIGRATION_ADDRESS] = ""

    def __post_init__(self) -> None:
        libvirt = without_prompt(self.libvirt) or (LOCAL_LIBVIRT if self.name == SOURCE else over_ssh(self.ssh))
        object.__setattr__(self, "libvirt", libvirt)
        peer = without_prompt(self.peer_uri) or (over_ssh(self.ssh) if self.local else libvirt)
        object.__setattr__(self, "peer_uri", peer)

    @property
    def local(self) -> bool:
        """Whether its libvirt URI names no machine: it reaches the daemon of the one that the app runs on."""
        return self.libvirt.partition("://")[2].startswith("/")


@dataclass(frozen=True)
class Hosts:
    """The machines by name: hosts["source"]; Config knows which of them run VMs."""

    named: Annotated[Mapping[str, Host], schema.NamedTables(Host, HOST_NAME)] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Host:
        return self.named[name]


@dataclass(frozen=True)
class Storage:
    """Folders: `images` on the storage server; `export` is its NFS export and the mount point on the other hosts.

    `host` names the storage server; "" is the host named "storage", if there is one.
    """

    host: Annotated[str, HOST_NAME] = ""
    images: Annotated[str, kinds.folder_of_host()] = "/var/lib/libvirt/images"
    export: Annotated[str, kinds.folder_of_host()] = "/var/lib/libvirt-img/images"


@dataclass(frozen=True)
class VmConfig:
    """The VM to launch and migrate; `ssh` is the target by which the source reaches the guest, None if unknown.

    `reach` is SSH_REACH, or AGENT_REACH: through QEMU's guest agent, for a guest without a network path.
    `heartbeat_port` is the UDP port of every guest's heartbeat, 0 for none.
    """

    name: Annotated[str, VM_NAME]
    vcpus: Annotated[int, kinds.whole(1, 4096)] = 16
    memory_bytes: Annotated[int, kinds.size(16 * MIB, 64 * TIB)] = 8 * GIB
    ssh: Annotated[str | None, SSH] = None
    reach: Annotated[str, kinds.one_of([SSH_REACH, AGENT_REACH])] = SSH_REACH
    heartbeat_port: Annotated[int, kinds.whole(0, 65535)] = HEARTBEAT_PORT


@dataclass(frozen=True)
class CpuWorkload:
    """Threads of pow(sin(i), i)."""

    threads: Annotated[int, kinds.whole(1, 4096)] = 16


@dataclass(frozen=True)
class MemoryWorkload:
    """Threads of loads and stores, each in its own memory; rate 0 means no limit."""

    threads: Annotated[int, kinds.whole(1, 4096)] = 14
    size_bytes: Annotated[int, kinds.size(MIB, 64 * TIB)] = 512 * MIB
    rate_mib_s: Annotated[int, kinds.rate(1_000_000)] = 0


@dataclass(frozen=True)
class OwnWorkload:
    """A command that the guest runs without a shell: the program and its arguments."""

    command: Annotated[tuple[str, ...], COMMAND]


@dataclass(frozen=True)
class Workloads:
    """What runs in the guest while it moves; `own` are the workloads of the user, by name."""

    cpu: CpuWorkload = CpuWorkload()
    memory: MemoryWorkload = MemoryWorkload()
    own: Annotated[Mapping[str, OwnWorkload], schema.NamedTables(OwnWorkload, WORKLOAD_NAME)] = field(
        default_factory=dict
    )


@dataclass(frozen=True)
class Sampling:
    """How often the job statistics are read."""

    interval_s: Annotated[float, kinds.seconds(0.1, 60)] = 1.0


def state_folder() -> Path:
    """The folder of the app's own files: $XDG_STATE_HOME/vmlm, else ~/.local/state/vmlm."""
    return xdg_folder("XDG_STATE_HOME", ".local/state") / "vmlm"


def default_runs_folder() -> Path:
    """The folder of the runs if [runs] does not set one."""
    return state_folder() / "runs"


@dataclass(frozen=True)
class Runs:
    """The folder of the migration records, on the machine that runs the app."""

    folder: Annotated[Path, kinds.folder_here()] = field(default_factory=default_runs_folder)


AUTO = "auto"


@dataclass(frozen=True)
class Display:
    """How the app looks."""

    theme: Annotated[str, kinds.one_of([AUTO, "dark", "light", "contrast"])] = AUTO
    glyphs: Annotated[str, kinds.one_of([AUTO, "blocks", "console", "ascii"])] = AUTO


@dataclass(frozen=True)
class Config:
    """A whole config.toml."""

    hosts: Hosts
    vm: VmConfig
    storage: Storage = Storage()
    workload: Workloads = Workloads()
    migration: MigrationDefaults = field(default_factory=MigrationDefaults)
    technique: Presets = field(default_factory=Presets)
    sampling: Sampling = Sampling()
    runs: Runs = field(default_factory=Runs)
    display: Display = Display()
    keys: Annotated[Mapping[str, str], kinds.texts_by_name('keys such as "launch.boot" = "B"')] = field(
        default_factory=dict
    )

    @property
    def storage_host(self) -> str:
        """The name of the NFS server, "" if there is none; it runs no VMs."""
        return self.storage.host or (STORAGE if STORAGE in self.hosts.named else "")

    @property
    def hypervisors(self) -> tuple[str, ...]:
        """The names of the hosts that run VMs: the source first, then as in the file."""
        names = (name for name in self.hosts.named if name != self.storage_host)
        return tuple(sorted(names, key=lambda name: name != SOURCE))

    @property
    def machines(self) -> tuple[Host, ...]:
        """All hosts in the order of the pages: the hypervisors, then the storage server."""
        names = (*self.hypervisors, self.storage_host)
        return tuple(self.hosts[name] for name in names if name)

    @property
    def here(self) -> str:
        """The hypervisor that the app runs on, "" if it runs on none: the first one with a local libvirt URI."""
        return next((name for name in self.hypervisors if self.hosts[name].local), "")

    @property
    def home(self) -> str:
        """The hypervisor on which VMs and their images are created: the one that the app runs on, else the first."""
        return self.here or self.hypervisors[0]

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The groups of each host."""
        return {host.name: host.groups for host in self.machines}

    def of_group(self, group: str) -> tuple[str, ...]:
        """The hypervisors of a group, all of them for ""; Failure if there is no such group."""
        found = tuple(name for name in self.hypervisors if not group or group in self.hosts[name].groups)
        if found:
            return found
        known = ", ".join(sorted({each for host in self.hosts.named.values() for each in host.groups}))
        hint = f"The groups are {known}." if known else 'A host is put into one by groups = ["..."] in its table.'
        raise Failure(f"There is no group {group}", "no host that runs VMs is in it", hint)

    def targets(self, origin: str) -> tuple[str, ...]:
        """The hosts to which a VM of `origin` can migrate: all other hypervisors."""
        return tuple(name for name in self.hypervisors if name != origin)

    def plan(self, vm: str, preset: str = "") -> Plan:
        """The options of a VM's migration: of the preset, "" for [migration]; Failure if there is no such preset."""
        return (self.technique.get(preset) if preset else self.migration).plan(vm)

    def addressed(self, plan: Plan, origin: str) -> Plan:
        """The plan from `origin`, with the migration URI of its target's address unless it has one or has a tunnel.

        Raises the Failure of `target`.
        """
        address = self.hosts[self.target(origin, plan.to)].migration_address
        if not address or plan.migrateuri or plan.tunnelled:
            return plan
        return replace(plan, migrateuri=uri_of(address), host_address=True)

    def target(self, origin: str, to: str = "") -> str:
        """The host to which a VM of `origin` migrates: `to`, "" for the only one possible; Failure if there is none."""
        targets = self.targets(origin)
        if to in targets or (not to and len(targets) == 1):
            return to or targets[0]
        what, known = "The VM cannot migrate", ", ".join(targets)
        if not targets:
            raise Failure(what, f"{origin} is the only host", "Add another one to the configuration.")
        if not to:
            raise Failure(what, "the host that it goes to was not chosen", f"The hosts are {known}.")
        why = "it is there already" if to == origin else "there is no such host"
        raise Failure(f"{what} to {to}", why, f"The other hosts are {known}.")


def xdg_folder(variable: str, usual: str) -> Path:
    """The folder a variable names, else `usual`; a relative one is ignored, as the XDG specification requires."""
    named = Path(os.environ.get(variable, ""))
    if named.is_absolute():
        return named
    try:
        return Path.home() / usual
    except RuntimeError as error:
        raise Failure("The home folder is unknown", str(error), f"Set HOME or {variable}.") from error

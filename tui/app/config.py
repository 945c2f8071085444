"""config.toml: which hosts, VM, workloads and defaults; read, checked and written as frozen dataclasses."""

import os
import re
import stat
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from tui.core import schema
from tui.core.failure import Failure
from tui.core.plan import PRE_COPY, TECHNIQUES, Plan
from tui.core.schema import Problem
from tui.guest.model import heartbeat
from tui.guest.model.workload import IDLE, UNKNOWN

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SOURCE, DESTINATION, STORAGE = "source", "destination", "storage"

MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40
MAX_BYTES = 1 << 20  # of the file: whatever is larger was named by mistake

SSH_REACH, AGENT_REACH = "ssh", "agent"

LOCAL_LIBVIRT = "qemu:///system"

SSH_TARGET = re.compile(
    r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?([A-Za-z0-9_][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?"
)
LIBVIRT_URI = re.compile(r"(?:qemu|test)(?:\+[a-z0-9]+)?://[^\s/?#]*/[^\s?#]+(?:\?[^\s#]*)?")
HERE = re.compile(r"(?:.*@)?(?:localhost|127\.[0-9.]+|\[::1\])(?::[0-9]+)?", re.IGNORECASE)


def is_ssh_target(text: str) -> bool:
    """Whether it is [USER@]HOST[:PORT]; a host that begins with "-" would be an option to ssh."""
    found = SSH_TARGET.fullmatch(text)
    return found is not None and (found[2] is None or 0 < int(found[2]) < 65536)


def over_ssh(ssh: str) -> str:
    """The libvirt URI of the daemon on an ssh target."""
    return f"qemu+ssh://{ssh}/system?no_tty=1"


def never_asking(uri: str) -> str:
    """The same libvirt URI, with no_tty=1 where it goes over ssh: a prompt of ssh would land on the screen."""
    base, _, query = uri.partition("?")
    if not base.partition("://")[0].endswith("+ssh"):
        return uri
    others = [each for each in query.split("&") if each and each.partition("=")[0] != "no_tty"]
    return f"{base}?{'&'.join([*others, 'no_tty=1'])}"


SSH = schema.text('an ssh target such as "root@192.0.2.10" or "user@host:2222"', is_ssh_target)
URI = schema.Kind(
    'a libvirt URI such as "qemu:///system" or "qemu+ssh://root@192.0.2.10/system"',
    schema.text("", lambda text: LIBVIRT_URI.fullmatch(text) is not None).read,
    suffix="_uri",
)
VM_NAME = schema.text(
    'the name libvirt has for the VM, such as "ubuntu22.04"',
    lambda text: bool(text.strip()) and text.isprintable() and "/" not in text and len(text) <= 200,
)


WORKLOAD_NAME = schema.text(
    f'a name for a workload: up to 40 letters, and not "{IDLE}" or "{UNKNOWN}"',
    lambda text: text.strip() == text != "" and text.isprintable() and len(text) <= 40 and text not in (IDLE, UNKNOWN),
)
COMMAND_BYTES = 6_000  # dropbear, the server of small guests, takes 9000 of all that is said to it
COMMAND = schema.words('a command line as a list of words, such as ["stress-ng", "--vm", "2"]', COMMAND_BYTES)


@dataclass(frozen=True)
class Host:
    """One machine: `libvirt` is the URI the app uses, `peer_uri` the one the other host's daemon uses for it.

    An empty URI stands for the default, and is never seen afterwards.
    """

    name: Annotated[str, schema.NAME_OF_TABLE]
    ssh: Annotated[str, SSH]
    libvirt: Annotated[str, URI] = ""
    peer_uri: Annotated[str, URI] = ""

    def __post_init__(self) -> None:
        libvirt = never_asking(self.libvirt) or (LOCAL_LIBVIRT if self.name == SOURCE else over_ssh(self.ssh))
        local = libvirt.partition("://")[2].startswith("/")
        peer = never_asking(self.peer_uri) or (over_ssh(self.ssh) if local else libvirt)
        object.__setattr__(self, "libvirt", libvirt)
        object.__setattr__(self, "peer_uri", peer)


@dataclass(frozen=True)
class Hosts:
    """The three machines, also by their name: hosts["source"]; the app runs on the source."""

    source: Host
    destination: Host
    storage: Host

    def __getitem__(self, name: str) -> Host:
        return {host.name: host for host in self.all}[name]

    @property
    def all(self) -> tuple[Host, Host, Host]:
        return self.source, self.destination, self.storage


@dataclass(frozen=True)
class Storage:
    """Folders: `images` on the storage server; `export` is exported by it, and where both hosts mount it."""

    images: Annotated[str, schema.folder_of_host()] = "/var/lib/libvirt/images"
    export: Annotated[str, schema.folder_of_host()] = "/var/lib/libvirt-img/images"


@dataclass(frozen=True)
class VmConfig:
    """The VM that is launched and migrated; `ssh` is how the source reaches the guest, None where nobody said.

    `reach` is SSH_REACH, or AGENT_REACH: through QEMU's guest agent, where no network leads to the guest.
    `heartbeat_port` is the UDP port on which every guest's heartbeat is probed, 0: no heartbeat.
    """

    name: Annotated[str, VM_NAME]
    vcpus: Annotated[int, schema.whole(1, 4096)] = 16
    memory_bytes: Annotated[int, schema.size(16 * MIB, 64 * TIB)] = 8 * GIB
    ssh: Annotated[str | None, SSH] = None
    reach: Annotated[str, schema.one_of([SSH_REACH, AGENT_REACH])] = SSH_REACH
    heartbeat_port: Annotated[int, schema.whole(0, 65535)] = heartbeat.PORT


@dataclass(frozen=True)
class CpuWorkload:
    """Threads of pow(sin(i), i)."""

    threads: Annotated[int, schema.whole(1, 4096)] = 16


@dataclass(frozen=True)
class MemoryWorkload:
    """Threads of loads and stores, each in memory of its own; rate 0 is as fast as it can."""

    threads: Annotated[int, schema.whole(1, 4096)] = 14
    size_bytes: Annotated[int, schema.size(MIB, 64 * TIB)] = 512 * MIB
    rate_mib_s: Annotated[int, schema.rate(1_000_000)] = 0


@dataclass(frozen=True)
class OwnWorkload:
    """A command line that the guest can run as it stands: the program and its words, no shell."""

    command: Annotated[tuple[str, ...], COMMAND]


@dataclass(frozen=True)
class Workloads:
    """What runs in the guest while it moves; idle needs no settings, `own` are those that the user has defined."""

    cpu: CpuWorkload = CpuWorkload()
    memory: MemoryWorkload = MemoryWorkload()
    own: Annotated[Mapping[str, OwnWorkload], schema.NamedTables(OwnWorkload, WORKLOAD_NAME)] = field(
        default_factory=dict
    )


@dataclass(frozen=True)
class MigrationDefaults:
    """What the Migrate page proposes."""

    technique: Annotated[str, schema.one_of(list(TECHNIQUES))] = PRE_COPY
    timeout_s: Annotated[float, schema.seconds(0.1, 86_400)] = 25.0
    bandwidth_mib_s: Annotated[int, schema.rate(1_000_000)] = 0
    downtime_ms: Annotated[int, schema.milliseconds(1, 2_000_000)] = 300  # QEMU takes no more than 2000 s
    auto_converge: Annotated[bool, schema.yes_or_no()] = False
    parallel: Annotated[int, schema.whole(0, 255)] = 0  # QEMU's multifd-channels is one byte

    def plan(self, vm: str) -> Plan:
        """The same as a plan for one VM."""
        return Plan(
            vm,
            self.technique,
            self.timeout_s,
            self.bandwidth_mib_s,
            self.downtime_ms,
            self.auto_converge,
            self.parallel,
        )


@dataclass(frozen=True)
class Sampling:
    """How often the job statistics are read."""

    interval_s: Annotated[float, schema.seconds(0.1, 60)] = 1.0


def state_folder() -> Path:
    """Where the app keeps what it writes by itself: $XDG_STATE_HOME/vmlm, else ~/.local/state/vmlm."""
    return _xdg("XDG_STATE_HOME", ".local/state") / "vmlm"


def default_runs_folder() -> Path:
    """Where runs are kept unless [runs] says otherwise."""
    return state_folder() / "runs"


@dataclass(frozen=True)
class Runs:
    """Where the records of migrations are kept, on the machine the app runs on."""

    folder: Annotated[Path, schema.folder_here()] = field(default_factory=default_runs_folder)


@dataclass(frozen=True)
class Config:
    """A whole config.toml."""

    hosts: Hosts
    vm: VmConfig
    storage: Storage = Storage()
    workload: Workloads = Workloads()
    migration: MigrationDefaults = MigrationDefaults()
    sampling: Sampling = Sampling()
    runs: Runs = field(default_factory=Runs)


class Misconfigured(Failure):
    """A file whose keys do not fit: as a sentence the first problem, in `problems` all, in `detail` a line each."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        sentences = [
            Failure(f"{path}: {each.place}" if each.place else str(path), each.why, each.hint) for each in problems
        ]
        first = sentences[0]
        super().__init__(first.what, first.why, first.hint, detail="\n".join(map(str, sentences)))
        self.problems = problems


class Missing(Failure):
    """There is no file at all."""


def default_path() -> Path:
    """$XDG_CONFIG_HOME/vmlm/config.toml, else ~/.config/vmlm/config.toml."""
    return _xdg("XDG_CONFIG_HOME", ".config") / "vmlm" / "config.toml"


def find(given: str | Path | None = None) -> Path:
    """Where the configuration is, or would be: --config, else $VMLM_CONFIG, else the default path."""
    named = given or os.environ.get("VMLM_CONFIG")
    if not named:
        return default_path()
    try:
        return Path(named).expanduser()
    except RuntimeError as error:
        raise Failure(f"The configuration {named} cannot be found", str(error), "Write its whole path.") from error


def load(path: Path) -> Config:
    """The configuration in a file; Failure says what is wrong with it."""
    config, problems = check(_parse(path, _text(path)))
    if config is None:
        raise Misconfigured(path, problems)
    return config


def check(tables: Mapping[str, Any]) -> tuple[Config | None, tuple[Problem, ...]]:
    """The configuration that parsed TOML holds, or None and all that is wrong with it."""
    problems: list[Problem] = []
    config = schema.read(Config, tables, "", problems)
    if config is not None:
        problems += _contradictions(config.hosts)
    return (None if problems else config), tuple(problems)


def tables(config: Config) -> dict[str, Any]:
    """The configuration as TOML's tables, without what depends on other keys or on who runs the app."""
    written = schema.write(config)
    for host in config.hosts.all:
        usual, keys = Host(host.name, host.ssh), written["hosts"][host.name]
        if host.libvirt == usual.libvirt:
            del keys["libvirt"]
        if host.peer_uri == Host(host.name, host.ssh, host.libvirt).peer_uri:
            del keys["peer"]
    if config.vm.ssh is None:
        del written["vm"]["ssh"]
    if config.runs == Runs():
        del written["runs"]
    return written


def create(config: Config, path: Path) -> None:
    """Write a new file; Failure where there is one already, whatever is in it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_through(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), path, config)
    except FileExistsError as error:
        raise Failure(f"{path} was not written", "there is a file already", "Move it away, or correct it.") from error
    except OSError as error:
        raise _unwritten(path, error) from error


def save(config: Config, path: Path) -> None:
    """Replace the file in one step, keeping its permissions; a symbolic link stays, what it points to is replaced."""
    try:
        path = path.resolve()
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o600
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        new = Path(name)
        _write_through(descriptor, new, config)
        new.chmod(mode)
        new.replace(path)
    except OSError as error:
        raise _unwritten(path, error) from error


def _toml(config: Config) -> str:
    import tomli_w  # noqa: PLC0415  # only who writes waits for it

    return tomli_w.dumps(tables(config))


def _write_through(descriptor: int, path: Path, config: Config) -> None:
    """Fill a new file, down to the disk; half a file is not left behind."""
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_toml(config))
            file.flush()
            os.fsync(descriptor)
    except OSError:
        path.unlink()
        raise


def _unwritten(path: Path, error: OSError) -> Failure:
    return Failure(f"{path} was not written", error.strerror or str(error), "", detail=str(error))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        hint = "Name another with --config, or none: vmlm-tui then offers to write one."
        raise Missing(f"{path} does not exist", "no configuration is there", hint) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or str(error)
        raise Failure(f"{path} cannot be read", why, "A TOML file is expected.", detail=str(error)) from error
    if len(data) > MAX_BYTES:  # read no further: it may be a device
        raise Failure(f"{path} is larger than 1 MiB", "no configuration is", "A TOML file is expected.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        why = f"line {line} is not valid UTF-8"
        raise Failure(f"{path} cannot be read", why, "Save it as UTF-8 text.", detail=str(error)) from error


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also of a number with thousands of digits
        raise Failure(f"{path} is not valid TOML", str(error), "Expected are tables and key = value lines.") from error


def _contradictions(hosts: Hosts) -> list[Problem]:
    """What is right key by key, and cannot be meant."""
    problems = []
    if HERE.fullmatch(hosts.source.ssh):
        why = f'"{hosts.source.ssh}" is how the other hosts reach the source, and would lead them to themselves'
        problems.append(Problem("hosts.source", "ssh", why, "A name or address that they know is expected."))
    if hosts.source.ssh.rpartition("@")[2].lower() == hosts.destination.ssh.rpartition("@")[2].lower():
        why = f'"{hosts.destination.ssh}" is the source as well, and a VM cannot move to the host it is on'
        problems.append(Problem("hosts.destination", "ssh", why, "An ssh target of another host is expected."))
    return problems


def _xdg(variable: str, usual: str) -> Path:
    """The folder a variable names; relative ones are ignored, as the XDG base directory specification asks."""
    named = Path(os.environ.get(variable, ""))
    if named.is_absolute():
        return named
    try:
        return Path.home() / usual
    except RuntimeError as error:
        raise Failure("The home folder is not known", str(error), f"Set HOME or {variable}.") from error

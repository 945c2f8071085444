"""Finds, reads, checks and writes config.toml."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui.core import schema
from tui.core.failure import Failure
from tui.core.host_words import the
from tui.core.regular_file import open_regular
from tui.core.schema import Problem
from tui.core.settings import SSH_PORT, Config, Host, Runs, xdg_folder
from tui.core.ssh_target import parse_target

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_BYTES = 1 << 20  # a larger file was named by mistake
LOOPBACK = re.compile(r"localhost|127\.[0-9.]+|::1", re.IGNORECASE)


class Misconfigured(Failure):
    """Invalid keys: the sentence is the first problem; `problems` has all, `detail` one line for each."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        sentences = [
            Failure(f"{path}: {each.place}" if each.place else str(path), each.why, each.hint) for each in problems
        ]
        first = sentences[0]
        super().__init__(first.what, first.why, first.hint, detail="\n".join(map(str, sentences)))
        self.problems = problems


class Missing(Failure):
    """The file does not exist."""


def default_path() -> Path:
    """$XDG_CONFIG_HOME/vmlm/config.toml, else ~/.config/vmlm/config.toml."""
    return xdg_folder("XDG_CONFIG_HOME", ".config") / "vmlm" / "config.toml"


def find(given: str | Path | None = None) -> Path:
    """The path of the configuration: `given` by --config, else $VMLM_CONFIG, else the default path."""
    named = given or os.environ.get("VMLM_CONFIG")
    if not named:
        return default_path()
    try:
        return Path(named).expanduser()
    except RuntimeError as error:
        raise Failure(f"The configuration {named} cannot be found", str(error), "Write the absolute path.") from error


def load(path: Path) -> Config:
    """The configuration in a file; Failure if it is missing or invalid."""
    return read(path, text_of(path))


def read(path: Path, text: str) -> Config:
    """The configuration in the text of a file; Failure if it is invalid."""
    config, problems = check(_parse(path, text))
    if config is None:
        raise Misconfigured(path, problems)
    return config


def check(tables: Mapping[str, Any]) -> tuple[Config | None, tuple[Problem, ...]]:
    """The configuration in parsed TOML, or None, with all problems."""
    problems: list[Problem] = []
    config = schema.read(Config, tables, "", problems)
    if config is not None:
        problems += _contradictions(config)
    return (None if problems else config), tuple(problems)


def tables(config: Config) -> dict[str, Any]:
    """The configuration as TOML tables, without values that equal a default derived from other keys or the user."""
    written = schema.write(config)
    for host in config.machines:
        default, keys = Host(host.name, host.ssh), written["hosts"][host.name]
        if host.libvirt == default.libvirt:
            del keys["libvirt"]
        if host.peer_uri == Host(host.name, host.ssh, host.libvirt).peer_uri:
            del keys["peer"]
        if not host.groups:
            del keys["groups"]
    if not config.technique.named:
        del written["technique"]
    if config.runs == Runs():
        del written["runs"]
    return written


def create(config: Config, path: Path) -> None:
    """Write a new file; Failure if the path exists."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_through(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), path, config)
    except FileExistsError as error:
        raise Failure(f"{path} was not written", "the file exists already", "Move it away, or correct it.") from error
    except OSError as error:
        raise Failure(f"{path} was not written", error.strerror or str(error), detail=str(error)) from error


def _write_through(descriptor: int, path: Path, config: Config) -> None:
    """Write a new file and sync it to disk; removes it after an error."""
    import tomli_w  # noqa: PLC0415  # reading does not need it

    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(tomli_w.dumps(tables(config)))
            file.flush()
            os.fsync(descriptor)
    except OSError:
        path.unlink()
        raise


def text_of(path: Path) -> str:
    """The text of a file; Failure if it is missing or no text."""
    try:
        with open_regular(path) as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        hint = "Name another with --config, or run vmlm-tui without it to write one."
        raise Missing(f"{path} does not exist", "there is no configuration", hint) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or str(error)
        raise Failure(f"{path} cannot be read", why, "A TOML file is expected.", detail=str(error)) from error
    if len(data) > MAX_BYTES:
        raise Failure(f"{path} is larger than 1 MiB", "no configuration is so large", "A TOML file is expected.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        why = f"line {line} is not valid UTF-8"
        raise Failure(f"{path} cannot be read", why, "Save it as UTF-8 text.", detail=str(error)) from error


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError also for a number with thousands of digits
        raise Failure(f"{path} is not valid TOML", str(error), "Tables and key = value lines are expected.") from error


def _contradictions(config: Config) -> list[Problem]:
    """Problems of hosts whose keys are valid one by one."""
    storage, named = config.storage.host, config.hosts.named
    if storage and storage not in named:
        known = ", ".join(named) or "none"
        return [Problem("storage", "host", f"there is no table [hosts.{storage}]", f"The hosts are {known}.")]
    if not config.hypervisors:
        why = "there is no host that runs VMs"
        return [Problem("hosts", "", why, 'Add one as [hosts.NAME] with its ssh, such as "root@192.0.2.10".')]
    return [*_unreachable(config), *_twice([named[name] for name in config.hypervisors])]


def _unreachable(config: Config) -> list[Problem]:
    """The host of the app, if the address by which the others must reach it leads them to themselves."""
    here = config.hosts.named.get(config.here)
    if here is None or len(config.machines) == 1 or not LOOPBACK.fullmatch(parse_target(here.ssh).host):
        return []
    why = f'the other hosts reach {the(here.name)} by "{here.ssh}", which would lead them to themselves'
    return [Problem(f"hosts.{here.name}", "ssh", why, "A name or address that they can resolve is expected.")]


def _twice(hypervisors: list[Host]) -> list[Problem]:
    """The hypervisors with the address of an earlier one."""
    problems: list[Problem] = []
    first: dict[tuple[str, int], Host] = {}
    addresses: dict[str, Host] = {}
    for host in hypervisors:
        target = parse_target(host.ssh)
        known = first.setdefault((target.host.lower(), target.port or SSH_PORT), host)
        if known is not host:
            why = f'"{host.ssh}" is {the(known.name)} as well, and a VM cannot move to its own host'
            problems.append(Problem(f"hosts.{host.name}", "ssh", why, "An ssh target of another host is expected."))
        address = host.migration_address
        if address and addresses.setdefault(address.lower(), host) is not host:
            why = f'"{address}" is the migration address of {the(addresses[address.lower()].name)} as well'
            problems.append(Problem(f"hosts.{host.name}", "migration_address", why, "Each host has its own."))
    return problems

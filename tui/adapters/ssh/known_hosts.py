"""The user's known_hosts files: read as ssh reads them, and extended."""

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import asyncssh

from tui.core.failure import Failure

USUAL_PORT = 22
SYSTEM_FILES = (Path("/etc/ssh/ssh_known_hosts"), Path("/etc/ssh/ssh_known_hosts2"))


def known_hosts_files(from_config: object, folder: Path) -> list[Path]:
    """The user's own known_hosts files; new lines go to the first."""
    configured = [str(name) for name in from_config] if isinstance(from_config, Sequence) else []
    return [Path(file).expanduser() for file in configured or (folder / "known_hosts", folder / "known_hosts2")]


def known_hosts(from_config: object, folder: Path) -> asyncssh.SSHKnownHosts:
    """The known hosts of all existing files; never None, which asyncssh takes as "trust every host"."""
    paths = [path for path in (*known_hosts_files(from_config, folder), *SYSTEM_FILES) if path.is_file()]
    return _of_files(tuple((path, (stat := path.stat()).st_mtime_ns, stat.st_size) for path in paths))


@lru_cache(maxsize=8)  # hundreds of hosts have a line each, and each login looks into all of them
def _of_files(files: tuple[tuple[Path, int, int], ...]) -> asyncssh.SSHKnownHosts:
    """The lines of files, each with its time and its size."""
    known = asyncssh.SSHKnownHosts()
    for path, _, _ in files:
        for line in path.read_text(errors="replace").splitlines():
            try:
                known.load(line)
            except ValueError:
                continue  # ssh ignores invalid lines, too
    return known


def known_as(options: asyncssh.SSHClientConnectionOptions) -> str:
    """The name of the host in known_hosts files."""
    name = str(options.host_key_alias or options.host)
    return name if options.port == USUAL_PORT or options.host_key_alias else f"[{name}]:{options.port}"


def append(path: Path, line: str) -> None:
    """Append a line, after a newline if the last line has none; Failure if the file cannot be written."""
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "rb+") as file:
            before = file.read()
            file.write(b"\n" * bool(before and not before.endswith(b"\n")) + line.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Failure(f"{path} cannot be written", error.strerror or str(error)) from error

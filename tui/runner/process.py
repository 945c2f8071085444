"""The process of the runner: one per user and host, found by its socket, started by whoever needs it first."""

import asyncio
import contextlib
import fcntl
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import tui
from tui.core.failure import Failure
from tui.core.limit import within
from tui.core.log import log
from tui.core.threads import on_thread
from tui.runner import logout
from tui.runner.protocol import LONGEST_REPLY
from tui.runner.server import Server

NAME = "runner"
START_LIMIT_S = 30.0  # imports take a second, ten on a busy machine
ATTEMPTS, AGAIN_S = 5, 0.2
LINGER_S = 5.0  # without clients and work; a client that reconnects finds the same process
TAKEOVER_S = 15.0  # for one that ends: it writes the records of its migrations first
READY = b"ready\n"
LONGEST_PATH = 107  # bytes of the path of a unix socket
TAKEOVER_RETRY_S = 0.05
FOLDER_VARIABLE = "VMLM_RUNTIME_DIR"  # the parent of another folder for the socket
RUN, TEMPORARY = Path("/run"), Path("/tmp")  # noqa: S108  # the folder below is refused unless only this user has it


def folder() -> Path:
    """The folder of the socket, which only this user may enter; raises Failure.

    It is not in the state folder, whose disk may be full or read-only.
    """
    path = _folder_of_user()
    if len(os.fsencode(path / f"{NAME}.sock")) > LONGEST_PATH:
        raise Failure(
            "The path of the runner's socket is too long",
            f"{path} leaves no room in the {LONGEST_PATH} bytes that a socket can have",
            f"Set {FOLDER_VARIABLE} to a shorter path.",
        )
    hint = f"Set {FOLDER_VARIABLE} to a folder of your own, always the same one."
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        status = path.lstat()
    except OSError as error:
        raise Failure("The runner has no folder for its socket", f"{path}: {error.strerror}", hint) from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise Failure(
            "The runner's socket would not be safe",
            f"{path} belongs to another user, or others may enter it",
            f"Remove it, or s{hint[1:]}",
        )
    return path


def _folder_of_user() -> Path:
    """The same folder in all sessions of a user; raises Failure.

    Neither $XDG_RUNTIME_DIR, which sudo may pass on to root, nor $TMPDIR: a client with another value would start a
    second runner, which records the same migration. Not /run/user/<uid>, which exists only while the user is logged in.
    """
    named = os.environ.get(FOLDER_VARIABLE, "")
    if named and not Path(named).is_absolute():
        raise Failure("The runner has no folder for its socket", f"{FOLDER_VARIABLE} is not an absolute path: {named}")
    if named:
        return Path(named) / "vmlm-tui"
    return RUN / "vmlm-tui" if os.geteuid() == 0 else TEMPORARY / f"vmlm-tui-{os.geteuid()}"


# -- as a client --


async def connect(start: Sequence[str]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the runner, which the command `start` starts if there is none; raises Failure."""
    path = folder() / f"{NAME}.sock"
    for attempt in range(ATTEMPTS):  # one may end between the check and the connection, or not listen yet
        found = await connect_to(path)
        if found is not None:
            return found
        await asyncio.sleep(AGAIN_S if attempt else 0.0)
        await on_thread(_start, start)
    raise Failure("The runner in the background ends at once", "", "Its log is runner.log in the state folder.")


async def connect_to(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    """A connection to the socket; None if no process listens there."""
    try:
        return await asyncio.open_unix_connection(path, limit=LONGEST_REPLY)
    except (FileNotFoundError, ConnectionError):
        return None
    except OSError as error:
        raise Failure("The runner in the background cannot be reached", f"{path}: {error.strerror}") from error


def running() -> int | None:
    """The pid of this user's runner; None if there is none. Blocks."""
    with socket.socket(socket.AF_UNIX) as trial:
        trial.settimeout(1.0)
        try:
            trial.connect(str(folder() / f"{NAME}.sock"))
        except (OSError, Failure):  # a client that needs the runner reports it
            return None
        peer = trial.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)  # three int: its pid, user and group
    return int.from_bytes(peer[:4], sys.byteorder)


def ended_by_logout() -> Failure | None:
    """The Failure that a client reports if a logout ends the runner, None if it stays or does not run; blocks."""
    pid = running()
    return None if pid is None else logout.ended_by_logout(pid)


def _start(command: Sequence[str]) -> None:
    """Start the runner and wait until it accepts clients; blocks."""
    for each in logout.starts():
        if _started([*each.prefix, *command], each.variables or {}):
            return
    raise Failure(
        "The runner in the background could not be started",
        "it did not report that it is ready",
        "Its log is runner.log in the state folder.",
    )


def _started(command: Sequence[str], variables: Mapping[str, str]) -> bool:
    """Whether the command's process, or another one, accepts clients now."""
    paths = [str(Path(tui.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",  # so that it keeps no file system busy
            env={**os.environ, **variables, "PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,
        )
    except OSError as error:
        log.warning("%s cannot be run: %s", command[0], error)
        return False
    with process.stdout as output:  # type: ignore[union-attr]  # it is a pipe
        ready = _line_within(output.fileno(), START_LIMIT_S)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0)  # it has forked, so this process has no child left
    return ready == READY


def _line_within(descriptor: int, limit_s: float) -> bytes:
    """The first line of a pipe, b"" if it ends before or takes longer."""
    ready, _, _ = select.select([descriptor], [], [], limit_s)
    return os.read(descriptor, len(READY)) if ready else b""


# -- as the runner --


class Running:
    """This process as the runner: holds the lock, listens on the socket, and ends when it is idle."""

    def __init__(self, path: Path) -> None:
        self.path = path / f"{NAME}.sock"
        self._lock = (path / f"{NAME}.lock").open("ab")
        self._acquire()
        self.path.unlink(missing_ok=True)  # of one that was killed
        self.socket = socket.socket(socket.AF_UNIX)
        previous = os.umask(0o177)
        try:
            self.socket.bind(str(self.path))
        finally:
            os.umask(previous)
        self.socket.listen(64)

    def _acquire(self) -> None:
        """Take the lock, also of one that is about to end; BlockingIOError if another one accepts clients."""
        until = time.monotonic() + TAKEOVER_S
        while True:
            try:
                return fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if _accepts(self.path) or time.monotonic() > until:
                    raise
                time.sleep(TAKEOVER_RETRY_S)

    async def serve(self, server: Server, on_ready: Callable[[], None]) -> None:
        """Serve clients until there is none and nothing to do for LINGER_S, or until SIGTERM."""
        ended = server.ended
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, lambda: None)  # the terminal closes; the runner stays
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ended.set)
        listening = await server.listen(self.socket)
        on_ready()
        idle = 0.0
        while not ended.is_set() and idle < LINGER_S:
            with contextlib.suppress(asyncio.TimeoutError):
                await within(1.0, ended.wait())
            idle = idle + 1.0 if server.idle else 0.0
        self.path.unlink(missing_ok=True)  # before the last client could connect in vain
        listening.close()


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as trial:
        trial.settimeout(1.0)
        return trial.connect_ex(str(path)) == 0


def detach() -> Callable[[], None]:
    """Continue in a child of our own, before any thread; returns what tells the starter that clients can connect."""
    if os.fork():
        os._exit(0)
    os.setsid()
    ready = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)

    def report() -> None:
        with contextlib.suppress(OSError):  # the starter has gone
            os.write(ready, READY)
        os.close(ready)

    return report

"""A process identified by pid and start time, so that a reused pid is never killed."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.core.failure import Failure

END_LIMIT_S = 20.0


def start_time(stat: str) -> int:
    """Clock ticks after boot at which a process started, from the text of /proc/PID/stat (its 22nd field)."""
    return int(stat.rpartition(")")[2].split()[19])  # the name in brackets may contain spaces and brackets


@dataclass(frozen=True)
class Process:
    """One process of the machine, running or ended."""

    pid: int
    started: int

    @classmethod
    def recorded(cls, path: Path) -> "Process | None":
        """The process recorded in a file as `pid start-time`; None if the file is missing or incomplete."""
        try:
            pid, started = path.read_text().split()
            return cls(int(pid), int(started))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None

    def alive(self) -> bool:
        """Whether this process still runs; False for a zombie and for another process with its pid."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return start_time(stat) == self.started and stat.rpartition(")")[2].split()[0] not in "ZX"

    def names_in_namespace(self) -> list[str]:
        """The names of all processes in its pid namespace, cut at 15 characters as in /proc/PID/comm."""
        names = []
        for comm in Path("/proc").glob("[0-9]*/comm"):
            try:
                if (comm.parent / "ns/pid").readlink() == Path(f"/proc/{self.pid}/ns/pid").readlink():
                    names.append(comm.read_text().strip())
            except OSError:
                continue  # it has ended
        return names

    def kill(self) -> None:
        """Kills this process if it still runs; a pidfd excludes another process that reuses its pid."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.alive():  # checked after opening: the descriptor now refers to one process
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        except ProcessLookupError:
            return
        finally:
            os.close(descriptor)


def processes_with(variable: str, value: str) -> list[Process]:
    """All processes of the machine that were started with `variable=value` in their environment."""
    wanted = f"{variable}={value}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(Process(int(folder.name), start_time((folder / "stat").read_text())))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # ended, or a kernel thread
    return found


def end_all(find: Callable[[], Sequence[Process]], of_what: str) -> None:
    """Kills the processes that `find` returns until none is left; a process may start another before it ends."""
    end = time.monotonic() + END_LIMIT_S
    while processes := [process for process in find() if process.alive()]:
        if time.monotonic() > end:
            pids = ", ".join(str(process.pid) for process in processes)
            raise Failure(f"processes of {of_what} did not end: {pids}")
        for process in processes:
            process.kill()
        time.sleep(0.01)

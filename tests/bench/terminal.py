"""A program in its own terminal: counts and stores its output, and types keys."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path


class Terminal:
    """A program in a pseudo-terminal, by default 120 columns and 40 rows."""

    def __init__(self, argv: Sequence[str], columns: int = 120, rows: int = 40) -> None:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *argv],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"},
        )
        os.close(theirs)
        self._terminal = ours
        self._changed = threading.Condition()
        self._text = b""
        self.written = 0  # bytes so far
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._terminal, 65536)
            except OSError:
                return  # the program has ended
            with self._changed:
                self._text += data
                self.written += len(data)
                self._changed.notify_all()

    def type(self, keys: str) -> float:
        """Types keys; returns the time by the monotonic clock."""
        pressed = time.monotonic()
        os.write(self._terminal, keys.encode())
        return pressed

    def wait_for(self, text: str, limit_s: float = 120) -> float:
        """Waits until the output since the last wait contains `text`; returns the time, or raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: text.encode() in self._text, limit_s):
                raise TimeoutError(f"{text!r} did not appear; the output ends with {self._text[-2000:]!r}")
            self._text = self._text.partition(text.encode())[2]
            return time.monotonic()

    def wait_written(self, total: int, limit_s: float = 120) -> float:
        """Waits until so many bytes have been written in all; returns the time, or raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.written >= total, limit_s):
                raise TimeoutError(f"{self.written} of {total} bytes were written")
            return time.monotonic()

    def output(self) -> bytes:
        """The output since the last wait."""
        with self._changed:
            return self._text

    def app_pid(self) -> int:
        """The pid of the app's interpreter below setsid and nsenter, not of its own children (ssh)."""
        pid = self.process.pid
        while not Path(f"/proc/{pid}/cmdline").read_text().startswith(sys.executable):
            pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        return pid

    def close(self) -> None:
        """Ends the program and closes the terminal."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        os.close(self._terminal)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wakeups(pid: int) -> int:
    """How often the main thread of a process has waited for something so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches:"))


def whole_resident_mib(pid: int) -> float:
    """All resident memory of a process, shared libraries included, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def resident_mib(pid: int) -> float:
    """The memory of a process that no other process shares and that is not swapped, in MiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024

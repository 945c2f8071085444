"""A program in a terminal of its own: what it writes is counted and kept, keys are typed as a person would."""

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
    """120 columns and 40 rows unless asked otherwise."""

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
        self._heard = threading.Condition()
        self._text = b""
        self.written = 0  # bytes so far
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._terminal, 65536)
            except OSError:
                return  # the program has ended
            with self._heard:
                self._text += data
                self.written += len(data)
                self._heard.notify_all()

    def type(self, keys: str) -> float:
        """Press keys; returns when, by the monotonic clock."""
        pressed = time.monotonic()
        os.write(self._terminal, keys.encode())
        return pressed

    def wait_for(self, text: str, limit_s: float = 120) -> float:
        """Wait until the program writes `text` (from now on, or since the last wait); returns when it came."""
        with self._heard:
            if not self._heard.wait_for(lambda: text.encode() in self._text, limit_s):
                raise TimeoutError(f"{text!r} never came; the last was {self._text[-2000:]!r}")
            self._text = self._text.partition(text.encode())[2]
            return time.monotonic()

    def seen(self) -> bytes:
        """What was written since the last wait."""
        with self._heard:
            return self._text

    def app_pid(self) -> int:
        """The interpreter that setsid and nsenter became; what it starts itself (ssh) does not count."""
        pid = self.process.pid
        while not Path(f"/proc/{pid}/cmdline").read_text().startswith(sys.executable):
            pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        return pid

    def close(self) -> None:
        """End it, and everything it started in its session."""
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

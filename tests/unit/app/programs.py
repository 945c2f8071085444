"""The program as a process: what it prints, and what it paints in a terminal."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable

MINIMAL = """
[hosts.source]
ssh = "root@a.invalid"
libvirt = "test:///default"
[hosts.destination]
ssh = "root@b.invalid"
libvirt = "test:///default"
[hosts.storage]
ssh = "root@c.invalid"
[vm]
name = "guest1"
"""
LIMIT_S = 30.0
SHOW_MODULES = """
import atexit, sys
atexit.register(lambda: print("modules", *sorted(sys.modules)))
sys.argv = ["vmlm-tui", *sys.argv[1:]]
from tui.app.main import main
sys.exit(main())
"""
WITHOUT_LIBVIRT = """
import sys
sys.modules.update(dict.fromkeys(("libvirt", "libvirt_qemu", "asyncssh")))  # an import of them fails
from tui.app.main import main
sys.exit(main(sys.argv[1:]))
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


class Terminal:
    """The program in a terminal of 80x24."""

    def __init__(self, environ: dict[str, str], *words: str, program: tuple[str, ...] = ("-m", "tui")) -> None:
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, *program, *words], environ)  # noqa: S606
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.painted = ""
        self._status: int | None = None

    def until(self, text: str) -> None:
        """Read output until the text was painted."""
        end = time.monotonic() + LIMIT_S
        while text not in self.painted:
            assert time.monotonic() < end, self.painted
            ready = select.select([self._master], [], [], max(0.0, end - time.monotonic()))[0]
            assert ready, self.painted
            assert self._read(), self.painted

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def hang_up(self) -> None:
        os.close(self._master)
        self._master = -1

    def status(self) -> int:
        """Read output until the program has ended; returns its exit status, negative after a signal."""
        while self._master >= 0 and self._read():
            pass
        end = time.monotonic() + LIMIT_S
        while self._status is None:
            assert time.monotonic() < end, "it does not end"
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if pid else None
            time.sleep(0.01)
        return self._status

    def close(self) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self._master >= 0:
            os.close(self._master)

    def _read(self) -> bool:
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # EIO: the program has closed the terminal
            return False
        self.painted += data.decode(errors="replace")
        return bool(data)


Open = Callable[..., Terminal]


def modules(output: str) -> set[str]:
    """The modules that SHOW_MODULES printed."""
    return set(output.rpartition("modules ")[2].split())

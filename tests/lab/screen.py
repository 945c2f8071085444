"""A program in a real terminal (tmux): sends keys and reads the screen."""

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

LIMIT_S = 120.0


class Screen:
    """One tmux server with one window, on its own socket."""

    def __init__(self, socket: Path, argv: Sequence[str], columns: int = 80, rows: int = 24) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]
        self._closed = False
        size = ["-x", str(columns), "-y", str(rows)]
        self._run("new-session", "-d", *size, "-s", "it", *argv, ";", "set-option", "-g", "remain-on-exit", "on")

    def _run(self, *words: str) -> str:
        return subprocess.run([*self._tmux, *words], check=True, capture_output=True, text=True, timeout=30).stdout

    def press(self, *keys: str) -> None:
        """Sends keys by tmux's names."""
        self._run("send-keys", "-t", "it", *keys)

    def text(self) -> str:
        return self._run("capture-pane", "-p", "-t", "it")

    def wait(self, condition: Callable[[str], bool], what: str, limit_s: float = LIMIT_S) -> str:
        """Waits until `condition` is true of the screen, and returns the screen."""
        until = time.monotonic() + limit_s
        while not condition(text := self.text()):
            assert time.monotonic() < until, f"{what} did not appear; the screen:\n{text}"
            time.sleep(0.05)
        return text

    def wait_for(self, *wanted: str, limit_s: float = LIMIT_S) -> str:
        """Waits until all these texts are on the screen."""
        return self.wait(lambda text: all(each in text for each in wanted), " and ".join(map(repr, wanted)), limit_s)

    def over(self) -> bool:
        """Whether the program has ended."""
        return self._run("display-message", "-p", "-t", "it", "#{pane_dead}").strip() == "1"

    def close(self) -> None:
        """Closes the terminal, as a dropped connection does; does nothing the second time."""
        if not self._closed:
            self._closed = True
            self._run("kill-server")

"""QEMU's monitor: sends one command after the other over a socket, and receives events."""

import json
import socket
from collections import deque
from pathlib import Path
from typing import Any

from tui.core.failure import Failure

REPLY_LIMIT_S = 300.0  # includes loading a saved state


class Monitor:
    """The monitor at the other end of a connected socket; its constructor waits for QEMU's greeting."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._socket.settimeout(REPLY_LIMIT_S)
        self._lines = connected.makefile("rb")
        self._statuses: deque[str] = deque()  # of the migration, not yet consumed
        self._read()  # the greeting
        self.execute("qmp_capabilities")
        self.execute("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])

    def close(self) -> None:
        """Closes the connection."""
        self._lines.close()
        self._socket.close()

    def execute(self, command: str, **arguments: Any) -> None:
        """Executes a command; Failure with QEMU's message if it fails."""
        request = {"execute": command, "arguments": {name.replace("_", "-"): arguments[name] for name in arguments}}
        self._socket.sendall(json.dumps(request).encode())
        while True:
            reply = self._read()
            if "error" in reply:
                raise Failure(f"QEMU did not execute {command}", reply["error"]["desc"])
            if "return" in reply:
                return

    def write_state(self, file: Path) -> None:
        """Writes the state of the machine to a file; the machine is then paused, and its disk is complete."""
        self.execute("migrate-set-parameters", max_bandwidth=2**40)
        self._migrate("migrate", f"exec:cat > '{file}'")

    def read_state(self, file: Path) -> None:
        """Loads a state into a machine that was started with -incoming defer; returns when the machine runs."""
        self._migrate("migrate-incoming", f"exec:cat '{file}'")

    def _migrate(self, command: str, uri: str) -> None:
        self.execute(command, uri=uri)
        while (status := self._migration_status()) != "completed":
            if status in ("failed", "cancelled"):
                raise Failure(f"QEMU could not {command} with {uri}")

    def _migration_status(self) -> str:
        """Waits for the next status of the migration."""
        while not self._statuses:
            self._read()
        return self._statuses.popleft()

    def _read(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise Failure("QEMU closed its monitor")
        message: dict[str, Any] = json.loads(line)
        if message.get("event") == "MIGRATION":
            self._statuses.append(message["data"]["status"])
        return message

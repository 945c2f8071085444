"""QEMU's monitor: one command after the other over a socket, and the events it tells meanwhile."""

import json
import socket
from collections import deque
from pathlib import Path
from typing import Any

from tui.core.failure import Failure

ANSWER_LIMIT_S = 300.0  # reading a state counts as an answer


class Monitor:
    """The monitor at the other end of a connected socket; made as soon as QEMU answers there."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._socket.settimeout(ANSWER_LIMIT_S)
        self._lines = connected.makefile("rb")
        self._statuses: deque[str] = deque()  # of the migration, not yet asked for
        self._read()  # the greeting
        self.execute("qmp_capabilities")
        self.execute("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def execute(self, command: str, **arguments: Any) -> None:
        """Has a command carried out; Failure with QEMU's own words where it was not."""
        order = {"execute": command, "arguments": {name.replace("_", "-"): arguments[name] for name in arguments}}
        self._socket.sendall(json.dumps(order).encode())
        while True:
            said = self._read()
            if "error" in said:
                raise Failure(f"QEMU did not carry out {command}", said["error"]["desc"])
            if "return" in said:
                return

    def write_state(self, file: Path) -> None:
        """Writes the whole state to a file; the machine stands still then, and its disk is complete."""
        self.execute("migrate-set-parameters", max_bandwidth=2**40)
        self._migrate("migrate", f"exec:cat > '{file}'")

    def read_state(self, file: Path) -> None:
        """Has a machine that waits for a state (-incoming defer) go on from this one; returns when it runs."""
        self._migrate("migrate-incoming", f"exec:cat '{file}'")

    def _migrate(self, command: str, uri: str) -> None:
        self.execute(command, uri=uri)
        while (status := self._migration_status()) != "completed":
            if status in ("failed", "cancelled"):
                raise Failure(f"QEMU could not {command} with {uri}")

    def _migration_status(self) -> str:
        """What has become of the migration since the last time, as soon as something has."""
        while not self._statuses:
            self._read()
        return self._statuses.popleft()

    def _read(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise Failure("QEMU closed its monitor")
        said: dict[str, Any] = json.loads(line)
        if said.get("event") == "MIGRATION":
            self._statuses.append(said["data"]["status"])
        return said

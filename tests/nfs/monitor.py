"""QEMU's monitor: one command after the other over its socket, and the events it tells meanwhile."""

import json
import socket
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any

from tui.model.failure import Failure

ANSWER_LIMIT_S = 120.0


class Monitor:
    """A connection to the monitor of one QEMU, as a context."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(ANSWER_LIMIT_S)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rb")
        self._statuses: deque[str] = deque()  # of the migration, not yet asked for

    def __enter__(self) -> "Monitor":
        self._read()  # the greeting
        self.execute("qmp_capabilities")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
        self.execute("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
        self.execute("migrate-set-parameters", max_bandwidth=2**40)
        self.execute("migrate", uri=f"exec:cat > '{file}'")
        while (status := self._migration_status()) != "completed":
            if status in ("failed", "cancelled"):
                raise Failure(f"QEMU could not write its state to {file}")

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

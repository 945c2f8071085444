"""QEMU's guest agent with this machine as its guest: what it is told to run really runs."""

import base64
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from tui.core.protocols import AgentRefused


class FakeAgent:
    """Answers a command as the agent does; `forbidden` ones as one that was told to refuse them."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self.environment = environment
        self.forbidden: set[str] = set()
        self.heard: list[str] = []
        self.ahead_ns = 0  # of this machine's clock
        self.no_hwclock = False
        self.largest = 0  # of the messages, in bytes
        self._running: dict[int, tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]] = {}
        self._files: dict[int, IO[bytes]] = {}

    def __call__(self, command: str) -> str:
        told = json.loads(command)
        name, arguments = told["execute"], told.get("arguments", {})
        self.heard.append(name)
        self.largest = max(self.largest, len(command))
        if name in self.forbidden:
            raise AgentRefused("The command to the guest agent failed", "the guest's agent may not run commands")
        return json.dumps({"return": getattr(self, f"_{name.replace('-', '_')}")(arguments)})

    def _guest_get_time(self, _told: dict[str, Any]) -> int:
        return time.time_ns() + self.ahead_ns

    def _guest_set_time(self, told: dict[str, Any]) -> dict[str, int]:
        self.ahead_ns = told["time"] - time.time_ns()
        if self.no_hwclock:
            raise AgentRefused("The command to the guest agent failed", "hwclock failed to set hardware clock")
        return {}

    def _guest_exec(self, told: dict[str, Any]) -> dict[str, int]:
        out, err = (tempfile.TemporaryFile() for _ in range(2))  # noqa: SIM115 - closed when it has ended
        argv = [told["path"], *told["arg"]]
        with tempfile.TemporaryFile() as stdin:
            stdin.write(base64.b64decode(told.get("input-data", "")))
            stdin.seek(0)
            process = subprocess.Popen(argv, stdin=stdin, stdout=out, stderr=err, env=self.environment)
        self._running[process.pid] = process, out, err
        return {"pid": process.pid}

    def _guest_exec_status(self, told: dict[str, Any]) -> dict[str, Any]:
        if told["pid"] not in self._running:
            raise AgentRefused("The command to the guest agent failed", f"PID {told['pid']} does not exist")
        process, out, err = self._running[told["pid"]]
        status = process.poll()
        if status is None:
            return {"exited": False}
        del self._running[told["pid"]]
        how = {"exitcode": status} if status >= 0 else {"signal": -status}
        said = {}
        for name, file in (("out-data", out), ("err-data", err)):
            file.seek(0)
            if data := file.read():
                said[name] = base64.b64encode(data).decode()
            file.close()
        return {"exited": True, **how, **said}

    def _guest_file_open(self, told: dict[str, Any]) -> int:
        number = 1000 + len(self._files)
        self._files[number] = Path(told["path"]).open(told["mode"] + "b")  # noqa: SIM115 - closed by guest-file-close
        return number

    def _guest_file_write(self, told: dict[str, Any]) -> dict[str, Any]:
        data = base64.b64decode(told["buf-b64"])
        taken = self._files[told["handle"]].write(data[: max(1, len(data) - 7)])  # it need not take all of it
        return {"count": taken, "eof": False}

    def _guest_file_close(self, told: dict[str, Any]) -> dict[str, Any]:
        self._files.pop(told["handle"]).close()
        return {}


def bare_environment() -> dict[str, str]:
    """What a service has: not the environment of whoever runs the tests."""
    return {"PATH": "/usr/sbin:/usr/bin", "LANG": "C.UTF-8"}

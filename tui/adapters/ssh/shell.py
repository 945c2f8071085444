"""Commands on another host over one ssh connection, which stays open and is reopened after it broke."""

import asyncio
import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from pwd import getpwuid
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar

from tui.adapters.ssh.output_mark import marked
from tui.core.command import Completed, OnOutput
from tui.core.failure import Failure
from tui.core.limit import within
from tui.core.ssh_target import parse_target
from tui.core.threads import on_thread

if TYPE_CHECKING:
    from tui.adapters.ssh.connection import Connection

CONNECT_LIMIT_S = 10.0


class Broken(Exception):
    """The connection broke; `started` is true if the command may have run."""

    def __init__(self, reason: str, *, started: bool) -> None:
        super().__init__(reason)
        self.started = started


def ssh_folder() -> Path:
    """The folder of ssh's keys, config and known hosts; like ssh it ignores HOME, which sudo may keep."""
    return Path(getpwuid(os.getuid()).pw_dir) / ".ssh"


class SshShell:
    """The Shell of another host; `folder` holds keys, config and known_hosts."""

    _module: ClassVar[ModuleType | None] = None

    def __init__(self, address: str, *, folder: Path | None = None, connect_limit_s: float = CONNECT_LIMIT_S) -> None:
        self._address = address
        self._folder = folder
        self._connect_limit_s = connect_limit_s
        self._connection: Connection | None = None
        self._attempt: asyncio.Task[Connection] | None = None

    async def run(
        self, argv: Sequence[str], *, stdin: str | bytes = "", timeout: float = 30.0, on_output: OnOutput | None = None
    ) -> Completed:
        """Run a command; Failure if the host cannot be reached or the command exceeds `timeout` seconds."""
        command = marked(argv)
        data = stdin.encode() if isinstance(stdin, str) else stdin
        try:
            return await self._run_once(command, data, timeout, on_output)
        except Broken as broken:
            if broken.started:
                raise self._broke(broken) from None
        try:  # the command was not sent, so a second attempt cannot run it twice
            return await self._run_once(command, data, timeout, on_output)
        except Broken as broken:
            raise self._broke(broken) from None

    async def close(self) -> None:
        """Close the connection; the next command opens another."""
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def _run_once(self, command: str, stdin: bytes, limit_s: float, on_output: OnOutput | None) -> Completed:
        connection = await self._connected()
        requested = asyncio.Event()
        try:
            return await within(limit_s, connection.run(command, stdin, on_output, requested))
        except Broken:
            if self._connection is connection:
                self._connection = None
            connection.close()
            raise
        except asyncio.TimeoutError:
            raise self._timed_out(limit_s, requested=requested.is_set()) from None

    async def _connected(self) -> "Connection":
        """The open connection; concurrent callers share one attempt, and so its failure."""
        if self._connection is not None and not self._connection.closed:
            return self._connection
        if self._attempt is None:
            self._attempt = asyncio.ensure_future(self._open())
            self._attempt.add_done_callback(self._attempt_ended)
        attempt = self._attempt
        try:
            return await asyncio.shield(attempt)
        except asyncio.CancelledError:
            if not attempt.cancelled():  # the caller was cancelled
                raise
        raise Failure(f"The login to {self._address} was cancelled", "", "Try again.")

    async def _open(self) -> "Connection":
        address = parse_target(self._address)
        if SshShell._module is None:  # the import takes 0.25 s, so it runs on a thread, at the first connection
            SshShell._module = await on_thread(importlib.import_module, "tui.adapters.ssh.connection")
        folder = self._folder or ssh_folder()
        connection: Connection = await SshShell._module.connect(address, folder, self._connect_limit_s)
        return connection

    def _attempt_ended(self, attempt: "asyncio.Task[Connection]") -> None:
        current = self._attempt is attempt
        if current:
            self._attempt = None
        if attempt.cancelled() or attempt.exception() is not None:
            return
        if current:
            self._connection = attempt.result()
        else:  # close() came first
            attempt.result().close()

    def _timed_out(self, limit_s: float, *, requested: bool) -> Failure:
        if not requested:
            return Failure(
                f"{self._address} had no ssh session free for a command within {limit_s:.0f} s",
                "other commands use all sessions that its sshd allows per connection",
                "Try again when they have ended, or raise MaxSessions in its sshd_config.",
            )
        return Failure(
            f"{self._address} did not finish a command within {limit_s:.0f} s",
            "the host or the network is slow, or a file system there does not respond",
            "Try again.",
        )

    def _broke(self, broken: Broken) -> Failure:
        return Failure(f"The ssh connection to {self._address} broke", str(broken), "Try again.")

"""Runs commands in a guest through QEMU's guest agent, for guests without a network connection.

libvirt forwards each message on the host where the VM runs. A migration changes that host, so a command started
through one host is polled through the other.
"""

import asyncio
import logging
import time
from collections.abc import Sequence

from tui.core.command import Completed, OnOutput
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.limit import within
from tui.core.protocols import AgentRefused, AgentUnavailable, VmBusy
from tui.guest.model import agent
from tui.vm.backend.location import placement

FIRST_POLL_S, LONGEST_POLL_S = 0.02, 0.5
COMMAND_LIMIT_S = 20.0  # for one message to the agent; the command that it starts may take longer
MOVING_LIMIT_S = 20.0  # the agent may be unreachable for this long while a command runs, as during a switchover
CLOSE_LIMIT_S = 5.0

log = logging.getLogger("tui.guest")


class AgentShell:
    """A root Shell in the guest of one VM; Failure if its agent can't be reached."""

    def __init__(self, connections: Connections, name: str) -> None:
        self._connections = connections
        self._name = name
        self._host = ""  # where the VM was last found

    async def run(
        self, argv: Sequence[str], *, stdin: str | bytes = "", timeout: float = 30.0, on_output: OnOutput | None = None
    ) -> Completed:
        """The result of the command; `on_output` is called once, at its end, because the agent reports no earlier."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        try:
            done = await within(timeout, self._run(argv, data, timeout))
        except asyncio.TimeoutError:
            raise Failure(
                f"{self._name} did not finish a command within {timeout:.0f} s",
                "the guest is slow, or its agent hangs",
                "Try again.",
            ) from None
        if on_output is not None and (text := done.stdout + done.stderr):
            on_output(text)
        return done

    async def close(self) -> None:
        """Forget the VM's host; no connection is kept open."""
        self._host = ""

    async def _run(self, argv: Sequence[str], data: bytes, limit_s: float) -> Completed:
        if len(data) <= agent.INLINE_BYTES:
            return await self._completed(agent.pid(await self._request(agent.run(argv, data), limit_s)), limit_s)
        folder = agent.new_folder()
        try:
            make = agent.run(("mkdir", "-m", "700", folder))
            made = await self._completed(agent.pid(await self._request(make, limit_s)), limit_s)
            if made.status:
                return made
            await self._write(f"{folder}/stdin", data, limit_s)
            pid = agent.pid(await self._request(agent.run_with_file(argv, folder), limit_s))
        except BaseException:  # including a cancellation
            await self._remove(folder)
            raise
        return await self._completed(pid, limit_s)

    async def _remove(self, folder: str) -> None:
        try:
            await self._request(agent.run(("rm", "-rf", folder)), CLOSE_LIMIT_S)
        except Failure as failure:
            log.warning("%s may be left in the guest of %s: %s", folder, self._name, failure)

    async def _write(self, path: str, data: bytes, limit_s: float) -> None:
        opened = agent.handle(await self._request(agent.command("guest-file-open", path=path, mode="w"), limit_s))
        try:
            sent = 0
            while sent < len(data):
                part = data[sent : sent + agent.INLINE_BYTES]
                sent += agent.written(await self._request(agent.write(opened, part), limit_s))
        finally:
            await self._request(agent.command("guest-file-close", handle=opened), CLOSE_LIMIT_S)

    async def _completed(self, pid: int, limit_s: float) -> Completed:
        """The result of a started command; polls it on whichever host the VM now runs."""
        status, interval, replied = agent.command("guest-exec-status", pid=pid), FIRST_POLL_S, time.monotonic()
        while True:
            try:
                done = agent.completed(await self._request(status, limit_s))
            except AgentRefused:
                raise  # the agent no longer has the command
            except VmBusy:  # the agent works for somebody, so it runs; the limit of the whole command counts
                replied = time.monotonic()
            except Failure:
                if time.monotonic() - replied > MOVING_LIMIT_S:
                    raise
            else:
                replied = time.monotonic()
                if done is not None:
                    return done
            await asyncio.sleep(interval)
            interval = min(interval * 1.5, LONGEST_POLL_S)

    async def _request(self, command: str, limit_s: float) -> str:
        """The agent's reply, through the VM's last known host, or its current one if it has moved."""
        known = self._host
        if known:
            try:
                return await self._request_on(known, command, limit_s)
            except AgentUnavailable:
                await self._find()
                if self._host == known:
                    raise
        else:
            await self._find()
        return await self._request_on(self._host, command, limit_s)

    async def _find(self) -> None:
        where = await placement(self._connections, self._name)
        if where.vm is None or not where.vm.running:
            self._host = ""
            raise AgentUnavailable(f"The guest agent of {self._name} can't be reached", where.sentence)
        self._host = where.host

    async def _request_on(self, host: str, command: str, limit_s: float) -> str:
        limit_s = min(limit_s, COMMAND_LIMIT_S)

        async def send() -> str:
            return await self._connections.command(host, lambda each: each.agent_command(self._name, command, limit_s))

        try:
            return await send()
        except VmBusy:  # as while libvirt asks the agent of a busy guest for its addresses
            return await send()

"""Commands in a guest through QEMU's guest agent, for guests that no network leads to.

The way is libvirt's, so it is asked on the host where the VM runs, and that changes: a command that was begun on the
one host is followed on the other.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from tui.core.command import Completed
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.protocols import AgentRefused, AgentUnavailable
from tui.guest.model import agent
from tui.vm.backend.location import placement

FIRST_LOOK_S, LAST_LOOK_S = 0.02, 0.5
COMMAND_LIMIT_S = 20.0  # of one message to the agent; what it started may take longer
MOVING_LIMIT_S = 20.0  # for so long the agent may be out of reach while a command runs: at a switchover, it is
CLOSE_LIMIT_S = 5.0

log = logging.getLogger("tui.guest")


class AgentShell:
    """The Shell of the guest of one VM, as root; Failure where its agent can't be asked."""

    def __init__(self, connections: Connections, name: str) -> None:
        self._connections = connections
        self._name = name
        self._host = ""  # where the VM was found last

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str | bytes = "",
        timeout: float = 30.0,
        on_output: Callable[[str], None] | None = None,
    ) -> Completed:
        """What the command answered; `hear` gets all that it printed when it has ended, the agent tells no earlier."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        try:
            done = await asyncio.wait_for(self._ran(argv, data, timeout), timeout)
        except asyncio.TimeoutError:
            raise Failure(
                f"{self._name} did not finish a command within {timeout:.0f} s",
                "its guest is slow, or its agent hangs",
                "Try again.",
            ) from None
        if on_output is not None and (text := done.stdout + done.stderr):
            on_output(text)
        return done

    async def close(self) -> None:
        """Forget where it was; nothing is kept open."""
        self._host = ""

    async def _ran(self, argv: Sequence[str], data: bytes, limit_s: float) -> Completed:
        if len(data) <= agent.INLINE_BYTES:
            return await self._ended(agent.pid(await self._ask(agent.run(argv, data), limit_s)), limit_s)
        folder = agent.new_folder()
        try:
            make = agent.run(("mkdir", "-m", "700", folder))
            made = await self._ended(agent.pid(await self._ask(make, limit_s)), limit_s)
            if made.status:
                return made
            await self._write(f"{folder}/stdin", data, limit_s)
            begun = agent.pid(await self._ask(agent.run_with_file(argv, folder), limit_s))
        except BaseException:  # a cancellation, too
            await self._remove(folder)
            raise
        return await self._ended(begun, limit_s)

    async def _remove(self, folder: str) -> None:
        try:
            await self._ask(agent.run(("rm", "-rf", folder)), CLOSE_LIMIT_S)
        except Failure as failure:
            log.warning("%s may be left in the guest of %s: %s", folder, self._name, failure)

    async def _write(self, path: str, data: bytes, limit_s: float) -> None:
        opened = agent.handle(await self._ask(agent.command("guest-file-open", path=path, mode="w"), limit_s))
        try:
            sent = 0
            while sent < len(data):
                part = data[sent : sent + agent.INLINE_BYTES]
                sent += agent.written(await self._ask(agent.write(opened, part), limit_s))
        finally:
            await self._ask(agent.command("guest-file-close", handle=opened), CLOSE_LIMIT_S)

    async def _ended(self, pid: int, limit_s: float) -> Completed:
        """Waits for a command that was begun, wherever the VM has gone meanwhile."""
        status, pause, heard = agent.command("guest-exec-status", pid=pid), FIRST_LOOK_S, time.monotonic()
        while True:
            try:
                done = agent.ended(await self._ask(status, limit_s))
            except AgentRefused:
                raise  # it knows nothing of the command (any more)
            except Failure:
                if time.monotonic() - heard > MOVING_LIMIT_S:
                    raise
            else:
                heard = time.monotonic()
                if done is not None:
                    return done
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LAST_LOOK_S)

    async def _ask(self, command: str, limit_s: float) -> str:
        """The agent's answer, asked where the VM was last, and where it is now if it is not there any more."""
        known = self._host
        if known:
            try:
                return await self._ask_on(known, command, limit_s)
            except AgentUnavailable:
                await self._find()
                if self._host == known:
                    raise
        else:
            await self._find()
        return await self._ask_on(self._host, command, limit_s)

    async def _find(self) -> None:
        where = await placement(self._connections, self._name)
        if where.vm is None or not where.vm.running:
            self._host = ""
            raise AgentUnavailable(f"The guest agent of {self._name} can't be asked", where.sentence)
        self._host = where.host

    async def _ask_on(self, host: str, command: str, limit_s: float) -> str:
        limit_s = min(limit_s, COMMAND_LIMIT_S)
        return await self._connections.command(host, lambda each: each.agent_command(self._name, command, limit_s))

"""Compares a guest's clock with that of its host through the guest agent, and sets it."""

import time
from collections.abc import Awaitable, Callable

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.protocols import AgentRefused, AgentUnavailable
from tui.core.quantity import whole
from tui.guest.model import agent
from tui.guest.model.clock import ClockSet, GuestClock, Reading, quickest
from tui.vm.backend.location import placement

READINGS = 3  # of each clock; the quickest counts
AGENT_LIMIT_S, HOST_LIMIT_S = 5.0, 10.0
NANOSECONDS = ("date", "+%s.%N")


class GuestClocks:
    """The clocks of the guests, on whichever host they run."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def compare(self, name: str) -> GuestClock:
        """The guest's clock against that of its host; Failure without a running agent."""
        host = await self._host(name)
        return GuestClock.between(host, await self._guest(host, name), await self._read(host))

    async def set(self, name: str) -> ClockSet:
        """Set the guest's clock to that of its host, and compare them again; Failure if it could not be set."""
        host = await self._host(name)
        guest, of_host = await self._guest(host, name), await self._read(host)
        before = GuestClock.between(host, guest, of_host)
        time_ns = of_host.offset + time.monotonic_ns() + guest.error  # when the message arrives there
        try:
            await self._agent(host, name, agent.command("guest-set-time", time=time_ns))
        except AgentRefused as refused:  # it may have set the clock, but not the hardware clock
            after = await self.compare(name)
            if abs(after.ahead_ms - before.ahead_ms) <= after.error_ms + before.error_ms:
                raise  # the clock is as it was
            return ClockSet(before, after, refused.reason)
        return ClockSet(before, await self.compare(name))

    async def _host(self, name: str) -> str:
        where = await placement(self._connections, name)
        if where.vm is None or not where.vm.running:
            raise AgentUnavailable(f"The clock of {name} can't be read", where.sentence)
        return where.host

    async def _guest(self, host: str, name: str) -> Reading:
        async def read() -> int:
            return agent.time_ns(await self._agent(host, name, agent.command("guest-get-time")))

        return await _quickest(read)

    async def _agent(self, host: str, name: str, command: str) -> str:
        return await self._connections.command(host, lambda each: each.agent_command(name, command, AGENT_LIMIT_S))

    async def _read(self, host: str) -> Reading:
        shell = self._connections.shell(host)

        async def read() -> int:
            done = await shell.run(NANOSECONDS, timeout=HOST_LIMIT_S)
            text, _, decimals = done.stdout.strip().partition(".")
            seconds, nanoseconds = whole(text), whole(decimals)
            if done.status or seconds is None or nanoseconds is None:
                what = f"The clock of {host} could not be read"
                raise Failure(what, "its `date` has no nanoseconds", detail=done.stdout + done.stderr)
            return seconds * 10**9 + nanoseconds

        return await _quickest(read)


async def _quickest(read: Callable[[], Awaitable[int]]) -> Reading:
    readings = []
    for _ in range(READINGS):
        before = time.monotonic_ns()
        clock = await read()
        readings.append(Reading(before, time.monotonic_ns(), clock))
    return quickest(readings)

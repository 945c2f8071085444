"""Finds the heartbeat in each guest, or installs and starts it, and provides its UDP address."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from tui.core.failure import Failure
from tui.core.together import together
from tui.guest.backend.guest import Guest, OnProgress, source_of
from tui.guest.model.heartbeat import (
    PROGRAM,
    SUBFOLDER,
    HeartbeatSpec,
    HeartbeatStatus,
    parse_addresses,
    parse_heartbeat,
)

FIRST_OUTPUT_LIMIT_S = 30.0
POLL_EVERY_S = 0.2


@dataclass(frozen=True)
class HeartbeatEndpoint:
    """Where to probe a heartbeat: which of `addresses` works is known after the first reply."""

    addresses: tuple[str, ...]
    port: int


class Heartbeats:
    """The heartbeats of all VMs; `guest` returns the Guest of a VM's name and subfolder; `port` 0 disables them."""

    def __init__(self, guest: Callable[[str, str], Guest], port: int) -> None:
        self._guest = guest
        self._port = port
        self._known: dict[str, HeartbeatEndpoint] = {}
        self._lock = asyncio.Lock()  # two starts at once would compete for the port

    async def ensure_running(self, name: str, on_progress: OnProgress) -> HeartbeatEndpoint:
        """The heartbeat of a VM, started if none runs; Failure if it can't be."""
        if not self._port:
            raise Failure("There is no heartbeat", "heartbeat_port is 0 in the configuration")
        guest = self._guest(name, SUBFOLDER)
        async with self._lock:
            found, addresses = await together(guest.status_text(), guest.addresses())
            status = parse_heartbeat(found)
            if not status.running:
                status = HeartbeatStatus()
                await guest.install(PROGRAM, await source_of(PROGRAM), on_progress)
                await self._start(guest)
            if not status.port:
                status = await _first_output(guest)
        if not status.running:
            raise Failure("The heartbeat ended at once", status.output or "it printed nothing")
        self._known[name] = endpoint = HeartbeatEndpoint(parse_addresses(addresses), status.port or self._port)
        return endpoint

    async def _start(self, guest: Guest) -> None:
        try:
            await guest.start(HeartbeatSpec(self._port))
        except Failure:
            if not parse_heartbeat(await guest.status_text()).running:  # otherwise another client was faster
                raise

    def known(self, name: str) -> HeartbeatEndpoint | None:
        """The last known endpoint of a VM's heartbeat."""
        return self._known.get(name)


async def _first_output(guest: Guest) -> HeartbeatStatus:
    began = time.monotonic()
    while True:
        status = parse_heartbeat(await guest.status_text())
        if status.port or not status.running or time.monotonic() - began > FIRST_OUTPUT_LIMIT_S:
            return status
        await asyncio.sleep(POLL_EVERY_S)

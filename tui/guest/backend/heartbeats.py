"""The heartbeat in each guest: found where it beats, else put there and started, and where it can be probed."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from tui.core.failure import Failure
from tui.core.threads import on_thread
from tui.guest.backend.guest import Guest
from tui.guest.model.heartbeat import PLACE, PROGRAM, HeartbeatSpec, HeartbeatStatus, parse_addresses, parse_heartbeat
from workloads import folder as sources

FIRST_WORD_LIMIT_S = 30.0
LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class Pulse:
    """Where a heartbeat answers: one of `addresses`, for which of them leads to the guest only an answer tells."""

    addresses: tuple[str, ...]
    port: int


class Heartbeats:
    """`guest` gives the place of a program in the guest of a VM; `port` 0 means that there is to be none."""

    def __init__(self, guest: Callable[[str, str], Guest], port: int) -> None:
        self._guest = guest
        self._port = port
        self._known: dict[str, Pulse] = {}
        self._one = asyncio.Lock()  # two at once would start two, of which one finds the port taken

    async def ready(self, name: str, on_progress: Callable[[str], None]) -> Pulse:
        """The heartbeat of a VM, started where none beats; Failure says why there is none."""
        if not self._port:
            raise Failure("There is no heartbeat", "heartbeat_port is 0 in the configuration")
        guest = self._guest(name, PLACE)
        async with self._one:
            found, addresses = await asyncio.gather(guest.look(), guest.addresses())
            status = parse_heartbeat(found)
            if not status.running:
                status = HeartbeatStatus()
                await guest.install(PROGRAM, await on_thread((sources() / f"{PROGRAM}.c").read_bytes), on_progress)
                await guest.start(HeartbeatSpec(self._port))
            if not status.port:
                status = await _first_word(guest)
        if not status.running:
            raise Failure("The heartbeat ended at once", status.said or "it said nothing")
        self._known[name] = pulse = Pulse(parse_addresses(addresses), status.port or self._port)
        return pulse

    def known(self, name: str) -> Pulse | None:
        """Where the heartbeat of a VM was when it was last looked for."""
        return self._known.get(name)


async def _first_word(guest: Guest) -> HeartbeatStatus:
    began = time.monotonic()
    while True:
        status = parse_heartbeat(await guest.look())
        if status.port or not status.running or time.monotonic() - began > FIRST_WORD_LIMIT_S:
            return status
        await asyncio.sleep(LOOK_EVERY_S)

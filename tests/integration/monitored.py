"""What the tests of integration share."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tui.adapters.local import LocalShell
from tui.core.command import Completed
from tui.core.protocols import Shell
from tui.core.threads import on_thread
from tui.guest.backend.guest import Guest
from tui.guest.backend.heartbeats import Heartbeats
from tui.guest.model.heartbeat import SUBFOLDER
from tui.migration.backend.guest.monitor import GuestAccess, GuestMonitor
from tui.migration.backend.recording.recorder import Recorder
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.model import record
from tui.migration.model.observed_downtime import ObservedDowntime
from tui.migration.model.record import Event, Record

LIMIT_S = 60.0


VM = "guest1"


def silent(_text: str) -> None:
    """Ignores progress."""


class At(LocalShell):
    """A guest that reports another address than its own."""

    def __init__(self, address: str) -> None:
        self.address = address

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str | bytes = "",
        timeout: float = 30.0,
        on_output: Callable[[str], None] | None = None,
    ) -> Completed:
        if "SSH_CONNECTION" in argv[2]:
            return Completed(0, self.address, "")
        return await super().run(argv, stdin=stdin, timeout=timeout, on_output=on_output)


def access_to(port: int, shell: Shell | None = None) -> GuestAccess:
    """Access to this machine as a guest."""

    def guest(name: str, place: str) -> Guest:
        return Guest(shell or LocalShell(), LocalShell(), name, place)

    return GuestAccess(guest, Heartbeats(guest, port))


def own_address() -> str:
    """An address of this machine that others could use."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        try:
            udp.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has only its loopback address")
        return str(udp.getsockname()[0])


class Followed:
    """A guest monitor and the events that it wrote."""

    def __init__(self, guest_access: GuestAccess | None, folder: Path) -> None:
        self.log = RunLog(Recorder.create(folder, "run"))
        self.monitor = GuestMonitor(VM, guest_access, self.log)
        self.events: list[Event] = []
        self._more = asyncio.Event()
        self.log.listen(self._on_record)

    def _on_record(self, each: Record) -> None:
        assert isinstance(each, Event)
        self.events.append(each)
        self._more.set()

    async def until(self, kind: str, count: int = 1) -> list[Event]:
        async def enough() -> list[Event]:
            while len(found := [each for each in self.events if each.kind == kind]) < count:
                self._more.clear()
                await self._more.wait()
            return found

        return await asyncio.wait_for(enough(), LIMIT_S)

    async def observed(self, *, completed: bool = True) -> ObservedDowntime:
        await on_thread(lambda: self.monitor.conclude(completed=completed))
        found = ObservedDowntime.of((await self.until(record.OBSERVED))[0].data)
        self.monitor.stop()
        return found


async def status() -> str:
    return await Guest(LocalShell(), LocalShell(), VM, SUBFOLDER).status_text()

"""The Hosts room: what the three hosts are and have, read side by side."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

from tui.adapters.protocols import Hypervisor
from tui.backend.changes import Changes
from tui.backend.checklist import Checklist, Step
from tui.backend.connections import HYPERVISORS, Connections
from tui.model.failure import Failure
from tui.model.host import SYSTEM_SCRIPT, HostFacts, System, Virtualization, parse_system

SYSTEM_LIMIT_S = 20.0


@dataclass(frozen=True)
class HostsFacts:
    """All that was read of the three hosts and of the ways between them."""


STEPS: tuple[Step[HostsFacts], ...] = ()


class Hosts:
    """Reads the configured hosts; changes on them what is asked for through `checklist`."""

    def __init__(self, connections: Connections, changes: Changes) -> None:
        self._connections = connections
        self.config = connections.config
        self.root = changes.root
        self.checklist = Checklist(STEPS, HostsFacts(), self._look, changes)

    def unread(self) -> tuple[HostFacts, ...]:
        """The hosts before anything is known of them, in the order of the page."""
        hosts = self.config.hosts.all
        return tuple(HostFacts(host.name, host.ssh, host.name in HYPERVISORS) for host in hosts)

    async def read(self, host: HostFacts) -> AsyncIterator[HostFacts]:
        """`host` with each part replaced as it comes in; a part that failed says so and ends nothing."""
        readers = {"system": self._system}
        if host.hypervisor:
            readers["virtualization"] = self._virtualization  # type: ignore[assignment]
        facts = host
        under_way = {asyncio.ensure_future(_part(name, read(host.name))) for name, read in readers.items()}
        try:
            for part in asyncio.as_completed(under_way):
                facts = replace(facts, **await part)
                yield facts
        finally:
            for each in under_way:
                each.cancel()

    async def _look(self, facts: HostsFacts) -> AsyncIterator[HostsFacts]:
        yield facts

    async def _system(self, host: str) -> System:
        shell = self._connections.shell(host)
        done = await shell.run(["sh", "-c", SYSTEM_SCRIPT], timeout=SYSTEM_LIMIT_S)
        return parse_system(done.stdout)

    async def _virtualization(self, host: str) -> Virtualization:
        def read(hypervisor: Hypervisor) -> Virtualization:
            return Virtualization(hypervisor.daemon(), hypervisor.vms())

        return await self._connections.ask(host, read)


async def _part(name: str, reading: Any) -> dict[str, Any]:
    """The part under its name, be it read or failed."""
    try:
        return {name: await reading}
    except Failure as failure:
        return {name: failure}

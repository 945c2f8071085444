"""The Hosts room: what the three hosts are and have, read side by side."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

from tui.checklist.backend.changes import Changes
from tui.checklist.backend.checklist import Checklist
from tui.core.connections import Connections
from tui.core.failure import Failure, or_failure
from tui.core.protocols import FirstLogin, Hypervisor
from tui.core.settings import HYPERVISORS
from tui.core.ssh_key import HostKey
from tui.hosts.backend.reading import HostReading, configured
from tui.hosts.backend.rounds import Rounds
from tui.hosts.model.facts import HostsFacts
from tui.hosts.model.host import HostFacts, System, Virtualization
from tui.hosts.model.steps import STEPS
from tui.vm.model.kvm import Kvm


class Hosts:
    """Reads the configured hosts; changes on them what is asked for through `checklist`."""

    def __init__(
        self,
        connections: Connections,
        changes: Changes,
        first_login: Callable[[str], FirstLogin] | None = None,
    ) -> None:
        self._connections = connections
        self._first_login = first_login
        self.config = connections.config
        self.sudo = changes.sudo
        self._reading = HostReading(connections, changes.sudo)
        self.checklist = Checklist(STEPS, HostsFacts(configured(self.config)), self._read, changes)

    def unread(self) -> tuple[HostFacts, ...]:
        """The hosts before anything is known of them, in the order of the page."""
        hosts = self.config.hosts.all
        return tuple(HostFacts(host.name, host.ssh, host.name in HYPERVISORS) for host in hosts)

    async def read(self, host: HostFacts) -> AsyncIterator[HostFacts]:
        """`host` with each part replaced as it comes in; a part that failed says so and ends nothing."""
        readers = {"system": self._system}
        if host.hypervisor:
            readers["virtualization"] = self._virtualization  # type: ignore[assignment]
        tried = self.checklist.facts.at(host.name).kvm
        facts = replace(host, kvm=tried.words if isinstance(tried, Kvm) else "")
        under_way = {asyncio.ensure_future(_part(name, read(host.name))) for name, read in readers.items()}
        try:
            for part in asyncio.as_completed(under_way):
                facts = replace(facts, **await part)
                yield facts
        finally:
            for each in under_way:
                each.cancel()

    async def host_key(self, host: str) -> HostKey:
        """What a host shows that the app can't log in to, for a person to compare its `fingerprint`."""
        return await self._way_in(host).host_key()

    async def trust(self, host: str, fingerprint: str) -> None:
        """Take the host's key up into the user's known_hosts, after a person agreed that it is this one."""
        await self._way_in(host).trust(fingerprint)

    async def authorize(self, host: str, password: str) -> None:
        """Log in with a password this once, so that the user's key is let in from then on; nobody keeps it."""
        await self._way_in(host).authorize(password)

    def _way_in(self, host: str) -> FirstLogin:
        if self._first_login is None:
            raise Failure(f"No way is known to log in to {host} for the first time")
        return self._first_login(self.config.hosts[host].ssh)

    def _read(self, facts: HostsFacts) -> AsyncIterator[HostsFacts]:
        return Rounds(self._reading, facts).run()

    async def _system(self, host: str) -> System:
        """The clock is read apart, because the first answer waits for the login."""
        system = (await self._reading.as_login(host)).system
        clock = await or_failure(self._reading.clock(host, rounds=1))
        return replace(system, clock=None if isinstance(clock, Failure) else clock)

    async def _virtualization(self, host: str) -> Virtualization:
        def read(hypervisor: Hypervisor) -> Virtualization:
            return Virtualization(hypervisor.daemon(), hypervisor.vms())

        return await self._connections.query(host, read)


async def _part(name: str, reading: Awaitable[object]) -> dict[str, Any]:
    """The part under its name, read or failed."""
    return {name: await or_failure(reading)}

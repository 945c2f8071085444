"""Reads the hosts in parallel for the cards of the Hosts page, and handles the first login to one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

from tui.checklist.backend.changes import Changes
from tui.checklist.backend.checklist import Checklist
from tui.core.aged import DAEMON, SYSTEM, VMS, AgedFacts
from tui.core.connections import Connections
from tui.core.failure import Failure, or_failure
from tui.core.protocols import FirstLogin, Hypervisor
from tui.hosts.backend.baseline import baseline
from tui.hosts.backend.matrix import Matrix
from tui.hosts.backend.reading import HostReading, configured
from tui.hosts.backend.rounds import Rounds
from tui.hosts.model.baseline import Baseline
from tui.hosts.model.facts import HostsFacts
from tui.hosts.model.host import HostFacts, System, Virtualization
from tui.hosts.model.steps import all_steps


class Hosts:
    """Reads the configured hosts; `checklist` also changes them."""

    def __init__(
        self, connections: Connections, changes: Changes, first_login: Callable[[str], FirstLogin] | None = None
    ) -> None:
        self._connections = connections
        self._first_login = first_login
        self.config = connections.config
        self.sudo = changes.sudo
        self._reading = HostReading(connections, changes.sudo)
        self.matrix = Matrix(self.config, self._reading)
        known = configured(self.config)
        self.checklist = Checklist(all_steps(known), HostsFacts(known), self._read, changes)

    def unread(self) -> tuple[HostFacts, ...]:
        """The hosts before the first read, in the order of the page."""
        hypervisors = self.config.hypervisors
        return tuple(HostFacts(host.name, host.ssh, host.name in hypervisors) for host in self.config.machines)

    async def read(self, host: HostFacts) -> AsyncIterator[HostFacts]:
        """Yield `host` after each part that was read; a part that failed is a Failure."""
        readings: dict[str, Awaitable[object]] = {"system": self._system(host.name)}
        if host.hypervisor:
            readings["virtualization"] = self._virtualization(host.name)
        tasks = {asyncio.ensure_future(_part(name, reading)) for name, reading in readings.items()}
        try:
            for part in asyncio.as_completed(tasks):
                host = replace(host, **await part)
                yield host
        finally:
            for each in tasks:
                each.cancel()

    @property
    def aged(self) -> AgedFacts:
        """The newest facts of all hosts, with their age."""
        return self._connections.facts

    def now(self, host: HostFacts) -> HostFacts:
        """The facts with the parts that are not answered now, what they were, and the age of the last answer."""
        names = {"system": SYSTEM} | ({"virtualization": DAEMON} if host.hypervisor else {})
        known, moment = {part: self.aged.of(host.name, fact) for part, fact in names.items()}, self.aged.now()
        late = tuple(part for part, each in known.items() if each.silent(moment))
        before = {part: known[part].value for part in late if known[part].value is not None}
        ages = [age for each in known.values() if (age := each.age_s(moment)) is not None]
        return replace(host, late=late, before=before, age_s=min(ages, default=None))

    async def baseline(self, group: str = "") -> Baseline:
        """The best CPU that the hosts of a group have in common, "" for all that run VMs; raises Failure."""
        return await baseline(self._connections, self.config.of_group(group))

    def first_login(self, host: str) -> FirstLogin:
        """The first login to an unknown host, or to one that refuses the user's key; Failure where it is impossible."""
        if self._first_login is None:
            raise Failure(f"A first login to {host} is not possible")
        return self._first_login(self.config.hosts[host].ssh)

    def _read(self, facts: HostsFacts) -> AsyncIterator[HostsFacts]:
        rounds = Rounds(self._reading, facts)
        self.checklist.waits_for = rounds.waits_for
        return rounds.run()

    async def _system(self, host: str) -> System:
        async def read() -> System:
            return (await self._reading.as_login(host)).system

        return await self.aged.read(host, SYSTEM, read())

    async def _virtualization(self, host: str) -> Virtualization:
        def read(hypervisor: Hypervisor) -> Virtualization:
            return Virtualization(hypervisor.daemon(), hypervisor.vms())

        daemon = self.aged.read(host, DAEMON, self._connections.query(host, read))
        return await self.aged.read(host, VMS, daemon, lambda found: found.vms)


async def _part(name: str, reading: Awaitable[object]) -> dict[str, Any]:
    """The part or its Failure, under its name."""
    return {name: await or_failure(reading)}

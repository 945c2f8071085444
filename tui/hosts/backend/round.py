"""One look at all hosts: each part as soon as what it builds on is there, none waiting for a host it has no use for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

from tui.core.failure import Failure
from tui.core.settings import HYPERVISORS, OTHER
from tui.core.ssh_target import target
from tui.hosts.backend.reading import HostReading
from tui.hosts.model.facts import ALL, HostsFacts, Libvirt
from tui.hosts.model.names import is_local
from tui.hosts.model.ports import Tried
from tui.hosts.model.ssh import WORKS, Attempt
from tui.linux.qemu_conf import MIGRATION_PORTS, QemuConf
from tui.vm.model.machine_type import VmDefinition

T = TypeVar("T")
Key = tuple[str, ...]


class Look:
    """Makes `facts` more complete; parts that were read before stay until they are read anew."""

    def __init__(self, reading: HostReading, facts: HostsFacts) -> None:
        self._read = reading
        self.facts = facts
        self._config = facts.config
        self._parts: dict[Key, asyncio.Task[object]] = {}

    async def run(self) -> AsyncIterator[HostsFacts]:
        """The facts each time that more of them is known, until all is."""
        self._begin()
        pending = set(self._parts.values())
        try:
            while pending:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for part in done:
                    part.result()
                yield self.facts
        finally:
            for part in self._parts.values():
                part.cancel()
            await asyncio.gather(*self._parts.values(), return_exceptions=True)  # none goes on behind our back

    def _begin(self) -> None:
        for host in ALL:
            self._part((host, "system"), self._read.system(host))
            self._part((host, "conf"), self._read.conf(host))
            self._part((host, "clock"), self._clock(host))
            for other in ALL:
                if other != host or host in HYPERVISORS:
                    self._part((host, other, "names"), self._names(host, other))
        for host in HYPERVISORS:
            self._part((host, "software"), self._read.software(host))
            self._part((host, "libvirt"), self._read.libvirt(host))
            self._part((host, "kvm"), self._kvm(host))
            self._part((host, "userfaultfd"), self._userfaultfd(host))
            way = (host, OTHER[host])
            self._part((*way, "ssh"), self._ssh(*way))
            self._part((*way, "account"), self._account(*way))
            self._part((*way, "peer"), self._peer(*way))
            self._part((*way, "ports"), self._ports(*way))
            self._part((*way, "firewall"), self._firewall(*way))
        self._part(("cpu",), self._cpu())

    def _part(self, key: Key, reading: Awaitable[object]) -> None:
        self._parts[key] = asyncio.ensure_future(self._kept(key, reading))

    async def _kept(self, key: Key, reading: Awaitable[object]) -> object:
        """The part, read or failed, in its place among the facts."""
        try:
            value = await reading
        except Failure as failure:
            value = failure
        self.facts = self.facts.with_part(key, value)
        return value

    async def _needed(self, *key: str) -> object:
        """Another part, when it is there; its failure is then also that of who needs it."""
        value = await self._parts[key]
        if isinstance(value, Failure):
            raise value
        return value

    async def _known(self, *keys: Key) -> None:
        """Some parts were read, or have failed."""
        await asyncio.gather(*(self._parts[key] for key in keys))

    async def _clock(self, host: str) -> object:
        await self._needed(host, "system")
        clock = await self._read.clock(host)
        if clock is None:
            raise Failure(f"The clock of {host} can't be read", "its `date` does not tell fractions of a second")
        return clock

    async def _qemu_user(self, host: str) -> tuple[int, int]:
        libvirt = await self._needed(host, "libvirt")
        await self._needed(host, "conf")
        user = libvirt.daemon.qemu_user if isinstance(libvirt, Libvirt) else None
        if user is None:
            raise Failure(f"Whom QEMU runs as on {host} is not known", "its libvirt does not say")
        return user

    async def _kvm(self, host: str) -> object:
        return await self._read.kvm(host, await self._qemu_user(host))

    async def _userfaultfd(self, host: str) -> object:
        return await self._read.userfaultfd(host, await self._qemu_user(host))

    async def _names(self, start: str, end: str) -> object:
        if end in HYPERVISORS:
            await self._known((end, "libvirt"), (end, "conf"))
        return await self._read.names(start, self.facts.names_of(end))

    async def _ssh(self, start: str, end: str) -> object:
        await self._needed(start, "conf")
        to = target(self._config.hosts[end].peer_uri)
        return await self._read.ssh(start, to) if to else Attempt(WORKS)

    async def _account(self, start: str, end: str) -> object:
        attempt = await self._needed(start, end, "ssh")
        if not isinstance(attempt, Attempt) or attempt.outcome == WORKS:
            return None
        await self._needed(end, "conf")
        return await self._read.account(end, attempt.user)

    async def _peer(self, start: str, end: str) -> object:
        attempt = await self._needed(start, end, "ssh")
        if isinstance(attempt, Attempt) and attempt.outcome != WORKS:
            return None
        return await self._read.peer(start, self._config.hosts[end].peer_uri)

    async def _ports(self, start: str, end: str) -> object:
        await asyncio.gather(self._needed(start, "system"), self._needed(end, "system"))
        await self._known((start, end, "names"), (end, "conf"))
        conf, names = self.facts.at(end).conf, self.facts.way(start, end).names
        announced = names.get(self.facts.announced(end), ()) if isinstance(names, dict) else ()
        candidates = (*(each for each in announced if not is_local(each)), self.facts.address(end))
        if not candidates[0]:
            raise Failure(f"The ports of {end} could not be tried from {start}", f"{end}'s address is not known there")
        ports = conf.migration_ports if isinstance(conf, QemuConf) else MIGRATION_PORTS
        return await self._read.ports(start, end, candidates[0], ports)

    async def _firewall(self, start: str, end: str) -> object:
        tried = await self._needed(start, end, "ports")
        if not isinstance(tried, Tried) or not tried.closed:
            return None
        await self._needed(end, "conf")
        await self._known((end, start, "names"))  # which may tell the address of `start`
        return await self._read.firewall(end, self.facts.address(start))

    async def _cpu(self) -> object:
        for host in HYPERVISORS:
            await self._needed(host, "libvirt")
        return await self._read.cpu(*HYPERVISORS, self.facts.vm or VmDefinition())

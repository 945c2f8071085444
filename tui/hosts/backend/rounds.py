"""Reads facts from all hosts; each starts as soon as its dependencies are known."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import TypeVar

from tui.core.failure import Failure, or_failure
from tui.core.threads import retrieve
from tui.core.together import together
from tui.hosts.backend.reading import HostReading
from tui.hosts.model.facts import HostsFacts, Libvirt
from tui.hosts.model.names import Names, is_local
from tui.hosts.model.ports import Tried
from tui.hosts.model.ssh import WORKS
from tui.linux.addresses import is_address
from tui.linux.qemu_conf import MIGRATION_PORTS, QemuConf
from tui.vm.model.domain import Domain

T = TypeVar("T")


class Rounds:
    """One pass over all facts; older facts stay until they are read again."""

    def __init__(self, reading: HostReading, facts: HostsFacts) -> None:
        self._reading = reading
        self._configured = facts.configured
        self.facts = facts
        self._first: dict[str, asyncio.Task[None]] = {}  # by host
        self._names: dict[tuple[str, str], asyncio.Task[None]] = {}  # by way
        self._found: dict[str, Names | Failure] = {}  # by host: addresses of names, from the first round
        self._ports_of = {host: asyncio.Lock() for host in facts.configured.hypervisors}  # one listener at a time
        self._newer: asyncio.Queue[HostsFacts | None] = asyncio.Queue()
        self._under_way: dict[str, asyncio.Task[None]] = {}  # by what is read, in words

    def waits_for(self) -> str:
        """What is not read yet, in words: a host, else the first of what was tried between hosts; may be empty."""
        hosts = [host for host, task in self._first.items() if not task.done()]
        if hosts:
            return f"{hosts[0]} and {len(hosts) - 1} more hosts" if len(hosts) > 2 else " and ".join(hosts)
        return next((words for words, task in self._under_way.items() if not task.done()), "")

    async def run(self) -> AsyncIterator[HostsFacts]:
        """Yield the facts after each part that was read, until all are."""
        self._first = {host: asyncio.ensure_future(self._first_round(host)) for host in self._configured.hosts}
        self._names = {way: asyncio.ensure_future(self._names_of(*way)) for way in self._configured.ways}
        ways, compared = self._configured.pairs, self._configured.compared
        second: dict[str, Coroutine[object, object, None]] = {}
        if not self._configured.only:  # it is of one host, and a guest that boots takes seconds
            second |= {f"KVM on {host}": self._as_qemu(host) for host in self._configured.hypervisors}
        second |= {f"the CPUs of {start} and {end}": self._cpu(start, end) for start, end in compared}
        second |= {f"ssh from {start} to {end}": self._ssh(start, end) for start, end in ways}
        second |= {f"the ports of {end} from {start}": self._ports(start, end) for start, end in ways}
        self._under_way = {words: asyncio.ensure_future(work) for words, work in second.items()}
        tasks = [*self._first.values(), *self._names.values(), *self._under_way.values()]
        all_read = asyncio.ensure_future(together(*tasks))
        all_read.add_done_callback(retrieve)
        all_read.add_done_callback(lambda _: self._newer.put_nowait(None))
        try:
            while (facts := await self._newer.get()) is not None:
                yield facts
            await all_read
        finally:
            all_read.cancel()
            await asyncio.wait([all_read])  # no command outlives a cancelled pass

    # -- the first round: no host waits for another --

    async def _first_round(self, host: str) -> None:
        sections = [self._system(host)]
        if host in self._configured.hypervisors:
            sections.append(self._host(host, "libvirt", lambda: self._reading.libvirt(host)))
        await together(*sections)

    async def _system(self, host: str) -> None:
        """Read as the login, then as root; root is not tried if the login fails."""
        wanted = (name for start, end in self._configured.ways if start == host for name in self.facts.names_of(end))
        found = await or_failure(self._reading.as_login(host, tuple(dict.fromkeys(wanted))))
        if isinstance(found, Failure):
            self._found[host] = found
            self._set_host(host, system=found, clock=found, conf=found, software=found)
            return
        self._found[host] = found.names
        self._set_host(host, system=found.system)
        clock = self._host(host, "clock", lambda: self._reading.clock(host))
        await together(clock, self._as_root(host, found.login))

    async def _as_root(self, host: str, login: str) -> None:
        found = await or_failure(self._reading.as_root(host, login))
        conf, software = (found, found) if isinstance(found, Failure) else found
        self._set_host(host, conf=conf, software=software)

    # -- the second round: each part starts when the hosts that it needs have finished their first --

    async def _names_of(self, start: str, end: str) -> None:
        """The addresses of the names of `end` on `start`; the name that its libvirt announces may be new."""
        await self._first[start]
        names = self._found[start]
        if not isinstance(names, Failure) and end in self._configured.hypervisors:
            await self._first[end]
            if more := [name for name in self.facts.names_of(end) if name not in names]:
                found = await or_failure(self._reading.names(start, more))
                names = found if isinstance(found, Failure) else {**names, **found}
        if not isinstance(names, Failure):
            names = {name: names.get(name, ()) for name in self.facts.names_of(end)}
        self._set_way(start, end, names=names)

    async def _as_qemu(self, host: str) -> None:
        await self._first[host]
        libvirt = self.facts.at(host).libvirt
        user = libvirt.daemon.qemu_user if isinstance(libvirt, Libvirt) else None
        unknown = None if user else Failure(f"The user of QEMU on {host} is unknown", "its libvirt does not report it")
        needed, qemu = (libvirt, self.facts.at(host).conf, unknown), user or (0, 0)
        await together(
            self._host(host, "kvm", lambda: self._reading.kvm(host, qemu), needed),
            self._host(host, "userfaultfd", lambda: self._reading.userfaultfd(host, qemu), needed),
        )

    async def _ssh(self, start: str, end: str) -> None:
        """Try root's login to `end`; then read the peer's libvirt, or the account if the login failed."""
        await self._first[start]
        uri = self.facts.configured.peer_uri[end]
        attempt = await _after([self.facts.at(start).conf], lambda: self._reading.ssh(start, uri))
        self._set_way(start, end, ssh=attempt)
        if isinstance(attempt, Failure):
            self._set_way(start, end, account=attempt, peer=attempt)
        elif attempt.outcome == WORKS:
            self._set_way(start, end, account=None, peer=await or_failure(self._reading.peer(start, uri)))
        else:
            user = attempt.user
            await self._first[end]
            account = await _after([self.facts.at(end).conf], lambda: self._reading.account(end, user))
            self._set_way(start, end, account=account, peer=None)

    async def _ports(self, start: str, end: str) -> None:
        """Try the ports; read the firewall only if some are closed."""
        for way in ((start, end), (end, start)):
            await self._names[way]  # they may give the addresses of both
        one, other = self.facts.at(start), self.facts.at(end)
        tried = await _after([one.system, other.system], lambda: self._tried(start, end))
        self._set_way(start, end, ports=tried)
        firewall = None
        if not isinstance(tried, Tried) or tried.closed:
            address = self.facts.sends_from(start, end)
            firewall = await _after([tried, other.conf], lambda: self._reading.firewall(end, address))
        self._set_way(start, end, firewall=firewall)

    async def _tried(self, start: str, end: str) -> Tried:
        conf, names = self.facts.at(end).conf, self.facts.way(start, end).names
        name = self.facts.announced(end)
        announced = (name,) if is_address(name) else names.get(name, ()) if isinstance(names, Mapping) else ()
        address = next((each for each in announced if not is_local(each)), self.facts.address(end))
        if not address:
            raise Failure(f"The ports of {end} could not be tried from {start}", "its address is unknown there")
        ports = conf.migration_ports if isinstance(conf, QemuConf) else MIGRATION_PORTS
        async with self._ports_of[end]:
            return await self._reading.ports(start, end, address, ports)

    async def _cpu(self, start: str, end: str) -> None:
        for host in (start, end, *self._configured.hypervisors):
            if host in (start, end) or self.facts.vm is None:  # any of them may have the VM
                await self._first[host]
        vm = self.facts.vm or Domain(name="")
        daemons = [self.facts.at(host).libvirt for host in (start, end)]
        cpu = await _after(daemons, lambda: self._reading.cpu(start, end, vm))
        self._set_way(start, end, cpu=cpu)

    # -- store a part --

    async def _host(
        self, host: str, part: str, read: Callable[[], Awaitable[object]], needed: Iterable[object] = ()
    ) -> None:
        self._set_host(host, **{part: await _after(needed, read)})

    def _set_host(self, host: str, **sections: object) -> None:
        self._set(self.facts.with_host(host, **sections))

    def _set_way(self, start: str, end: str, **sections: object) -> None:
        self._set(self.facts.with_way(start, end, **sections))

    def _set(self, facts: HostsFacts) -> None:
        self.facts = facts
        self._newer.put_nowait(facts)


async def _after(needed: Iterable[object], read: Callable[[], Awaitable[T]]) -> T | Failure:
    """The result of `read`, or the Failure of a part that it needs."""
    failed = next((part for part in needed if isinstance(part, Failure)), None)
    return await or_failure(read()) if failed is None else failed

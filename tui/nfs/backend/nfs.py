"""Reads the shared image folder on all hosts; the checklist sets it up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tui.checklist.backend.changes import Changes
from tui.checklist.backend.checklist import Checklist
from tui.core.aged import Aged
from tui.core.connections import Connections
from tui.core.failure import Failure, LoginRefused, UntrustedHost, or_failure
from tui.core.protocols import Hypervisor
from tui.core.settings import Config
from tui.core.ssh_target import parse_target
from tui.core.together import together
from tui.nfs.backend.proof import prove
from tui.nfs.model.checks.image import IMAGES_SCRIPT, image_paths, parse_images
from tui.nfs.model.checks.sharing import proof_why_not
from tui.nfs.model.facts import HostRead, ImageRead, NfsFacts, Shared, VmsRead
from tui.nfs.model.proof import Proof
from tui.nfs.model.script import CLIENT_SCRIPT, SERVER_SCRIPT, arguments, parse_client, parse_server
from tui.nfs.model.steps import all_steps
from tui.vm.model.domain import parse

ALIVE, ALIVE_LIMIT_S = "alive", 10.0  # the fact that a host runs commands, and seconds for one to end
READ_LIMIT_S = 150.0  # the commands run one after the other, most with a limit of five seconds

PartRead = tuple[str, str, HostRead | VmsRead | Failure]  # a field of NfsFacts, the role of the host, the value


def shared_from(config: Config) -> Shared:
    """The shared folder as configured."""
    return Shared(
        addresses={host.name: parse_target(host.ssh).host for host in config.machines},
        server=config.storage_host,
        images=config.storage.images,
        export=config.storage.export,
        vm=config.vm.name,
    )


class Nfs:
    """Reads how the hosts share the folder; `checklist` applies the changes."""

    def __init__(self, connections: Connections, changes: Changes) -> None:
        self._connections = connections
        self.config = connections.config
        self.sudo = changes.sudo
        shared = shared_from(self.config)
        self.checklist = Checklist(all_steps(shared), NfsFacts(shared), self._read, changes)

    async def ask(self, host: str) -> None:
        """Ask whether a host still answers, for `silent`; raises Failure if it does not."""

        async def ask() -> bool:
            with suppress(UntrustedHost, LoginRefused):  # it answers, but lets the app in no longer
                await self._connections.shell(host).run(["true"], timeout=ALIVE_LIMIT_S)
            return True

        await self._connections.facts.read(host, ALIVE, ask())

    def silent(self) -> dict[str, float]:
        """The hosts that have answered and do not now, each with the seconds since its last answer.

        Of one that never answered nothing is shown that could be old: its lines are unknown, with the reason.
        """
        facts, now = self._connections.facts, self._connections.facts.now()
        found: dict[str, Aged[bool]] = {host.name: facts.of(host.name, ALIVE) for host in self.config.machines}
        ages = {host: each.age_s(now) for host, each in found.items() if each.silent(now)}
        return {host: age_s for host, age_s in ages.items() if age_s is not None}

    async def _read(self, facts: NfsFacts) -> AsyncIterator[NfsFacts]:
        """Reads all hosts at once, then what needs several of them; older facts stay until they are replaced."""
        if not facts.shared.server:
            return
        async for part, role, found in self._hosts(facts.shared):
            newer: dict[str, Any] = {part: {**getattr(facts, part), role: found}}
            facts = replace(facts, **newer)
            yield facts
        first, *further = facts.shared.readers or ("",)
        proofs = await together(*(self._proof(facts, reader) for reader in (first, *further)))
        facts = replace(facts, proof=proofs[0], further=dict(zip(further, proofs[1:], strict=True)))
        yield replace(facts, images=await self._images(facts))

    async def _hosts(self, shared: Shared) -> AsyncIterator[PartRead]:
        """Yields each part as soon as it is read."""

        async def read(part: str, role: str, reading: Awaitable[HostRead | VmsRead]) -> PartRead:
            return part, role, await or_failure(reading)

        readings = [read("hosts", role, self._host(shared, role)) for role in shared.addresses]
        readings += [read("vms", role, self._vms(shared, role)) for role in shared.clients]
        tasks = [asyncio.ensure_future(each) for each in readings]
        try:
            for each in asyncio.as_completed(tasks):
                yield await each
        finally:
            for task in tasks:
                task.cancel()

    async def _host(self, shared: Shared, role: str) -> HostRead:
        script = SERVER_SCRIPT if role == shared.server else CLIENT_SCRIPT
        argv = ["sh", "-c", script, "sh", *arguments(shared, role)]
        text = (await self.sudo.run(role, argv, timeout=READ_LIMIT_S)).output(f"{role} could not be read")
        return parse_server(text, shared) if role == shared.server else parse_client(text, shared, role)

    async def _vms(self, shared: Shared, role: str) -> VmsRead:
        def read(hypervisor: Hypervisor) -> VmsRead:
            vms = hypervisor.vms()
            # libvirt locks the definition of a VM that it receives; its origin has the same disks.
            wanted = [vm.name for vm in vms if (vm.active or vm.name == shared.vm) and not vm.incoming]
            found = {name: xml for name in wanted if (xml := hypervisor.definition(name))}  # "" if it just ended
            disks = {name: tuple(disk for disk in parse(xml).disks if disk.writable) for name, xml in found.items()}
            return VmsRead(vms, disks)

        return await self._connections.query(role, read)

    async def _images(self, facts: NfsFacts) -> dict[str, tuple[ImageRead, ...] | Failure]:
        paths = image_paths(facts)

        async def read(role: str) -> tuple[ImageRead, ...]:
            client = facts.client(role)
            if isinstance(client, Failure):
                raise client
            user = client.qemu.name if client and client.qemu else ""
            argv = ["sh", "-c", IMAGES_SCRIPT, "sh", user, *paths]
            done = await self.sudo.run(role, argv, timeout=READ_LIMIT_S)
            return parse_images(paths, done.output(f"The images could not be read on {role}"))

        clients = facts.shared.clients
        found = await together(*(or_failure(read(role)) for role in clients))
        return dict(zip(clients, found, strict=True))

    async def _proof(self, facts: NfsFacts, reader: str) -> Proof:
        why_not = proof_why_not(facts, reader)
        if why_not:
            return Proof(why_not=why_not)
        try:
            return await prove(self.sudo, facts, reader)
        except Failure as failure:
            return Proof(why_not=str(failure).rstrip("."))

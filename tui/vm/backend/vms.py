"""The VMs of both hosts: listed with their definitions, deleted, and where their console is."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.protocols import Hypervisor
from tui.core.settings import HYPERVISORS
from tui.core.vm import Vm
from tui.linux.sudo import Sudo
from tui.vm.backend.images import PART, Images
from tui.vm.model.domain import Domain, parse
from tui.vm.model.domain_mark import DELETING
from tui.vm.model.image import Image, users_of
from tui.vm.model.listing import Listed, Listing
from tui.vm.model.offer import Offer

# What is bridged is the system's own matter: libvirt tells bridges on some hosts only. A name a line.
BRIDGES = 'for each in /sys/class/net/*/bridge; do [ -d "$each" ] && basename "$(dirname "$each")"; done; true'


@dataclass(frozen=True)
class Deletion:
    """What deleting a VM would do: on which hosts it is forgotten, and its disks: `kept` says why one must stay."""

    name: str
    hosts: tuple[str, ...]
    disks: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()


class Vms:
    """Everything raises Failure, but what is asked of one host is answered by one where that host can't be asked."""

    def __init__(self, connections: Connections, sudo: Sudo) -> None:
        self._connections = connections
        self.sudo = sudo
        self.images = Images(sudo, connections.config.storage.export)
        self._known: dict[str, dict[Vm, Domain | Failure]] = {}  # by host: read again only where a VM has changed

    async def on(self, host: str, *, afresh: bool = False) -> tuple[Listed, ...] | Failure:
        """The VMs of one host; definitions are read again where the VM's state changed, or all of them `afresh`."""
        known = {} if afresh else self._known.get(host, {})

        def read(hypervisor: Hypervisor) -> dict[Vm, Domain | Failure]:
            return {vm: known[vm] if vm in known else _domain(hypervisor, vm.name) for vm in hypervisor.vms()}

        try:
            self._known[host] = await self._connections.ask(host, read)
        except Failure as failure:
            return failure
        return tuple(Listed(vm, domain) for vm, domain in self._known[host].items())

    async def listing(self) -> Listing:
        """All of both hosts, read afresh."""
        found = await asyncio.gather(*(self.on(host, afresh=True) for host in HYPERVISORS))
        return Listing(dict(zip(HYPERVISORS, found, strict=True)))

    async def offer(self, host: str) -> Offer | Failure:
        """What one host offers to VMs."""

        def read(hypervisor: Hypervisor) -> Offer:
            return Offer(hypervisor.daemon(), hypervisor.machine_types(), hypervisor.networks())

        try:
            offer = await self._connections.ask(host, read)
            bridges = await self._connections.shell(host).run(["sh", "-c", BRIDGES])
        except Failure as failure:
            return failure
        return replace(offer, bridges=tuple(bridges.stdout.split()))

    async def offers(self) -> dict[str, Offer | Failure]:
        """Of both hosts."""
        found = await asyncio.gather(*map(self.offer, HYPERVISORS))
        return dict(zip(HYPERVISORS, found, strict=True))

    def console(self, name: str, host: str) -> list[str]:
        """The command that shows the serial console of a VM on a host, from this one."""
        return ["virsh", "-c", self._connections.uri(host), "console", "--", name]

    # -- deleting --

    async def deletion(self, name: str) -> Deletion:
        """What deleting would do; Failure where the VM can't be deleted now."""
        listing = await self.listing()
        where = listing.where(name)
        if where.vm is None:
            raise Failure(f"{name} can't be deleted", where.sentence)
        if where.active:
            raise Failure(f"{name} can't be deleted", f"it is {where.sentence}", "Shut it down first.")
        hosts = tuple(host for host, answer in where.answers.items() if isinstance(answer, Vm))
        disks, kept = await self._disks(name, listing)
        return Deletion(name, hosts, disks, kept)

    async def _disks(self, name: str, listing: Listing) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """The files that are its own alone, and those that must stay, each with the reason."""
        domain = listing.domain(name)
        if not isinstance(domain, Domain):
            return (), ()
        paths = [disk.source for disk in domain.disks if disk.kind == "file" and disk.source]
        if domain.mark:
            paths = list(await self.images.remains(paths))
        if listing.unread:
            reason = f"{' and '.join(listing.unread)} can't be asked whether another VM uses it"
            return (), tuple((path, reason) for path in paths)
        images: dict[str, Image] = {}
        try:
            images = await self.images.all()
        except Failure as failure:
            return (), tuple((path, str(failure)) for path in paths)
        others = {each: files for each, files in listing.files.items() if each != name}
        kept = []
        for path in paths:
            users = users_of(path, others, images)
            if users:
                kept.append((path, f"{' and '.join(users)} uses it"))
            elif overlays := [each.path for each in images.values() if each.backing == path and each.path not in paths]:
                kept.append((path, f"{overlays[0]} stands on it"))
        return tuple(path for path in paths if path not in dict(kept)), tuple(kept)

    async def delete(self, deletion: Deletion, *, disks: bool) -> str:
        """Delete it, its disks only where `disks` says so; looked at once more before, for all may have changed."""
        now = await self.deletion(deletion.name)
        removed: Sequence[str] = [path for path in deletion.disks if path in now.disks] if disks else ()
        if removed:
            # Its definition is the only list of its disks: it goes last, so that what was broken off can be finished.
            for host in now.hosts:
                await self._connections.tell(host, lambda hypervisor: hypervisor.mark(deletion.name, DELETING))
            for path in removed:
                await self.images.end_copy(path.removesuffix(PART))
            await self.images.remove(removed)
        for host in now.hosts:
            await self._connections.tell(host, lambda hypervisor: hypervisor.undefine(deletion.name))
        spared = [path for path in deletion.disks if path in dict(now.kept)]
        if disks and spared:
            return f"{deletion.name} was deleted; {' and '.join(spared)} stayed: it is in use now."
        what = f" with {' and '.join(removed)}" if removed else "; its disks stayed" if deletion.disks else ""
        return f"{deletion.name} was deleted{what}."


def _domain(hypervisor: Hypervisor, name: str) -> Domain | Failure:
    """The definition of a VM, or why it can't be read: it may have vanished since it was listed."""
    try:
        return parse(hypervisor.definition(name))
    except Failure as failure:
        return failure

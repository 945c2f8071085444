"""Lists the VMs of all hosts with their definitions, and deletes them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tui.core.aged import VMS
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.log import log
from tui.core.protocols import Hypervisor
from tui.core.together import together
from tui.core.vm import Vm
from tui.linux.sudo import Sudo
from tui.vm.backend.images import PART, Images
from tui.vm.model.domain import Domain, parse
from tui.vm.model.domain_mark import DELETING
from tui.vm.model.host_facts import SCRIPT, parse_facts
from tui.vm.model.host_inventory import HostInventory, parse_inventory
from tui.vm.model.image import Image, users_of
from tui.vm.model.listing import Listed, Listing
from tui.vm.model.location import LastSeen, last_seen
from tui.vm.model.offer import Offer
from tui.vm.model.rules.rule import on_shared
from tui.vm.model.wanted import wanted_cpus, wanted_paths


@dataclass(frozen=True)
class Deletion:
    """What deleting a VM would do: undefine it on `hosts`, remove `disks`; `kept` are other disks and why they stay.

    `snapshots` go with the VM: libvirt forgets them. `nvram`, the file of its UEFI variables, goes with it, too, and
    from the hosts of `leftovers`, where migrations left it.
    """

    name: str
    hosts: tuple[str, ...]
    disks: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    snapshots: tuple[str, ...] = ()
    nvram: str = ""
    leftovers: tuple[str, ...] = ()


class Vms:
    """The VMs of all `hosts`; a method that reads one host returns a Failure if it can't be read."""

    def __init__(self, connections: Connections, sudo: Sudo) -> None:
        self._connections = connections
        self.hosts = connections.config.hypervisors
        self.sudo = sudo
        self.images = Images(sudo, connections.config.home, connections.config.storage.export)
        self._known: dict[str, dict[Vm, Domain | Failure]] = {}  # by host: reread only if the VM changed

    async def on(self, host: str, *, reread: bool = False) -> tuple[Listed, ...] | Failure:
        """The VMs of one host; definitions are cached while the VM is unchanged, unless `reread`.

        One that is reread without a change is the same object as before.
        """
        known = self._known.get(host, {})

        def read(hypervisor: Hypervisor) -> dict[Vm, Domain | Failure]:
            return {vm: domain_of(hypervisor, vm) for vm in hypervisor.vms()}

        def domain_of(hypervisor: Hypervisor, vm: Vm) -> Domain | Failure:
            before = known.get(vm)
            if before is not None and not reread:
                return before
            found = _domain(hypervisor, vm)
            return before if before is not None and before == found else found

        try:
            query = self._connections.query(host, read)
            self._known[host] = await self._connections.facts.read(host, VMS, query, tuple)
        except Failure as failure:
            return failure
        return tuple(Listed(vm, domain) for vm, domain in self._known[host].items())

    @property
    def seen(self) -> dict[str, LastSeen]:
        """By host that does not answer, the VMs that it had."""
        facts, now = self._connections.facts, self._connections.facts.now()
        found = {host: last_seen(facts.of(host, VMS), now) for host in self.hosts}
        return {host: seen for host, seen in found.items() if seen is not None}

    async def listing(self) -> Listing:
        """The VMs of all hosts, all definitions reread."""
        found = await together(*(self.on(host, reread=True) for host in self.hosts))
        return Listing(dict(zip(self.hosts, found, strict=True)))

    async def offer(self, host: str) -> Offer | Failure:
        """What one host offers to VMs, and to those that are listed so far."""
        domains = self.domains

        def read(hypervisor: Hypervisor) -> Offer:
            return Offer(
                hypervisor.daemon(),
                hypervisor.machine_types(),
                hypervisor.networks(),
                inventory=_inventory(hypervisor),
                cpu_lacks=_cpu_lacks(hypervisor, domains),
                vms=hypervisor.vms(),
            )

        try:
            offer = await self._connections.query(host, read)
            paths = wanted_paths(domains, offer.inventory, self.images.folder)
            output = await self._connections.shell(host).run(["sh", "-c", SCRIPT, "sh", *paths])
        except Failure as failure:
            return failure
        facts = parse_facts(output.stdout)
        if not facts.was_read:
            log.info("The system of %s is unknown, its script printed: %s", host, output.stderr or output.stdout)
            return offer
        return replace(offer, bridges=facts.bridges, facts=facts)

    @property
    def domains(self) -> tuple[Domain, ...]:
        """The definitions that are known of all hosts."""
        return tuple(each for known in self._known.values() for each in known.values() if isinstance(each, Domain))

    async def offers(self) -> dict[str, Offer | Failure]:
        """The offers of all hosts."""
        found = await together(*map(self.offer, self.hosts))
        return dict(zip(self.hosts, found, strict=True))

    def console(self, name: str, host: str) -> list[str]:
        """The local command that shows the serial console of a VM on `host`."""
        return ["virsh", "-c", self._connections.config.hosts[host].libvirt, "console", "--", name]

    # -- deleting --

    async def deletion(self, name: str) -> Deletion:
        """What deleting would do; Failure if the VM can't be deleted now."""
        listing = await self.listing()
        where = listing.where(name)
        if where.vm is None:
            raise Failure(f"{name} can't be deleted", where.sentence)
        if where.active:
            raise Failure(f"{name} can't be deleted", f"it is {where.sentence}", "Shut it down first.")
        hosts = tuple(host for host, answer in where.answers.items() if isinstance(answer, Vm))
        disks, kept = await self._disks(name, listing)
        domain = listing.domain(name)
        if not isinstance(domain, Domain):
            return Deletion(name, hosts, disks, kept)
        nvram = domain.hardware.firmware.nvram
        left = () if listing.unread else await self._leftovers(name, nvram, hosts)
        return Deletion(name, hosts, disks, kept, domain.snapshots, nvram, left)

    async def _leftovers(self, name: str, nvram: str, hosts: Sequence[str]) -> tuple[str, ...]:
        """The hosts other than these that have the file of UEFI variables; none if another VM uses it."""
        users = [each.name for each in self.domains if each.hardware.firmware.nvram == nvram and each.name != name]
        if not nvram.startswith("/") or users or on_shared(nvram, self.images.folder):
            return ()
        found = []
        for host in self.hosts:
            try:
                if host not in hosts and not (await self.sudo.run(host, ["test", "-f", nvram])).status:
                    found.append(host)
            except Failure as failure:
                log.info("Whether %s is left on %s is unknown: %s", nvram, host, failure)
        return tuple(found)

    async def _disks(self, name: str, listing: Listing) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """The files that only this VM uses, and those that must stay, each with the reason."""
        domain = listing.domain(name)
        if not isinstance(domain, Domain):
            return (), ()
        paths = [disk.source for disk in domain.disks if disk.kind == "file" and disk.source]
        if domain.mark:
            paths = list(await self.images.remains(paths))
        if listing.unread:
            reason = f"{' and '.join(listing.unread)} can't be read, so another VM may use it"
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
                kept.append((path, f"{' and '.join(users)} use{'s' if len(users) == 1 else ''} it"))
            elif overlays := [each.path for each in images.values() if each.backing == path and each.path not in paths]:
                kept.append((path, f"{overlays[0]} is an overlay of it"))
        return tuple(path for path in paths if path not in dict(kept)), tuple(kept)

    async def delete(self, deletion: Deletion, *, disks: bool) -> str:
        """Delete the VM, with its disks if `disks`; checks first what has changed since `deletion` was shown."""
        now = await self.deletion(deletion.name)
        removed: Sequence[str] = [path for path in deletion.disks if path in now.disks] if disks else ()
        if removed:
            # The definition is the only list of the disks. It goes last, so an interrupted deletion can be finished.
            for host in now.hosts:
                await self._connections.command(host, lambda hypervisor: hypervisor.set_mark(deletion.name, DELETING))
            for path in removed:
                await self.images.end_copy(path.removesuffix(PART))
            await self.images.remove(removed)
        for host in now.hosts:
            await self._connections.command(host, lambda hypervisor: hypervisor.undefine(deletion.name))
        shown = now.leftovers if deletion.nvram == now.nvram else ()
        left = await self._remove_nvram(now.nvram, [host for host in shown if host in deletion.leftovers])
        spared = [path for path in deletion.disks if path in dict(now.kept)]
        if disks and spared:
            return f"{deletion.name} was deleted, except {' and '.join(spared)}: now in use.{left}"
        what = f" with {' and '.join(removed)}" if removed else "; its disks were kept" if deletion.disks else ""
        return f"{deletion.name} was deleted{what}.{left}"

    async def _remove_nvram(self, path: str, hosts: Sequence[str]) -> str:
        """Remove the file of UEFI variables from hosts without the VM; returns what failed, as further sentences."""
        failed = ""
        for host in hosts:
            try:
                done = await self.sudo.run(host, ["rm", "-f", "--", path])
                done.output(f"{path} on {host} could not be removed")
            except Failure as failure:
                failed += f" {failure}"
        return failed


def _inventory(hypervisor: Hypervisor) -> HostInventory:
    """What libvirt lists; empty, which blocks nothing, if the daemon can't list it."""
    try:
        return parse_inventory(hypervisor.inventory())
    except Failure as failure:
        log.info("The pools, secrets and devices of a host are unknown: %s", failure)
        return HostInventory()


def _cpu_lacks(hypervisor: Hypervisor, domains: Sequence[Domain]) -> dict[str, str]:
    """By CPU, the features that the host lacks; a CPU that the daemon can't compare is left out."""
    found = {}
    for xml, kind in wanted_cpus(domains):
        try:
            found[xml] = hypervisor.cpu_lacks(xml, kind)
        except Failure as failure:
            log.info("A CPU could not be compared: %s", failure)
    return found


def _domain(hypervisor: Hypervisor, vm: Vm) -> Domain | Failure:
    """The definition of a VM, or a Failure: it may be gone since it was listed, or locked by its migration."""
    if vm.incoming:
        why, hint = "it is being migrated to this host", "Wait until the migration ends."
        return Failure(f"The definition of {vm.name} could not be read", why, hint)
    try:
        domain = parse(hypervisor.definition(vm.name))
    except Failure as failure:
        return failure
    disks = tuple(each.target for each in domain.disks if each.source and each.writable) if vm.active else ()
    try:
        facts = hypervisor.vm_facts(vm.name, disks)
    except Failure as failure:
        return replace(domain, unread=str(failure))
    return replace(domain, snapshots=facts.snapshots, jobs=facts.block_jobs)

"""Creates VMs on one host: reads what they can be built from, plans the definition, and builds it."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from tui.core import actions
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.quantity import size
from tui.core.together import together
from tui.guest.backend.addresses import GuestAddresses
from tui.guest.backend.guest import OnProgress
from tui.guest.backend.seeds import make_seed
from tui.guest.model.agent import AGENT
from tui.guest.model.seed import Seed, host_name, validate_seed
from tui.launch.model.build_plan import BuildInputs, BuildPlan, Copy
from tui.launch.model.new_vm import (
    CLOUD,
    COMMON_CPU,
    HOST_CPU,
    LIKE,
    VmRequest,
    disk_in_use,
    validate_identity,
    validate_name,
    validate_size,
)
from tui.vm.backend.kvm import try_kvm
from tui.vm.backend.vms import Vms
from tui.vm.model.blockers import blockers
from tui.vm.model.cpu import KVM, QEMU
from tui.vm.model.domain import Domain, parse, tree
from tui.vm.model.domain_copy import domain_copy
from tui.vm.model.domain_mark import MAKING, marked
from tui.vm.model.domain_xml import DomainSpec, domain_xml
from tui.vm.model.image import Image, users_of
from tui.vm.model.kernel_address import address_notes, own_addresses
from tui.vm.model.kvm import RUNS, Kvm
from tui.vm.model.listing import Listing
from tui.vm.model.offer import Offer, machine_of_both, too_much
from tui.vm.model.rules.rule import on_shared
from tui.vm.model.xml_complaint import rejected

HOST_MODEL = "<cpu mode='host-model'/>"
KEYS = 'for each in "$HOME"/.ssh/id_ed25519.pub "$HOME"/.ssh/id_*.pub; do cat "$each" && break; done 2> /dev/null; true'
NO_DESTINATION = (
    "{} can't be reached, so its capacity and features are unknown and a migration to it may be refused. ({})"
)


class NewVms:
    """Creates VMs; every method raises Failure."""

    def __init__(self, connections: Connections, vms: Vms, addresses: GuestAddresses) -> None:
        self._connections = connections
        self._addresses = addresses
        self._vms = vms
        self._images = vms.images
        self._kvm: dict[str, Kvm] = {}  # by host, once tested
        self.config = connections.config
        self.host = self.config.home

    async def inputs(self) -> BuildInputs:
        """Read what VMs can be built from; Failure only if `host` or its shared folder can't be used."""
        hosts = self._vms.hosts
        (offers, listing), troubles, key = await together(
            self._hosts(),
            together(*map(self._images.trouble, hosts)),
            self._connections.shell(self.host).run(["sh", "-c", KEYS]),
        )
        if isinstance(here := offers[self.host], Failure):
            raise here
        trouble = {host: failure for host, failure in zip(hosts, troubles, strict=True) if failure is not None}
        if self.host in trouble:
            raise trouble[self.host]
        lines = key.stdout.splitlines()
        config = self._connections.config
        groups = tuple(sorted({group for host in config.hypervisors for group in config.hosts[host].groups}))
        return BuildInputs(offers, listing, await self._images.all(), trouble, lines[0] if lines else "", groups)

    async def _hosts(self) -> tuple[dict[str, Offer | Failure], Listing]:
        return await self._vms.offers(), await self._vms.listing()

    # -- the plan --

    async def plan(self, request: VmRequest, inputs: BuildInputs) -> BuildPlan:
        """The plan for a request; Failure for any mistake that can be detected now."""
        failure = (
            validate_name(request.name, inputs.listing)
            or validate_size(request)
            or too_much(inputs.known, request.vcpus, request.memory_bytes)
        )
        if failure:
            raise failure
        plan = await (self._like(request, inputs) if request.way == LIKE else self._of_image(request, inputs))
        for copy in plan.copies:
            if await self._images.exists(copy.target):
                raise Failure(f"{copy.target} already exists", "no VM of that name uses it", "Use another name.")
        return replace(plan, notes=(*plan.notes, *self._notes(parse(plan.xml), request, inputs)))

    def _notes(self, domain: Domain, request: VmRequest, inputs: BuildInputs) -> Iterator[str]:
        here = inputs.known.get(self.host)
        found: dict[str, None] = {}
        for target in self.config.targets(self.host):
            there = inputs.offers[target]
            if isinstance(there, Failure):
                yield NO_DESTINATION.format(target, there)
            elif target in inputs.trouble:
                yield str(inputs.trouble[target])
            offer = there if isinstance(there, Offer) else None
            found |= {each.text: None for each in blockers(domain, self._images.folder, target, offer, here)}
        yield from found
        for host, each in inputs.known.items():
            if request.memory_bytes > each.daemon.memory_free_bytes:
                yield f"{host} now has only {size(each.daemon.memory_free_bytes)} of free memory."

    async def _of_image(self, request: VmRequest, inputs: BuildInputs) -> BuildPlan:
        if not request.image:
            raise Failure("No image was chosen", f"{self._images.folder} has no unused one", "Copy one there.")
        image = await self._usable_image(request.image, request.way, inputs)
        copies: tuple[Copy, ...] = ()
        seed, seed_path, disk, format = None, "", image.path, image.format
        if request.way == CLOUD:
            disk, format = self._own_file(request.name, ".qcow2"), "qcow2"
            seed, seed_path = await self._seed(request)
            await self._require_space([image])
            copies = (_copy(image, disk, format, request.disk_bytes),)
        cached = not await self._images.takes_direct_io(image.path)
        reason = f"{self._images.folder} does not support direct I/O, so the disk has cache=writeback."
        notes = [reason] if cached else []
        kind, why = await self._kind(inputs)
        machine = machine_of_both(inputs.known.values())
        cpu, no_cpu = await self._cpu(request.cpu, kind, inputs)
        cache = "writeback" if cached else "none"
        spec = DomainSpec(request.name, request.vcpus, request.memory_bytes, disk, format, cache, seed_path, kind)
        spec = replace(spec, machine=machine, cpu_xml=cpu, network=request.network)
        notes += [each for each in (why, no_cpu) if each]
        return BuildPlan(request, domain_xml(spec), tuple(notes), copies, seed, seed_path)

    async def _usable_image(self, path: str, way: str, inputs: BuildInputs) -> Image:
        """The image at `path`; Failure if it is no disk, is in use, or its backing file is not on the shared folder."""
        image = await self._images.info(path)
        if not image.is_disk:
            raise Failure(f"{path} is not a disk that a VM can boot", f"its format is {image.format}")
        if image.backing and not on_shared(image.backing, self._images.folder):
            why = f"its backing file {image.backing} is not on the shared folder"
            hint = "Merge both into one file with `qemu-img convert`."
            raise Failure(f"{image.name} is complete on this host only", why, hint)
        users = users_of(path, inputs.listing.files, inputs.images)
        if users and way != CLOUD:
            hint = "Two VMs on one disk destroy it. Choose another image, or copy that VM."
            raise Failure(f"{image.name} is in use", f"it is a disk of {' and '.join(users)}", hint)
        active = [name for name in users if inputs.listing.where(name).active]
        if active:
            raise Failure(f"{image.name} can't be copied now", f"{active[0]} uses it", "Shut that VM down first.")
        return image

    async def _like(self, request: VmRequest, inputs: BuildInputs) -> BuildPlan:
        where = inputs.listing.where(request.template)
        if where.vm is None:
            raise Failure("There is no VM to copy", where.sentence, "Choose an image instead.")
        if where.active:
            why = f"it is {where.sentence} and writes to its disks"
            raise Failure(f"{request.template} can't be copied now", why, "Shut it down first.")
        text = await self._connections.query(where.host, lambda each: each.definition(request.template, inactive=True))
        if parse(text).mark:
            why = "its creation or deletion was interrupted"
            raise Failure(f"{request.template} can't be copied", why, "Select it on the Launch page for details.")
        disks = [each for each in parse(text).disks if each.source and not each.readonly]
        for disk in disks:
            if disk.kind != "file":
                why = f"its disk {disk.target} is not a file but of type {disk.kind}: {disk.source}"
                hint = f"Convert it to a file in {self._images.folder} with `qemu-img convert`, and choose that image."
                raise Failure(f"{request.template} can't be copied", why, hint)
        own = {each.source: self._own_path(each.source, request.name, each.target, len(disks)) for each in disks}
        images = [await self._images.info(each.source) for each in disks]
        await self._require_space(images)
        copies = [
            _copy(image, own[each.source], each.format or "raw") for image, each in zip(images, disks, strict=True)
        ]
        notes = [] if disks else [f"{request.template} has no disk to copy."]
        xml = domain_copy(text, request.name, own, request.vcpus, request.memory_bytes)
        words = own_addresses(tree(xml).findtext("os/cmdline", ""))
        notes += address_notes(words, xml, request.template)
        return BuildPlan(request, xml, tuple(notes), tuple(copies), ask=words[0] if words else "")

    def _own_file(self, name: str, suffix: str) -> str:
        return str(PurePosixPath(self._images.folder) / f"{name}{suffix}")

    def _own_path(self, path: str, name: str, target: str, count: int) -> str:
        """The path of a copied disk, always on the shared folder."""
        return self._own_file(name, f"{f'-{target}' if count > 1 else ''}{PurePosixPath(path).suffix}")

    async def _require_space(self, images: Sequence[Image]) -> None:
        """Failure if the shared folder has no space for copies of all images."""
        free, needed = await self._images.free_bytes(), sum(image.used_bytes for image in images)
        if needed > free:
            names = " and ".join(image.name for image in images)
            what = f"A copy of {names} does not fit" if len(images) == 1 else f"Copies of {names} do not fit"
            why = f"{'it needs' if len(images) == 1 else 'they need'} {size(needed)}"
            raise Failure(what, f"{why}, and {self._images.folder} has {size(free)} free", "Free some space.")

    async def _seed(self, request: VmRequest) -> tuple[Seed, str]:
        seed = Seed(request.name, request.user, request.ssh_key, f"{host_name(request.name)}-{uuid.uuid4()}")
        failure = validate_seed(seed)
        path = self._own_file(request.name, "-seed.iso")
        if failure:
            raise failure
        if await self._images.exists(path):
            raise Failure(f"{path} already exists", "it is the seed of another VM", "Use another name.")
        return seed, path

    async def _kind(self, inputs: BuildInputs) -> tuple[str, str]:
        """KVM if a test guest runs with it on every reachable host, otherwise QEMU (emulation) and the reason."""
        untried = [host for host in inputs.known if host not in self._kvm]
        users = [inputs.known[host].daemon.qemu_user or (0, 0) for host in untried]
        try:
            found = await together(*map(partial(try_kvm, self._vms.sudo), untried, users))
        except Failure as failure:
            return KVM, f"KVM could not be tested: {failure}"
        self._kvm |= dict(zip(untried, found, strict=True))
        without = {host: self._kvm[host].words for host in inputs.known if self._kvm[host].outcome != RUNS}
        if without:
            host, words = next(iter(without.items()))
            return QEMU, f"The VM is emulated, and slow: KVM on {host} is {words}."
        return KVM, ""

    async def _cpu(self, cpu: str, kind: str, inputs: BuildInputs) -> tuple[str, str]:
        """The <cpu> of the definition, and why it has none; raises the Failure of a group without one in common."""
        if cpu == HOST_CPU:
            return HOST_MODEL, ""
        if cpu != COMMON_CPU:
            return await self._cpu_of_group(cpu, kind, inputs), ""
        try:
            return await self._baseline(tuple(inputs.known), kind, inputs), ""
        except Failure as failure:
            return "", f"The VM gets QEMU's default CPU: {failure}"

    async def _cpu_of_group(self, group: str, kind: str, inputs: BuildInputs) -> str:
        hosts, what = self._connections.config.of_group(group), f"The hosts of {group} have no known CPU in common"
        unread = next((host for host in hosts if host not in inputs.known), None)
        if unread is not None:
            raise Failure(what, f"{unread} can't be reached", "Choose another CPU.")
        try:
            return await self._baseline(hosts, kind, inputs)
        except Failure as failure:
            raise Failure(what, failure.reason, "Choose another CPU.", detail=failure.detail) from failure

    async def _baseline(self, hosts: Sequence[str], kind: str, inputs: BuildInputs) -> str:
        """The best CPU that all of these hosts support, by the newest libvirt among them."""
        requests = (self._connections.query(host, lambda each: each.cpu_xml(kind)) for host in hosts)
        cpus = await together(*requests)
        newest = max(hosts, key=lambda host: inputs.known[host].daemon.libvirt_version)
        return await self._connections.query(newest, lambda each: each.baseline_cpu(cpus, kind))

    # -- building --

    async def create(self, plan: BuildPlan, xml: str, on_progress: OnProgress) -> str:
        """Define the VM with `xml` and create its files; returns a sentence for the user.

        On a Failure nothing is left of it, or the Failure says what is. The definition is marked until the end, so an
        incomplete VM is recognised even after the app was killed.
        """
        name, domain = plan.request.name, parse(xml)
        listing = await self._vms.listing()
        failure = (
            _name_changed(name, domain)
            or validate_name(name, listing)
            or validate_identity(domain, listing)
            or disk_in_use(domain, listing)
        )
        if failure:
            raise failure
        files = {file for disk in domain.disks for file in disk.files}
        on_progress(f"defining {name}")
        await self._define(xml)
        created: list[str] = []
        try:
            for copy in plan.copies:
                if copy.target in files:  # otherwise the user has deleted the disk from the definition
                    await self._images.copy(copy.origin, copy.target, copy.format, copy.least_bytes, on_progress)
                    created.append(copy.target)
            if plan.seed is not None and plan.seed_path in files:
                on_progress(f"creating the seed {plan.seed_path}")
                await make_seed(self._vms.sudo, self.host, plan.seed, plan.seed_path, plan.copies[0].origin)
                created.append(plan.seed_path)
            await self._connections.command(self.host, lambda hypervisor: hypervisor.set_mark(name, ""))
        except Failure as cause:
            left = await self._roll_back(name, created)
            if left is None:
                raise
            hint = f"{cause.hint} An incomplete {name} remains: {left} {actions.DELETE} deletes it.".lstrip()
            raise Failure(cause.what, cause.why, hint, detail=f"{cause.detail}\n{left.detail}".strip()) from cause
        has_seed = plan.seed is not None and plan.seed_path in created
        sentence = f"{name} was created on {self.host}; {actions.BOOT} starts it."
        if has_seed:
            sentence += " Its first boot takes minutes: cloud-init installs the guest agent and gcc."
        try:  # replaces the entry of an older VM of that name; a seed installs the agent, and the address is unknown
            self._addresses.keep(name, AGENT if has_seed else "", plan.request.user)
        except Failure as failure:  # the VM exists nevertheless
            sentence += f" {failure}"
        return sentence

    async def _roll_back(self, name: str, created: list[str]) -> Failure | None:
        """Remove the files and the definition of an incomplete VM; returns the Failure if something remains.

        The marked definition is the only list of its files. It is removed last, so it remains if they do.
        """
        try:
            await self._images.remove(created)
            await self._connections.command(self.host, lambda hypervisor: hypervisor.undefine(name))
        except Failure as failure:
            return failure
        return None

    async def stop(self) -> bool:
        """Stop the current copy of a disk, so `create` fails and leaves nothing; False if nothing is being copied."""
        return await self._images.stop_copying()

    async def _define(self, xml: str) -> None:
        try:
            await self._connections.command(self.host, lambda hypervisor: hypervisor.define(marked(xml, MAKING)))
        except Failure as failure:
            raise rejected(failure, xml) from failure


def _copy(image: Image, target: str, format: str, least_bytes: int = 0) -> Copy:
    if least_bytes and least_bytes < image.virtual_bytes:
        why = f"the image has {size(image.virtual_bytes)}"
        raise Failure(f"A disk of {size(least_bytes)} is too small", why, "Enter 0 to keep the size of the image.")
    return Copy(image.path, target, format, least_bytes)


def _name_changed(name: str, domain: Domain) -> Failure | None:
    if domain.name != name:
        why = f"it is {domain.name!r} in the definition and {name!r} in the form"
        return Failure("The name was changed", why, "Change it in the form, because files are named after it.")
    return None

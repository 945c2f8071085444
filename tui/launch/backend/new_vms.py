"""Makes VMs on the source host: what is there to make one of, the definition to be shown, and the making."""

import asyncio
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from tui.core import actions
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.quantity import size
from tui.core.settings import DESTINATION, HYPERVISORS, SOURCE
from tui.guest.backend.addresses import GuestAddresses
from tui.guest.backend.seeds import make_seed
from tui.guest.model import seed as seeds
from tui.guest.model.agent import AGENT
from tui.guest.model.seed import Seed
from tui.launch.model.draft import BuildInputs, Copy, Draft
from tui.launch.model.new_vm import CLOUD, LIKE, VmRequest, refuse_identity, refuse_name, refuse_size
from tui.vm.backend.kvm import try_kvm
from tui.vm.backend.vms import Vms
from tui.vm.model.blockers import blockers, on_shared
from tui.vm.model.cpu import KVM, QEMU
from tui.vm.model.domain import BadDefinition, Domain, parse
from tui.vm.model.domain_copy import domain_copy
from tui.vm.model.domain_mark import MAKING, marked
from tui.vm.model.domain_xml import DomainSpec, domain_xml
from tui.vm.model.image import Image, users_of
from tui.vm.model.kvm import RUNS, Kvm
from tui.vm.model.listing import Listing
from tui.vm.model.offer import Offer, machine_of_both, too_much
from tui.vm.model.xml_complaint import complaint

OnProgress = Callable[[str], None]

KEYS = 'for each in "$HOME"/.ssh/id_ed25519.pub "$HOME"/.ssh/id_*.pub; do cat "$each" && break; done 2> /dev/null; true'
NO_DESTINATION = (
    "{} can't be asked: what it can hold and offers is not known, so a migration to it may be refused. ({})"
)


class NewVms:
    """Everything raises Failure."""

    def __init__(self, connections: Connections, vms: Vms, addresses: GuestAddresses) -> None:
        self._connections = connections
        self._addresses = addresses
        self._vms = vms
        self._images = vms.images
        self._kvm: dict[str, Kvm] = {}  # by host, once it was tried
        self.config = connections.config

    async def inputs(self) -> BuildInputs:
        """Read what there is; only the source and its shared folder must be there."""
        (offers, listing), troubles, key = await asyncio.gather(
            self._hosts(),
            asyncio.gather(*map(self._images.trouble, HYPERVISORS)),
            self._connections.shell(SOURCE).run(["sh", "-c", KEYS]),
        )
        if isinstance(here := offers[SOURCE], Failure):
            raise here
        trouble = {host: failure for host, failure in zip(HYPERVISORS, troubles, strict=True) if failure is not None}
        if SOURCE in trouble:
            raise trouble[SOURCE]
        lines = key.stdout.splitlines()
        return BuildInputs(offers, listing, await self._images.all(), trouble, lines[0] if lines else "")

    async def _hosts(self) -> tuple[dict[str, Offer | Failure], Listing]:
        return await self._vms.offers(), await self._vms.listing()

    # -- the draft --

    async def draft(self, request: VmRequest, inputs: BuildInputs) -> Draft:
        """The definition for an order; a Failure for each mistake that can be known now."""
        refusal = (
            refuse_name(request.name, inputs.listing)
            or refuse_size(request)
            or too_much(inputs.known, request.vcpus, request.memory_bytes)
        )
        if refusal:
            raise refusal
        draft = await (self._like(request, inputs) if request.way == LIKE else self._of_image(request, inputs))
        for copy in draft.copies:
            if await self._images.exists(copy.target):
                raise Failure(f"{copy.target} exists already", "no VM of that name has it", "Take another name.")
        return replace(draft, notes=(*draft.notes, *self._notes(parse(draft.xml), request, inputs)))

    def _notes(self, domain: Domain, request: VmRequest, inputs: BuildInputs) -> Iterator[str]:
        there, here = inputs.offers[DESTINATION], inputs.known.get(SOURCE)
        if isinstance(there, Failure):
            yield NO_DESTINATION.format(DESTINATION, there)
        elif DESTINATION in inputs.trouble:
            yield str(inputs.trouble[DESTINATION])
        offer = there if isinstance(there, Offer) else None
        yield from (each.text for each in blockers(domain, self._images.folder, DESTINATION, offer, here))
        for host, each in inputs.known.items():
            if request.memory_bytes > each.daemon.memory_free_bytes:
                yield f"{host} has {size(each.daemon.memory_free_bytes)} of memory free at the moment."

    async def _of_image(self, request: VmRequest, inputs: BuildInputs) -> Draft:
        if not request.image:
            raise Failure("No image was chosen", f"{self._images.folder} has none that is free", "Put one there.")
        image = await self._checked(request.image, request.way, inputs)
        copies: tuple[Copy, ...] = ()
        seed, seed_path, disk, format = None, "", image.path, image.format
        if request.way == CLOUD:
            disk, format = self._own_file(request.name, ".qcow2"), "qcow2"
            seed, seed_path = await self._seed(request)
            await self._refuse_too_large([image])
            copies = (_copy(image, disk, format, request.disk_bytes),)
        cached = not await self._images.takes_direct_io(image.path)
        notes = [f"{self._images.folder} takes no direct I/O, so the disk has cache=writeback."] if cached else []
        kind, why = await self._kind(inputs)
        machine = machine_of_both(inputs.known.values())
        cpu, no_cpu = await self._cpu(kind, inputs)
        cache = "writeback" if cached else "none"
        shape = DomainSpec(request.name, request.vcpus, request.memory_bytes, disk, format, cache, seed_path, kind)
        shape = replace(shape, machine=machine, cpu_xml=cpu, network=request.network)
        notes += [each for each in (why, no_cpu) if each]
        return Draft(request, domain_xml(shape), tuple(notes), copies, seed, seed_path)

    async def _checked(self, path: str, way: str, inputs: BuildInputs) -> Image:
        """The image, which must be one and free; what lies under it must lie on the shared folder, too."""
        image = await self._images.info(path)
        if not image.is_disk:
            raise Failure(f"{path} is no disk that a VM could start from", f"its format is {image.format}")
        if image.backing and not on_shared(image.backing, self._images.folder):
            why = f"it stands on {image.backing}, which is not on the shared folder"
            hint = "Copy both into one: qemu-img convert."
            raise Failure(f"{image.name} would be whole on this host only", why, hint)
        users = users_of(path, inputs.listing.files, inputs.images)
        if users and way != CLOUD:
            hint = "Two VMs on one disk destroy it. Choose another, or make the VM like that one."
            raise Failure(f"{image.name} is in use", f"it is a disk of {' and '.join(users)}", hint)
        active = [name for name in users if inputs.listing.where(name).active]
        if active:
            raise Failure(f"{image.name} can't be copied now", f"{active[0]} runs on it", "Shut that VM down first.")
        return image

    async def _like(self, request: VmRequest, inputs: BuildInputs) -> Draft:
        where = inputs.listing.where(request.template)
        if where.vm is None:
            raise Failure("There is no VM to take as a pattern", where.sentence, "Choose another way.")
        if where.active:
            why = f"{request.template} is {where.sentence}, and writes to its disks"
            raise Failure("It can't be copied now", why, "Shut it down first.")
        text = await self._connections.query(where.host, lambda each: each.definition(request.template, inactive=True))
        if parse(text).mark:
            raise Failure("It can't be copied", f"{request.template} is not whole itself", "D on it says more.")
        disks = [each for each in parse(text).disks if each.source and not each.readonly]
        for disk in disks:
            if disk.kind != "file":
                why = f"its disk {disk.target} is no file, but of the kind {disk.kind}: {disk.source}"
                hint = f"`qemu-img convert` makes a file of it in {self._images.folder}: choose that one as an image."
                raise Failure(f"{request.template} can't be copied", why, hint)
        own = {each.source: self._own_path(each.source, request.name, each.target, len(disks)) for each in disks}
        images = [await self._images.info(each.source) for each in disks]
        await self._refuse_too_large(images)
        copies = [
            _copy(image, own[each.source], each.format or "raw") for image, each in zip(images, disks, strict=True)
        ]
        notes = []
        if "<cmdline>" in text:
            notes.append(
                "The kernel's command line is the pattern's: change in it what must be its own, such as an address."
            )
        if not disks:
            notes.append(f"{request.template} has no disk that could be copied.")
        xml = domain_copy(text, request.name, own, request.vcpus, request.memory_bytes)
        return Draft(request, xml, tuple(notes), tuple(copies))

    def _own_file(self, name: str, suffix: str) -> str:
        return str(PurePosixPath(self._images.folder) / f"{name}{suffix}")

    def _own_path(self, path: str, name: str, target: str, count: int) -> str:
        """Beside nobody else's: on the shared folder, whatever the pattern's lies on."""
        return self._own_file(name, f"{f'-{target}' if count > 1 else ''}{PurePosixPath(path).suffix}")

    async def _refuse_too_large(self, images: Sequence[Image]) -> None:
        """All copies go to the shared folder, so together they must fit."""
        free, needed = await self._images.free_bytes(), sum(image.used_bytes for image in images)
        if needed > free:
            names = " and ".join(image.name for image in images)
            what = f"A copy of {names} does not fit" if len(images) == 1 else f"Copies of {names} do not fit"
            why = f"{'it needs' if len(images) == 1 else 'they need'} {size(needed)}"
            raise Failure(what, f"{why}, and {self._images.folder} has {size(free)} free", "Make room.")

    async def _seed(self, request: VmRequest) -> tuple[Seed, str]:
        seed = Seed(request.name, request.user, request.ssh_key, f"{seeds.host_name(request.name)}-{uuid.uuid4()}")
        refusal = seeds.refuse(seed)
        path = self._own_file(request.name, "-seed.iso")
        if refusal:
            raise refusal
        if await self._images.exists(path):
            raise Failure(f"{path} exists already", "it is the seed of another VM", "Take another name.")
        return seed, path

    async def _kind(self, inputs: BuildInputs) -> tuple[str, str]:
        """KVM where a guest really runs on it on every host that can be asked, else emulation, and why."""
        untried = [host for host in inputs.known if host not in self._kvm]
        users = [inputs.known[host].daemon.qemu_user or (0, 0) for host in untried]
        try:
            found = await asyncio.gather(*map(partial(try_kvm, self._vms.sudo), untried, users))
        except Failure as failure:
            return KVM, f"Whether KVM works could not be tried: {failure}"
        self._kvm |= dict(zip(untried, found, strict=True))
        without = {host: self._kvm[host].words for host in inputs.known if self._kvm[host].outcome != RUNS}
        if without:
            host, words = next(iter(without.items()))
            return QEMU, f"The VM is emulated, and slow: KVM on {host} is {words}."
        return KVM, ""

    async def _cpu(self, kind: str, inputs: BuildInputs) -> tuple[str, str]:
        """The best CPU of all hosts that can be asked, or why there is none in the definition."""
        try:
            asked = (self._connections.query(host, lambda each: each.cpu_xml(kind)) for host in inputs.known)
            cpus = await asyncio.gather(*asked)
            return await self._connections.query(SOURCE, lambda each: each.baseline_cpu(cpus, kind)), ""
        except Failure as failure:
            return "", f"The VM gets QEMU's default CPU: {failure}"

    # -- the making --

    async def create(self, draft: Draft, xml: str, on_progress: OnProgress) -> str:
        """Define it as `xml` says and make its files; where that fails nothing of it stays, or the Failure says so.

        It is marked until all is made: an app that is killed meanwhile leaves a VM of which that is known. Returns the
        sentence that says so.
        """
        name, domain = draft.request.name, parse(xml)
        listing = await self._vms.listing()
        refusal = (
            _refuse_edited(name, domain)
            or refuse_name(name, listing)
            or refuse_identity(domain, listing)
            or _refuse_shared(domain, listing)
        )
        if refusal:
            raise refusal
        files = {file for disk in domain.disks for file in disk.files}
        on_progress(f"defining {name}")
        await self._define(xml)
        made: list[str] = []
        try:
            for copy in draft.copies:
                if copy.target in files:  # else it was edited away
                    await self._images.copy(copy.origin, copy.target, copy.format, copy.least_bytes, on_progress)
                    made.append(copy.target)
            if draft.seed is not None and draft.seed_path in files:
                on_progress(f"making the seed {draft.seed_path}")
                await make_seed(self._vms.sudo, draft.seed, draft.seed_path, draft.copies[0].origin)
                made.append(draft.seed_path)
            await self._connections.command(SOURCE, lambda hypervisor: hypervisor.set_mark(name, ""))
        except Failure as cause:
            left = await self._take_back(name, made)
            if left is None:
                raise
            hint = (
                f"{cause.hint} {name} is left behind, not made to its end: {left} {actions.DELETE} deletes it.".lstrip()
            )
            raise Failure(cause.what, cause.why, hint, detail=f"{cause.detail}\n{left.detail}".strip()) from cause
        made_with_seed = draft.seed is not None and draft.seed_path in made
        # Whatever was known of an older VM of this name is not this one's. A seed gives it an agent, and no address.
        sentence = f"{name} was made on {SOURCE}; {actions.BOOT} starts it."
        if made_with_seed:
            sentence += " Its first boot takes minutes: cloud-init installs the guest agent and gcc."
        try:
            self._addresses.keep(name, AGENT if made_with_seed else "", draft.request.user)
        except Failure as failure:  # the VM is there all the same
            sentence += f" {failure}"
        return sentence

    async def _take_back(self, name: str, made: list[str]) -> Failure | None:
        """Remove what there is of a VM that could not be made; the Failure that keeps some of it there.

        Its definition, which is marked, is the only list of its files: it goes last, and stays where they do.
        """
        try:
            await self._images.remove(made)
            await self._connections.command(SOURCE, lambda hypervisor: hypervisor.undefine(name))
        except Failure as failure:
            return failure
        return None

    async def stop(self) -> bool:
        """End the copying of a disk: `create` then fails, and nothing stays; False where nothing is copied now."""
        return await self._images.stop_copying()

    async def _define(self, xml: str) -> None:
        try:
            await self._connections.command(SOURCE, lambda hypervisor: hypervisor.define(marked(xml, MAKING)))
        except Failure as failure:
            line, why = complaint(failure.detail, xml)
            raise BadDefinition(
                failure.what, why or failure.why, failure.hint, line=line, detail=failure.detail
            ) from failure


def _copy(image: Image, target: str, format: str, least_bytes: int = 0) -> Copy:
    if least_bytes and least_bytes < image.virtual_bytes:
        why = f"the image is {size(image.virtual_bytes)} large"
        raise Failure(f"A disk of {size(least_bytes)} is too small", why, "0 leaves it as large as that.")
    return Copy(image.path, target, format, least_bytes)


def _refuse_edited(name: str, domain: Domain) -> Failure | None:
    if domain.name != name:
        why = f"the definition says {domain.name!r}, and the form {name!r}"
        return Failure("The name was changed", why, "Change it in the form: files are named after it.")
    return None


def _refuse_shared(domain: Domain, listing: Listing) -> Failure | None:
    """Two VMs that write to one disk destroy it."""
    for disk in domain.disks:
        users = users_of(disk.source, listing.files, {}) if disk.source and not disk.readonly else ()
        if users:
            return Failure(f"{disk.source} is in use", f"it is a disk of {' and '.join(users)}", "Take another.")
    return None

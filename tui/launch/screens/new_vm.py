"""The form for a new VM from an image, from a cloud image or like another VM; then shows its definition."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from tui.core.failure import Failure
from tui.core.quantity import exact_size
from tui.core.settings import VmConfig
from tui.core.ssh_target import parse_target
from tui.guest.backend.guest import OnProgress
from tui.launch.backend.new_vms import NewVms
from tui.launch.model.build_plan import BuildInputs, BuildPlan
from tui.launch.model.new_vm import CLOUD, COMMON_CPU, HOST_CPU, LIKE, WAYS, VmRequest, cpu_words
from tui.launch.screens.definition import DefinitionEditor
from tui.migration.model import entry
from tui.ui.choice import Choice
from tui.ui.form import Form, enter, number_field, row, text_field
from tui.vm.model.image import Image, users_of

EXPLAINED = {
    "image": "The VM boots this image directly, not a copy.",
    CLOUD: "A copy; a seed adds a user, key, guest agent and gcc.",
    LIKE: "A copy of its definition and disks; it must be shut off.",
}
ONLY_CLOUD = ("user", "key", "disk")
NOT_LIKE = ("network", "cpu")
NO_NETWORK = "No network is up on the hosts: the key a on Hosts starts libvirt's own."


@dataclass(frozen=True)
class Created:
    """The name of the created VM, and a sentence for the user."""

    name: str
    sentence: str


class NewVmForm(Form[Created]):
    """Dismissed with the created VM, None for Esc; `name` is the proposed name, `template` the first VM to copy."""

    BINDINGS: ClassVar[list[BindingType]] = [enter("show the definition")]
    DEFAULT_CSS = """
    NewVmForm .label { width: 14; }
    NewVmForm .short Input { width: 12; }
    NewVmForm #explained { padding-left: 14; text-style: dim; }
    NewVmForm #message { margin-top: 1; }
    """

    def __init__(self, new_vms: NewVms, proposed: VmConfig, template: str, name: str = "") -> None:
        super().__init__("New VM")
        self._new_vms = new_vms
        self._proposed = proposed
        self._template = template
        self._proposed_name = name
        self._inputs: BuildInputs | None = None
        self._images: Sequence[Image] = ()
        self._names: Sequence[str] = ()
        self._cpus: Sequence[str] = (COMMON_CPU,)
        self._busy = False
        self._edited: dict[VmRequest, tuple[BuildPlan, str]] = {}  # by request: its plan and the edited definition

    def fields(self) -> ComposeResult:
        vm = self._proposed
        user = parse_target(vm.ssh).user if vm.ssh else ""
        name = text_field("name", self._proposed_name)
        name.select_on_focus = True  # typing replaces it
        yield row("name", name)
        yield row("build", Choice(tuple(WAYS.values()), id="way", changed=self._choose_way))
        yield row("image or VM", Choice((), id="of", changed=self._copy_size))
        yield Static(id="explained", markup=False)
        yield row("vCPUs", number_field("vcpus", vm.vcpus, digits=True), "", short=True)
        yield row("memory", text_field("memory", exact_size(vm.memory_bytes)), "", short=True)
        yield row("network", Choice((), id="network"))
        yield row("CPU", Choice((), id="cpu"))
        yield row(
            "user", text_field("user", user if user not in ("", "root") else "ubuntu"), "for login by ssh", short=True
        )
        yield row("ssh key", text_field("key", ""))
        yield row("disk", text_field("disk", "20 GiB"), "0 keeps the size of the image", short=True)

    def on_mount(self) -> None:
        self._explain()
        self._read()

    @property
    def _way(self) -> str:
        return tuple(WAYS)[self.query_one("#way", Choice).index]

    # -- the choices --

    @work(name="inputs")
    async def _read(self) -> None:
        self._busy = True
        self.show_message("Reading the hosts and the shared folder ...")
        try:
            inputs = self._inputs = await self._new_vms.inputs()
        except Failure as failure:
            self.show_message(str(failure), wrong=True)
            return
        finally:
            self._busy = False
        self.query_one("#network", Choice).offer(
            [*(f"{kind} {name}" for kind, name in inputs.usable_networks), "none"], 0
        )
        self._cpus = (COMMON_CPU, HOST_CPU, *inputs.groups)
        self.query_one("#cpu", Choice).offer([*map(cpu_words, self._cpus)], 0)
        self.query_one("#key", Input).value = inputs.ssh_key
        self.show_message("" if inputs.usable_networks else NO_NETWORK)
        self._offer()

    def _offer(self) -> None:
        """Offer the VMs to copy, or the images, unused ones first."""
        inputs = self._inputs
        if inputs is None:
            return
        of = self.query_one("#of", Choice)
        if self._way == LIKE:
            self._names = sorted(inputs.listing.names, key=lambda name: name != self._template)
            of.offer([f"{name}, {inputs.listing.where(name).sentence}" for name in self._names], 0)
            self._copy_size()
            return
        users = {path: users_of(path, inputs.listing.files, inputs.images) for path in inputs.images}
        self._images = sorted(
            (each for each in inputs.images.values() if each.is_disk), key=lambda each: bool(users[each.path])
        )
        texts = [
            f"{each.text}, in use by {' and '.join(users[each.path])}" if users[each.path] else each.text
            for each in self._images
        ]
        of.offer(texts, 0)

    def _choose_way(self) -> None:
        self._explain()
        self._offer()

    def _copy_size(self) -> None:
        """Propose the size of the VM to copy."""
        inputs, of = self._inputs, self.query_one("#of", Choice).index
        vm = inputs.listing.where(self._names[of]).vm if inputs and self._way == LIKE and of >= 0 else None
        if vm is not None:
            self.query_one("#vcpus", Input).value = str(vm.vcpus)
            self.query_one("#memory", Input).value = exact_size(vm.memory_bytes)

    def _explain(self) -> None:
        self.query_one("#explained", Static).update(EXPLAINED[self._way])
        for field in ONLY_CLOUD:
            self.query_one(f"#row-{field}").display = self._way == CLOUD
        for field in NOT_LIKE:
            self.query_one(f"#row-{field}").display = self._way != LIKE

    # -- the request --

    def _request(self, inputs: BuildInputs) -> VmRequest:
        of, network = self.query_one("#of", Choice).index, self.query_one("#network", Choice).index
        request = VmRequest(
            self.text("name"),
            self._way,
            self.number("vcpus", entry.VCPUS.read_whole),
            self.number("memory", entry.MEMORY.read_whole),
            network=inputs.usable_networks[network] if 0 <= network < len(inputs.usable_networks) else None,
        )
        if request.way == LIKE:
            return replace(request, template=self._names[of] if of >= 0 else "", network=None)
        cpu = self._cpus[max(0, self.query_one("#cpu", Choice).index)]
        request = replace(request, image=self._images[of].path if of >= 0 else "", cpu=cpu)
        if request.way != CLOUD:
            return request
        size = self.number("disk", entry.DISK.read_whole)
        return replace(request, user=self.text("user"), ssh_key=self.text("key"), disk_bytes=size)

    def entered(self) -> None:
        """Plan the VM and show its definition; reads the hosts again if that failed."""
        if self._busy:
            return
        if self._inputs is None:
            self._read()
            return
        request = self._request(self._inputs)
        self._busy = True
        self._plan(request, self._inputs)

    @work(name="plan")
    async def _plan(self, request: VmRequest, inputs: BuildInputs) -> None:
        self.show_message("Checking what the hosts can run ...")
        try:
            edited = self._edited.get(request)
            plan = edited[0] if edited else await self._new_vms.plan(request, inputs)
        except Failure as failure:
            self.refuse(failure)
            return
        finally:
            self._busy = False
        self.show_message("")
        self._show(plan, edited[1] if edited else plan.xml)

    def _show(self, plan: BuildPlan, xml: str) -> None:
        async def define(text: str, on_progress: OnProgress) -> str:
            return await self._new_vms.create(plan, text, on_progress)

        title = f"Definition of {plan.request.name}"
        editor = DefinitionEditor(title, xml, plan.notes, define, self._new_vms.stop, ask=plan.ask)

        def ended(sentence: str | None) -> None:
            self._edited[plan.request] = (plan, editor.xml)
            if sentence is not None:
                self.dismiss(Created(plan.request.name, sentence))

        self.app.push_screen(editor, ended)

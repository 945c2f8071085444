"""The form that makes a VM: from an image, from a cloud image, or like another VM; then its definition is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.core.failure import Failure
from tui.core.quantity import exact_size, parse_size
from tui.core.settings import VmConfig
from tui.core.ssh_target import parsed
from tui.launch.backend.new_vms import NewVms
from tui.launch.model.draft import BuildInputs, Draft
from tui.launch.model.new_vm import CLOUD, LIKE, WAYS, VmRequest
from tui.launch.screens.definition import DefinitionEditor
from tui.ui.choice import Choice
from tui.ui.dialog import Form
from tui.ui.fields import TextField
from tui.vm.model.image import Image, users_of

EXPLAINED = {
    "image": "The VM boots this image itself, no copy of it.",
    CLOUD: "Copied; a seed gives it a user, key, guest agent and gcc.",
    LIKE: "A copy of its definition and its disks; it must be shut off.",
}
ONLY_CLOUD = ("user", "key", "disk")
NO_NETWORK = "No network is up on the hosts. virsh -c qemu:///system net-start default, on both, starts libvirt's own."


@dataclass(frozen=True)
class Made:
    """A VM that was made, and the sentence that says so."""

    name: str
    sentence: str


class NewVmForm(Form[Made]):
    """Dismissed with what was made, with None for Esc; reads by itself what there is to make a VM of.

    `name` is proposed for it, `template` is the VM that is first among those it can be like.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "show its definition", key_display="enter", priority=True),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    NewVmForm .row { height: 1; }
    NewVmForm .label { width: 14; }
    NewVmForm Input { width: 1fr; }
    NewVmForm Input:focus { text-style: reverse; }
    NewVmForm .short Input { width: 12; }
    NewVmForm .unit { width: 1fr; padding-left: 1; }
    NewVmForm #explained { padding-left: 14; text-style: dim; }
    NewVmForm #said { margin-top: 1; height: auto; }
    NewVmForm #said.wrong { color: $error; text-style: bold; }
    """

    def __init__(self, new_vms: NewVms, proposed: VmConfig, template: str, name: str = "") -> None:
        super().__init__("New VM")
        self._new_vms = new_vms
        self._proposed = proposed
        self._template = template
        self._free_name = name
        self._ground: BuildInputs | None = None
        self._images: Sequence[Image] = ()
        self._names: Sequence[str] = ()
        self._busy = False
        self._edited: dict[VmRequest, tuple[Draft, str]] = {}  # what was typed for an order that was shown before

    def body(self) -> ComposeResult:
        vm = self._proposed
        user = parsed(vm.ssh).user if vm.ssh else ""
        name = _input("name", self._free_name)
        name.select_on_focus = True  # so that another one is typed over it
        yield _row("name", name)
        yield _row("made", Choice(tuple(WAYS.values()), id="way", changed=self._choose_way))
        yield _row("of", Choice((), id="of", changed=self._take_shape))
        yield Static(id="explained", markup=False)
        yield _row("vCPUs", _input("vcpus", str(vm.vcpus)), "", short=True)
        yield _row("memory", _input("memory", exact_size(vm.memory_bytes)), "", short=True)
        yield _row("network", Choice((), id="network"))
        yield _row(
            "user", _input("user", user if user not in ("", "root") else "ubuntu"), "may log in by ssh", short=True
        )
        yield _row("ssh key", _input("key", ""))
        yield _row("disk", _input("disk", "20 GiB"), "0 leaves it as large as the image", short=True)
        yield Static(id="said", markup=False)

    def on_mount(self) -> None:
        self._explain()
        self._look()

    @property
    def _way(self) -> str:
        return tuple(WAYS)[self.query_one("#way", Choice).index]

    # -- what there is --

    @work(name="ground")
    async def _look(self) -> None:
        self._busy = True
        self._say("Looking at both hosts and the shared folder ...")
        try:
            inputs = self._ground = await self._new_vms.inputs()
        except Failure as failure:
            self._say(str(failure), wrong=True)
            return
        finally:
            self._busy = False
        self.query_one("#network", Choice).offer(
            [*(f"{kind} {name}" for kind, name in inputs.usable_networks), "none"], 0
        )
        self.query_one("#key", Input).value = inputs.ssh_key
        self._say("" if inputs.usable_networks else NO_NETWORK)
        self._offer()

    def _offer(self) -> None:
        """What it can be made of, the free images first."""
        inputs = self._ground
        if inputs is None:
            return
        of = self.query_one("#of", Choice)
        if self._way == LIKE:
            self._names = sorted(inputs.listing.names, key=lambda name: name != self._template)
            of.offer([f"{name}, {inputs.listing.where(name).sentence}" for name in self._names], 0)
            self._take_shape()
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

    def _take_shape(self) -> None:
        """A VM that is like another one has its size, too, unless another is typed."""
        inputs, of = self._ground, self.query_one("#of", Choice).index
        vm = inputs.listing.where(self._names[of]).vm if inputs and self._way == LIKE and of >= 0 else None
        if vm is not None:
            self.query_one("#vcpus", Input).value = str(vm.vcpus)
            self.query_one("#memory", Input).value = exact_size(vm.memory_bytes)

    def _explain(self) -> None:
        self.query_one("#explained", Static).update(EXPLAINED[self._way])
        for field in ONLY_CLOUD:
            self.query_one(f"#row-{field}").display = self._way == CLOUD
        self.query_one("#row-network").display = self._way != LIKE

    # -- the order --

    def _order(self, inputs: BuildInputs) -> VmRequest:
        of, network = self.query_one("#of", Choice).index, self.query_one("#network", Choice).index
        request = VmRequest(
            self._text("name"),
            self._way,
            self._vcpus(),
            self._bytes("memory", "an amount of memory"),
            network=inputs.usable_networks[network] if 0 <= network < len(inputs.usable_networks) else None,
        )
        if request.way == LIKE:
            return replace(request, template=self._names[of] if of >= 0 else "", network=None)
        request = replace(request, image=self._images[of].path if of >= 0 else "")
        if request.way != CLOUD:
            return request
        size = self._bytes("disk", "the size of a disk")
        return replace(request, user=self._text("user"), ssh_key=self._text("key"), disk_bytes=size)

    def _text(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value

    def _vcpus(self) -> int:
        text = self._text("vcpus").strip()
        if not (text.isascii() and text.isdecimal()):
            raise Failure(f'"{text}" is not a number of vCPUs', hint="A whole number is expected.")
        return int(text)

    def _bytes(self, field: str, meant: str) -> int:
        try:
            return parse_size(self._text(field).strip())
        except ValueError as error:
            raise Failure(f'"{self._text(field)}" is not {meant}', hint="Such as 8 GiB or 512 MiB.") from error

    def entered(self) -> None:
        if self._busy:
            return
        if self._ground is None:
            self._look()
            return
        try:
            request = self._order(self._ground)
        except Failure as failure:
            self._say(str(failure), wrong=True)
            return
        self._busy = True
        self._draft(request, self._ground)

    @work(name="draft")
    async def _draft(self, request: VmRequest, inputs: BuildInputs) -> None:
        self._say("Looking what both hosts can run ...")
        try:
            known = self._edited.get(request)
            draft = known[0] if known else await self._new_vms.draft(request, inputs)
        except Failure as failure:
            self._say(str(failure), wrong=True)
            return
        finally:
            self._busy = False
        self._say("")
        self._show(draft, known[1] if known else draft.xml)

    def _show(self, draft: Draft, xml: str) -> None:
        async def define(text: str, on_progress: Callable[[str], None]) -> str:
            return await self._new_vms.create(draft, text, on_progress)

        title = f"{draft.request.name}: what will be defined"
        editor = DefinitionEditor(title, xml, draft.notes, define, self._new_vms.stop)

        def ended(sentence: str | None) -> None:
            self._edited[draft.request] = (draft, editor.xml)
            if sentence is not None:
                self.dismiss(Made(draft.request.name, sentence))

        self.app.push_screen(editor, ended)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.set_class(wrong, "wrong")
        said.update(text)


def _row(label: str, field: Widget, unit: str = "", *, short: bool = False) -> Horizontal:
    units = [Static(unit, classes="unit", markup=False)] if unit else []
    classes = "row short" if short else "row"
    return Horizontal(
        Static(label, classes="label", markup=False), field, *units, classes=classes, id=f"row-{field.id}"
    )


def _input(name: str, value: str) -> Input:
    entry = TextField(value, id=name, compact=True, max_length=2000, select_on_focus=False)
    entry.cursor_blink = False
    return entry

"""The form that starts a workload: opens with values that the VM can hold, so that Enter is enough."""

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.core.failure import Failure
from tui.core.quantity import parse_rate, parse_size, size
from tui.guest.model.workload import MEMORY, MIB, Room, WorkloadSpec, doubt, fitted, pace, refuse
from tui.ui.choice import Choice
from tui.ui.dialog import Form
from tui.ui.fields import TextField


class WorkloadForm(Form[WorkloadSpec]):
    """Dismissed with the workload to start, with None for Esc.

    `proposed` are the workloads as they would run now, each with what is to be said of it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "start", priority=True),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    WorkloadForm .row { height: 1; }
    WorkloadForm .label { width: 18; }
    WorkloadForm Input { width: 10; }
    WorkloadForm Input:focus { text-style: reverse; }
    WorkloadForm Input:disabled { text-style: dim; }
    WorkloadForm .unit { width: 1fr; padding-left: 1; }
    WorkloadForm #explained { padding-left: 18; height: auto; max-height: 3; }
    WorkloadForm #warned { height: auto; color: $warning; }
    WorkloadForm #said { margin-top: 1; height: auto; }
    WorkloadForm #said.wrong { color: $error; text-style: bold; }
    """

    def __init__(self, proposed: Mapping[str, tuple[WorkloadSpec, str]], chosen: str, room: Room) -> None:
        super().__init__("Start a workload")
        self._proposed = {name: spec for name, (spec, _said) in proposed.items()}
        self._said = {name: said for name, (_spec, said) in proposed.items()}
        self._names = list(proposed)
        self._chosen = chosen
        self._room = room

    def body(self) -> ComposeResult:
        memory = self._proposed[MEMORY]
        yield _row(
            "workload", Choice(self._names, self._names.index(self._chosen), id="workload", changed=self._choose)
        )
        yield Static(id="explained", markup=False)
        yield _row("threads", _number("threads", self._proposed[self._chosen].threads), "at a time")
        yield _row("memory of each", _number("size", memory.size_mib), "MiB")
        yield _row("rate", _number("rate", memory.rate_mib_s), "MiB/s in all; 0 is as fast as it can")
        yield Static(id="said", markup=False)
        yield Static(id="warned", markup=False)

    def on_mount(self) -> None:
        self._explain()

    def _choose(self) -> None:
        self._chosen = self._names[self.query_one("#workload", Choice).index]
        self.query_one("#threads", Input).value = str(self._proposed[self._chosen].threads)
        self._explain()

    def on_input_changed(self) -> None:
        self._explain_numbers()

    def _explain(self) -> None:
        chosen = self._proposed[self._chosen]
        self.query_one("#explained", Static).update(chosen.text if chosen.command else chosen.explained)
        for field in ("threads", "size", "rate"):
            self.query_one(f"#row-{field}").display = not chosen.command
        for field in ("size", "rate"):
            self.query_one(f"#{field}", Input).disabled = self._chosen != MEMORY
        self._explain_numbers()

    def _explain_numbers(self) -> None:
        """What the numbers come to, while they are typed."""
        try:
            spec = self._spec()
        except Failure:
            self._say("")
            self._warn("")
            return
        of_vm = f" The VM has {size(self._room.memory_bytes)}." if self._room.memory_bytes else ""
        self._say(f"Working set {pace(spec)}.{of_vm}" if spec.name == MEMORY else "")
        self._warn(self._said[self._chosen] if spec == self._proposed[self._chosen] else doubt(spec, self._room))

    def entered(self) -> None:
        try:
            spec = self._spec()
            refusal = refuse(spec, self._room.memory_bytes)
            if refusal:
                small, said = fitted(spec, self._room)
                if refuse(small, self._room.memory_bytes):
                    raise refusal
                self._propose(small, said)
                return
        except Failure as failure:
            self._say(str(failure), wrong=True)
        else:
            self.dismiss(spec)

    def _propose(self, spec: WorkloadSpec, said: str) -> None:
        """Put other numbers than the typed ones into the form, and say why; Enter takes them."""
        self._proposed[spec.name], self._said[spec.name] = spec, said
        for field, value in (("threads", spec.threads), ("size", spec.size_mib)):
            self.query_one(f"#{field}", Input).value = str(value)
        self._explain_numbers()

    def _spec(self) -> WorkloadSpec:
        if self._proposed[self._chosen].command:
            return self._proposed[self._chosen]
        threads = self._whole("threads", "a number of threads")
        if self._chosen != MEMORY:
            return WorkloadSpec(self._chosen, threads)
        return WorkloadSpec(
            MEMORY, threads, self._whole("size", "a size in MiB"), self._whole("rate", "a rate in MiB/s")
        )

    def _whole(self, field: str, meant: str) -> int:
        """The field's number; with a unit it is taken, too."""
        text = self.query_one(f"#{field}", Input).value.strip()
        if text.isascii() and text.isdecimal():
            return int(text)
        try:
            if field == "threads":
                raise ValueError(text)
            return (parse_rate(text) if field == "rate" else parse_size(text)) // MIB
        except ValueError as error:
            raise Failure(f'"{text}" is not {meant}', hint="A whole number is expected.") from error

    def _say(self, text: str, *, wrong: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.set_class(wrong, "wrong")
        said.update(text)

    def _warn(self, text: str) -> None:
        warned = self.query_one("#warned", Static)
        warned.display = bool(text)
        warned.update(text)


def _row(label: str, field: Widget, unit: str = "") -> Horizontal:
    return Horizontal(
        Static(label, classes="label", markup=False),
        field,
        Static(unit, classes="unit"),
        classes="row",
        id=f"row-{field.id}",
    )


def _number(name: str, value: int) -> Input:
    return TextField(str(value), id=name, compact=True, max_length=9, select_on_focus=True)

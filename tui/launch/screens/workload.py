"""The form that starts a workload: opens with values that the VM can hold, so that Enter is enough."""

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from tui.core.failure import Failure
from tui.core.quantity import size
from tui.guest.model.workload import MEMORY, Room, WorkloadSpec, doubt, fitted, pace, refuse
from tui.migration.model import entry
from tui.ui.choice import Choice
from tui.ui.form import Form, enter, number_field, row


class WorkloadForm(Form[WorkloadSpec]):
    """Dismissed with the workload to start, with None for Esc.

    `proposed` are the workloads as they would run now, each with what is to be said of it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [enter("start")]
    DEFAULT_CSS = """
    WorkloadForm .row Input { width: 10; }
    WorkloadForm #explained { padding-left: 18; height: auto; max-height: 3; }
    WorkloadForm #warned { height: auto; color: $warning; }
    WorkloadForm #message { margin-top: 1; }
    """

    def __init__(self, proposed: Mapping[str, tuple[WorkloadSpec, str]], chosen: str, room: Room) -> None:
        super().__init__("Start a workload")
        self._proposed = {name: spec for name, (spec, _said) in proposed.items()}
        self._said = {name: said for name, (_spec, said) in proposed.items()}
        self._names = list(proposed)
        self._chosen = chosen
        self._room = room

    def fields(self) -> ComposeResult:
        memory = self._proposed[MEMORY]
        yield row("workload", Choice(self._names, self._names.index(self._chosen), id="workload", changed=self._choose))
        yield Static(id="explained", markup=False)
        yield row("threads", number_field("threads", self._proposed[self._chosen].threads, longest=9), "at a time")
        yield row("memory of each", number_field("size", memory.size_mib, longest=9), "MiB")
        yield row("rate", number_field("rate", memory.rate_mib_s, longest=9), "MiB/s in all; 0 is as fast as it can")

    def body(self) -> ComposeResult:
        yield from super().body()
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
            self.show_message("")
            self._warn("")
            return
        of_vm = f" The VM has {size(self._room.memory_bytes)}." if self._room.memory_bytes else ""
        self.show_message(f"Working set {pace(spec)}.{of_vm}" if spec.name == MEMORY else "")
        self._warn(self._said[self._chosen] if spec == self._proposed[self._chosen] else doubt(spec, self._room))

    def entered(self) -> None:
        spec = self._spec()
        refusal = refuse(spec, self._room.memory_bytes)
        if refusal is None:
            self.dismiss(spec)
            return
        small, said = fitted(spec, self._room)
        if refuse(small, self._room.memory_bytes):
            raise refusal
        self._propose(small, said)

    def _propose(self, spec: WorkloadSpec, said: str) -> None:
        """Put other numbers than the typed ones into the form, and say why; Enter takes them."""
        self._proposed[spec.name], self._said[spec.name] = spec, said
        for field, value in (("threads", spec.threads), ("size", spec.size_mib)):
            self.query_one(f"#{field}", Input).value = str(value)
        self._explain_numbers()

    def _spec(self) -> WorkloadSpec:
        if self._proposed[self._chosen].command:
            return self._proposed[self._chosen]
        threads = self.number("threads", entry.THREADS.read_whole)
        if self._chosen != MEMORY:
            return WorkloadSpec(self._chosen, threads)
        size_mib = self.number("size", entry.WORKING_SET.read_whole)
        return WorkloadSpec(MEMORY, threads, size_mib, self.number("rate", entry.WRITE_RATE.read_whole))

    def _warn(self, text: str) -> None:
        warned = self.query_one("#warned", Static)
        warned.display = bool(text)
        warned.update(text)

"""The form that starts a workload; its initial values fit the VM, so Enter is enough."""

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from tui.core.failure import Failure
from tui.core.quantity import size
from tui.guest.model.workload import (
    MEMORY,
    VmCapacity,
    WorkloadSpec,
    overcommit_warning,
    scale_down,
    validate_spec,
    working_set_text,
)
from tui.migration.model import entry
from tui.ui.choice import Choice
from tui.ui.form import Form, enter, number_field, row


class WorkloadForm(Form[WorkloadSpec]):
    """Dismissed with the workload to start, None for Esc; `proposed` are the workloads, each with a note on it."""

    BINDINGS: ClassVar[list[BindingType]] = [enter("start")]
    DEFAULT_CSS = """
    WorkloadForm .row Input { width: 10; }
    WorkloadForm #explained { padding-left: 18; height: auto; max-height: 3; }
    WorkloadForm #warning { height: auto; color: $warning; }
    WorkloadForm #message { margin-top: 1; }
    """

    def __init__(self, proposed: Mapping[str, tuple[WorkloadSpec, str]], chosen: str, capacity: VmCapacity) -> None:
        super().__init__("Start a workload")
        self._proposed = {name: spec for name, (spec, _note) in proposed.items()}
        self._notes = {name: note for name, (_spec, note) in proposed.items()}
        self._names = list(proposed)
        self._chosen = chosen
        self._capacity = capacity

    def fields(self) -> ComposeResult:
        memory = self._proposed[MEMORY]
        yield row("workload", Choice(self._names, self._names.index(self._chosen), id="workload", changed=self._choose))
        yield Static(id="explained", markup=False)
        yield row("threads", number_field("threads", self._proposed[self._chosen].threads, digits=True))
        yield row("memory per thread", number_field("size", memory.size_mib), "MiB")
        yield row("total rate", number_field("rate", memory.rate_mib_s), "MiB/s; 0 is as fast as it can")

    def body(self) -> ComposeResult:
        yield from super().body()
        yield Static(id="warning", markup=False)

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
        self.query_one("#explained", Static).update(chosen.text if chosen.command else chosen.description)
        for field in ("threads", "size", "rate"):
            self.query_one(f"#row-{field}").display = not chosen.command
        for field in ("size", "rate"):
            self.query_one(f"#{field}", Input).disabled = self._chosen != MEMORY
        self._explain_numbers()

    def _explain_numbers(self) -> None:
        """Show the working set, the rate and a warning while the user types."""
        try:
            spec = self._spec()
        except Failure:
            self.show_message("")
            self._warn("")
            return
        of_vm = f" The VM has {size(self._capacity.memory_bytes)}." if self._capacity.memory_bytes else ""
        self.show_message(f"Working set {working_set_text(spec)}.{of_vm}" if spec.name == MEMORY else "")
        unchanged = spec == self._proposed[self._chosen]
        self._warn(self._notes[self._chosen] if unchanged else overcommit_warning(spec, self._capacity))

    def entered(self) -> None:
        """Dismiss with the workload; one that is too large is scaled down first and shown again."""
        spec = self._spec()
        failure = validate_spec(spec, self._capacity.memory_bytes)
        if failure is None:
            self.dismiss(spec)
            return
        small, note = scale_down(spec, self._capacity)
        if validate_spec(small, self._capacity.memory_bytes):
            raise failure
        self._propose(small, note)

    def _propose(self, spec: WorkloadSpec, note: str) -> None:
        """Replace the typed numbers, and show why; Enter accepts them."""
        self._proposed[spec.name], self._notes[spec.name] = spec, note
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
        warning = self.query_one("#warning", Static)
        warning.display = bool(text)
        warning.update(text)

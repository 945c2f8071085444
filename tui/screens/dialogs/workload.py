"""The form that starts a workload: opens with the configured values, so that Enter is enough."""

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.model.failure import Failure
from tui.model.quantity import parse_rate, parse_size, size
from tui.model.workload import EXPLAINED, MEMORY, MIB, WorkloadSpec, refuse
from tui.screens.dialogs.dialog import Dialog
from tui.widgets.choice import Choice


class WorkloadForm(Dialog[WorkloadSpec]):
    """Dismissed with the workload to start, with None for Esc; `proposed` are the workloads as they are configured."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "start", priority=True),
        Binding("up", "app.focus_previous", "field", show=False),
        Binding("down", "app.focus_next", "field", key_display="up/down"),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    WorkloadForm .row { height: 1; }
    WorkloadForm .label { width: 18; }
    WorkloadForm Input { width: 10; }
    WorkloadForm Input:focus { text-style: reverse; }
    WorkloadForm Input:disabled { text-style: dim; }
    WorkloadForm .unit { width: 1fr; padding-left: 1; }
    WorkloadForm #explained { padding-left: 18; }
    WorkloadForm #said { margin-top: 1; height: auto; }
    WorkloadForm #said.wrong { color: $error; text-style: bold; }
    """

    def __init__(self, proposed: Mapping[str, WorkloadSpec], chosen: str, memory_bytes: int) -> None:
        super().__init__("Start a workload")
        self._proposed = dict(proposed)
        self._names = list(proposed)
        self._chosen = chosen
        self._memory_bytes = memory_bytes

    def body(self) -> ComposeResult:
        memory = self._proposed[MEMORY]
        yield _row("workload", Choice(self._names, self._names.index(self._chosen), id="workload"))
        yield Static(id="explained", markup=False)
        yield _row("threads", _number("threads", self._proposed[self._chosen].threads), "at a time")
        yield _row("memory of each", _number("size", memory.size_mib), "MiB")
        yield _row("rate", _number("rate", memory.rate_mib_s), "MiB/s in all; 0 is as fast as it can")
        yield Static(id="said", markup=False)

    def on_mount(self) -> None:
        self._explain()

    def on_choice_changed(self) -> None:
        self._chosen = self._names[self.query_one("#workload", Choice).index]
        self.query_one("#threads", Input).value = str(self._proposed[self._chosen].threads)
        self._explain()

    def on_input_changed(self) -> None:
        self._explain_memory()

    def _explain(self) -> None:
        self.query_one("#explained", Static).update(EXPLAINED[self._chosen])
        for field in ("size", "rate"):
            self.query_one(f"#{field}", Input).disabled = self._chosen != MEMORY
        self._explain_memory()

    def _explain_memory(self) -> None:
        """What the numbers come to, while they are typed."""
        try:
            spec = self._spec()
        except Failure:
            self._say("")
            return
        of_vm = f" of the VM's {size(self._memory_bytes)}" if self._memory_bytes else ""
        self._say(f"Together {size(spec.threads * spec.size_mib * MIB)}{of_vm}." if spec.name == MEMORY else "")

    def entered(self) -> None:
        try:
            spec = self._spec()
            refusal = refuse(spec, self._memory_bytes)
            if refusal:
                raise refusal
        except Failure as failure:
            self._say(str(failure), wrong=True)
        else:
            self.dismiss(spec)

    def _spec(self) -> WorkloadSpec:
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


def _row(label: str, field: Widget, unit: str = "") -> Horizontal:
    return Horizontal(Static(label, classes="label", markup=False), field, Static(unit, classes="unit"), classes="row")


def _number(name: str, value: int) -> Input:
    return Input(str(value), id=name, compact=True, max_length=9, select_on_focus=True)

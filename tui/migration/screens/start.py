"""The form that starts a migration: opens with the configured defaults, so that Enter is enough."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar, TypeVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.core.failure import Failure
from tui.core.plan import POST_COPY_MANUAL, POST_COPY_TIMEOUT, PRE_COPY, TECHNIQUES, Plan
from tui.core.settings import OTHER
from tui.migration.backend.migration import Migration
from tui.migration.backend.migrations import Migrations
from tui.migration.model import entry
from tui.ui.choice import Choice
from tui.ui.dialog import Form
from tui.ui.fields import TextField
from tui.vm.model.location import VmOnHost

N = TypeVar("N", int, float)

EXPLAINED = {
    PRE_COPY: "Passes until the rest fits the downtime. No p later.",
    POST_COPY_TIMEOUT: "Pre-copy; switches when the time is up, or at p.",
    POST_COPY_MANUAL: "Pre-copy until you press p; then the VM moves at once.",
}
YES_NO = ("no", "yes")


class StartForm(Form[Migration]):
    """Dismissed with the migration that was started, with None for Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "start", key_display="enter", priority=True),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    StartForm .row { height: 1; }
    StartForm .label { width: 18; }
    StartForm Input { width: 10; }
    StartForm Input:focus { text-style: reverse; }
    StartForm Input:disabled { text-style: dim; }
    StartForm .unit { width: 1fr; padding-left: 1; }
    StartForm #direction, StartForm #explained { padding-left: 18; }
    StartForm #said { margin-top: 1; height: auto; }
    StartForm #said.wrong { color: $error; text-style: bold; }
    """

    def __init__(self, migrations: Migrations, defaults: Plan, found: Sequence[VmOnHost] | None) -> None:
        super().__init__("Start a migration")
        self._migrations = migrations
        self._defaults = defaults
        self._found: Sequence[VmOnHost] | None = None
        self._first_found = found
        self._busy = False
        self._wanted = False  # Enter was pressed before the VMs were known

    def body(self) -> ComposeResult:
        plan = self._defaults
        yield _row("VM", Choice((), id="vm", changed=self._direction))
        yield Static(id="direction", markup=False)
        technique = list(TECHNIQUES).index(plan.technique)
        yield _row("technique", Choice(tuple(TECHNIQUES.values()), technique, id="technique", changed=self._explain))
        yield Static(id="explained", markup=False)
        yield _row("timeout", _number("timeout", f"{plan.timeout_s:g}"), "s until post-copy by itself")
        yield _row("bandwidth", _number("bandwidth", str(plan.bandwidth_mib_s)), "MiB/s at most; 0 is no limit")
        yield _row("maximum downtime", _number("downtime", str(plan.downtime_ms)), "ms that the VM may stand still")
        yield _row("auto-converge", Choice(YES_NO, int(plan.auto_converge), id="auto_converge"))
        yield _row("parallel", _number("parallel", str(plan.parallel)), "connections; 0 is a single one")
        yield Static(id="said", markup=False)

    def on_mount(self) -> None:
        self._explain()
        if self._first_found is not None:
            self._offer(self._first_found)
        self._look()

    # -- the VMs --

    @work(name="vms")
    async def _look(self) -> None:
        if self._found is None:
            self._say("Asking both hosts for their VMs ...")
        self._offer(await self._migrations.vms())
        if self._wanted:
            self._wanted = False
            self.entered()

    def _offer(self, found: Sequence[VmOnHost]) -> None:
        """Show the VMs, running ones first, the one of before chosen."""
        chosen = self._chosen() or next((each for each in found if each.vm.name == self._defaults.vm), None)
        ordered = sorted(found, key=lambda each: (not each.vm.active, each.vm.name))
        names = [each.vm.name for each in ordered]
        best = [n for n, each in enumerate(ordered) if chosen is not None and each.vm.name == chosen.vm.name]
        self._found = ordered
        self.query_one("#vm", Choice).offer(names, (best or [0])[0])
        self._direction()
        if not self._busy:
            self._say_unreachable()

    def _chosen(self) -> VmOnHost | None:
        index = self.query_one("#vm", Choice).index
        return self._found[index] if self._found and index >= 0 else None

    def _direction(self) -> None:
        found = self._chosen()
        if found is None:
            text = "No VM was found on either host. Page 3 starts one." if self._found is not None else ""
        else:
            vm = found.vm
            text = f"{found.host} -> {OTHER[found.host]}   {vm.state}, {vm.shape}"
        self.query_one("#direction", Static).update(text)

    def _say_unreachable(self) -> None:
        failures = self._migrations.unreachable.values()
        self._say("\n".join(map(str, failures)), wrong=True)

    # -- the fields --

    def _technique(self) -> str:
        return list(TECHNIQUES)[self.query_one("#technique", Choice).index]

    def _explain(self) -> None:
        technique = self._technique()
        self.query_one("#explained", Static).update(EXPLAINED[technique])
        self.query_one("#timeout", Input).disabled = technique != POST_COPY_TIMEOUT

    def _plan(self, found: VmOnHost) -> Plan | None:
        """What the form says, or None after saying what is wrong with it."""
        technique = self._technique()
        try:
            plan = replace(
                self._defaults,
                vm=found.vm.name,
                technique=technique,
                bandwidth_mib_s=self._read("bandwidth", entry.BANDWIDTH.read_whole),
                downtime_ms=self._read("downtime", entry.DOWNTIME.read_whole),
                auto_converge=self.query_one("#auto_converge", Choice).index == 1,
                parallel=self._read("parallel", entry.PARALLEL.read_whole),
            )
            if technique == POST_COPY_TIMEOUT:
                plan = replace(plan, timeout_s=self._read("timeout", entry.TIMEOUT.read))
        except ValueError as error:
            self._say(str(error), wrong=True)
            return None
        return plan

    def _read(self, field: str, read: Callable[[str], N]) -> N:
        """The field's number; one that is none is raised, and has the focus."""
        box = self.query_one(f"#{field}", Input)
        try:
            return read(box.value)
        except ValueError:
            box.focus()
            raise

    # -- the start --

    def entered(self) -> None:
        if self._busy:
            return
        if self._found is None:
            self._wanted = True
            return
        found = self._chosen()
        if found is None:
            self._say("There is no VM to migrate. Page 3, Launch, starts one.", wrong=True)
            return
        plan = self._plan(found)
        if plan is not None:
            self._busy = True
            self._start(plan)

    @work(name="start")
    async def _start(self, plan: Plan) -> None:
        self._say(f"Checking whether {plan.vm} can be migrated ...")
        try:
            failures = await self._migrations.preflight(plan)
            if not failures:
                self.dismiss(await self._migrations.start(plan))
                return
        except Failure as failure:
            failures = [failure]
        self._busy = False
        self._say("\n".join(["Nothing was started:", *(f"- {failure}" for failure in failures)]), wrong=True)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.set_class(wrong, "wrong")
        said.update(text)


def _row(label: str, field: Widget, unit: str = "") -> Horizontal:
    units = [Static(unit, classes="unit", markup=False)] if unit else []
    return Horizontal(Static(label, classes="label", markup=False), field, *units, classes="row")


def _number(name: str, value: str) -> Input:
    return TextField(value, id=name, compact=True, select_on_focus=True)

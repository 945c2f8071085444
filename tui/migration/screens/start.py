"""The form that starts a migration; it opens with the configured defaults, so Enter is enough."""

from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from tui.core.connections import SILENT_LIMIT_S
from tui.core.failure import Failure, WrongField
from tui.core.plan import AUTOMATIC, POST_COPY_MANUAL, POST_COPY_TIMEOUT, PRE_COPY, TECHNIQUES, Plan
from tui.core.settings import OTHER
from tui.core.virsh_options import USUAL, option_words
from tui.forecast.backend.current import Forecasting
from tui.migration.backend.migrations import Migration, Migrations
from tui.migration.backend.preflight import Moved, Refused
from tui.migration.model import entry
from tui.migration.screens.forecast_form import ForecastForm
from tui.migration.screens.options import OptionsForm
from tui.ui.choice import Choice
from tui.ui.form import enter, number_field, row
from tui.vm.model.location import Inventory, VmOnHost

EXPLAINED = {
    PRE_COPY: "Passes until the rest fits the downtime; no post-copy.",
    POST_COPY_TIMEOUT: "Pre-copy, then post-copy: after the timeout, or at p.",
    POST_COPY_MANUAL: "Pre-copy until you press p; then the VM moves at once.",
    AUTOMATIC: "Post-copy as soon as pre-copy proves not to end.",
}
YES_NO = ("no", "yes")


class StartForm(ForecastForm):
    """Dismissed with the started migration, with None for Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [
        enter("start"),
        Binding("o", "options", "options", priority=True, tooltip="The further options of virsh migrate"),
    ]
    DEFAULT_CSS = """
    StartForm .row Input { width: 10; }
    StartForm #direction, StartForm #explained { padding-left: 18; }
    StartForm #message { margin-top: 1; }
    StartForm #further { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    StartForm.forecast.further.-low ForecastWords { height: 3; }
    """

    def __init__(
        self,
        migrations: Migrations,
        defaults: Plan,
        inventory: Inventory | None,
        forecaster: Forecasting | None = None,
    ) -> None:
        super().__init__("Start a migration", defaults, forecaster)
        self._migrations = migrations
        self._found: list[VmOnHost] | None = None
        self._known = inventory
        self._start_when_read = False  # Enter was pressed before the VMs were read

    def fields(self) -> ComposeResult:
        plan = self._defaults
        yield row("VM", Choice((), id="vm", changed=self._direction))
        yield Static(id="direction", markup=False)
        technique = list(TECHNIQUES).index(plan.technique)
        yield row("technique", Choice(tuple(TECHNIQUES.values()), technique, id="technique", changed=self._explain))
        yield Static(id="explained", markup=False)
        yield row("timeout", number_field("timeout", f"{plan.timeout_s:g}"), "s until post-copy starts")
        yield row(
            "bandwidth", number_field("bandwidth", plan.bandwidth_mib_s), "MiB/s until post-copy; 0 means no limit"
        )
        yield row("maximum downtime", number_field("downtime", plan.downtime_ms), "ms that the VM may be paused")
        yield row("auto-converge", Choice(YES_NO, int(plan.auto_converge), id="auto_converge", changed=self.replan))
        yield row("parallel", number_field("parallel", plan.parallel), "connections; 0 means one")
        yield Static(id="further", markup=False)

    def on_mount(self) -> None:
        self._explain()
        self._show_further()
        if self._known is not None:
            self._offer(self._known)
        self._read_vms()

    # -- the VMs --

    @work(name="vms")
    async def _read_vms(self) -> None:
        if self._found is None:
            self.show_message("Reading the VMs of both hosts ...")
        self._offer(await self._migrations.vms())
        if self._start_when_read:
            self._start_when_read = False
            self.submit()

    def _offer(self, inventory: Inventory) -> None:
        """Show the VMs, running ones first; the chosen one stays chosen."""
        chosen = self.chosen_vm() or inventory.origin(self._defaults.vm)
        ordered = sorted(inventory.found, key=lambda each: (not each.vm.active, each.vm.arriving, each.vm.name))
        names = [each.vm.name for each in ordered]
        best = [n for n, each in enumerate(ordered) if chosen is not None and each.vm.name == chosen.vm.name]
        self._found = ordered
        self.query_one("#vm", Choice).offer(names, (best or [0])[0])
        self._direction()
        if not self._busy:
            self.show_message("\n".join(map(str, inventory.failures.values())), wrong=True)

    def chosen_vm(self) -> VmOnHost | None:
        index = self.query_one("#vm", Choice).index
        return self._found[index] if self._found and index >= 0 else None

    def _direction(self) -> None:
        found = self.chosen_vm()
        if found is None:
            text = "No VM was found on either host. The Launch page starts one." if self._found is not None else ""
        else:
            vm = found.vm
            text = f"{found.host} -> {OTHER[found.host]}   {vm.state}, {vm.shape}"
        self.query_one("#direction", Static).update(text)
        self.measure()

    # -- the fields --

    def _technique(self) -> str:
        return list(TECHNIQUES)[self.query_one("#technique", Choice).index]

    def _explain(self) -> None:
        technique = self._technique()
        self.query_one("#explained", Static).update(EXPLAINED[technique])
        self.query_one("#timeout", Input).disabled = technique != POST_COPY_TIMEOUT
        self.replan()

    def plan_of(self, found: VmOnHost) -> Plan:
        technique = self._technique()
        plan = replace(
            self._defaults,
            vm=found.vm.name,
            technique=technique,
            bandwidth_mib_s=self.number("bandwidth", entry.BANDWIDTH.read_whole),
            downtime_ms=self.number("downtime", entry.DOWNTIME.read_whole),
            auto_converge=self.query_one("#auto_converge", Choice).index == 1,
            parallel=self.number("parallel", entry.PARALLEL.read_whole),
        )
        if technique == POST_COPY_TIMEOUT:
            plan = replace(plan, timeout_s=self.number("timeout", entry.TIMEOUT.read))
        return plan

    # -- the further options --

    @work(name="options", exclusive=True)
    async def action_options(self) -> None:
        """Open the dialog with the further options; they are those of the plan from then on."""
        found = self.chosen_vm()
        if found is None or self._busy:
            return
        try:
            plan = self.plan_of(found)
        except WrongField as failure:
            self.refuse(failure)
            return
        hosts = await self._migrations.daemons(found.host)
        chosen = await self.app.push_screen_wait(OptionsForm(plan, hosts))
        if chosen is not None:
            self._defaults = replace(self._defaults, **{name: getattr(chosen, name) for name in USUAL})
            self._show_further()
            self.replan()

    def _show_further(self) -> None:
        words = option_words(self._defaults)
        further = self.query_one("#further", Static)
        further.update(f"with {', '.join(words)}")
        further.display = bool(words)
        self.set_class(bool(words), "further")

    # -- the start --

    def entered(self) -> None:
        if self._busy:
            return
        if self._found is None:
            self._start_when_read = True
            return
        found = self.chosen_vm()
        if found is None:
            raise Failure("There is no VM to migrate", hint="The Launch page starts one.")
        plan = self.plan_of(found)
        self._busy = True
        self._start(plan, found.host)

    async def _started(self, plan: Plan, origin: str) -> Migration:
        """The started migration, with the forecast that is known by now."""
        known = await self.stop_measuring(plan)
        limit = f"a host that does not answer is given up after {SILENT_LIMIT_S:.0f} s"
        self.show_message(f"Checking whether {plan.vm} can be migrated; {limit} ...")
        if known is None:
            return await self._migrations.start(plan, origin)
        return await self._migrations.start(plan, origin, forecast=known)

    @work(name="start")
    async def _start(self, plan: Plan, origin: str) -> None:
        failures: tuple[Failure, ...]
        try:
            self.dismiss(await self._started(plan, origin))
            return
        except Refused as refused:
            failures = refused.failures
        except Moved as moved:
            failures = (moved,)
            self._offer(moved.inventory)
        except Failure as failure:
            failures = (failure,)
        finally:
            self._busy = False
        self.measure(to_its_end=True)  # Enter skipped the rest of it
        self.show_message("\n".join(["Nothing was started:", *(f"- {failure}" for failure in failures)]), wrong=True)

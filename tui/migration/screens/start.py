"""The form that starts a migration; it opens with the configured defaults, so Enter is enough."""

from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.core.failure import Failure, WrongField
from tui.core.plan import AUTOMATIC, TECHNIQUES, TIMED, Plan
from tui.core.virsh_options import USUAL, option_words
from tui.forecast.backend.current import Forecasting
from tui.migration.backend.before.preflight import Moved, Refused
from tui.migration.backend.before.presets import FormPresets
from tui.migration.backend.migrations import Migration, Migrations
from tui.migration.backend.scripts import Scripts
from tui.migration.model import entry
from tui.migration.screens.automatic import AutomaticFields
from tui.migration.screens.findings import AGAIN, Blocked
from tui.migration.screens.options import OptionsForm
from tui.migration.screens.technique import EXPLAINED, TIMEOUT_UNITS
from tui.migration.screens.virsh import VirshDialog
from tui.migration.screens.way_form import COMPARING, WayForm
from tui.ui.choice import Choice
from tui.ui.dialog import Box
from tui.ui.fields import TextField
from tui.ui.form import enter, number_field, row
from tui.vm.model.location import Inventory, VmOnHost

YES_NO = ("no", "yes")
TITLE = "Start a migration"
DOWNTIME_UNIT = "ms that the VM may be paused"


class StartForm(WayForm):
    """Dismissed with the started migration, with None for Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [
        enter("start"),
        Binding("o", "options", "options", priority=True, tooltip="The further options of virsh migrate"),
        Binding("t", "preset", "preset", priority=True, tooltip="Take the next preset of the configuration"),
        Binding("y", "virsh", "virsh", priority=True,
                tooltip="Copy as virsh: the commands that do the same, or libvirt-python"),
    ]  # fmt: skip
    DEFAULT_CSS = """
    /* It hangs from the top: a technique with fewer fields makes it shorter, and no row above moves. */
    StartForm { align-vertical: top; }
    StartForm > Box { margin-top: 2; }
    StartForm.forecast > Box { margin-top: 0; }
    StartForm .row Input { width: 10; }
    StartForm #direction, StartForm #explained { padding-left: 18; }
    StartForm #message { margin-top: 1; }
    StartForm #fields { height: auto; }
    StartForm #fields > .away { height: 0; }
    StartForm #pair { height: 1; }
    StartForm #row-auto_converge { width: 28; }
    StartForm #row-parallel { width: 1fr; }
    StartForm #row-parallel .label { width: 10; }
    StartForm #further { height: 1; padding-left: 2; text-wrap: nowrap; text-overflow: ellipsis; }
    StartForm.forecast.further.-low ForecastWords { height: 3; }
    """

    def __init__(
        self,
        migrations: Migrations,
        defaults: Plan,
        inventory: Inventory | None,
        forecaster: Forecasting | None = None,
        scripts: Scripts | None = None,
    ) -> None:
        super().__init__(TITLE, migrations, defaults, forecaster)
        self.presets = FormPresets({})
        self.preset = ""  # the one that is shown
        self._own = defaults  # without a preset
        self._scripts = scripts
        self._known = inventory
        self._auto_converge = int(defaults.auto_converge)  # while another value is shown

    def fields(self) -> ComposeResult:
        with Container(id="fields"):
            yield from self._rows()
        yield Static(id="further", markup=False)
        yield self.findings_line

    def _rows(self) -> ComposeResult:
        plan = self._defaults
        yield self.way
        yield Static(id="direction", markup=False)
        technique = list(TECHNIQUES).index(plan.technique)
        yield row("technique", Choice(tuple(TECHNIQUES.values()), technique, id="technique", changed=self._explain))
        yield Static(id="explained", markup=False)
        yield AutomaticFields(plan, self._explain)
        yield row("timeout", number_field("timeout", f"{plan.timeout_s:g}"), "s")
        yield row(
            "bandwidth", number_field("bandwidth", plan.bandwidth_mib_s), "MiB/s until post-copy; 0 means no limit"
        )
        yield row("maximum downtime", number_field("downtime", plan.downtime_ms), DOWNTIME_UNIT)
        with Horizontal(id="pair"):
            yield row("auto-converge", Choice(YES_NO, int(plan.auto_converge), id="auto_converge", changed=self.replan))
            yield row("parallel", number_field("parallel", plan.parallel, digits=True), "connections; 0 = one")

    def on_mount(self) -> None:
        for field in self.query(TextField):
            field.passed = "obyt" if self.presets.named else "oby"
        self._explain()
        self._show_further()
        if self.preset:
            self._take(self.preset)
        if self._known is not None:
            (self._offer_part if self._known.late else self._offer)(self._known)
        self._read_vms()

    def _technique(self) -> str:
        return list(TECHNIQUES)[self.query_one("#technique", Choice).index]

    def _explain(self) -> None:
        """Show what the technique does, and only the fields that it has."""
        technique, automatic = self._technique(), self.query_one(AutomaticFields)
        explained = self.query_one("#explained", Static)
        explained.update(self.with_keys(EXPLAINED.get(technique, "")))
        explained.display = technique != AUTOMATIC
        _offer_row(automatic, technique == AUTOMATIC)
        _offer_row(self.query_one("#row-timeout"), technique in TIMED)
        self.query_one("#row-timeout .unit", Static).update(TIMEOUT_UNITS.get(technique, ""))
        own = technique == AUTOMATIC and automatic.words.sets_downtime
        self.query_one("#row-downtime .unit", Static).update(
            "ms until the policy sets another" if own else DOWNTIME_UNIT
        )
        self._force_auto_converge(technique == AUTOMATIC and not automatic.post_copy)
        self.replan()

    def _force_auto_converge(self, forced: bool) -> None:
        """Show that it is used in place of post-copy; afterwards what was chosen before holds again."""
        field = self.query_one("#auto_converge", Choice)
        if forced != field.disabled:
            self._auto_converge = self._auto_converge if field.disabled else field.index
            field.disabled = forced
            field.offer(YES_NO[1:] if forced else YES_NO, 0 if forced else self._auto_converge)

    def plan_of(self, found: VmOnHost) -> Plan:
        technique = self._technique()
        plan = replace(
            self._defaults,
            vm=found.vm.name,
            to=self.way.target if len(self.way.targets) > 1 else "",
            technique=technique,
            bandwidth_mib_s=self.number("bandwidth", entry.BANDWIDTH.read_whole),
            downtime_ms=self.number("downtime", entry.DOWNTIME.read_whole),
            auto_converge=self.query_one("#auto_converge", Choice).index == 1,
            parallel=self.number("parallel", entry.PARALLEL.read_whole),
            post_copy_refused="",  # the host of an earlier migration refused it
        )
        if technique == AUTOMATIC:
            automatic = self.query_one(AutomaticFields)
            total_s = self.number("total", entry.TOTAL.read) if automatic.post_copy else 0.0
            plan = automatic.applied(plan, total_s)
        if technique in TIMED:
            plan = replace(plan, timeout_s=self.number("timeout", entry.TIMEOUT.read))
        return plan

    @work(name="virsh", exclusive=True, group="virsh")
    async def action_virsh(self) -> None:
        """Copy what would be started as virsh, unless it is being started."""
        found = self.chosen_vm()
        if self._busy:
            return
        if found is None or self._scripts is None:
            self.show_message("There is no VM yet whose migration could be copied.")
            return
        try:
            script = await self._scripts.of_plan(self.plan_of(found), found.host)
        except Failure as failure:
            self.refuse(failure)
        else:
            if not self._busy:
                self.app.push_screen(VirshDialog(script))

    # -- the further options --

    @work(name="options", exclusive=True, group="options")
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
        target = self.way.target
        hosts = await self._migrations.daemons(found.host, target) if target else None
        if self._busy:  # Enter was pressed meanwhile
            return
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
        self.show_findings()

    # -- presets --

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the key of presets where there are none."""
        if action == "preset" and not self.presets.named:
            return False
        return super().check_action(action, parameters)

    def action_preset(self) -> None:
        """Show the values of the next preset; after the last one come those of the form."""
        if not self._busy:
            self._take(self.presets.after(self.preset))

    def _take(self, name: str) -> None:
        """Fill the fields with the values of a preset, or "" for those that the form had."""
        self.preset, vm = name, self._defaults.vm
        self._defaults = plan = replace(self.presets.named[name].plan(vm) if name else self._own, vm=vm)
        self.query_one(Box).border_title = Content(f"{TITLE}: {name}" if name else TITLE)
        self.query_one("#technique", Choice).offer(tuple(TECHNIQUES.values()), list(TECHNIQUES).index(plan.technique))
        self.query_one(AutomaticFields).take(plan)
        values = {"timeout": f"{plan.timeout_s:g}", "bandwidth": plan.bandwidth_mib_s, "downtime": plan.downtime_ms}
        for field, value in (values | {"parallel": plan.parallel}).items():
            self.query_one(f"#{field}", TextField).value = str(value)
        self._auto_converge, converge = int(plan.auto_converge), self.query_one("#auto_converge", Choice)
        if not converge.disabled:
            converge.offer(YES_NO, self._auto_converge)
        self._explain()
        self._show_further()

    # -- the start --

    def entered(self) -> None:
        if self._busy:
            return
        if self.way.found is None:
            self._start_when_read = True
            return
        found = self.chosen_vm()
        if found is None:
            raise Failure("There is no VM to migrate", hint="The Launch page starts one.")
        if self.waits_for_targets():
            self._start_when_read = True
            self.show_message(COMPARING.format(found.vm.name))
            return
        plan = self.plan_of(found)
        self._busy = True
        self._start(plan, found.host, live=found.vm.active)

    async def _started(self, plan: Plan, origin: str) -> Migration:
        """The started migration, with the forecast that is known by now."""
        known = await self.stop_measuring(plan)
        started = await self.checked_start(plan, origin, known)
        self.presets.use(self.preset)
        self.way.last_targets.use(plan.vm, origin, started.target)
        return started

    async def _moved(self, plan: Plan, origin: str) -> None:
        self.show_message(f"Moving the definition of {plan.vm} ...")
        self.app.notify(await self._migrations.move_definition(plan, origin), markup=False)

    @work(name="start")
    async def _start(self, plan: Plan, origin: str, *, live: bool) -> None:
        failures: tuple[Failure, ...]
        advice: list[str] = []
        try:
            if live:
                await self.refuse_blocked()
            self.dismiss(await (self._started(plan, origin) if live else self._moved(plan, origin)))
            return
        except Refused as refused:
            failures, advice = refused.failures, [AGAIN] if isinstance(refused, Blocked) else []
        except Moved as moved:
            failures = (moved,)
            self._offer(moved.inventory)
        except Failure as failure:
            failures = (failure,)
        finally:
            self._busy = False
        self.measure(to_its_end=True)  # Enter skipped the rest of it
        lines = ["Nothing was started:", *(f"- {failure}" for failure in failures), *advice]
        self.show_message("\n".join(lines), wrong=True)


def _offer_row(row: Widget, offered: bool) -> None:
    """Show a row, or let it take no space.

    Textual orders the fields by where they were drawn last. One that was not displayed has no place until the next
    frame, so a key that follows at once would miss it.
    """
    row.set_class(not offered, "away")
    row.disabled = not offered

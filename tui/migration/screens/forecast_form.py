"""The part of the form that starts a migration which shows its forecast."""

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Input

from tui.core.failure import WrongField
from tui.core.plan import Plan
from tui.forecast.backend.current import CurrentForecast, Forecasting, Subject
from tui.forecast.model.chosen import chosen
from tui.forecast.model.forecast import Inputs
from tui.forecast.model.policy_words import unforeseen
from tui.forecast.screens.picture import PictureDialog, picture_of
from tui.forecast.widgets.table import ForecastTable
from tui.forecast.widgets.words import ForecastWords
from tui.migration.backend.migrations import Migration
from tui.ui.chart.chart import Chart
from tui.ui.form import Form
from tui.ui.question import Answer, Question
from tui.vm.model.location import VmOnHost, state_words

KEYS = {"picture": "f", "skip": "x", "probe": "p"}
NO_KEYS = rf"[^{''.join(KEYS.values())}]*"  # a key that can't act now must not become a part of a number
WIDE = 118  # columns: the sentences are beside the fields
SHORT = 32  # rows: below, a note takes the place of a sentence


class ForecastForm(Form[Migration]):
    """A form with the forecast of its VM and its options below the fields, or beside them; without one if it is None.

    A subclass calls `measure` and `replan` after changes, and `stop_measuring` before the start.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "picture", "picture", priority=True,
                tooltip="The forecast as a picture: what the VM dirties within a time, against what the link sends"),
        Binding("x", "skip", "skip", priority=True, tooltip="Skip the measurement: the forecast keeps what it has"),
        Binding("p", "probe", "probe", priority=True, tooltip="Send for one second to measure the link"),
    ]  # fmt: skip
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (SHORT, "-medium"), (40, "-high")]
    DEFAULT_CSS = """
    ForecastForm.forecast > Box { width: 80; }
    ForecastForm.forecast #top, ForecastForm.forecast #form { height: auto; }
    ForecastForm.forecast #message { margin-top: 0; min-height: 1; }
    ForecastForm.forecast ForecastWords { height: 4; }
    ForecastForm.forecast ForecastTable { height: 6; }
    ForecastForm.forecast Chart { display: none; }
    ForecastForm.forecast.-medium ForecastWords { height: 5; margin-bottom: 1; }
    ForecastForm.forecast.-high Chart { display: block; height: 12; margin-top: 1; }
    ForecastForm.forecast.-wide > Box { width: 118; }
    ForecastForm.forecast.-wide #top { layout: horizontal; margin-bottom: 1; }
    ForecastForm.forecast.-wide #form { width: 73; }
    ForecastForm.forecast.-wide ForecastWords { width: 1fr; height: 10; margin: 0; }
    ForecastForm.forecast.-wide.-medium Chart { display: block; height: 10; margin-top: 1; }
    ForecastForm.forecast.-wide.-high Chart { height: 18; }
    """

    def __init__(self, title: str, defaults: Plan, forecaster: Forecasting | None) -> None:
        super().__init__(title)
        self._defaults = defaults
        self._busy = False  # the migration is being started
        self._forecast = CurrentForecast(forecaster) if forecaster else None
        self.set_class(self._forecast is not None, "forecast")
        if self._forecast is not None:
            self._forecast.listen(lambda: self.call_later(self._show_forecast))

    def chosen_vm(self) -> VmOnHost | None:
        """The VM to migrate."""
        raise NotImplementedError

    def target(self) -> str:
        """The host that the VM would go to, "" if there is none."""
        raise NotImplementedError

    def plan_of(self, found: VmOnHost) -> Plan:
        """The plan with the options of the form; raises WrongField."""
        raise NotImplementedError

    def body(self) -> ComposeResult:
        """The fields, and the forecast below or beside them."""
        if self._forecast is None:
            yield from super().body()
            return
        with Container(id="top"):
            with Container(id="form"):
                yield from super().body()
            yield ForecastWords()
        yield ForecastTable()
        yield Chart()

    def on_mount(self) -> None:
        if self._forecast is not None:
            for field in self.query(Input):
                field.restrict = NO_KEYS

    def on_unmount(self) -> None:
        if self._forecast is not None:
            self._forecast.skip()

    def on_input_changed(self) -> None:
        self.replan()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys of the forecast are hidden without one, and greyed while they can't act."""
        if action not in KEYS:
            return super().check_action(action, parameters)
        if self._forecast is None:
            return False
        can = {
            "picture": self._forecast.inputs is not None,
            "skip": self._forecast.measuring,
            "probe": self._forecast.bandwidth_unknown and not self._busy,
        }
        return can[action] or None

    # -- what it is of --

    def measure(self, *, to_its_end: bool = False) -> None:
        """Forecast the migration of the chosen VM, unless it is being started.

        With `to_its_end`, a measurement that was skipped is made again.
        """
        found = self.chosen_vm()
        if self._forecast is None or self._busy:
            return
        if found is None:
            self._forecast.none("")
        elif not found.vm.running:
            self._forecast.none(f"No forecast: {found.vm.name} is {state_words(found.vm)}, so it dirties no memory.")
        else:
            plan = self._readable_plan(found) or replace(self._defaults, vm=found.vm.name)
            target = self.target()
            if target:
                self._forecast.measure(Subject(found.vm, found.host, target), plan, to_its_end=to_its_end)
            else:
                self._forecast.none("")

    def replan(self) -> None:
        """Make the forecast again with the options of the form."""
        found = self.chosen_vm()
        if self._forecast is not None and found is not None and not self._busy:
            plan = self._readable_plan(found)
            if plan is not None:
                self._forecast.replan(plan)
            self._show_forecast()

    async def stop_measuring(self, plan: Plan) -> Inputs | None:
        """What is known for the forecast of a plan, once the measurement has stopped."""
        if self._forecast is None:
            return None
        if self._forecast.measuring:
            self.show_message("Stopping the measurement ...")
        self._forecast.replan(plan)
        await self._forecast.stop()
        return self._forecast.inputs

    def _readable_plan(self, found: VmOnHost) -> Plan | None:
        """The plan, or None while a number is being typed."""
        try:
            return self.plan_of(found)
        except WrongField:
            return None

    # -- what is shown --

    def _show_forecast(self) -> None:
        forecast, found = self._forecast, self.chosen_vm()
        if forecast is None:
            return
        comparison, note = forecast.comparison, forecast.note
        plan = self._readable_plan(found) if found else None
        if comparison and plan is None and not note:
            note = "This forecast is of the options before: a number can't be read."
        if comparison and plan:
            note = note or unforeseen(plan)
        short = self.size.height < SHORT
        self.query_one(ForecastWords).show_words(note, comparison, wrong=forecast.failed, short=short)
        self.query_one(ForecastTable).show_comparison(comparison, chosen(plan) if plan else "")
        self.query_one(Chart).picture = picture_of(forecast)
        self.refresh_bindings()

    def action_picture(self) -> None:
        """Show the picture in full."""
        found = self.chosen_vm()
        if self._forecast is not None and found is not None:
            self.app.push_screen(PictureDialog(self._forecast, found.vm.name))

    def action_skip(self) -> None:
        """Stop measuring."""
        if self._forecast is not None:
            self._forecast.skip()

    def action_probe(self) -> None:
        """Probe the link, after a confirmation."""
        forecast = self._forecast
        subject = forecast.subject if forecast else None
        if forecast is None or subject is None:
            return

        def answered(key: str | None) -> None:
            if key == "y" and not self._busy:
                forecast.probe()

        text = (
            f"{subject.origin} sends to {subject.target} for one second, as fast as it can. Others that use the link "
            "are slower meanwhile."
        )
        answers = [Answer("y", "send for one second"), Answer("n", "go on without a forecast")]
        self.app.push_screen(Question("Probe the link?", text, answers), answered)

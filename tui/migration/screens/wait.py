"""The part of the form that starts a migration which waits for its checks: how long, for what, and its end by Esc."""

import time
from collections.abc import Mapping

from textual import work

from tui.core.aged import last_answer
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.forecast.backend.current import Forecasting
from tui.forecast.model.forecast import Inputs
from tui.migration.backend.migrations import Migration, Migrations
from tui.migration.screens.findings import FindingsForm
from tui.ui.waiting import SHOWN_AFTER_S, waiting
from tui.vm.model.location import LastSeen

ASK_EVERY_S = 2


class WaitingForm(FindingsForm):
    """A form whose `checked_start` shows what it waits for; Esc ends the wait, and closes the form at other times."""

    def __init__(self, title: str, defaults: Plan, forecaster: Forecasting | None, migrations: Migrations) -> None:
        super().__init__(title, defaults, forecaster)
        self._migrations = migrations
        self._waits_for = ""  # the VM whose checks are under way
        self._began = 0.0
        self._asked = False  # the hosts were asked, so that it is known which one does not answer
        self._silent: Mapping[str, LastSeen] = {}  # those that do not

    async def checked_start(self, plan: Plan, origin: str, forecast: Inputs | None) -> Migration:
        """The started migration; raises as Migrations.start does."""
        self._waits_for, self._began, self._asked, self._silent = plan.vm, time.monotonic(), False, {}
        self._show_wait()
        watching = self.set_interval(1.0, self._show_wait)
        more = {} if forecast is None else {"forecast": forecast}
        try:
            return await self._migrations.start(plan, origin, **more)
        finally:
            watching.stop()
            self._waits_for = ""

    def _show_wait(self) -> None:
        if not self._waits_for:
            return
        passed = time.monotonic() - self._began
        if passed >= SHOWN_AFTER_S and not self._asked and int(passed) % ASK_EVERY_S == 0:
            self._asked = True
            self._ask_hosts()
        hosts = ", ".join(f"{host} ({last_answer(each.age_s)})" for host, each in self._silent.items())
        text = f"Checking whether {self._waits_for} can be migrated ..."
        self.show_message(f"{text} {waiting(passed, hosts or 'the hosts')}".rstrip())

    @work(name="ask", exclusive=True, group="ask")
    async def _ask_hosts(self) -> None:
        """Find out which host does not answer, and since when."""
        self._silent = (await self._migrations.vms()).seen
        self._asked = False

    def action_close(self) -> None:
        """End the wait, if there is one."""
        if self._waits_for:
            self._waits_for = ""
            self._stop_wait()
        else:
            super().action_close()

    @work(name="stop", group="stop")
    async def _stop_wait(self) -> None:
        self.show_message("Ending the wait ...")
        try:
            if not await self._migrations.stop_start():
                self.show_message("It is too late to end the wait: the migration is being started.")
        except Failure as failure:
            self.show_message(str(failure), wrong=True)

"""The part of the form that starts a migration which reads the VMs, and shows which one goes where."""

import asyncio

from textual import work
from textual.widgets import Static

from tui.core.host_words import all_of
from tui.core.plan import Plan
from tui.forecast.backend.current import Forecasting
from tui.migration.backend.migrations import Migrations
from tui.migration.screens.findings import FindingsForm
from tui.migration.screens.way import WayFields
from tui.vm.model.location import Inventory, VmOnHost

OFF = "{} is off: only its definition moves to {}, which must have its disks. Nothing is recorded."
LATE_AGAIN_S = 2.0  # between two readings while a host is late


class WayForm(FindingsForm):
    """A form with `way`, the VM and its target, and a #direction; a subclass yields both."""

    def __init__(self, title: str, migrations: Migrations, defaults: Plan, forecaster: Forecasting | None) -> None:
        super().__init__(title, defaults, forecaster)
        self.way = WayFields(self._direction)
        self.way.wanted = defaults.to
        self._migrations = migrations
        self._start_when_read = False  # Enter was pressed before the VMs were read

    @work(name="vms")
    async def _read_vms(self) -> None:
        if self.way.found is None:
            self.show_message(f"Reading the VMs of {all_of(self._migrations.hosts)} ...")
        self._offer(inventory := await self._migrations.vms(self._offer_part))
        if self._start_when_read:
            self._start_when_read = False
            self.submit()
        while inventory.late:
            await asyncio.sleep(LATE_AGAIN_S)
            before, inventory = inventory, await self._migrations.vms()
            if (inventory.found, inventory.failures.keys()) != (before.found, before.failures.keys()):
                self._offer(inventory)

    def _offer_part(self, inventory: Inventory) -> None:
        """Offer what is known while a host is late, unless it may have the VM that is proposed."""
        proposed = inventory.origin(self._defaults.vm)
        if proposed is not None and proposed.vm.active:
            self._offer(inventory)

    def _offer(self, inventory: Inventory) -> None:
        """Show the VMs, running ones first; the chosen one stays chosen."""
        self.way.offer(inventory, self._defaults.vm)
        self._direction()
        if inventory.failures and not self._busy:
            wrong = inventory.failures.keys() > inventory.late
            self.show_message("\n".join(map(str, inventory.failures.values())), wrong=wrong)

    def chosen_vm(self) -> VmOnHost | None:
        return self.way.chosen

    def target(self) -> str:
        return self.way.target

    def _direction(self) -> None:
        found = self.chosen_vm()
        target = self.way.target if found else ""
        if found is None:
            text = "No VM was found on any host. The Launch page starts one." if self.way.found is not None else ""
        else:
            vm = found.vm
            text = f"{found.host} -> {target or 'there is no other host'}   {vm.state}, {vm.shape}"
        if not self._busy:
            off = OFF.format(found.vm.name, target) if found and target and not found.vm.active else ""
            self.show_message(off, wrong=not off)
        self.query_one("#direction", Static).update(text)
        self.measure()
        self.read_findings()

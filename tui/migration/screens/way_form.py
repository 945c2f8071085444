"""The part of the form that starts a migration which reads the VMs, and shows which one goes where."""

import asyncio
from typing import Protocol

from textual import work
from textual.widgets import Static

from tui.core.failure import Failure
from tui.core.host_words import all_of
from tui.core.log import log
from tui.core.plan import Plan
from tui.forecast.backend.current import Forecasting
from tui.migration.backend.migrations import Migrations
from tui.migration.screens.wait import WaitingForm
from tui.migration.screens.way import WayFields
from tui.vm.model.location import Inventory, VmOnHost
from tui.vm.model.targets import Choices

COMPARING = "Comparing the hosts that {} can go to ..."
OFF = "{} is off: only its definition moves to {}, which must have its disks. Nothing is recorded."
LATE_AGAIN_S = 2.0  # between two readings while a host is late


class RanksTargets(Protocol):
    """What the form needs of vm.backend.targets.Targets."""

    async def choices(self, name: str, host: str) -> Choices:
        """The hosts to which the VM on `host` can go, read now."""


class WayForm(WaitingForm):
    """A form with `way`, the VM and its target, and a #direction; a subclass yields both."""

    def __init__(self, title: str, migrations: Migrations, defaults: Plan, forecaster: Forecasting | None) -> None:
        super().__init__(title, defaults, forecaster, migrations)
        self.way = WayFields(self._direction)
        self.way.wanted = defaults.to
        self.ranks: RanksTargets | None = None  # None: the targets are in the order of the configuration
        self._start_when_read = False  # Enter was pressed before the VMs and their targets were read
        self._unread: Inventory | None = None  # with the hosts that could not be read
        self._ranking: tuple[str, str] | None = None  # the VM and its host whose targets are read

    @work(name="vms")
    async def _read_vms(self) -> None:
        if self.way.found is None:
            self.show_message(f"Reading the VMs of {all_of(self._migrations.hosts)} ...")
        self._offer(inventory := await self._migrations.vms(self._offer_part))
        self._start_if_ready()
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
        self._unread = inventory
        self.way.offer(inventory, self._defaults.vm)
        self._direction()

    def chosen_vm(self) -> VmOnHost | None:
        return self.way.chosen

    def target(self) -> str:
        return self.way.target

    def _direction(self) -> None:
        found = self.chosen_vm()
        target = self.way.target if found else ""
        if found is None:
            text = self._no_vm() if self.way.found is not None else ""
        else:
            against = self.way.against(target)
            about = f"can't take it: {against}" if against else f"{found.vm.state}, {found.vm.shape}"
            text = f"{found.host} -> {target or 'there is no other host'}   {about}"
        if not self._busy:
            self._say(found, target)
        self.query_one("#direction", Static).update(text)
        self.measure()
        self.read_findings()
        self._rank(found)

    def _say(self, found: VmOnHost | None, target: str) -> None:
        """Show what is so of a VM that is off, why the first target is first, and the hosts that could not be read."""
        failures = self._unread.failures if self._unread is not None else {}
        wrong = self._unread is not None and failures.keys() > self._unread.late
        off = OFF.format(found.vm.name, target) if found and target and not found.vm.active else ""
        why = self.way.ranking.why if self.way.ranking is not None and not wrong else ""
        self.show_message("\n".join(filter(None, (off, why, *map(str, failures.values())))), wrong=wrong)

    def _no_vm(self) -> str:
        """Why there is no VM to choose."""
        lost = self._unread.lost if self._unread is not None else ()
        text = "No VM was found on any host. The Launch page starts one."
        return "; ".join(f"{each.name} was {each.last_seen}" for each in lost) or text

    # -- its targets --

    def waits_for_targets(self) -> bool:
        """Whether the targets of the chosen VM are still compared, and nobody has chosen one."""
        return self._ranking is not None and not self.way.decided

    def _rank(self, found: VmOnHost | None) -> None:
        """Compare the targets of the chosen VM, once, where there are several."""
        wanted = (found.vm.name, found.host) if found is not None else None
        if self.ranks is None or found is None or len(self.way.targets) < 2 or self.way.ranking is not None:
            return
        if wanted != self._ranking:
            self._ranking = wanted
            self._read_targets(self.ranks, found)

    @work(name="targets", group="targets", exclusive=True)
    async def _read_targets(self, ranks: "RanksTargets", found: VmOnHost) -> None:
        try:
            known = await ranks.choices(found.vm.name, found.host)
        except Failure as failure:  # the start itself fails with it
            log.info("The targets of %s are unknown: %s", found.vm.name, failure)
            known = Choices()
        self._ranking = None
        self.way.rank(found, known)
        self._direction()
        self._start_if_ready()

    def _start_if_ready(self) -> None:
        if self._start_when_read and self.way.found is not None and not self.waits_for_targets():
            self._start_when_read = False
            self.submit()

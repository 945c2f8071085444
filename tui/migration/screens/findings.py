"""The part of the form that starts a migration which shows what keeps its VM from migrating."""

from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from tui.core.failure import Failure
from tui.core.log import log
from tui.core.plan import Plan
from tui.forecast.backend.current import Forecasting
from tui.migration.backend.before.preflight import Refused
from tui.migration.screens.forecast_form import ForecastForm
from tui.vm.model.blockers import Blocker
from tui.vm.screens.mend import MendDialog, Mending
from tui.vm.widgets import FindingsLine

KEY = "b"
MOST = 2  # sentences in the message
AGAIN = f"{KEY} lists and mends what keeps it. Enter again starts it nevertheless, and libvirt decides."


class Blocked(Refused):
    """The VM is blocked as far as the app knows; libvirt was not asked."""


class FindingsForm(ForecastForm):
    """A form with one line on what blocks its VM; without one if `mending` is None, or if the VM is off.

    A subclass yields `findings_line`, and calls `read_findings` after another VM was chosen, `show_findings` after
    other options were.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(KEY, "mend", "mend", show=False, priority=True, tooltip="List and mend what keeps the VM"),
    ]
    DEFAULT_CSS = """
    FindingsForm.forecast.findings.-low ForecastWords { height: 3; }
    FindingsForm.forecast.findings.further.-low ForecastWords { height: 2; }
    """

    def __init__(self, title: str, defaults: Plan, forecaster: Forecasting | None) -> None:
        super().__init__(title, defaults, forecaster)
        self.mending: Mending | None = None
        self.findings_line = FindingsLine(KEY)
        self._read: tuple[str, str, str] | None = None  # the VM, its host and the target whose findings are read
        self._findings: tuple[Blocker, ...] = ()
        self._refused: tuple[str, ...] = ()  # what an earlier Enter was refused with

    @property
    def findings(self) -> tuple[Blocker, ...]:
        """Those that hold with the options of the form."""
        copied = self._defaults.copies_all_disks
        return tuple(each for each in self._findings if not (copied and each.unless_copied))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the key while there is nothing to mend."""
        if action == "mend":
            return bool(self.findings) and not self._busy
        return super().check_action(action, parameters)

    def read_findings(self) -> None:
        """Read what keeps the chosen VM, unless the migration is being started."""
        found = self.chosen_vm()
        wanted = (found.vm.name, found.host, self.target()) if found is not None and found.vm.active else None
        if wanted != self._read:
            self._findings, self._refused = (), ()
            self.show_findings()
        self._read = wanted
        if self.mending is not None and wanted is not None and wanted[2] and not self._busy:
            self._read_now(self.mending, *wanted)

    @work(group="findings", exclusive=True)
    async def _read_now(self, mending: Mending, name: str, host: str, target: str) -> None:
        await self._update(mending, name, host, target)

    async def _update(self, mending: Mending, name: str, host: str, target: str) -> None:
        try:
            found = await mending.findings(name, host, target)
        except Failure as failure:  # the start itself fails with it
            log.info("What keeps %s from migrating is unknown: %s", name, failure)
            found = ()
        if self._read == (name, host, target):
            self._findings = found
            self.show_findings()

    def show_findings(self) -> None:
        """Show the line, or none."""
        found = self.findings
        self.findings_line.show_findings(found)
        worth = any(not each.note for each in found)
        self.findings_line.display = worth
        self.set_class(worth, "findings")
        self.refresh_bindings()

    async def refuse_blocked(self) -> None:
        """Read the findings again if the VM was blocked; raise Blocked if it still is, but not twice with the same."""
        if self.mending is None or self._read is None or not self._blocked():
            return
        await self._update(self.mending, *self._read)
        texts = self._blocked()
        if not texts or texts == self._refused:
            return
        self._refused = texts
        more = [f"{len(texts) - MOST} more"] if len(texts) > MOST else []
        raise Blocked(tuple(map(Failure, (*texts[:MOST], *more))))

    def _blocked(self) -> tuple[str, ...]:
        return tuple(each.text for each in self.findings if each.blocks)

    def action_mend(self) -> None:
        """Open the list of findings; they are read again when it closes."""
        if self.mending is not None and self._read is not None:
            name, *way = self._read
            dialog = MendDialog(self.mending, name, (way[0], way[1]), self.findings)
            self.app.push_screen(dialog, lambda _: self.read_findings())

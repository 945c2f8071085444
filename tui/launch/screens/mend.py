"""The key of the Launch page that mends what keeps the chosen VM from migrating."""

from textual.binding import Binding

from tui.core.failure import Failure
from tui.launch.screens.view import LaunchView
from tui.vm.screens.mend import MendDialog

MEND = "mend"
MEND_BINDING = Binding("b", MEND, "mend", show=False, tooltip="What keeps the VM from migrating, and mend it",
                       id="launch.mend")  # fmt: skip


class MendView(LaunchView):
    """A subclass adds MEND_BINDING to its own, and asks `why_not_mend`."""

    def why_not_mend(self) -> str:
        """Why there is nothing to mend."""
        where, found = self._where, self._chosen_row().blockers
        if where.vm is None:
            return f"{where.name}: {where.sentence}."
        if where.arrives_at:
            return f"{where.name} is being migrated."
        definition = self._listing.domain(where.name)
        if isinstance(definition, Failure):
            return str(definition)
        if found is None:
            return "The hosts have not answered yet."
        if where.name not in self._verdicts.best:
            return "There is no other host."
        return "" if found else f"Nothing known blocks the migration of {where.name}."

    def action_mend(self) -> None:
        """Open the dialog; the page reads the hosts again when it closes."""
        name, found = self._launch.name, self._chosen_row().blockers
        way = (self._where.host, self._verdicts.best.get(name, ""))
        self.app.push_screen(MendDialog(self._launch.fixes, name, way, found or ()))

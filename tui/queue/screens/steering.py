"""The keys that steer one of many migrations, or all marked ones at once, as the page of one migration does."""

from collections.abc import Callable, Sequence
from functools import cached_property

from tui.migration.backend.migrations import Migration
from tui.migration.model import entry, keys
from tui.migration.model.keys import BANDWIDTH, CANCEL, DOWNTIME, POST_COPY_NOW
from tui.migration.screens.number import NumberDialog
from tui.queue.model.move import Move
from tui.queue.screens.table import QueueTable
from tui.ui.question import Answer, Question

# By action: what it does to a migration, in migration.model.keys.
STEERS = {"post_copy": POST_COPY_NOW, "cancel": CANCEL, "downtime": DOWNTIME, "bandwidth": BANDWIDTH}
MOST_NAMED = 4  # VMs in a question


class SteersMany(QueueTable):
    """The table with these keys; a subclass has their bindings."""

    @cached_property
    def _keys(self) -> dict[str, str]:
        """A sentence about a migration names the keys of its own page; here they are those of the table."""
        known = super()._keys
        names = {"post-copy", "cancel", "downtime", "bandwidth"}
        return known | {f"migrate.{name}": known[f"queue.{name}"] for name in names}

    def why_not_steered(self, action: str) -> str:
        """Why none of the chosen migrations can be steered so; empty if one can."""
        chosen = self._acted()
        if not chosen:
            return "There is no migration here."
        reasons = [self._why_not_one(action, each) for each in chosen]
        return "" if "" in reasons else reasons[0]

    def _why_not_one(self, action: str, move: Move) -> str:
        live = self.migration(move)
        if live is None:
            return f"{move.vm} is not under way." if not move.under_way else f"{move.vm} is being started."
        return keys.why_not(STEERS[action], live.timeline)

    def _steered(self, action: str) -> list[Migration]:
        """The chosen migrations that can be steered so now."""
        found = [self.migration(each) for each in self._acted() if not self._why_not_one(action, each)]
        return [each for each in found if each is not None]

    def action_post_copy(self) -> None:
        """Switch without a question: every second counts."""
        for each in self._steered("post_copy"):
            each.controls.switch_to_post_copy()

    def action_cancel(self) -> None:
        """Cancel after a confirmation."""
        chosen = [each.run for each in self._steered("cancel")]
        if not chosen:
            return

        def steered() -> list[Migration]:
            known = [self._migrations.all[run] for run in chosen]
            return [each for each in known if not keys.why_not(CANCEL, each.timeline)]

        def text() -> str:
            left = steered()
            if not left:
                return "None of them can be cancelled any more."
            names, hosts = names_of([each.vm.name for each in left]), names_of(sorted({each.origin for each in left}))
            return f"{names} {'stays' if len(left) == 1 else 'stay'} on {hosts}. What was sent is discarded."

        def answered(key: str | None) -> None:
            for each in steered() if key == "y" else ():
                each.controls.cancel()

        title = "Cancel the migration?" if len(chosen) == 1 else f"Cancel {len(chosen)} migrations?"
        self.app.push_screen(Question(title, text, [Answer("y", "cancel"), Answer("n", "let it continue")]), answered)

    def action_downtime(self) -> None:
        """Change the maximum downtime of each."""
        chosen = self._steered("downtime")
        if chosen:
            names = names_of([each.vm.name for each in chosen])
            text = f"How long the VM may be paused while the rest is sent: {names}."
            now = max(each.timeline.max_downtime_ms for each in chosen) or 300
            dialog = NumberDialog("Maximum downtime", text, now, "ms", entry.DOWNTIME)
            self.app.push_screen(dialog, self._setter("downtime", chosen, lambda each: each.controls.set_max_downtime))

    def action_bandwidth(self) -> None:
        """Change the bandwidth limit of each."""
        chosen = self._steered("bandwidth")
        if chosen:
            names = names_of([each.vm.name for each in chosen])
            text = f"The highest rate of sending of each: {names}; 0 means no limit."
            status = self.status
            if status is not None and status["limits"]["bandwidth"]:
                text += " The queue shares its budget anew when a migration starts or ends."
            now = max(each.timeline.bandwidth_mib_s for each in chosen)
            dialog = NumberDialog("Bandwidth limit", text, now, "MiB/s", entry.BANDWIDTH)
            self.app.push_screen(dialog, self._setter("bandwidth", chosen, lambda each: each.controls.set_bandwidth))

    def _setter(
        self, action: str, chosen: list[Migration], call: Callable[[Migration], Callable[[int], None]]
    ) -> Callable[[int | None], None]:
        """What to do with the number of the dialog: set it where that is still possible."""

        def answered(value: int | None) -> None:
            if value is None:
                return
            reasons = [keys.why_not(STEERS[action], each.timeline) for each in chosen]
            for each, reason in zip(chosen, reasons, strict=True):
                if not reason:
                    call(each)(value)
            if all(reasons):
                self.explain(reasons[0])

        return answered


def names_of(vms: Sequence[str]) -> str:
    """The first VMs by their names, the others by their number."""
    more = len(vms) - MOST_NAMED
    if more > 1:
        return f"{', '.join(vms[:MOST_NAMED])} and {more} more"
    return " and ".join([", ".join(vms[:-1]), vms[-1]] if len(vms) > 1 else vms)

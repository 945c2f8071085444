"""The part of the Hosts page that empties a host, and shows which ones are in maintenance."""

import asyncio
from collections.abc import Callable, Mapping

from textual import work
from textual.binding import Binding
from textual.content import Content

from tui.checklist.backend.checklist import Checklist
from tui.checklist.screens.page import ListPage
from tui.core.failure import Failure, or_failure
from tui.core.threads import on_thread
from tui.ui.error_report import WATCH
from tui.ui.lines import Lines
from tui.ui.question import Answer, Question
from tui.vm.model.maintenance import Marks, why_not
from tui.vm.screens.moving import EMPTY, MAINTENANCE, MaintenanceRequested, MoveRequested, empty_binding

MARKS_EVERY_S = 2.0
EMPTY_BINDINGS = (
    empty_binding("hosts.empty", "Move all VMs off the host under the cursor; shows the plan first"),
    Binding("m", MAINTENANCE, "maintenance", show=False, id="hosts.maintenance",
            tooltip="Nothing is proposed to go to the host in maintenance; again: it ends"),
)  # fmt: skip


class EmptiesHosts(ListPage):
    """The page with these keys; a subclass adds EMPTY_BINDINGS and the lines `marks_lines`."""

    def __init__(self, checklist: Checklist, addresses: Mapping[str, str], hypervisors: tuple[str, ...]) -> None:  # type: ignore[type-arg]
        super().__init__(checklist, addresses)
        self.read_marks: Callable[[], Marks] = dict  # blocks, raises Failure
        self.marks: Marks = {}
        self.marks_lines = Lines(id="maintenance")
        self._hypervisors = hypervisors

    def chosen_host(self) -> str:
        """The host under the cursor, "" if there is none."""
        return self._rows.chosen.host if self._rows.chosen is not None else ""

    @work(group=WATCH)
    async def watch_marks(self) -> None:
        """Read which hosts are in maintenance, again and again."""
        while True:
            found = await or_failure(on_thread(self.read_marks))
            if isinstance(found, Failure):
                self.marks_lines.show(Content.assemble(" ", (self.with_keys(str(found)), "bold $error")))
            else:
                self.marks = found
                self.marks_lines.show(*(_line(host, found) for host in found))
            self._refresh_keys()
            await asyncio.sleep(MARKS_EVERY_S)

    def why_not(self, action: str) -> str:
        """Only a host that runs VMs is emptied."""
        if action in (EMPTY, MAINTENANCE):
            host = self.chosen_host()
            return "" if host in self._hypervisors else f"{host or 'Nothing'} is no host that runs VMs."
        return super().why_not(action)

    def action_empty(self) -> None:
        """Ask for the plan that empties the host."""
        self.post_message(MoveRequested(self.chosen_host()))

    def action_maintenance(self) -> None:
        """Mark the host after a question; take the mark off without one, because nothing is lost by it."""
        host = self.chosen_host()
        if host in self.marks:
            self.post_message(MaintenanceRequested(host, on=False))
            return

        def answered(key: str | None) -> None:
            if key == "y":
                self.post_message(MaintenanceRequested(host, on=True))

        text = f"No VM is proposed to go to {host} until that ends. Its VMs stay where they are, and start as before."
        answers = [Answer("y", "mark it"), Answer("n", "leave it as it is")]
        self.app.push_screen(Question(f"Is {host} in maintenance?", text, answers), answered)


def _line(host: str, marks: Marks) -> Content:
    return Content.styled(f" {why_not(host, marks)}: nothing goes there.", "$warning")

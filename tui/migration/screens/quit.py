"""The question before quitting while a migration is under way: leave it running, stay, or cancel it."""

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from tui.core.actions import without_keys
from tui.migration.model.keys import CANCEL, why_not
from tui.ui.dialog import Dialog

if TYPE_CHECKING:
    from tui.migration.backend.migrations import Migration


class QuitGuard(Dialog[bool]):
    """Dismissed with True to quit now, with None to stay."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "leave", "leave it running", tooltip="Quit; the migration continues"),
        Binding("s", "close", "stay"),
        Binding("c", "cancel_migration", "cancel it", tooltip="Cancel the migration, quit when it has ended"),
        Binding("escape", "close", "stay", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    QuitGuard .answer { margin-top: 1; }
    QuitGuard .impossible { text-style: dim; }
    QuitGuard #status { margin-top: 1; text-style: bold; }
    """

    def __init__(self, migration: "Migration") -> None:
        super().__init__("Quit?")
        self._migration = migration

    def body(self) -> ComposeResult:
        migration, reason = self._migration, why_not(CANCEL, self._migration.timeline)
        way = f"{migration.origin} -> {migration.target}"
        yield Static(Content.assemble((migration.vm.name, "bold"), f" is being migrated, {way}."))
        yield _answer("l", "leave it running: it is still recorded, its timeout is kept, and vmlm-tui shows it again.")
        yield _answer("s", "stay.")
        if reason:
            yield _answer("c", f"cannot cancel it: {without_keys(reason)}", impossible=True)
        else:
            yield _answer("c", f"cancel it, and quit when it has ended: the VM stays on {migration.origin}.")
        yield Static(id="status", markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Disable cancelling while it is impossible."""
        if action == "cancel_migration" and why_not(CANCEL, self._migration.timeline):
            return None
        return True

    def action_leave(self) -> None:
        """Quit now; the migration continues."""
        self.dismiss(True)

    def action_cancel_migration(self) -> None:
        """Cancel the migration, and quit once it has ended."""
        self._migration.controls.cancel()
        self.query_one("#status", Static).update("Cancelling ... quits when it has ended; l quits at once, s stays.")
        self._quit_at_the_end()

    @work(name="quit", exclusive=True)
    async def _quit_at_the_end(self) -> None:
        await self._migration.ended()
        self.dismiss(True)


def _answer(key: str, text: str, *, impossible: bool = False) -> Static:
    return Static(Content.assemble((key, "bold $accent"), "  ", text), classes=f"answer{' impossible' * impossible}")

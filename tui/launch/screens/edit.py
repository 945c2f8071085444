"""The key of the Launch page that edits the definition of a VM that is off."""

from collections.abc import Callable

from textual import work
from textual.binding import Binding

from tui.core.failure import Failure
from tui.launch.model.edited import Definition
from tui.launch.screens.definition import CHANGE, DefinitionEditor
from tui.launch.screens.reasons import EDIT, LaunchReasons

EDIT_BINDING = Binding("e", EDIT, "edit", show=False, tooltip="Edit its definition while it is off", id="launch.edit")


class EditsDefinitions(LaunchReasons):
    """The page with this key; a subclass adds EDIT_BINDING to its own."""

    @work(group="read", exclusive=True)
    async def action_edit(self) -> None:
        """Read the definition, then open the editor."""
        try:
            before = await self._launch.definitions.read(self._launch.name)
        except Failure as failure:
            self._report.fail(failure)
            return
        self._edit(before)

    def _edit(self, before: Definition) -> None:
        async def define(xml: str, on_progress: Callable[[str], None]) -> str:
            on_progress(f"defining {before.name} on {before.host}")
            return await self._launch.definitions.change(before, xml)

        async def stop() -> bool:
            return False  # defining is one short call

        def ended(sentence: str | None) -> None:
            if sentence is not None:
                self._report.end(sentence, "$success")

        title = f"Definition of {before.name} on {before.host}"
        self.app.push_screen(DefinitionEditor(title, before.xml, before.notes, define, stop, CHANGE), ended)

"""Shows the domain XML of a VM before it is defined; it can be edited, and libvirt's complaints point into it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static, TextArea

from tui.core.actions import without_keys
from tui.core.failure import Failure
from tui.ui.dialog import Dialog
from tui.ui.fields import TextEditor
from tui.vm.model.domain import BadDefinition

Stop = Callable[[], Awaitable[bool]]  # False where there is nothing to stop
Define = Callable[[str, Callable[[str], None]], Awaitable[str]]


class DefinitionEditor(Dialog[str]):
    """Dismissed with the sentence of `define`, which is given the text; with None for Esc, and `xml` is kept.

    Esc while the VM is being made calls `stop`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f2", "define", "define the VM", key_display="ctrl+s or F2", priority=True),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    DefinitionEditor > VerticalScroll { width: 100%; height: 1fr; }
    DefinitionEditor TextArea { height: 1fr; min-height: 6; border: none; padding: 0; }
    DefinitionEditor .note { height: auto; color: $warning; }
    DefinitionEditor #said { height: auto; max-height: 6; }
    DefinitionEditor #said.wrong { color: $error; text-style: bold; }
    """

    def __init__(self, title: str, xml: str, notes: Sequence[str], define: Define, stop: Stop) -> None:
        super().__init__(title)
        self.xml = xml
        self._notes = notes
        self._define = define
        self._stop = stop
        self._busy = False

    def body(self) -> ComposeResult:
        for note in self._notes:
            yield Static(Content(f"! {note}"), classes="note")
        area = TextEditor(self.xml, show_line_numbers=True, soft_wrap=False, tab_behavior="indent", compact=True)
        area.cursor_blink = False  # it repaints, and says nothing
        yield area
        yield Static("Nothing is made before ctrl+s: libvirt checks it then.", id="said", markup=False)

    def on_mount(self) -> None:
        self.query_one(TextArea).focus()

    def action_close(self) -> None:
        self._behind_what_was_typed(self._leave)

    def _behind_what_was_typed(self, call: Callable[[], None]) -> None:
        """What was typed before a key is there when the text comes to it; the key was heard at once."""
        area = self.query_one(TextArea)

        def now() -> None:
            self.xml = area.text
            if self.is_active:
                call()

        area.call_later(now)

    def _leave(self) -> None:
        if self._busy:
            self._stop_making()
        else:
            self.dismiss(None)

    @work(name="stop", group="stop", exclusive=True)
    async def _stop_making(self) -> None:
        """A copy takes long, and can be stopped; all else is over in a moment."""
        try:
            if not await self._stop():
                self.notify("The VM is being made; wait for its end.", markup=False)
        except Failure as failure:
            self.notify(without_keys(str(failure)), severity="error", markup=False)

    def action_define(self) -> None:
        self._behind_what_was_typed(self._define_once)

    def _define_once(self) -> None:
        if not self._busy:
            self._busy = True
            self._make()

    @work(name="define")
    async def _make(self) -> None:
        try:
            self.dismiss(await self._define(self.xml, self._say))
        except Failure as failure:
            self._say(str(failure), wrong=True)
            if isinstance(failure, BadDefinition) and failure.line:
                area = self.query_one(TextArea)
                area.move_cursor((failure.line - 1, 0))
                area.scroll_cursor_visible()
        finally:
            self._busy = False

    def _say(self, text: str, *, wrong: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.set_class(wrong, "wrong")
        said.update(without_keys(text))

"""The editor for the domain XML of a VM, new or off; an error of libvirt moves the cursor to its line."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static, TextArea
from textual.widgets.text_area import Selection

from tui.core.actions import without_keys
from tui.core.failure import Failure
from tui.ui.dialog import Dialog
from tui.ui.fields import TextEditor
from tui.ui.question import Answer, Question
from tui.vm.model.domain import BadDefinition

Stop = Callable[[], Awaitable[bool]]  # returns False if there is nothing to stop
Define = Callable[[str, Callable[[str], None]], Awaitable[str]]


@dataclass(frozen=True)
class EditorTexts:
    """The texts of the editor; with `lost`, Esc asks before it discards changes."""

    about: str
    busy: str
    lost: str = ""


CREATE = EditorTexts("Ctrl+s creates the VM, after libvirt has checked this.", "The VM is being created; please wait.")
CHANGE = EditorTexts(
    "Ctrl+s changes the VM, after libvirt has checked this. It takes effect at the next start.",
    "The VM is being changed; please wait.",
    "The VM keeps the definition that it has.",
)


class DefinitionEditor(Dialog[str]):
    """Dismissed with the sentence of `define`, or None for Esc; Esc calls `stop` while `define` runs.

    The value of the word `ask` ("key=value") is selected at first, so that typing replaces it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f2", "define", "define the VM", key_display="ctrl+s or F2", priority=True),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    DefinitionEditor > VerticalScroll { width: 100%; height: 1fr; }
    DefinitionEditor TextArea { height: 1fr; min-height: 6; border: none; padding: 0; }
    DefinitionEditor .note { height: auto; color: $warning; }
    DefinitionEditor #message { height: auto; max-height: 6; }
    DefinitionEditor #message.wrong { color: $error; text-style: bold; }
    """

    def __init__(
        self,
        title: str,
        xml: str,
        notes: Sequence[str],
        define: Define,
        stop: Stop,
        texts: EditorTexts = CREATE,
        ask: str = "",
    ) -> None:
        super().__init__(title)
        self.xml = self._first = xml
        self._texts = texts
        self._ask = ask
        self._notes = notes
        self._define = define
        self._stop = stop
        self._busy = False

    def body(self) -> ComposeResult:
        for note in self._notes:
            yield Static(Content(f"! {note}"), classes="note")
        area = TextEditor(self.xml, show_line_numbers=True, soft_wrap=True, tab_behavior="indent", compact=True)
        area.cursor_blink = False  # saves repaints
        yield area
        yield Static(self._texts.about, id="message", markup=False)

    def on_mount(self) -> None:
        area = self.query_one(TextArea)
        area.focus()
        at = self.xml.find(self._ask)
        if self._ask and at >= 0:
            line, column = self.xml.count("\n", 0, at), at - self.xml.rfind("\n", 0, at) - 1
            begin = column + self._ask.find("=") + 1
            area.selection = Selection((line, begin), (line, column + len(self._ask)))
            self.call_after_refresh(area.scroll_cursor_visible)

    def action_close(self) -> None:
        """Leave the editor, or stop what it has begun."""
        self._after_typed_keys(self._leave)

    def _after_typed_keys(self, call: Callable[[], None]) -> None:
        """Call after the text area has processed the keys typed before this one, which has priority over them."""
        area = self.query_one(TextArea)

        def now() -> None:
            self.xml = area.text
            if self.is_active:
                call()

        area.call_later(now)

    def _leave(self) -> None:
        if self._busy:
            self._stop_creation()
        elif self._texts.lost and self.xml != self._first:
            answers = [Answer("y", "discard them"), Answer("n", "edit on")]
            self.app.push_screen(Question("Discard the changes?", self._texts.lost, answers), self._discard)
        else:
            self.dismiss(None)

    def _discard(self, key: str | None) -> None:
        if key == "y":
            self.dismiss(None)

    @work(name="stop", group="stop", exclusive=True)
    async def _stop_creation(self) -> None:
        """Only the copy of a disk can be stopped; all other steps are short."""
        try:
            if not await self._stop():
                self.notify(self._texts.busy, markup=False)
        except Failure as failure:
            self.notify(without_keys(str(failure)), severity="error", markup=False)

    def action_define(self) -> None:
        """Create or change the VM with the edited definition."""
        self._after_typed_keys(self._create_once)

    def _create_once(self) -> None:
        if not self._busy:
            self._busy = True
            self._create()

    @work(name="define")
    async def _create(self) -> None:
        try:
            self.dismiss(await self._define(self.xml, self._show_message))
        except Failure as failure:
            self._show_message(str(failure), wrong=True)
            if isinstance(failure, BadDefinition) and failure.line:
                area = self.query_one(TextArea)
                area.move_cursor((failure.line - 1, 0))
                area.scroll_cursor_visible()
        finally:
            self._busy = False

    def _show_message(self, text: str, *, wrong: bool = False) -> None:
        message = self.query_one("#message", Static)
        message.set_class(wrong, "wrong")
        message.update(without_keys(text))

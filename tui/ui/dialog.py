"""The base of all dialogs: a titled box over the page, its keys on the last line; Esc closes it."""

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from tui.ui.error_report import ReportsErrors
from tui.ui.key_line import KeyLine
from tui.ui.selectable import SelectsLines

T = TypeVar("T")


class Box(VerticalScroll):
    """The frame of a dialog; the key line lists its scroll keys only if they act."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_up", "scroll", show=False),
        Binding("down", "scroll_down", "scroll", key_display="up/down"),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """The arrow keys scroll a box without fields; in others they move between the fields."""
        return self.can_focus or action not in ("scroll_up", "scroll_down")


class Dialog(ReportsErrors, SelectsLines, ModalScreen[T | None]):
    """A modal screen, dismissed with None by Esc; a subclass composes its `body`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "close", priority=True)]
    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > Box {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; border-title-style: bold; padding: 0 1; background: $surface;
    }
    """

    scrolls: ClassVar[bool] = False  # whether the arrow keys scroll the box instead of moving between its fields

    def __init__(self, title: str) -> None:
        super().__init__()
        self._heading = title
        self._pending_result: list[T | None] = []  # the result of a dismissal that waits until this is in front

    def compose(self) -> ComposeResult:
        """The box with the body, and the key line."""
        with Box(can_focus=self.scrolls) as box:
            box.border_title = Content(self._heading)
            try:
                yield from self.body()
            except Exception as error:  # noqa: BLE001  # half a form must not be answered
                self.report(type(self).__name__, error)
                self.call_later(self.action_close)
        yield KeyLine()

    def body(self) -> ComposeResult:
        """The content of the box."""
        yield from ()

    def action_close(self) -> None:
        """Close without a result."""
        self.dismiss(None)

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close this dialog as soon as it is in front: Textual's `dismiss` closes the screen that is in front."""
        if self.is_active:
            return super().dismiss(result)
        self._pending_result = [result]
        return AwaitComplete()

    def on_screen_resume(self) -> None:
        """Close this dialog if it was dismissed behind another screen."""
        if self._pending_result:
            self.dismiss(self._pending_result.pop())

"""What all dialogs share: a titled box over the page, its keys on the last line, Esc closes."""

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from tui.ui.error_report import ReportsErrors
from tui.ui.key_line import KeyLine

T = TypeVar("T")


class Box(VerticalScroll):
    """Where it can be scrolled by key, the line of keys says so."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_up", "scroll", show=False),
        Binding("down", "scroll_down", "scroll", key_display="up/down"),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return self.can_focus or action not in ("scroll_up", "scroll_down")  # else the keys move between fields


class Dialog(ReportsErrors, ModalScreen[T | None]):
    """Modal; dismissed with None by Esc. A subclass composes its `body`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "close", priority=True)]
    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > Box {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; border-title-style: bold; padding: 0 1; background: $surface;
    }
    """

    scrolls: ClassVar[bool] = False  # whether the arrow keys scroll the box, rather than move between its fields

    def __init__(self, title: str) -> None:
        super().__init__()
        self._heading = title

    def compose(self) -> ComposeResult:
        with Box(can_focus=self.scrolls) as box:
            box.border_title = Content(self._heading)
            yield from self.body()
        yield KeyLine()

    def body(self) -> ComposeResult:
        """What stands in the box."""
        yield from ()

    def action_close(self) -> None:
        self.dismiss(None)

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Textual's, which takes the topmost screen away, whichever that is: a question may be in front of this one."""
        while not self.is_active and self in self.app.screen_stack:
            self.app.screen.dismiss(None)
        return super().dismiss(result)

"""What all dialogs share: a titled box over the page, its keys on the last line, Esc closes; and forms to fill in."""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

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


class Dialog(ModalScreen[T | None]):
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


class Form(Dialog[T | None]):
    """A dialog with fields; a subclass says in its own binding of Enter what that does.

    What is typed fast, or comes in one piece over a slow line, is taken as it was typed. The keys that lead from field
    to field, or change a choice, act before the next key goes anywhere; each text field takes its own keys in their
    order; and Enter waits for all of them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "take it", key_display="enter", priority=True),
        Binding("up", "field(-1)", "field", show=False, priority=True),
        Binding("shift+tab", "field(-1)", "field", show=False, priority=True),
        Binding("down", "field(1)", "field", key_display="up/down", priority=True),
        Binding("tab", "field(1)", "field", show=False, priority=True),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Of a single field none leads away."""
        return len(self.focus_chain) > 1 if action == "field" else super().check_action(action, parameters)

    def action_field(self, step: int) -> None:
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_enter(self) -> None:
        """Enter is heard at once, what was typed before it when its field comes to it: so Enter queues up in each."""
        self._enter_behind([*self.query(Input)])

    def _enter_behind(self, fields: Sequence[Input]) -> None:
        if fields:
            fields[0].call_later(self._enter_behind, fields[1:])
        else:
            self._entered()

    def _entered(self) -> None:
        if self.is_active:  # else Enter was pressed twice, and the first one closed it
            self.entered()

    def entered(self) -> None:
        """What Enter does, once all that was typed has arrived; a subclass binds "enter" to "enter"."""

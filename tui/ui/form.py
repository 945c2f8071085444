"""The base of all forms: rows of fields, a message below them, and Enter, which submits them."""

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.core.actions import WithKeys, without_keys
from tui.core.failure import Failure, WrongField
from tui.ui.dialog import Dialog
from tui.ui.fields import TextField

T = TypeVar("T")
N = TypeVar("N", int, float)

LONGEST = 2000  # characters of a text field: an ssh key is long


class Form(Dialog[T | None]):
    """A dialog with fields; a subclass composes its `fields` and submits them in `entered`.

    A Failure that `entered` raises is shown below the fields, a WrongField below its own, which receives the focus.

    Keys are handled in the order in which they were typed, even if many arrive at once. Keys that move between fields
    or change a choice act before the next key is dispatched; a text field handles its own keys in order; Enter waits
    for all of them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "submit", key_display="enter", priority=True),
        Binding("up", "field(-1)", "field", show=False, priority=True),
        Binding("shift+tab", "field(-1)", "field", show=False, priority=True),
        Binding("down", "field(1)", "field", key_display="up/down", priority=True),
        Binding("tab", "field(1)", "field", show=False, priority=True),
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    Form .row { height: 1; }
    Form .label { width: 18; }
    Form .row Input { width: 1fr; }
    Form .row:focus-within { text-style: none; }  /* without a rule of its own Textual does not restyle the label */
    Form .row:focus-within .label { text-style: bold reverse; }
    Form .row Input:focus { text-style: reverse; }
    Form Input > .input--selection { background: $background; color: $foreground; text-style: reverse underline; }
    Form .row Input:disabled { text-style: dim; }
    Form .unit { width: 1fr; padding-left: 1; }
    Form #message { height: auto; }
    Form #message.wrong, Form .why { color: $error; text-style: bold; }
    Form .why { height: auto; }
    """

    with_keys: WithKeys = staticmethod(without_keys)  # that of the page which opens the form, for what it explains

    def body(self) -> ComposeResult:
        """The fields above the message."""
        yield from self.fields()
        yield Static(id="message", markup=False)

    def fields(self) -> ComposeResult:
        """The rows of fields."""
        yield from ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys between fields act only if there are several."""
        return len(self.focus_chain) > 1 if action == "field" else super().check_action(action, parameters)

    def action_field(self, step: int) -> None:
        """Focus the next field, or the previous one."""
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    # -- values --

    def text(self, field: str) -> str:
        """The field's text as it was typed."""
        return self.query_one(f"#{field}", Input).value

    def number(self, field: str, read: Callable[[str], N]) -> N:
        """The field's text as parsed by `read`; WrongField where that raises ValueError."""
        try:
            return read(self.text(field))
        except ValueError as error:
            raise WrongField(field, str(error)) from error

    def show_message(self, text: str, *, wrong: bool = False) -> None:
        """Replace the message below the fields, and what is below one of them."""
        self.query(".why").remove()
        message = self.query_one("#message", Static)
        message.set_class(wrong, "wrong")
        message.update(without_keys(text))

    # -- Enter --

    def action_enter(self) -> None:
        """Submit the form after each field has handled its queued keys, because Enter is dispatched before them."""
        self._enter_after([*self.query(Input)])

    def _enter_after(self, fields: Sequence[Input]) -> None:
        if fields:
            fields[0].call_later(self._enter_after, fields[1:])
        else:
            self.submit()

    def submit(self) -> None:
        """Submit the form now, and show why if it is refused."""
        if not self.is_active:  # Enter was pressed twice and the first one closed the form
            return
        try:
            self.entered()
        except Failure as failure:
            self.refuse(failure)

    def refuse(self, failure: Failure) -> None:
        """Show why the form is not accepted; of a WrongField below its row, and focus the field."""
        rows = self.query(f"#row-{failure.field}") if isinstance(failure, WrongField) else ()
        if isinstance(failure, WrongField):
            self.query_one(f"#{failure.field}").focus()
        self.show_message("" if rows else str(failure), wrong=True)
        for row in rows:
            place = next(each for each in row.ancestors_with_self if not isinstance(each.parent, Horizontal))
            why = Static(without_keys(str(failure)), classes="why", markup=False)
            label = place.query(".label").first()
            width = label.styles.width  # not its region, which a layout that is under way has not set yet
            why.styles.padding = (0, 0, 0, width.cells or 0 if width else 0)  # where the fields begin
            place.parent.mount(why, after=place)  # type: ignore[union-attr]  # a row is in a box
            why.call_after_refresh(why.scroll_visible, animate=False)

    def entered(self) -> None:
        """Submit the fields; called once all typed keys were handled."""


def enter(label: str) -> Binding:
    """The binding of Enter with the label of one form."""
    return Binding("enter", "enter", label, key_display="enter", priority=True)


def row(label: str, field: Widget, unit: str = "", *, short: bool = False, marked: bool = False) -> Horizontal:
    """One row of a form: the label, the field and the unit of its number; `marked` adds a column for a mark."""
    parts: list[Widget] = [Static(classes="mark")] if marked else []
    parts += [Static(label, classes="label", markup=False), field]
    parts += [Static(unit, classes="unit", markup=False)] if unit else []
    return Horizontal(*parts, classes="row short" if short else "row", id=f"row-{field.id}")


def text_field(id: str, value: str) -> TextField:
    """A field with a text to edit."""
    return TextField(value, id=id, compact=True, max_length=LONGEST, select_on_focus=False)


def number_field(id: str, value: object, *, digits: bool = False) -> TextField:
    """A field with a number that typing replaces; without a unit, it takes only `digits`."""
    return TextField(str(value), id=id, compact=True, select_on_focus=True, restrict="[0-9]*" if digits else None)

"""What all forms share: lines of fields, a sentence below them, and Enter, which takes what is in the fields."""

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.core.actions import without_keys
from tui.core.failure import Failure
from tui.ui.dialog import Dialog
from tui.ui.fields import TextField

T = TypeVar("T")
N = TypeVar("N", int, float)

LONGEST = 2000  # characters of a text field: an ssh key is long


class WrongField(Failure):
    """What was typed into the field `field` cannot be read."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(what)
        self.field = field


class Form(Dialog[T | None]):
    """A dialog with fields: a subclass composes its `fields`, and does in `entered` what Enter does.

    A Failure that `entered` raises is shown in the line below the fields; a WrongField also gets the focus.

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
        Binding("escape", "close", "back", priority=True),
    ]
    DEFAULT_CSS = """
    Form .row { height: 1; }
    Form .label { width: 18; }
    Form .row Input { width: 1fr; }
    Form .row Input:focus { text-style: reverse; }
    Form .row Input:disabled { text-style: dim; }
    Form .unit { width: 1fr; padding-left: 1; }
    Form #said { height: auto; }
    Form #said.wrong { color: $error; text-style: bold; }
    """

    def body(self) -> ComposeResult:
        yield from self.fields()
        yield Static(id="said", markup=False)

    def fields(self) -> ComposeResult:
        """What stands above the sentence."""
        yield from ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Of a single field none leads away."""
        return len(self.focus_chain) > 1 if action == "field" else super().check_action(action, parameters)

    def action_field(self, step: int) -> None:
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    # -- what is in the fields --

    def text(self, field: str) -> str:
        """The field's text as it was typed."""
        return self.query_one(f"#{field}", Input).value

    def number(self, field: str, read: Callable[[str], N]) -> N:
        """What `read`, one of `tui.migration.model.entry`, makes of the field's text; WrongField where it refuses."""
        try:
            return read(self.text(field))
        except ValueError as error:
            raise WrongField(field, str(error)) from error

    def show_message(self, text: str, *, wrong: bool = False) -> None:
        """The sentence below the fields."""
        said = self.query_one("#said", Static)
        said.set_class(wrong, "wrong")
        said.update(without_keys(text))

    # -- Enter --

    def action_enter(self) -> None:
        """Enter is heard at once, what was typed before it when its field comes to it: so Enter queues up in each."""
        self._enter_behind([*self.query(Input)])

    def _enter_behind(self, fields: Sequence[Input]) -> None:
        if fields:
            fields[0].call_later(self._enter_behind, fields[1:])
        else:
            self._entered()

    def _entered(self) -> None:
        if not self.is_active:  # Enter was pressed twice, and the first one closed it
            return
        try:
            self.entered()
        except Failure as failure:
            if isinstance(failure, WrongField):
                self.query_one(f"#{failure.field}").focus()
            self.show_message(str(failure), wrong=True)

    def entered(self) -> None:
        """What Enter does, once all that was typed has arrived."""


def enter(label: str) -> Binding:
    """Enter, as the line of keys of one form names it."""
    return Binding("enter", "enter", label, key_display="enter", priority=True)


def row(label: str, field: Widget, unit: str = "", *, short: bool = False, marked: bool = False) -> Horizontal:
    """One line of a form: the label, the field, and what its number is counted in; `marked` leaves room for a mark."""
    parts: list[Widget] = [Static(classes="mark")] if marked else []
    parts += [Static(label, classes="label", markup=False), field]
    parts += [Static(unit, classes="unit", markup=False)] if unit else []
    return Horizontal(*parts, classes="row short" if short else "row", id=f"row-{field.id}")


def text_field(id: str, value: str) -> TextField:
    """A field whose text is edited."""
    return TextField(value, id=id, compact=True, max_length=LONGEST, select_on_focus=False)


def number_field(id: str, value: object, *, longest: int = 0) -> TextField:
    """A field whose number is replaced as soon as another one is typed."""
    return TextField(str(value), id=id, compact=True, max_length=longest, select_on_focus=True)

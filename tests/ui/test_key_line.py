"""The line of keys: what it leaves out where it is too narrow."""

from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.ui.key_line import KeyLine


class Keyed(App[None]):
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "x('a')", "add one"), Binding("b", "x('b')", "back"), Binding("c", "x('c')", "cut it"),
    ]  # fmt: skip

    def compose(self) -> ComposeResult:
        yield KeyLine()


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (28, " a add one  b back  c cut it"),
        (26, " a add one b back c cut it"),
        (22, " a add  b back  c cut"),
        (19, " a add b back c cut"),
        (18, " a add  b back  c"),
        (13, " a add  b  c"),
        (8, " a  b  c"),
    ],
)
async def test_labels_are_shortened_and_then_left_out_from_the_last(width: int, shown: str) -> None:
    app = Keyed()
    async with app.run_test(size=(width, 3)) as pilot:
        await pilot.pause()
        text = app.query_one(KeyLine).text
        assert (text.rstrip(), len(text) <= width) == (shown, True)


class Field(Static, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("left", "screen.x", "change")]


class WithField(Keyed):
    def compose(self) -> ComposeResult:
        yield Field()
        yield KeyLine()


@pytest.mark.parametrize(("width", "shown"), [(41, True), (28, True), (27, False), (19, False), (18, True)])
async def test_the_keys_of_a_field_are_left_out_before_any_label(width: int, shown: bool) -> None:
    app = WithField()
    async with app.run_test(size=(width, 3)) as pilot:
        await pilot.pause()
        text = app.query_one(KeyLine).text
        assert ("add" in text and "back" in text, "left" in text or "←" in text) == (width > 18, shown), text

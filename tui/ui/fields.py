"""Text fields that handle keys in the order in which they were typed, however fast."""

from textual import events
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, TextArea


async def handle_own_keys(widget: Widget, event: events.Key) -> None:
    """Run the widget's own binding of a key as soon as the widget receives it.

    Textual runs a binding only after the key has bubbled to the app. By then the widget has received the next letter,
    and a backspace would delete that one.
    """
    for binding in widget._bindings.key_to_bindings.get(event.key, ()):  # Textual has no public way
        if await widget.app.run_action(binding.action, widget):
            event.stop()
            event.prevent_default()
            return


class TextField(Input):
    """A line of text; its cursor does not blink, because each blink is a repaint.

    The letters in `passed` are never typed: they are keys of the form, also while this field has the focus.
    """

    cursor_blink = reactive(False, init=False)
    passed = ""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return super().check_consume_key(key, character) and key not in self.passed

    async def on_key(self, event: events.Key) -> None:
        await handle_own_keys(self, event)


class TextEditor(TextArea):
    """Several lines of text."""

    async def on_key(self, event: events.Key) -> None:
        await handle_own_keys(self, event)

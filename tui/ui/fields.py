"""Fields of forms that take what is typed in the order in which it was typed, however fast it comes."""

from textual import events
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, TextArea


async def handle_own_keys(widget: Widget, event: events.Key) -> None:
    """Act on a key of the widget's own bindings as soon as it comes to the widget.

    Textual looks for a binding only after the key has come up to the app; a letter that was typed behind a backspace
    has overtaken it by then, and is what the backspace deletes.
    """
    for binding in widget._bindings.key_to_bindings.get(event.key, ()):  # Textual has no other way
        if await widget.app.run_action(binding.action, widget):
            event.stop()
            event.prevent_default()
            return


class TextField(Input):
    """A line of text; its cursor stands still, for a blink is a repaint that says nothing."""

    cursor_blink = reactive(False, init=False)

    async def on_key(self, event: events.Key) -> None:
        await handle_own_keys(self, event)


class TextEditor(TextArea):
    """Many lines of text."""

    async def on_key(self, event: events.Key) -> None:
        await handle_own_keys(self, event)

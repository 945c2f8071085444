"""A form field with a few options; left and right change it."""

from collections.abc import Callable, Collection, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static


class Choice(Static, can_focus=True):
    """Shows an option between arrows; `index` is -1 if there is none. `changed` is called synchronously."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "change", show=False, priority=True),
        Binding("right,space", "step(1)", "change", key_display="left/right", priority=True),
    ]
    DEFAULT_CSS = """
    Choice { height: 1; width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    Choice:focus { text-style: reverse; }
    Choice:disabled { text-style: dim; }
    """

    def __init__(
        self, texts: Sequence[str], index: int = 0, *, id: str | None = None, changed: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(id=id)
        self._changed = changed
        self._texts: Sequence[str] = ()
        self._grey: Collection[int] = ()
        self.index = -1
        self.offer(texts, index)

    def offer(self, texts: Sequence[str], index: int, grey: Collection[int] = ()) -> None:
        """Replace the options, without a call of `changed`; those with the indexes `grey` are dim."""
        self._texts, self._grey = texts, grey
        self.index = index if 0 <= index < len(texts) else -1
        self._show()

    def _show(self) -> None:
        text = self._texts[self.index] if self.index >= 0 else "-"
        style = "dim" if self.index in self._grey else ""
        self.update(Content.styled(f"< {text} >" if len(self._texts) > 1 else f"  {text}", style))

    def action_step(self, step: int) -> None:
        """Select another option; after the last comes the first."""
        if len(self._texts) > 1:
            self.index = (self.index + step) % len(self._texts)
            self._show()
            self._changed()

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_step(1)

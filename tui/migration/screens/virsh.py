"""The dialog "Copy as virsh": a migration as commands of virsh or as a program with libvirt-python."""

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from tui.core.plain_text import plain
from tui.migration.model.call.script import Script
from tui.ui.dialog import Box, Dialog

VIRSH, PYTHON = "virsh", "libvirt-python"
COPIED = "Copied to the clipboard of the terminal, also over ssh."
UNSURE = "A terminal that does not allow that (OSC 52) ignores it: select the text with Shift and the mouse."


class VirshDialog(Dialog[None]):
    """Copies the commands of virsh when it opens; closed by Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "copy"),
        Binding("p", "other", "libvirt-python or virsh"),
    ]
    DEFAULT_CSS = """
    VirshDialog > Box { width: 116; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    VirshDialog #note { margin-top: 1; text-style: dim; }
    """

    scrolls = True

    def __init__(self, script: Script) -> None:
        super().__init__(f"Copy as {VIRSH}")
        self._texts = {VIRSH: script.virsh, PYTHON: script.python}
        self._shown = VIRSH

    def body(self) -> ComposeResult:
        yield Static(id="script")
        yield Static(Content(f"{COPIED} {UNSURE}"), id="note")

    def on_mount(self) -> None:
        self.action_copy()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        script = self.query_one("#script", Static)
        script.update(Content("\n").join(wrapped_script(self._texts[self._shown], max(20, script.size.width))))
        self.query_one(Box).border_title = Content(f"Copy as {self._shown}")

    def action_copy(self) -> None:
        """Copy what is shown."""
        self.app.copy_to_clipboard(self._texts[self._shown])

    def action_other(self) -> None:
        """Show and copy the other one."""
        self._shown = PYTHON if self._shown == VIRSH else VIRSH
        self._show()
        self.action_copy()
        self.query_one(Box).scroll_home(animate=False)


def wrapped_script(text: str, width: int) -> Iterator[Content]:
    """The lines, comments dim; a long one goes on with an indent, between two words."""
    for line in plain(text).splitlines():
        style = "dim" if line.lstrip().startswith("#") else ""
        first, *others = Content.styled(line, style).wrap(width) or [Content("")]
        yield first
        if others:
            rest = Content.styled(line[len(first.plain) :].lstrip(), style)
            yield from (Content.assemble("    ", each) for each in rest.wrap(width - 4))

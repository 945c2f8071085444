"""The raw text of one run: libvirt's message, QEMU's logs, what AppArmor or SELinux refused, and the errors so far."""

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.core.plain_text import plain
from tui.migration.model.ending.raw_text import raw_text
from tui.migration.model.timeline import Timeline
from tui.runs.backend.reading import OpenRun
from tui.runs.screens.details import Facts
from tui.runs.widgets.words import heading
from tui.ui.lines import Lines
from tui.ui.page import Page

NOTHING = "No error was recorded. The logs of the hosts are read after a failed migration."


class RunMessages(Page):
    """Text that scrolls; Esc returns to the run."""

    page = "runs"
    HELP = (
        "The text behind a failure, as it was written: libvirt's message, the lines of QEMU's log of both hosts since "
        "the start, and what AppArmor or SELinux refused to the VM."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace,l", "back", "back", key_display="esc", tooltip="Back to the run",
                id="run-messages.back"),
    ]  # fmt: skip
    DEFAULT_CSS = """
    RunMessages #what { height: 1; text-wrap: nowrap; }
    RunMessages #messages { height: 1fr; scrollbar-size-vertical: 1; }
    """

    def __init__(self, opened: OpenRun) -> None:
        super().__init__()
        self._opened = opened

    def body(self) -> ComposeResult:
        yield Lines(id="what")
        with Facts(id="messages"):
            yield Lines(id="message-lines")

    def on_mount(self) -> None:
        self.query_one("#what", Lines).show(heading(self._opened.run))
        self.query_one("#messages").focus()  # the arrow keys scroll it

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        width = self.size.width - 3  # a space before the text, and the scroll bar behind it
        self.query_one("#message-lines", Lines).show(*message_lines(self._opened.timeline, max(10, width)))

    def action_back(self) -> None:
        """Return to the run."""
        self.dismiss()


def message_lines(timeline: Timeline, width: int) -> Iterator[Content]:
    """The raw text, wrapped; its titles stand out."""
    for line in raw_text(timeline) or [NOTHING]:
        text, indent = plain(line.strip()), " " * (len(line) - len(line.lstrip()))
        parts = Content.styled(text, "" if indent else "bold $accent").wrap(width - 2 * len(indent)) if text else []
        for number, part in enumerate(parts or [Content("")]):
            yield Content.assemble(" ", indent if not number else 2 * indent, part)

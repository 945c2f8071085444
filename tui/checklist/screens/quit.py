"""Asks before quitting while a job is under way, because quitting interrupts it."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from tui.checklist.backend.jobs import Jobs
from tui.ui.dialog import Dialog


class JobGuard(Dialog[bool]):
    """Dismissed with True to quit, with None to stay."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "at_the_end", "quit after this line"),
        Binding("s", "close", "stay"),
        Binding("x", "now", "quit now"),
        Binding("escape", "close", "stay", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    JobGuard .answer { margin-top: 1; }
    JobGuard #message { margin-top: 1; text-style: bold; }
    """

    def __init__(self, jobs: Jobs) -> None:
        super().__init__("Quit?")
        self._jobs = jobs

    def body(self) -> ComposeResult:
        under_way = self._jobs.under_way
        title = f"A change of the hosts is under way: {under_way.title}." if under_way else "The change has just ended."
        yield Static(Content(title))
        yield _answer("e", "quit when the current line is done; no other line is begun.")
        yield _answer("s", "stay.")
        yield _answer("x", "quit now: this may interrupt a command on a host. You can undo what was begun later.")
        yield Static(id="message")

    def action_at_the_end(self) -> None:
        """Stop the job after its current line, then quit."""
        if self._jobs.under_way is not None:
            self._jobs.under_way.stop()
        self.query_one("#message", Static).update("Quits when the current line is done ... x quits now, s stays.")
        self._quit_at_the_end()

    def action_now(self) -> None:
        """Quit without waiting."""
        self.dismiss(True)

    @work(name="quit", exclusive=True)
    async def _quit_at_the_end(self) -> None:
        await self._jobs.wait()
        self.dismiss(True)


def _answer(key: str, text: str) -> Static:
    return Static(Content.assemble((key, "bold $accent"), "  ", text), classes="answer")

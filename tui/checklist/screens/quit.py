"""The question before quitting while something is being done to the hosts: it would be cut off."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from tui.checklist.backend.jobs import Jobs
from tui.ui.dialog import Dialog


class JobGuard(Dialog[bool]):
    """Dismissed with True to quit now, with None to stay."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "at_the_end", "quit at its end"),
        Binding("s", "close", "stay"),
        Binding("x", "now", "quit now"),
        Binding("escape", "close", "stay", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    WorkGuard .answer { margin-top: 1; }
    WorkGuard #said { margin-top: 1; text-style: bold; }
    """

    def __init__(self, jobs: Jobs) -> None:
        super().__init__("Quit?")
        self._works = jobs

    def body(self) -> ComposeResult:
        under_way = self._works.under_way
        yield Static(Content(f"{under_way.title if under_way else 'Something'}: that is under way on the hosts."))
        yield _answer("e", "quit when the line that is under way is done; nothing more is begun.")
        yield _answer("s", "stay.")
        yield _answer("x", "quit now: what runs on a host may be cut off. The next start can undo what was begun.")
        yield Static(id="said")

    def action_at_the_end(self) -> None:
        if self._works.under_way is not None:
            self._works.under_way.stop()
        self.query_one("#said", Static).update("Quits as soon as it has ended ... x quits at once, s stays.")
        self._quit_at_the_end()

    def action_now(self) -> None:
        self.dismiss(True)

    @work(name="quit", exclusive=True)
    async def _quit_at_the_end(self) -> None:
        await self._works.ended()
        self.dismiss(True)


def _answer(key: str, text: str) -> Static:
    return Static(Content.assemble((key, "bold $accent"), "  ", text), classes="answer")

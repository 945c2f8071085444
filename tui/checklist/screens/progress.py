"""What is being done to the hosts while it is done: each command, what it prints, how it ended."""

import time
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.checklist.backend.jobs import Job
from tui.checklist.model.transcript import ACTION, DONE, FAILED, OUTPUT, STEP, Line
from tui.core.actions import WithKeys
from tui.ui.dialog import Dialog
from tui.ui.lines import Lines
from tui.ui.rows import Rows

AT_MOST_EVERY_S = 0.4  # each drawing moves all lines up, and that is a box full of text
STYLES = {STEP: "bold", ACTION: "bold $accent", OUTPUT: "", DONE: "$success", FAILED: "bold $error"}
INDENTS = {STEP: "", ACTION: "", OUTPUT: "  ", DONE: "  ", FAILED: "  "}


class Output(Rows, can_focus=True):
    """Scrolls by its own keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_up", "scroll", show=False),
        Binding("down", "scroll_down", "scroll", key_display="up/down"),
    ]

    def on_resize(self) -> None:
        if self.at_end:
            self.scroll_end(animate=False, immediate=True)


class ProgressDialog(Dialog[None]):
    """Follows a work; Esc leaves it running. When it is over it stays, with its outcome in a sentence."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "stop", "stop after this", tooltip="Begin no further line; what is under way comes to its end"),
        Binding("escape,enter,v", "close", "back", key_display="esc", priority=True),
    ]
    DEFAULT_CSS = """
    ProgressDialog > Box { width: 100; height: 100%; overflow: hidden; }
    ProgressDialog #said { height: auto; max-height: 6; margin-bottom: 1; }
    ProgressDialog Output { height: 1fr; background: $surface; }
    """

    def __init__(self, job: Job, with_keys: WithKeys) -> None:
        super().__init__(job.title)
        self._work = job
        self._with_keys = with_keys
        self._said, self._output = Lines(id="said"), Output(id="output")
        self._drawn_at = 0.0
        self._drawing = False

    def body(self) -> ComposeResult:
        yield self._said
        yield self._output

    def on_mount(self) -> None:
        self._work.listen(self._more)
        self.set_interval(1.0, self.guarded(self._say))
        self._output.focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return None if action == "stop" and (self._work.over or self._work.stopping) else True

    def action_stop(self) -> None:
        self._work.stop()

    def _more(self) -> None:
        """There is more to see: now, or as soon as the last drawing is long enough ago."""
        if not self.is_attached or self._drawing:
            return
        self._drawing = True
        passed = time.monotonic() - self._drawn_at
        self.set_timer(0.01 if self._work.over else max(0.01, AT_MOST_EVERY_S - passed), self.guarded(self._draw))

    def _draw(self) -> None:
        self._drawing, self._drawn_at = False, time.monotonic()
        at_end = self._output.at_end
        width = self._output.room.width
        self._output.show_rows([row for line in self._work.transcript.lines for row in _rows(line, width)])
        if at_end:
            self._output.scroll_end(animate=False, immediate=True)
        self._say()
        self.refresh_bindings()

    def _say(self) -> None:
        """What is under way and for how long, or what came of it."""
        job = self._work
        if job.failure is not None:
            text, style = str(job.failure), "bold $error"
        elif job.over:
            text, style = job.outcome, "bold $success"
        else:
            doing = job.doing or "looking at the hosts again"
            text, style = f"{doing} ... {int(job.elapsed_s)} s", "bold"
            text += ". It stops after this." if job.stopping else ""
        lines = Content.styled(self._with_keys(text), style).wrap(max(10, self._said.size.width))
        self._said.show(*lines)


def _rows(line: Line, width: int) -> list[Content]:
    """The line on as many rows as it needs: nothing that a host said is cut off."""
    row = Content.assemble(INDENTS[line.kind], (line.text, STYLES[line.kind]))
    return row.wrap(max(10, width)) if row.cell_length > width else [row]

"""Shows a job as it runs: each command, its output, its result."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.checklist.backend.jobs import Job
from tui.checklist.model.transcript import ACTION, DONE, FAILED, OUTPUT, STEP, Line
from tui.core.actions import without_keys
from tui.ui.dialog import Box, Dialog
from tui.ui.lines import Lines
from tui.ui.rows import Rows

REDRAW_EVERY_S = 0.4  # at most: each new line scrolls the box, which repaints all of it
STYLES = {STEP: "bold", ACTION: "bold $accent", OUTPUT: "", DONE: "$success", FAILED: "bold $error"}
INDENTS = {STEP: "", ACTION: "", OUTPUT: "  ", DONE: "  ", FAILED: "  "}


class Output(Rows, can_focus=True):
    """The transcript; scrolls by its own keys."""

    BINDINGS: ClassVar[list[BindingType]] = Box.BINDINGS

    def on_resize(self) -> None:
        if self.at_end:
            self.scroll_end(animate=False, immediate=True)


class ProgressDialog(Dialog[None]):
    """Follows a job; Esc leaves it running. At its end the dialog stays and shows the outcome."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "stop", "stop after this", tooltip="Complete the current line and begin no other"),
        Binding("escape,enter,v", "close", "back", key_display="esc", priority=True),
    ]
    DEFAULT_CSS = """
    ProgressDialog > Box { width: 100; height: 100%; overflow: hidden; }
    ProgressDialog #state { height: auto; max-height: 6; margin-bottom: 1; }
    ProgressDialog Output { height: 1fr; background: $surface; }
    """

    def __init__(self, job: Job) -> None:
        super().__init__(job.title)
        self._job = job
        self._state, self._output = Lines(id="state"), Output(id="output")
        self._changed = False

    def body(self) -> ComposeResult:
        yield self._state
        yield self._output

    def on_mount(self) -> None:
        self._job.listen(self._job_changed)
        # Intervals, because Textual drops a timer that is late: a single one would never call.
        self.set_interval(REDRAW_EVERY_S, self.guarded(self._draw_changes))
        self.set_interval(1.0, self.guarded(self._show_state))
        self._output.focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """`stop` is greyed once it has been pressed, and gone once the job is over."""
        if action == "stop" and self._job.over:
            return False
        return None if action == "stop" and self._job.stopping else True

    def action_stop(self) -> None:
        """Stop the job after its current line."""
        self._job.stop()

    def _job_changed(self) -> None:
        """Draw at the next interval; the outcome at once."""
        self._changed = True
        if self._job.over and self.is_attached:
            self.call_later(self.guarded(self._draw_changes))

    def _draw_changes(self) -> None:
        if not self.is_attached:
            return
        if self._changed:
            self._changed = False
            self._draw()
        elif self._output.at_end:  # it may have been laid out only after it was drawn
            self._output.scroll_end(animate=False, immediate=True)

    def _draw(self) -> None:
        at_end = self._output.at_end
        width = self._output.room.width
        self._output.show_rows([row for line in self._job.transcript.lines for row in _rows(line, width)])
        if at_end:
            self._output.scroll_end(animate=False, immediate=True)
        self._show_state()
        self.refresh_bindings()

    def _show_state(self) -> None:
        """The action under way and the time so far, or the outcome."""
        job = self._job
        if job.failure is not None:
            text, style = str(job.failure), "bold $error"
        elif job.over:
            text, style = job.outcome, "bold $success"
        else:
            doing = job.doing or "reading the hosts again"
            text, style = f"{doing} ... {int(job.elapsed_s)} s", "bold"
            text += ". It stops after this." if job.stopping else ""
        # Without keys, because those of the page do not act here.
        lines = Content.styled(without_keys(text), style).wrap(max(10, self._state.size.width))
        self._state.show(*lines)


def _rows(line: Line, width: int) -> list[Content]:
    """The line wrapped to `width`: no output is cut off."""
    row = Content.assemble(INDENTS[line.kind], (line.text, STYLES[line.kind]))
    return row.wrap(max(10, width)) if row.cell_length > width else [row]

"""All that is known of one run: its options, versions and figures, its passes as a table, and its events."""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from tui.checklist.widgets.item_lines import one_line
from tui.migration.model.call.script import Script
from tui.migration.model.record import Event
from tui.migration.screens.virsh import VirshDialog, wrapped_script
from tui.migration.widgets.log_pane import event_lines
from tui.runs.backend.reading import OpenRun
from tui.runs.backend.replay import HIDING
from tui.runs.backend.runs import Runs
from tui.runs.model.facts import figure_facts, run_facts
from tui.runs.model.pass_table import PassRow, pass_lines
from tui.runs.model.run import Run
from tui.runs.model.run_forecast import rows as outcome_rows
from tui.runs.model.run_forecast import table
from tui.runs.screens.replay import ReplayPage
from tui.runs.widgets.words import heading
from tui.ui.lines import Lines
from tui.ui.page import Page

LABEL = 17  # columns of a label
PASSES = (
    "left: written by the VM meanwhile, so sent by the next pass. threshold: what",
    "a pass must leave at most for the switchover, the rate x the max downtime.",
)

NO_SCRIPT = "There is no virsh command of this run: its record does not have what libvirt was called with."


class Facts(VerticalScroll):
    """The text; the line of keys has those that scroll it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_up", "scroll", show=False),
        Binding("down", "scroll_down", "scroll", key_display="up/down"),
    ]


class RunDetails(Page):
    """The facts, passes and events of an opened run as text that scrolls; Esc returns to its charts."""

    page = "runs"
    HELP = (
        "What run.toml and the raw log hold of this run. In the table of passes, the threshold is what a pass had to "
        "get under, so that the VM was switched over: the rate multiplied by the maximum downtime. Enter replays the "
        "run from the chosen event; iterations and what the guest reports each second are not listed."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "virsh", "virsh", tooltip="Copy as virsh: the commands that do what this run did",
                id="run-details.virsh"),
        Binding("n", "choose(1)", "event", key_display="n N", tooltip="The next event, the previous one",
                id="run-details.event"),
        Binding("N", "choose(-1)", "event", show=False),
        Binding("enter", "replay", "replay from it", key_display="enter", tooltip="Replay from the chosen event",
                id="run-details.replay"),
        Binding("escape,backspace,i", "back", "back", key_display="esc", tooltip="Back to the run",
                id="run-details.back"),
    ]  # fmt: skip
    DEFAULT_CSS = """
    RunDetails #what { height: 1; text-wrap: nowrap; }
    RunDetails #facts { height: 1fr; scrollbar-size-vertical: 1; }
    """

    def __init__(self, runs: Runs, opened: OpenRun, script: Script | None = None) -> None:
        super().__init__()
        self._room = runs
        self._opened = opened
        self._script = script
        self._events = [each for each in opened.timeline.events if each.kind not in HIDING]
        self._chosen: int | None = None  # of the events
        self._first_event = 0  # its line

    def body(self) -> ComposeResult:
        yield Lines(id="what")
        with Facts(id="facts"):
            yield Lines(id="fact-lines")

    def on_mount(self) -> None:
        self.query_one("#what", Lines).show(heading(self._opened.run))
        self.query_one("#facts").focus()  # the arrow keys scroll it

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        width = self.size.width - 3  # a space before the text, and the scroll bar behind it
        opened = self._opened
        lines = [
            *fact_lines(opened.run, width, self.with_keys),
            *forecast_lines(opened.run, width),
            *script_lines(self._script, width),
            Content(""),
            Content.styled(" Passes", "bold $accent"),
            *passes(opened.passes),
            Content(""),
            Content.styled(" Events", "bold $accent"),
        ]
        self._first_event = len(lines)
        self.query_one("#fact-lines", Lines).show(*lines, *events(self._events, self._chosen, width))

    def why_not(self, action: str) -> str:
        """A replay from an event needs one; only a run that the app started has commands."""
        if action == "choose" and not self._events:
            return "This run has no events."
        if action == "replay" and self._chosen is None:
            return "Choose an event first."
        if action == "virsh" and self._script is None:
            return NO_SCRIPT
        return super().why_not(action)

    def action_choose(self, by: int) -> None:
        """Choose the next event or the previous one, and scroll to it."""
        if not self._events:
            return
        number = (0 if by > 0 else len(self._events) - 1) if self._chosen is None else self._chosen + by
        self._chosen = min(max(number, 0), len(self._events) - 1)
        self._show()
        facts = self.query_one("#facts", Facts)
        facts.scroll_to(y=self._first_event + self._chosen - facts.size.height // 2, animate=False)

    def action_replay(self) -> None:
        """Replay the run from the chosen event, paused."""
        if self._chosen is not None:
            self.app.push_screen(ReplayPage(self._room, self._opened, at=self._events[self._chosen].t))

    def action_virsh(self) -> None:
        """Copy what the mouse has selected, else the commands."""
        if self.copies_selection():
            return
        if self._script is not None:
            self.app.push_screen(VirshDialog(self._script))

    def action_back(self) -> None:
        """Return to the run."""
        self.dismiss()


def fact_lines(run: Run, width: int, with_keys: Callable[[str], str]) -> Iterator[Content]:
    """The facts and figures, each with its label; long ones are wrapped."""
    for number, facts in enumerate((run_facts(run), figure_facts(run))):
        if number:
            yield Content("")
            yield Content.styled(" Figures", "bold $accent")
        for label, text in facts:
            wrapped = Content(one_line(with_keys(text))).wrap(max(10, width - LABEL))
            for n, line in enumerate(wrapped):
                yield Content.assemble(f" {'' if n else one_line(label):<{LABEL}}", line)


def forecast_lines(run: Run, width: int) -> Iterator[Content]:
    """The table of the forecast and the outcome, below its title; nothing without a forecast."""
    if run.forecast is None:
        return
    yield Content("")
    yield Content.styled(" Forecast and outcome", "bold $accent")
    header, *lines = table(outcome_rows(run.forecast, run.total_s, run.downtime_s))
    yield Content.styled(f" {header}"[:width], "bold")
    for line in lines:
        yield Content(f" {line}"[:width])


def events(listed: Sequence[Event], chosen: int | None, width: int) -> Iterator[Content]:
    """A line for each event, the chosen one marked; a sentence if there are none."""
    if not listed:
        yield Content.styled(" No event was recorded.", "dim")
    for number, event in enumerate(listed):
        line = one_line(event_lines(event)[0])
        yield Content.styled(f">{line}"[:width], "reverse") if number == chosen else Content(f" {line}"[:width])


def passes(rows: Sequence[PassRow]) -> tuple[Content, ...]:
    """The table of passes with its header; a sentence if there are none."""
    if not rows:
        return (Content.styled(" No pass was recorded.", "dim"),)
    header, *lines = pass_lines(rows)
    styled = Content.styled(f" {header}", "bold"), *(Content(f" {line}") for line in lines)
    return *styled, *(Content.styled(f" {line}", "dim") for line in PASSES)


def script_lines(script: Script | None, width: int) -> Iterator[Content]:
    """The commands of virsh below their title; nothing if they are not known."""
    if script is None:
        return
    yield Content("")
    yield Content.styled(" The same with virsh", "bold $accent")
    for line in wrapped_script(script.virsh, max(20, width)):
        yield Content.assemble(" ", line)

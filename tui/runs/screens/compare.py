"""The comparison of a few runs: their remaining memory on one time axis, and their figures beside each other."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical, VerticalScroll
from textual.content import Content

from tui.core.failure import Failure
from tui.core.plain_text import plain
from tui.runs.backend.runs import Runs
from tui.runs.model.accuracy import by_technique
from tui.runs.model.difference import differences
from tui.runs.model.groups import letter
from tui.runs.model.measure import measured
from tui.runs.model.run import Run
from tui.runs.screens.compared import (
    Track,
    heading,
    overlaid,
    run_lines,
    small_multiples,
    table_lines,
    track_of,
)
from tui.ui.chart.chart import Chart
from tui.ui.lines import Lines
from tui.ui.page import Page

NARROWEST = 26  # columns of a small chart
NO_SWITCH = "None of these runs switched to post-copy."


class ComparePage(Page):
    """Reads the logs of the runs one after another, and draws each at once; Esc returns to the list."""

    page = "runs"
    CSS_PATH = "compare.tcss"
    HELP = (
        "The marked runs, the oldest first: the letter of a run is above the end of its curve. In the table, 0.50x is "
        "half of the baseline's value, and > a lower bound. Below it is what repeats with equal settings show. In "
        "small charts, the dashed line is the largest value of all runs."
    )
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-normal")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "align", "align", tooltip="Align the runs at the switch to post-copy, or at their start",
                id="compare.align"),
        Binding("m", "multiples", "small charts", tooltip="One chart for each run with the same axes, or one for all",
                id="compare.multiples"),
        Binding("b", "baseline", "baseline", tooltip="Divide the figures by those of the next run",
                id="compare.baseline"),
        Binding("escape,backspace", "back", "back", key_display="esc", tooltip="Back to the list", id="compare.back"),
    ]  # fmt: skip

    def __init__(self, room: Runs, runs: Sequence[Run]) -> None:
        super().__init__()
        self._room = room
        self._runs = sorted(runs, key=lambda run: run.sort_key)
        self._measured = measured(self._runs)
        self._tracks: dict[int, Track] = {}
        self._problems: dict[int, str] = {}
        self._found: Sequence[str] = ()
        self._baseline = 0
        self._at_switch = False
        self._what, self._reading, self._lines = Lines(id="what"), Lines(id="reading"), Lines(id="lines")
        self._all, self._grid = Chart(id="all"), Grid(id="small")
        self._small = [Chart() for _ in self._runs]

    def body(self) -> ComposeResult:
        yield self._what
        with Vertical(id="charts"):
            yield self._all
            with self._grid:
                yield from self._small
        yield self._reading
        with VerticalScroll(id="below"):
            yield self._lines

    def on_mount(self) -> None:
        self._what.show(heading(self._measured))
        self.query_one("#below").focus()  # the arrow keys scroll it
        self._read()
        self._find()

    def on_resize(self) -> None:
        self._arrange()
        self.call_after_refresh(self._show)

    # -- reading --

    @work(name="read")
    async def _read(self) -> None:
        """Open the logs one after another: several at once would only be slower."""
        for number, run in enumerate(self._runs):
            self._reading.show(Content.styled(f" reading log {number + 1} of {len(self._runs)} ...", "dim"))
            try:
                opened = await self._room.open(run)
            except Failure as failure:
                self._problems[number] = plain(str(failure))
            else:
                self._tracks[number] = track_of(opened.timeline)
                if opened.problem:
                    self._problems[number] = opened.problem
            self._show()
            self.refresh_bindings()
        self._reading.show()

    @work(name="find")
    async def _find(self) -> None:
        """Compute what the repeats show."""
        try:
            self._found = await self._room.findings(self._runs)
        except Failure as failure:
            self._found = [str(failure)]
        self._show_lines()

    # -- showing --

    def _arrange(self) -> None:
        """The small charts in as few rows as their least width allows."""
        count, most = len(self._small), max(1, self.size.width // NARROWEST)
        rows = -(-count // most)
        self._grid.styles.grid_size_columns = -(-count // rows)
        self.set_class(rows > 1, "rows")

    def _show(self) -> None:
        self._all.picture = overlaid(self._tracks, at_switch=self._at_switch)
        pictures = small_multiples(self._tracks, len(self._small), at_switch=self._at_switch)
        for chart, picture in zip(self._small, pictures, strict=True):
            chart.picture = picture
        self._show_lines()

    def _show_lines(self) -> None:
        width = self.size.width - 2
        rows = differences(self._measured, self._baseline)
        lines = [
            *self._named(width),
            *self._left_out(),
            *table_lines(rows, len(self._runs), width),
        ]
        for sentence in [*self._found, *(each.sentence for each in by_technique(self._runs))]:
            first, *more = Content(plain(sentence)).wrap(max(10, width - 2))
            lines += [Content.assemble(" - ", first), *(Content.assemble("   ", line) for line in more)]
        self._lines.show(*lines)

    def _named(self, width: int) -> Iterator[Content]:
        """The line of each run, on further lines if it is too long: what differs may stand at its end."""
        for line in run_lines(self._runs, self._measured, self._problems, self._baseline):
            if line.cell_length <= width:
                yield line
                continue
            first, *more = line.wrap(max(10, width - 4))
            yield first
            yield from (Content.assemble("    ", each) for each in more)

    def _left_out(self) -> list[Content]:
        """The runs that have no curve in the chart, because they have no switch to be aligned at."""
        without = [letter(number) for number, each in self._tracks.items() if each.switched_at is None]
        if not self._at_switch or not without:
            return []
        sentence = f" Not in the chart, because they did not switch to post-copy: {', '.join(without)}"
        return [Content.styled(sentence, "$warning")]

    # -- keys --

    def why_not(self, action: str) -> str:
        """The runs can be aligned at a switch only if there is one."""
        if action != "align" or self._at_switch or any(each.switched_at is not None for each in self._tracks.values()):
            return ""
        read = len(self._tracks) + len(self._problems.keys() - self._tracks.keys())
        return NO_SWITCH if read == len(self._runs) else "The logs are not read yet."

    def action_align(self) -> None:
        """Align at the switch to post-copy, or at the start."""
        self._at_switch = not self._at_switch
        self._show()

    def action_multiples(self) -> None:
        """Show one chart for each run, or one for all."""
        self.toggle_class("small")

    def action_baseline(self) -> None:
        """Take the next run for the baseline."""
        self._baseline = (self._baseline + 1) % len(self._runs)
        self._show_lines()

    def action_back(self) -> None:
        """Return to the list."""
        self.dismiss()

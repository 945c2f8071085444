"""The charts of a migration below each other on one time axis, with its phases above them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.migration.model.phases import phases
from tui.migration.model.timeline import Timeline
from tui.migration.widgets.charts import guest_picture, memory_picture, rate_picture
from tui.migration.widgets.pass_charts import sent_and_left
from tui.migration.widgets.ribbon import ribbon
from tui.ui.chart.chart import Chart
from tui.ui.chart.picture import Picture
from tui.ui.chart.sheet import LABELS_WIDE, time_scale
from tui.ui.lines import Lines

LINES = 2  # above and below the charts
LEAST = 5  # rows of a chart; what has fewer is not shown

PICTURES: dict[str, Callable[[Timeline], Picture]] = {
    "memory": memory_picture,
    "rates": rate_picture,
    "guest": guest_picture,
}


class Board(Vertical):
    """Shows as many charts as have room, the most important first."""

    DEFAULT_CSS = """
    Board { height: 1fr; }
    Board > #ribbon, Board > #sent { height: 1; text-wrap: nowrap; }
    Board > #memory { height: 3fr; }
    Board > #rates, Board > #guest { height: 2fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._timeline: Timeline | None = None
        self._guest_known = False

    def compose(self) -> ComposeResult:
        """The phases, and the charts."""
        yield Lines(id="ribbon")
        for name in PICTURES:
            yield Chart(id=name)
        yield Lines(id="sent")

    def on_resize(self) -> None:
        if self._timeline is not None:
            self.show(self._timeline)

    def show(self, timeline: Timeline) -> None:
        """Draw everything at once."""
        for draw in self.steps(timeline):
            draw()

    def steps(self, timeline: Timeline) -> Iterator[Callable[[], None]]:
        """Draw everything by calls of about 10 ms, so that keys can be handled between them."""
        self._timeline, self._guest_known = timeline, timeline.guest_known
        shown = self._shown()
        for chart in self.query(Chart):
            chart.display = chart.id in shown
        yield partial(self._draw_lines, timeline)
        for name in shown:
            yield partial(self._draw, name, timeline, last=name == shown[-1])

    def _shown(self) -> list[str]:
        """The names of the charts that have room."""
        known = [name for name in PICTURES if name != "guest" or self._guest_known]
        return known[: max(1, (self.size.height - LINES) // LEAST)]

    def _draw(self, name: str, timeline: Timeline, *, last: bool) -> None:
        chart = self.query_one(f"#{name}", Chart)
        chart.picture = replace(PICTURES[name](timeline), times=last)

    def _draw_lines(self, timeline: Timeline) -> None:
        width = self.size.width
        scale = time_scale(memory_picture(timeline), width)
        line = self.query_one("#ribbon", Lines)
        line.display = scale.columns > 0
        if line.display:
            line.show(ribbon(list(phases(timeline)), scale, LABELS_WIDE + 1, width))
        sent = self.query_one("#sent", Lines)
        sent.display = self.size.height >= LEAST + LINES
        sent.show(sent_and_left(timeline, width))

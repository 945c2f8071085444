"""The charts of a migration below each other on one time axis, with its phases above them."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from tui.migration.model.phases import phases
from tui.migration.model.points import Point
from tui.migration.model.timeline import Timeline
from tui.migration.widgets.charts import guest_now, guest_picture, memory_picture, rate_picture
from tui.migration.widgets.curves import newest_of, span_of, window_of
from tui.migration.widgets.forecast_mark import forecast_mark
from tui.migration.widgets.more_charts import (
    downtime_picture,
    expected_downtime,
    faults,
    faults_picture,
    throttle,
    throttle_picture,
)  # fmt: skip
from tui.migration.widgets.pass_charts import left_picture, sent_and_left, sent_picture
from tui.migration.widgets.readout import readout
from tui.migration.widgets.ribbon import ribbon
from tui.migration.widgets.view import LEAST_S, View
from tui.ui.chart.chart import Chart
from tui.ui.chart.picture import Picture, Series
from tui.ui.chart.scale import Scale
from tui.ui.chart.sheet import labels_wide, time_scale
from tui.ui.lines import Lines

LINES = 2  # above and below the charts; a third one takes a row of theirs, more lines take a chart
LEAST = 5  # rows of a chart; what has fewer is not shown
LEAST_BESIDE = 8  # the same beside a result: its title, six rows of curve, and the time axis

PICTURES: dict[str, Callable[[Timeline], Picture]] = {
    "memory": memory_picture,
    "rates": rate_picture,
    "guest": guest_picture,
    "left": left_picture,
    "sent": sent_picture,
    "downtime": downtime_picture,
    "throttle": throttle_picture,
    "faults": faults_picture,
}
AMOUNTS = ("memory", "left", "sent")  # these have a logarithmic scale, too
TOGETHER = ("memory", "rates", "guest")  # the others are shown in full only
IF_ANY: dict[str, Callable[[Point], int | None]] = {  # these are shown if a value of a point is not 0
    "downtime": expected_downtime,
    "throttle": throttle,
    "faults": faults,
}


@dataclass(frozen=True)
class Room:
    """What has room in a board: the line of the phases, so many lines of values, and so many charts."""

    phases: bool
    values: int
    charts: int

    @classmethod
    def of(cls, height: int, lines: int, *, reading: bool, least: int = LEAST) -> "Room":
        """Of a board of so many rows, where each of several charts gets `least` rows.

        The values that a cursor reads have a line, also if that is the phases'.
        """
        if not reading:
            return cls(True, lines if height >= LEAST + LINES else 0, max(1, (height - LINES) // least))
        phases = height >= 1 + LEAST + lines
        values = max(1, min(lines, height - phases - LEAST))
        return cls(phases, values, max(1, (height - LINES - max(0, values - LINES)) // least))


class Board(Vertical):
    """Shows as many charts as have room, the most important first, or one.

    Each of several charts gets `least` rows. `key` shows the others; the title of the first chart names both.
    """

    DEFAULT_CSS = """
    Board { height: 1fr; }
    Board > #ribbon { height: auto; text-wrap: nowrap; }
    Board > #values { height: auto; text-wrap: nowrap; }
    Board > Chart { height: 2fr; }
    Board > #memory { height: 3fr; }
    Board.beside > Chart { min-height: 8; }
    """

    least = LEAST
    key = ""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = View()
        self._timeline: Timeline | None = None
        self._pending = False
        self._drawn: tuple[View, list[str]] | None = None  # the view without its cursor, and the charts that are drawn

    def compose(self) -> ComposeResult:
        """The phases, the charts, and values below them."""
        yield Lines(id="ribbon")
        for name in PICTURES:
            chart = Chart(id=name)
            chart.display = name in TOGETHER
            yield chart
        yield Lines(id="values")

    def on_resize(self) -> None:
        if self._timeline is not None:
            self.show(self._timeline)

    def show(self, timeline: Timeline) -> None:
        """Draw everything at once."""
        for draw in self.steps(timeline):
            draw()

    def steps(self, timeline: Timeline) -> Iterator[Callable[[], None]]:
        """Draw everything by calls of about 10 ms, so that keys can be handled between them."""
        self._timeline = timeline
        lines = self._values(timeline)
        room = self._room(lines)
        shown = self._shown(timeline, room)
        self._drawn = replace(self.view, cursor=None), shown
        self.set_class(self.least == LEAST_BESIDE and len(shown) > 1, "beside")
        for chart in self.query(Chart):
            chart.display = chart.id in shown
        yield partial(self._draw_phases, timeline, room)
        yield partial(self._draw_values, timeline, lines, room, shown)
        for name in shown:
            more = self._more(timeline, shown) if name == shown[0] else ""
            yield partial(self._draw, name, timeline, more, last=name == shown[-1])

    # -- the view --

    def show_next(self, direction: int) -> None:
        """Show the next chart alone, or all again."""
        if self._timeline is not None:
            self._change(self.view.next(charts_of(self._timeline), direction))

    def show_together(self) -> None:
        """Show all charts that have room."""
        self._change(replace(self.view, chart=""))

    def zoom(self, direction: int) -> None:
        """Show a shorter part of the time (1) or a longer one (-1)."""
        if self._timeline is not None:
            self._change(self.view.zoomed(direction, *self._times(self._timeline)))

    def pan(self, direction: int) -> None:
        """Show a later part of the time (1) or an earlier one (-1)."""
        if self._timeline is not None:
            self._change(self.view.panned(direction, *self._times(self._timeline)))

    def move_cursor(self, columns: int) -> None:
        """Move the cursor; it appears at the newest moment that is shown."""
        if self._timeline is None:
            return
        newest, scale = newest_of(self._timeline), self._scale(self._timeline)
        if self.view.cursor is None:
            self._put_cursor(min(newest, scale.begin + scale.span))
        else:
            self._put_cursor(self.view.cursor + columns * scale.span / max(1, scale.columns))

    def toggle_log(self) -> None:
        """Draw amounts of memory on a logarithmic scale, or not."""
        self._change(replace(self.view, log=not self.view.log))

    def show_all(self) -> None:
        """Show all charts and all of the time, without the cursor; if they are, what is shown at first."""
        everything = View() if self._timeline is None else View().everything(*self._times(self._timeline))
        self._change(View() if self.view == everything else everything)

    def show_usual(self) -> None:
        """Show all charts as they are shown at first, on the same scale."""
        self._change(View(log=self.view.log))

    @property
    def shows_amounts(self) -> bool:
        """Whether a chart of amounts of memory is shown."""
        chart = self.view.chart  # all charts include that of the memory
        return chart in AMOUNTS or self._timeline is None or chart not in charts_of(self._timeline)

    def on_chart_clicked(self, message: Chart.Clicked) -> None:
        """Put the cursor where a chart was clicked."""
        self._put_cursor(message.moment)

    def _put_cursor(self, moment: float) -> None:
        if self._timeline is not None:
            self._change(self.view.at(moment, *self._times(self._timeline)))

    def _change(self, view: View) -> None:
        """Show another view, once for all keys that were pressed meanwhile."""
        self.view = view
        if not self._pending:
            self._pending = True
            self.call_later(self._redraw)

    def _redraw(self) -> None:
        self._pending = False
        if self._timeline is not None and not self._moved(self._timeline):
            self.show(self._timeline)

    # -- drawing --

    def _values(self, timeline: Timeline) -> tuple[Content, ...]:
        """The lines below the charts, without that of the guest."""
        if self.view.cursor is None:
            return (sent_and_left(timeline, self.size.width),)
        return readout(timeline, min(self.view.cursor, newest_of(timeline)), self.size.width)

    def _room(self, lines: tuple[Content, ...]) -> Room:
        return Room.of(self.size.height, len(lines), reading=self.view.cursor is not None, least=self.least)

    def _shown(self, timeline: Timeline, room: Room) -> list[str]:
        """The names of the charts that are shown."""
        known = charts_of(timeline)
        if self.view.chart in known:
            return [self.view.chart]
        return [name for name in known if name in TOGETHER][: room.charts]

    def _more(self, timeline: Timeline, shown: list[str]) -> str:
        """The key, and the charts that have no room."""
        others = [name for name in charts_of(timeline) if name in TOGETHER and name not in shown]
        return f"{self.key}: {', '.join(others)}" if others and self.key and not self.view.chart else ""

    def _draw(self, name: str, timeline: Timeline, more: str, *, last: bool) -> None:
        picture, window = PICTURES[name](timeline), self._window(timeline)
        if window != picture.window and window is not None:
            picture = _part(picture, window)
        log = self.view.log and name in AMOUNTS
        chart = self.query_one(f"#{name}", Chart)
        subtitle = picture.subtitle or more
        chart.picture = replace(picture, subtitle=subtitle, times=last, cursor=self.view.cursor, log=log)

    def _scale(self, timeline: Timeline) -> Scale:
        """The time axis of all charts."""
        picture = Picture("", span_s=span_of(timeline), window=self._window(timeline), ends=True)
        return time_scale(picture, self.size.width)

    def _window(self, timeline: Timeline) -> tuple[float, float] | None:
        """The part of the time that is shown; None for all of a running migration, and what is expected."""
        if self.view.length is None:
            return self._usual(timeline)
        return self.view.window(*self._times(timeline)) or ((0.0, span_of(timeline)) if timeline.over else None)

    def _usual(self, timeline: Timeline) -> tuple[float, float] | None:
        """What is shown at first; only the chart of the guest has something to show of the time after the end."""
        window, shown = window_of(timeline), self._drawn[1] if self._drawn is not None else []
        if window is None or timeline.ended_at is None or "guest" in shown:
            return window
        return window[0], max(LEAST_S, min(window[1], timeline.ended_at))

    def _times(self, timeline: Timeline) -> tuple[float, float]:
        """The newest moment that has a value, and the one up to which is shown at first."""
        window = self._usual(timeline)
        return newest_of(timeline), math.inf if window is None else window[1]

    def _moved(self, timeline: Timeline) -> bool:
        """Draw what a cursor changes; False if more than it has changed."""
        lines = self._values(timeline)
        room = self._room(lines)
        shown = self._shown(timeline, room)
        if self._drawn != (replace(self.view, cursor=None), shown):
            return False
        if room.phases != self.query_one("#ribbon", Lines).display:
            self._draw_phases(timeline, room)
        self._draw_values(timeline, lines, room, shown)
        for name in shown:
            chart = self.query_one(f"#{name}", Chart)
            chart.picture = replace(chart.picture, cursor=self.view.cursor)
        return True

    def _draw_phases(self, timeline: Timeline, room: Room) -> None:
        line, width, scale = self.query_one("#ribbon", Lines), self.size.width, self._scale(timeline)
        line.display = room.phases and scale.columns > 0
        if line.display:
            left, roomy = labels_wide(width) + 1, self.view.cursor is None and self.size.height > LEAST + LINES
            mark = forecast_mark(timeline, scale, left, width) if roomy else None
            ended = timeline.ended_at if timeline.over else None
            shown = ribbon(list(phases(timeline)), scale, left, width, ended)
            line.show(shown, *([] if mark is None else [mark]))

    def _draw_values(self, timeline: Timeline, lines: tuple[Content, ...], room: Room, shown: list[str]) -> None:
        values = self.query_one("#values", Lines)
        values.display = room.values > 0
        guest = guest_now(timeline) if self.view.cursor is None and "guest" not in shown else ""
        values.show(*lines[: room.values], *((Content(f" guest {guest}"),) if guest else ()))


def charts_of(timeline: Timeline) -> list[str]:
    """The names of the charts of which there is something to show."""
    return [name for name in PICTURES if _has_values(name, timeline)]


def _has_values(name: str, timeline: Timeline) -> bool:
    if name == "guest":
        return timeline.guest_known
    value = IF_ANY.get(name)
    return value is None or any(value(each) for each in reversed(timeline.points))


def _part(picture: Picture, window: tuple[float, float]) -> Picture:
    """The picture of a part of the time, which fits the values in it; newest values are not named before their time."""

    def cut(series: Series) -> Series:
        last = next((x for x, y in zip(reversed(series.xs), reversed(series.ys), strict=True) if y is not None), 0.0)
        return series if window[1] >= last else replace(series, now="")

    return replace(picture, window=window, series=tuple(map(cut, picture.series)), least_top=0.0)

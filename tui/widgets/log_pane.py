"""The raw log at a glance: every field libvirt gave last, and the newest events."""

import textwrap
from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from tui.model.record import Event, Record, Stat
from tui.widgets.lines import Lines

NAME = 26  # the longest name libvirt has for a field
COLUMN = 39  # and a number of 12 digits
INDENT = 13
KEPT = 200  # events that can be scrolled back to; all of them are in the file


class LogPane(Vertical):
    """Give it records with `add`; hidden, it costs nothing."""

    DEFAULT_CSS = """
    LogPane { height: 1fr; }
    LogPane > #log-events { height: 5; border-top: solid $foreground; }
    LogPane > #log-stats { height: 1fr; border-top: solid $foreground; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._events: list[str] = []
        self._stats: Mapping[str, Stat] = {}

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="log-events") as events:
            events.border_title = "events"
            yield Lines(id="log-event-lines")
        with VerticalScroll(id="log-stats") as stats:
            stats.border_title = "newest statistics, as libvirt names them"
            yield Lines(id="log-stat-lines")

    def clear(self) -> None:
        """Forget what was shown: another run begins."""
        self._events, self._stats = [], {}

    def add(self, record: Record) -> None:
        """Take a record in; nothing is drawn before `redraw`."""
        if isinstance(record, Event):
            self._events = [*self._events, *event_lines(record)][-KEPT:]
            stats = record.data.get("stats")
            if isinstance(stats, Mapping) and stats.get(
                "memory_total"
            ):  # of a failed job libvirt says nothing but zeros
                self._stats = stats
        else:
            self._stats = record.stats

    def redraw(self) -> None:
        """Bring what is on the screen up to date."""
        if not self.display or not self.is_mounted:
            return
        events = self.query_one("#log-events", VerticalScroll)
        at_end = events.is_vertical_scroll_end
        width = max(20, self.size.width - 2)  # beside the scroll bar
        said = [line for event in self._events for line in _wrapped(event, width)] or ["No events yet."]
        self.query_one("#log-event-lines", Lines).show(*map(Content, said))
        if at_end:
            events.scroll_end(animate=False)
        self.query_one("#log-stat-lines", Lines).show(*map(Content, stat_lines(self._stats, self.size.width - 2)))


def event_lines(event: Event) -> list[str]:
    """The event in words, and what it says at length on lines of its own."""
    data = dict(event.data)
    longer = str(data.pop("detail", "")) if event.kind == "error" else ""
    data.pop("stats", None)
    said = "  ".join(f"{name}={value}" for name, value in data.items() if value != "")
    return [
        f"{event.t:9.3f} s  {event.kind}  {said}".rstrip(),
        *(f"{'':{INDENT}}{line}" for line in longer.splitlines()),
    ]


def _wrapped(line: str, width: int) -> list[str]:
    return textwrap.wrap(line, width, subsequent_indent=" " * INDENT, drop_whitespace=False) or [""]


def stat_lines(stats: Mapping[str, Stat], width: int) -> list[str]:
    """Every field, in as many columns as there is room for, read downwards."""
    if not stats:
        return ["libvirt has given none yet."]
    columns = max(1, width // COLUMN)
    cells = [f"{name:<{NAME}}{value}" for name, value in stats.items()]
    rows = -(-len(cells) // columns)
    return ["".join(f"{cell:<{COLUMN}}" for cell in cells[row::rows]).rstrip() for row in range(rows)]

"""The raw log: the newest events and statistics, and after a failure what libvirt and QEMU have written."""

import textwrap
from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from tui.core.plain_text import plain
from tui.core.protocols import Stat
from tui.migration.model.ending.raw_text import raw_text
from tui.migration.model.record import HOST_LOG, Event
from tui.migration.model.timeline import Timeline
from tui.ui.lines import Lines

NAME = 26  # the longest name libvirt has for a field
COLUMN = 39  # and a number of 12 digits
INDENT = 13
STATISTICS_TITLE = "newest statistics, as libvirt names them"
FAILURE_TITLE = "what libvirt and QEMU wrote, then the newest statistics"
NARROW = 50  # columns below which an event has no room for the indent


class LogPane(Vertical):
    """Shows a timeline's events and statistics; while hidden, it does nothing."""

    DEFAULT_CSS = """
    LogPane { height: 1fr; }
    LogPane > #log-events { height: 5; border-top: solid $foreground; }
    LogPane > #log-stats { height: 1fr; border-top: solid $foreground; }
    """

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="log-events") as events:
            events.border_title = "events"
            events.anchor()  # shows the newest, until the user scrolls
            yield Lines(id="log-event-lines")
        with VerticalScroll(id="log-stats") as stats:
            stats.border_title = STATISTICS_TITLE
            yield Lines(id="log-stat-lines")

    def show(self, timeline: Timeline) -> None:
        """Update what is visible."""
        if not self.display or not self.size.width:
            return
        width = max(20, self.size.width - 2)  # beside the scroll bar
        lines = [part for event in timeline.events for line in event_lines(event) for part in _wrapped(line, width)]
        self.query_one("#log-event-lines", Lines).show(*map(Content, lines or ["No events yet."]))
        self.query_one("#log-stats").border_title = FAILURE_TITLE if timeline.host_logs else STATISTICS_TITLE
        below = [*raw_lines(timeline, width), *stat_lines(_newest(timeline), width)]
        self.query_one("#log-stat-lines", Lines).show(*map(Content, below))


def _newest(timeline: Timeline) -> Mapping[str, Stat]:
    """The final figures if known: libvirt reports only zeros for a failed job."""
    if timeline.final.get("memory_total"):
        return timeline.final
    return timeline.last.stats if timeline.last else {}


def event_lines(event: Event) -> list[str]:
    """The event as a line, with its detail on further lines."""
    data = dict(event.data)
    detail = str(data.pop("detail", "")) if event.kind == "error" else ""
    data.pop("stats", None)
    if event.kind == HOST_LOG:  # its text is shown elsewhere
        data = {"host": data.get("host", ""), "lines": len(str(data.get("qemu", "")).splitlines())}
    fields = "  ".join(f"{name}={value}" for name, value in data.items() if value != "")
    return [
        f"{event.t:9.3f} s  {event.kind}  {fields}".rstrip(),
        *(f"{'':{INDENT}}{line}" for line in detail.splitlines()),
    ]


def raw_lines(timeline: Timeline, width: int) -> list[str]:
    """The raw text behind a failed migration, wrapped, with an empty line after it; empty without logs of the hosts."""
    if not timeline.host_logs:
        return []
    return [*(part for line in raw_text(timeline) for part in _wrapped(plain(line), width)), ""]


def _wrapped(line: str, width: int) -> list[str]:
    indent = " " * (INDENT if width >= NARROW else 2)
    return textwrap.wrap(line, width, subsequent_indent=indent, drop_whitespace=False) or [""]


def stat_lines(stats: Mapping[str, Stat], width: int) -> list[str]:
    """All fields, in as many columns as fit, ordered downwards."""
    if not stats:
        return ["No statistics yet."]
    columns = max(1, width // COLUMN)
    cells = [f"{name:<{NAME}}{value}" for name, value in stats.items()]
    rows = -(-len(cells) // columns)
    return ["".join(f"{cell:<{COLUMN}}" for cell in cells[row::rows]).rstrip() for row in range(rows)]

"""The raw log: the newest events and statistics, and after a failure what libvirt and QEMU have written."""

import re
import textwrap
from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from tui.core.plain_text import plain
from tui.core.protocols import Stat
from tui.core.quantity import duration, rate, size
from tui.migration.model.ending.raw_text import raw_text
from tui.migration.model.record import HOST_LOG, Event
from tui.migration.model.timeline import Timeline
from tui.ui.lines import Lines

NAME = 26  # the longest name libvirt has for a field
COLUMN = 39  # and a number of 12 digits
INDENT = 13
IN_UNITS_TITLE = "newest statistics"
STATISTICS_TITLE = "newest statistics, as libvirt reports them"
FAILURE_TITLE = "what libvirt and QEMU wrote, then the newest statistics"
NARROW = 50  # columns below which an event has no room for the indent


TIMES = re.compile(r"^time_|^downtime|^setup_time")  # in milliseconds
RATES = re.compile(r"_bps$")  # in bytes per second
SIZES = re.compile(r"_(total|processed|remaining|bytes|cache|page_size)$")  # in bytes


class LogPane(Vertical):
    """Shows a timeline's events and statistics, in units unless `raw`; while hidden, it does nothing."""

    raw = False

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
            stats.border_title = IN_UNITS_TITLE
            yield Lines(id="log-stat-lines")

    def show(self, timeline: Timeline) -> None:
        """Update what is visible."""
        if not self.display or not self.size.width:
            return
        width = max(20, self.size.width - 2)  # beside the scroll bar
        lines = [part for event in timeline.events for line in event_lines(event) for part in _wrapped(line, width)]
        self.query_one("#log-event-lines", Lines).show(*map(Content, lines or ["No events yet."]))
        title = STATISTICS_TITLE if self.raw else IN_UNITS_TITLE
        self.query_one("#log-stats").border_title = FAILURE_TITLE if timeline.host_logs else title
        below = [*raw_lines(timeline, width), *stat_lines(_newest(timeline), width, raw=self.raw)]
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


def stat_lines(stats: Mapping[str, Stat], width: int, *, raw: bool = True) -> list[str]:
    """All fields, in units unless `raw`, in as many columns as fit, ordered downwards."""
    if not stats:
        return ["No statistics yet."]
    columns = max(1, width // COLUMN)
    cells = [f"{name:<{NAME}}{value if raw else in_units(name, value)}" for name, value in stats.items()]
    rows = -(-len(cells) // columns)
    return ["".join(f"{cell:<{COLUMN}}" for cell in cells[row::rows]).rstrip() for row in range(rows)]


def in_units(name: str, value: Stat) -> str:
    """The value of a field of libvirt with its unit: times, rates and amounts of bytes; others as they are."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if TIMES.search(name):
        return duration(value / 1000)
    if RATES.search(name):
        return rate(value)
    return size(value) if SIZES.search(name) else f"{value:,}"

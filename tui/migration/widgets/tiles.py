"""The figures of a running migration, each at a fixed place so that only digits change."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from tui.core.quantity import approximately, duration, rate, size
from tui.forecast.model.advice import between
from tui.migration.model.outlook import Fetching, fetching
from tui.migration.model.rate_before import rate_before
from tui.migration.model.timeline import PASS, Timeline

NONE = "-"
Tile = tuple[str, str]  # label, value
FIRST_ROW = (19, 15, 17, 28)  # of 79 cells; wider terminals distribute the rest
SECOND_ROW = (10, 35, 14, 20)
FIRST_OF_DISKS = (32, 20, 27)
SECOND_IN_POST_COPY = (25, 32, 21)


def tiles(timeline: Timeline, t: float, width: int) -> tuple[Content, ...]:
    """Two lines if they fit, else more; `t` is now, in seconds since the start."""
    fetched = fetching(timeline)
    first = _first(timeline, t, fetched)
    second = _second(timeline) if fetched is None else _in_post_copy(timeline, fetched)
    if width < sum(FIRST_ROW) + 1:
        return _flow([*first, *second], width)
    widths = SECOND_ROW if fetched is None else SECOND_IN_POST_COPY
    first_widths = FIRST_OF_DISKS if len(first) == len(FIRST_OF_DISKS) else FIRST_ROW
    return _row(first, first_widths, width), _row(second, widths, width)


def _first(timeline: Timeline, t: float, fetched: Fetching | None) -> list[Tile]:
    point, disks = timeline.point, timeline.disks
    if point is None and disks.known:
        return [
            ("disks left", f"{size(disks.remaining)} of {size(disks.total)}"),
            ("rate", rate(disks.rate) if disks.rate is not None else NONE),
            ("time left", approximately(disks.left_s) if disks.left_s is not None else NONE),
        ]
    if point is None:
        return [("remaining", NONE), ("sent", NONE), ("rate", NONE), ("dirty", NONE)]
    return [
        ("remaining", size(point.remaining)),
        ("sent", size(point.transferred)),
        ("rate", rate(point.rate) if point.rate is not None else NONE),
        ("dirty", _dirty(timeline, t)) if fetched is None else ("time left", _left(fetched)),
    ]


def _left(fetched: Fetching) -> str:
    """The rest of post-copy; below a second its bounds are no help."""
    left = fetched.left_s
    if left is None:
        return NONE
    return approximately(left.likely) if left.likely < 1 else between(left)


def _in_post_copy(timeline: Timeline, fetched: Fetching) -> list[Tile]:
    """How far it is, what the guest waits for, and what that costs the guest."""
    faults = f"{timeline.points[-1].faults:,}"
    if fetched.faults_s is not None:
        faults += f", {fetched.faults_s:,.0f}/s"
    fetched_share = f"{100 * fetched.share:.0f} % of {size(fetched.of)}"
    guest = ("guest", "no reply") if timeline.guest_silent is not None else ("guest loses", _loss(timeline))
    return [("fetched", fetched_share), ("post-copy faults", faults), guest]


def _loss(timeline: Timeline) -> str:
    """How much slower the workload is than before."""
    guest, before = timeline.guest, rate_before(timeline)
    if not guest or guest[-1].rate is None or before is None or not before.rate:
        return NONE
    return f"{100 * max(0.0, 1 - guest[-1].rate / before.rate):.0f} %"


def _dirty(timeline: Timeline, t: float) -> str:
    point, since = timeline.point, timeline.dirty_rate_at
    if point is None or point.dirty_rate is None or since is None:
        return f"{NONE} (known after pass 1)" if timeline.phase == PASS else NONE
    return f"{rate(point.dirty_rate)} ({_age(t - since)} old)"


def _age(seconds: float) -> str:
    return f"{max(0.0, seconds):.1f} s" if seconds < 9.95 else f"{min(seconds, 9999):.0f} s"


def _second(timeline: Timeline) -> list[Tile]:
    point = timeline.point
    downtime = f"<= {timeline.max_downtime_ms} ms" if timeline.max_downtime_ms else "limit unknown"
    if point is not None and point.expected_downtime_ms and timeline.phase == PASS:
        downtime += f", expects {duration(point.expected_downtime_ms / 1000)}"
    beside = point is not None and timeline.disks.known
    throttle = f"{point.throttle} %" if point is not None and point.throttle else NONE
    return [
        ("pass", str(timeline.iteration) if timeline.iteration else NONE),
        ("downtime", downtime),
        ("throttle", throttle),
        ("disks left", size(timeline.disks.remaining)) if beside else ("post-copy faults", NONE),
    ]


def _tile(tile: Tile) -> Content:
    label, value = tile
    return Content.assemble(f"{label} ", (value, "bold"))


def _row(row: Sequence[Tile], widths: Sequence[int], width: int) -> Content:
    extra = (width - 1 - sum(widths)) // len(widths)
    cells = [_tile(tile).pad_right(max(0, w + extra - _length(tile))) for tile, w in zip(row, widths, strict=True)]
    return Content.assemble(" ", *cells)


def _flow(row: Sequence[Tile], width: int) -> tuple[Content, ...]:
    """The tiles, wrapped over as many lines as needed."""
    lines: list[Content] = []
    for tile in row:
        if lines and lines[-1].cell_length + _length(tile) + 2 <= width:
            lines[-1] = Content.assemble(lines[-1], "  ", _tile(tile))
        else:
            lines.append(Content.assemble(" ", _tile(tile)))
    return tuple(lines)


def _length(tile: Tile) -> int:
    return cell_len(tile[0]) + 1 + cell_len(tile[1])

"""The figures of a running migration, each at a fixed place so that only digits change."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from tui.core.quantity import duration, rate, size
from tui.migration.model.timeline import PASS, Timeline

NONE = "-"
Tile = tuple[str, str]  # label, value
FIRST_ROW = (19, 15, 17, 28)  # of 79 cells; wider terminals distribute the rest
SECOND_ROW = (10, 35, 14, 20)
SECOND_IN_POST_COPY = (10, 25, 14, 30)  # no expected downtime, but thousands of faults


def tiles(timeline: Timeline, t: float, width: int) -> tuple[Content, ...]:
    """Two lines if they fit, else more; `t` is now, in seconds since the start."""
    first, second = _first(timeline, t), _second(timeline)
    if width < sum(FIRST_ROW) + 1:
        return _flow([*first, *second], width)
    widths = SECOND_ROW if timeline.post_copy_at is None else SECOND_IN_POST_COPY
    return _row(first, FIRST_ROW, width), _row(second, widths, width)


def _first(timeline: Timeline, t: float) -> list[Tile]:
    point = timeline.point
    if point is None:
        return [("remaining", NONE), ("sent", NONE), ("rate", NONE), ("dirty", NONE)]
    return [
        ("remaining", size(point.remaining)),
        ("sent", size(point.transferred)),
        ("rate", rate(point.rate) if point.rate is not None else NONE),
        ("dirty", _dirty(timeline, t)),
    ]


def _dirty(timeline: Timeline, t: float) -> str:
    point, since = timeline.point, timeline.dirty_rate_at
    if point is None or point.dirty_rate is None or since is None:
        return f"{NONE} (known after pass 1)" if timeline.phase == PASS else NONE
    if timeline.post_copy_at is not None:
        return NONE  # the VM now writes on the other host
    return f"{rate(point.dirty_rate)} ({_age(t - since)} old)"


def _age(seconds: float) -> str:
    return f"{max(0.0, seconds):.1f} s" if seconds < 9.95 else f"{min(seconds, 9999):.0f} s"


def _second(timeline: Timeline) -> list[Tile]:
    point = timeline.point
    limits = [f"<= {timeline.max_downtime_ms} ms"] if timeline.max_downtime_ms else []
    if point is not None and point.expected_downtime_ms and timeline.phase == PASS:
        limits.append(f"expects {duration(point.expected_downtime_ms / 1000)}")
    throttle = f"{point.throttle} %" if point is not None and point.throttle else NONE
    post_copy = timeline.post_copy_at is not None and point is not None
    return [
        ("pass", str(timeline.iteration) if timeline.iteration else NONE),
        ("downtime", ", ".join(limits) or NONE),
        ("throttle", throttle),
        ("post-copy faults", str(point.faults) if post_copy and point is not None else NONE),
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

"""From which size on a page has two panes: the log beside the charts, what is chosen beside the list."""

from textual.geometry import Size

COLUMNS, ROWS = 160, 20


def has_room_beside(size: Size) -> bool:
    """Whether a second pane has room beside the first."""
    return size.width >= COLUMNS and size.height >= ROWS

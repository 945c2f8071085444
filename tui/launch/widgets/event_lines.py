"""The events of the Launch page as lines, the newest first."""

from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tui.launch.model.vm_events import BAD, GOOD, VmEvents

STYLES = {GOOD: "$success", BAD: "bold $error"}
LONGEST_NAME = 30


def event_lines(events: VmEvents, most: int) -> tuple[Content, ...]:
    """At most so many lines; a sentence if nothing has changed."""
    return tuple(_lines(events, most))


def _lines(events: VmEvents, most: int) -> Iterator[Content]:
    newest = events.newest[:most]
    if not newest and events.began is not None:
        yield Content.styled(f" No VM has changed its state or host since {events.began:%H:%M:%S}.", "dim")
    wide = min(LONGEST_NAME, max((cell_len(each.name) for each in newest), default=0))
    for each in newest:
        text = (each.text, STYLES.get(each.tone, ""))
        yield Content.assemble((f" {each.at:%H:%M:%S}  ", "dim"), set_cell_size(each.name, wide), "  ", text)

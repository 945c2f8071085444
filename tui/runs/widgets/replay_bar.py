"""The bar of a replay: its state, and its position on the run."""

from textual import events
from textual.content import Content
from textual.message import Message

from tui.checklist.widgets.item_lines import one_line
from tui.runs.model.replay import Playhead, time_text
from tui.ui.lines import Lines

PASS_CELLS = 3  # of the line of a replay, at least, for each mark of a pass


class ReplayBar(Lines):
    """The state of a replay, and its position on the run; a click on the line posts the moment there."""

    DEFAULT_CSS = """
    ReplayBar { height: auto; min-height: 2; }
    ReplayBar.small { height: 1; min-height: 1; }
    """

    class Clicked(Message):
        """A click at this moment, in seconds since the start of the run."""

        def __init__(self, at: float) -> None:
            super().__init__()
            self.at = at

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._head: Playhead | None = None

    def show_head(self, head: Playhead, event: str) -> None:
        """Show the position, and the newest event."""
        self._head = head
        state = "playing" if head.playing else "end" if head.at >= head.track.ends else "paused"
        times = f"{time_text(head.at)} of {time_text(head.track.ends)}"
        first = Content.assemble(f" {state:<7} {head.speed}x  ", (times, "bold"), "  ", (one_line(event), "dim"))
        self.show(first, replay_line(head, self.size.width))

    def on_click(self, event: events.Click) -> None:
        if self._head is not None and event.y == 1:
            share = (event.x - 1) / max(1, self.size.width - 3)
            self.post_message(self.Clicked(share * self._head.track.ends))


def replay_line(head: Playhead, width: int) -> Content:
    """The run as a line: | where a pass began, S where the VM was switched over, o where the replay stands."""
    track, last = head.track, max(1, width - 3)  # the index of the last cell

    def cell(at: float) -> int:
        return min(last, round(at / track.ends * last)) if track.ends else 0

    at = cell(head.at)
    cells = ["━"] * at + ["─"] * (last + 1 - at)
    step = -(-len(track.passes) * PASS_CELLS // last)  # every nth pass, if there are many
    for moment in track.passes[:: max(1, step)]:
        cells[cell(moment)] = "|"
    if track.switch is not None:
        cells[cell(track.switch)] = "S"
    before, after = "".join(cells[:at]), "".join(cells[at + 1 :])
    return Content.assemble(" ", (before, "$accent"), ("o", "bold reverse"), (after, "dim"))

"""A picture of the Migrate page at one moment of a recorded run, for a file; no key acts on it."""

from textual.pilot import Pilot

from tui.core.failure import Failure
from tui.migration.model.timeline import Timeline
from tui.migration.screens.moment import Moment
from tui.runs.backend.reading import OpenRun
from tui.runs.screens.replay import PastPage, moment_of
from tui.ui.chart.curves import load

LOOKS, LOOK_S = 600, 0.05  # until it is drawn


class StillPage(PastPage):
    """Shows the run with the timeline of its records up to the moment `at`, in seconds."""

    page = "migrate"
    DEFAULT_CSS = """
    StillPage > KeyLine { display: none; }
    """

    def __init__(self, opened: OpenRun, timeline: Timeline, at: float) -> None:
        super().__init__()
        self._shown_moment = moment_of(opened, timeline, at)
        self._drawn = False

    def _moment(self) -> Moment:
        return self._shown_moment

    def on_mount(self) -> None:
        load()  # a chart loads it on a thread, and nothing tells `drawn` that this has ended

    async def _draw_charts(self) -> None:
        await super()._draw_charts()
        self._drawn = True

    async def drawn(self, pilot: Pilot[object]) -> None:
        """Wait until all is drawn, and nothing is about to be drawn again; Failure if that takes too long."""
        quiet = 0
        for _ in range(LOOKS):
            await pilot.pause(LOOK_S)
            pending = self._update_pending or self._charts_pending or not self._drawn
            quiet = 0 if pending else quiet + 1
            if quiet == 2:  # a layout that has changed meanwhile requests another update
                return
        raise Failure("The picture was not drawn", f"it took more than {LOOKS * LOOK_S:.0f} s", "Try again.")

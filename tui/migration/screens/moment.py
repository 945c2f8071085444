"""The picture of a migration at one moment, as the Migrate page and a replay show it."""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content

from tui.core.actions import LOG
from tui.core.virsh_options import VirshOptions, option_words, read_options
from tui.migration.model.ending.outcome import title
from tui.migration.model.timeline import COMPLETED, Timeline
from tui.migration.model.verdict import sentence, warning
from tui.migration.screens.chart_page import ChartPage
from tui.migration.screens.result import ResultDialog
from tui.migration.widgets.board import Board
from tui.migration.widgets.log_pane import LogPane
from tui.migration.widgets.phase_line import phase_line
from tui.migration.widgets.sentence import MOST, Sentence
from tui.migration.widgets.summary import Outcome, outcome_lines
from tui.migration.widgets.tiles import tiles
from tui.ui.beside import has_room_beside
from tui.ui.lines import Lines, shortened

YIELD_S = 0.001  # between two charts, so that keys are handled
# What the panel of the result shows; h changes it.
FITTING, WHOLE, HIDDEN = "fitting", "whole", "hidden"
AFTER = {FITTING: HIDDEN, WHOLE: HIDDEN, HIDDEN: FITTING}
BESIDE_RESULT = 17  # rows of the page and of the panel's frame, with a chart of 6 rows
LEAST_RESULT = 4
MOST_LINES = 1000
LEAST_TILES, LEAST_LOG = 2, 6  # rows that the sentence leaves to them on a tiny screen
CHARTS_EVERY_S = 0.8  # at most: drawing one takes 10 ms, and events cause updates, too


@dataclass(frozen=True)
class Moment:
    """What is shown of a migration; `how` is its technique in words, `elapsed` and `waiting_s` are in seconds."""

    vm: str
    how: str
    origin: str
    target: str
    folder: Path
    timeline: Timeline
    elapsed: float
    waiting_s: float  # for how long libvirt has not replied


class MomentPage(ChartPage):
    """Shows what `_moment` returns: lines, charts, log and result."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [Path(__file__).with_name("page.tcss")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "result", "result", show=False, id="migrate.result",
                tooltip="After the end: the whole result, none, or as much as leaves room for a chart"),
        Binding("L", "raw", "raw log", show=False, id="migrate.raw",
                tooltip="The statistics of the log as libvirt reports them, or in units"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._result = FITTING
        self._update_pending = False
        self._guarded_update = self.guarded(self._update)
        self._charts_pending = False
        self._charts_at = -math.inf
        self._foot = 1  # rows below all else: the keys

    def body(self) -> ComposeResult:
        """Lines, charts, log and result; CSS classes select what is visible."""
        yield Lines(id="what")
        yield Lines(id="phases")
        yield Sentence(id="sentence")
        with Container(id="middle"):
            yield Board(id="charts")
            yield LogPane(id="log")
        yield Outcome(id="outcome")
        yield Lines(id="tiles")

    def to_copy(self) -> str:
        """The result once there is one, else what the lines above and below the charts show; empty without both."""
        if self._moment() is None:
            return ""
        names = ("#outcome",) if self.has_class("over") else ("#what", "#sentence", "#tiles")
        return "\n".join(filter(None, (self.query_one(name, Lines).text for name in names)))

    def on_mount(self) -> None:
        self.query_one(LogPane).display = False

    def on_resize(self) -> None:
        width, height = self.size
        self.set_class(has_room_beside(self.size), "wide")
        self.set_class(height < 32, "short")
        self.set_class(height < 20, "low")
        self.set_class(height < 14 or (height < 18 and width < 60), "tiny")
        self.set_class(height < 10, "least")
        self._arrange()
        self.call_after_refresh(self._request_update)  # then the lines have their new width

    def _moment(self) -> Moment | None:
        """What is shown; None if there is no migration."""
        raise NotImplementedError

    @property
    def run_folder(self) -> Path | None:
        moment = self._moment()
        return moment.folder if moment is not None else None

    @property
    def _has_charts(self) -> bool:
        return self._moment() is not None

    @property
    def _has_room(self) -> bool:
        """The result or the log replaces the charts if there is no room for both."""
        low_and_over = self.has_class("low") and self.has_class("over") and self._result != HIDDEN
        below = self.has_class("short") and self.has_class("log") and not self.has_class("wide")
        return not (self.has_class("tiny") or low_and_over or below)

    @property
    def _has_result(self) -> bool:
        return self.has_class("over") and self._result != HIDDEN

    def _arrange(self) -> None:
        super()._arrange()
        if self.has_class("chartless") == self._has_room:
            self.set_class(not self._has_room, "chartless")
            self.refresh_bindings()

    def _request_update(self) -> None:
        """Request an update, at most one at a time; it runs when the loop has nothing more urgent."""
        if not self._update_pending:
            self._update_pending = True
            self.call_later(self._guarded_update)

    @property
    def _shown(self) -> bool:
        """Whether the page is on the screen, perhaps behind a dialog."""
        return self in self.app.screen_stack

    async def _update(self) -> None:
        """Update all lines; each repaints only what changed, and keys are handled in between."""
        self._update_pending = False
        if not self._shown or not self.is_mounted:
            return
        self._refresh_keys()
        moment = self._moment()
        self.set_class(moment is None, "idle")
        self.set_class(moment is not None and moment.timeline.over, "over")
        self.set_class(self._result == HIDDEN, "resultless")
        self._arrange()
        if moment is None:
            self._show_idle()
            return
        timeline, width = moment.timeline, self.size.width
        self.query_one("#what", Lines).show(_what(moment))
        self._show_time(moment)
        if timeline.over:
            why_not_again = self._stopped(moment.vm)
            self.query_one(Outcome).show_end(
                timeline, moment.folder, moment.origin, why_not_again, width, self._most_lines, self.with_keys
            )
        else:
            self._show_tiles(timeline, timeline.now)
        self.query_one(LogPane).show(timeline)
        await self._draw_charts()

    @property
    def _most_lines(self) -> int:
        """Of the result, so that a chart has room beside it; all of a failure, and where no chart is shown."""
        moment = self._moment()
        completed = moment is not None and moment.timeline.phase == COMPLETED
        fitting = self._result == FITTING and self._has_room and completed
        return max(LEAST_RESULT, self.size.height - BESIDE_RESULT) if fitting else self._rows_of_result

    @property
    def _rows(self) -> int:
        """How many rows the page has between its first lines and its last ones."""
        what = not (self.has_class("least") or (self.has_class("tiny") and self.has_class("over")))
        return self.size.height - self._foot - (not self.has_class("least")) - what - 1  # the tabs, the phases

    @property
    def _rows_of_result(self) -> int:
        """How many lines of the result fit without any chart; its frame takes two."""
        return max(1, self._rows - 2 * (not self.has_class("tiny")))

    async def _charts_due(self) -> None:
        self._charts_pending = False
        await self._draw_charts()

    async def _draw_charts(self) -> None:
        """Draw the charts now, or later if they were just drawn."""
        wait = self._charts_at + CHARTS_EVERY_S - time.monotonic()
        if wait > 0:
            if not self._charts_pending:
                self._charts_pending = True
                self.call_after_delay(wait, self.guarded(self._charts_due))
            return
        moment = self._moment()
        if moment is None:
            return
        self._charts_at, timeline = time.monotonic(), moment.timeline
        board = self.query_one(Board)
        for draw in board.steps(timeline):
            await asyncio.sleep(YIELD_S)
            if board.is_attached:  # a replay may be closed meanwhile
                draw()

    def _show_time(self, moment: Moment | None) -> None:
        """Update what changes with the clock alone."""
        if moment is None:
            return
        timeline, elapsed, waiting = moment.timeline, moment.elapsed, moment.waiting_s
        self.query_one("#phases", Lines).show(phase_line(timeline, elapsed, self.size.width))
        verdict = sentence(timeline, elapsed, moment.origin, moment.target)
        verdict = replace(verdict, text=self.with_keys(verdict.text))
        late = warning(timeline, waiting)
        below = LEAST_LOG if self.has_class("log") else LEAST_TILES * (not self.has_class("least"))
        most = max(1, self._rows - below) if self.has_class("tiny") else MOST
        self.query_one(Sentence).show_verdict(verdict, timeline.phase, late, self.size.width, most)
        if waiting:
            self._show_tiles(timeline, elapsed)

    def _show_tiles(self, timeline: Timeline, t: float) -> None:
        """The figures; on a tiny screen the last ones may have no room."""
        width, lines = self.size.width, self.query_one("#tiles", Lines)
        most = self._rows - self.query_one(Sentence).rows if self.has_class("tiny") else MOST_LINES
        lines.show(*shortened(tiles(timeline, t, width), most, width))

    def action_result(self) -> None:
        """Show the whole result, none, or as much as leaves room for a chart."""
        outcome, moment = self.query_one(Outcome), self._moment()
        if moment is None or not moment.timeline.over:
            self.explain("The migration is not over.")
            return
        is_cut = outcome.is_cut and self._result != HIDDEN
        if is_cut and self._most_lines < self._rows_of_result:
            self._result = WHOLE
        elif self.has_class("tiny"):  # without the result there would be nothing
            self._show_result(moment)
        else:
            self._result = AFTER[self._result]
            if is_cut:
                self._show_result(moment)
        self._request_update()

    def _show_result(self, moment: Moment) -> None:
        """Show the whole result in a box."""
        why_not_again = self._stopped(moment.vm)

        def lines(width: int) -> Sequence[Content]:
            return outcome_lines(moment.timeline, moment.folder, moment.origin, width, self.with_keys, why_not_again)

        self.app.push_screen(ResultDialog(title(moment.timeline)[0], lines))

    def action_log(self) -> None:
        """Show or hide the raw log."""
        log, moment = self.query_one(LogPane), self._moment()
        log.display = not log.display
        self.set_class(log.display, "log")
        self._arrange()
        self.set_focus(self.query_one("#log-stats") if log.display else None)  # the arrow keys scroll it
        self.call_after_refresh(log.show, moment.timeline if moment is not None else Timeline())

    def action_raw(self) -> None:
        """Show the statistics as libvirt reports them, or in units."""
        log, moment = self.query_one(LogPane), self._moment()
        if not log.display:
            self.explain(f"{LOG} shows the statistics.")
        elif moment is not None:
            log.raw = not log.raw
            log.show(moment.timeline)

    def _show_idle(self) -> None:
        """Show what is known while there is no migration."""

    def _stopped(self, name: str) -> str | None:  # noqa: ARG002
        """Why the VM can't be migrated again; empty if nothing is known to prevent it, None if the run is past."""
        return ""

    def _refresh_keys(self) -> None:
        """Update the line of keys."""


def _what(moment: Moment) -> Content:
    """The VM, its direction, the technique, and the workload."""
    timeline, options = moment.timeline, moment.timeline.options
    words = [moment.how, f"workload {options.get('workload') or 'unknown'}"]
    limit = timeline.post_copy_bandwidth_mib_s or timeline.bandwidth_mib_s
    if limit:
        words.append(f"<= {limit} MiB/s")
    if options.get("auto_converge"):
        words.append("auto-converge")
    if options.get("parallel"):
        words.append(f"{options['parallel']} connections")
    words += option_words(VirshOptions(**read_options(options)))
    way = f"{moment.origin} -> {moment.target}"
    return Content.assemble(" ", (moment.vm, "bold"), "  ", way, "  ", "  ".join(words))

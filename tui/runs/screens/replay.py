"""The replay of a recorded run: the picture of the Migrate page, as it was at any moment of the run."""

import asyncio
import math
import time
from collections.abc import Callable
from functools import cached_property
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.core.actions import without_offers
from tui.core.failure import Failure
from tui.core.plan import ELSEWHERE, Plan
from tui.core.threads import on_thread
from tui.migration.model.record import number_in
from tui.migration.model.timeline import Timeline
from tui.migration.screens.chart_page import CHART_BINDINGS
from tui.migration.screens.moment import Moment, MomentPage
from tui.migration.widgets.log_pane import event_lines
from tui.runs.backend.reading import OpenRun
from tui.runs.backend.replay import HIDING, ReplayLog
from tui.runs.backend.runs import Runs
from tui.runs.model.replay import Playhead, read_time, time_text
from tui.runs.widgets.replay_bar import ReplayBar
from tui.ui.text_dialog import TextDialog

TICK_S = 0.1
BAR = 2  # rows of the bar; on a tiny screen its first one
AT_ONCE = 500  # records that are added between two keys; for more, the timeline is built on a thread


def moment_of(opened: OpenRun, timeline: Timeline, at: float) -> Moment:
    """What the Migrate page shows of a run at `at` seconds, with the timeline of its records up to then."""
    run, options = opened.run, opened.timeline.options
    timeout_s = number_in(options, "timeout_s") or 0.0
    elapsed = timeline.now if timeline.unfollowed else at
    elapsed = elapsed if timeline.ended_at is None else timeline.ended_at
    return Moment(
        vm=str(options.get("vm") or run.vm or run.folder.name),
        how=Plan("", opened.timeline.technique, timeout_s).words,
        origin=str(options.get("origin") or run.origin),
        target=timeline.target or opened.timeline.target or ELSEWHERE,
        folder=run.folder,
        timeline=timeline,
        elapsed=elapsed,
        waiting_s=timeline.waiting_s(elapsed),
    )


class PastPage(MomentPage):
    """Shows a moment of a run, where no key acts on the migration: sentences do not offer any that would."""

    def with_keys(self, sentence: str) -> str:
        """The sentence with the keys of this page, without what only the Migrate page does."""
        return super().with_keys(without_offers(sentence, self._keys))

    def _stopped(self, name: str) -> None:  # noqa: ARG002
        """What comes next was for the moment of the end."""
        return


class ReplayPage(PastPage):
    """Builds the timeline of the records up to the position of the replay; Esc returns to the run."""

    page = "runs"
    HELP = (
        "The Migrate page as it was at a moment of this run. The bar: | where a pass began, S where the VM was "
        "switched over or post-copy began; a click on it goes there. Nothing here acts on a VM."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "pause", tooltip="Pause, or continue; at the end, play again", id="replay.pause"),
        Binding("left_square_bracket", "step(-1)", "1 s", key_display="[ ]", tooltip="A second back, forward",
                id="replay.second"),
        Binding("right_square_bracket", "step(1)", "1 s", show=False),
        Binding("left_curly_bracket", "pass(-1)", "pass", key_display="{ }", tooltip="The previous pass, the next one",
                id="replay.pass"),
        Binding("right_curly_bracket", "pass(1)", "pass", show=False),
        Binding("n", "event(1)", "event", key_display="n N", tooltip="The next event, the previous one",
                id="replay.event"),
        Binding("N", "event(-1)", "event", show=False),
        Binding("plus,equals_sign", "speed(1)", "speed", key_display="+ -", tooltip="Faster, slower: 1x to 60x",
                id="replay.speed"),
        Binding("minus", "speed(-1)", "speed", show=False),
        Binding("g", "go_to", "go to", tooltip="Go to a time that you type: 12 or 1:05", id="replay.go-to"),
        Binding("l", "log", "log", show=False, tooltip="Show or hide the raw statistics and events of then",
                id="replay.log"),
        Binding("escape,backspace,q", "back", "back", key_display="esc", tooltip="Back to the run", id="replay.back"),
        *CHART_BINDINGS,
    ]  # fmt: skip

    def __init__(
        self, runs: Runs, opened: OpenRun, clock: Callable[[], float] = time.monotonic, at: float | None = None
    ) -> None:
        super().__init__()
        self._foot = 1 + BAR
        self._from = at  # paused there at first; None: it plays from the beginning
        self._room = runs
        self._opened = opened
        self._clock = clock
        self._then = clock()  # when the position was last moved on
        self.in_front = True  # not behind a dialog or another page, where the replay stands still
        self._log: ReplayLog | None = None
        self._head: Playhead | None = None
        self._wanted = asyncio.Event()
        self._jumped = False
        self._bar = ReplayBar(id="bar")
        # What is shown: the number of records in the timeline, and the position it was built for.
        self._timeline, self._count, self._at = Timeline(), 0, 0.0

    def body(self) -> ComposeResult:
        """The picture, and the bar below it."""
        yield from super().body()
        yield self._bar

    def on_mount(self) -> None:
        self._bar.show(Content.styled(" reading the log ...", "dim"))
        self._follow()
        self.set_interval(TICK_S, self.guarded(self._tick))

    def on_screen_suspend(self) -> None:
        self.in_front = False

    def on_screen_resume(self) -> None:
        self.in_front, self._then = True, self._clock()
        self._request_update()

    def on_resize(self) -> None:
        self._foot = 1 + (1 if self.has_class("tiny") else BAR)
        self._bar.set_class(self.has_class("tiny"), "small")
        self.call_after_refresh(self._show_bar)

    def why_not(self, action: str) -> str:
        """The keys need the log."""
        if action != "back" and self._head is None:
            return "The log is not read yet."
        return super().why_not(action)

    def _moment(self) -> Moment | None:
        return None if self._log is None else moment_of(self._opened, self._timeline, self._at)

    @cached_property
    def _keys(self) -> dict[str, str]:
        """The log has the text that the Migrate page has, under a key of this page."""
        keys = super()._keys
        return keys | {"migrate.log": keys["replay.log"]}

    # -- following the position --

    @work(name="replay")
    async def _follow(self) -> None:
        """Read the log, then build the timeline of each position that is wanted, the newest only."""
        try:
            log = await self._room.replay(self._opened.run)
            head = Playhead(log.track, log.track.begins)
            self._log, self._head = log, head if self._from is None else head.moved_to(self._from).toggled()
            self._then = self._clock()
            self.refresh_bindings()
            self._wanted.set()
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                await self._build(log, self._head.at)
        except Failure as failure:
            self._head = None
            lines = Content.styled(str(failure), "bold $error").wrap(max(10, self.size.width - 2))
            self._bar.show(*(Content.assemble(" ", line) for line in lines))
            self.refresh_bindings()

    async def _build(self, log: ReplayLog, at: float) -> None:
        """Show this position."""
        count = log.count_at(at)
        if self._count <= count <= self._count + AT_ONCE:
            for each in await on_thread(log.records, self._count, count):
                self._timeline.add(each)
        else:
            self._timeline = await on_thread(log.timeline, count)
        self._count, self._at = count, at
        if self._jumped and not self._wanted.is_set():
            self._jumped, self._charts_at = False, -math.inf
        self._show_bar()
        self._request_update()

    def _tick(self) -> None:
        """Move the position on with the clock, while the replay is in front."""
        now = self._clock()
        passed, self._then = now - self._then, now
        if self._head is not None and self.in_front and self._head.playing:
            self._move(self._head.after(passed))

    def _move(self, head: Playhead) -> None:
        self._head = head
        self._show_bar()
        self._wanted.set()

    def _jump(self, head: Playhead) -> None:
        """Move, and draw the charts as soon as the timeline is that of the position."""
        self._jumped = True
        self._move(head)

    def _show_bar(self) -> None:
        newest = next((each for each in reversed(self._timeline.events) if each.kind not in HIDING), None)
        if self._head is not None and self._bar.is_attached:  # a position may be built while the page closes
            event = " ".join(event_lines(newest)[0].split()) if newest is not None else ""
            self._bar.show_head(self._head, event)

    # -- keys --

    def action_pause(self) -> None:
        """Pause or continue."""
        if self._head is not None:
            self._tick()
            self._move(self._head.toggled())

    def action_step(self, seconds: int) -> None:
        """Go back or forward."""
        if self._head is not None:
            self._jump(self._head.stepped(seconds))

    def action_pass(self, direction: int) -> None:
        """Go to another pass."""
        if self._head is not None:
            self._jump(self._head.to_pass(direction))

    def action_event(self, direction: int) -> None:
        """Go to another event."""
        if self._head is not None:
            self._jump(self._head.to_event(direction))

    def action_speed(self, direction: int) -> None:
        """Play faster or slower."""
        if self._head is not None:
            self._tick()
            self._move(self._head.faster(direction))

    def action_go_to(self) -> None:
        """Ask for a time."""
        if self._head is None:
            return

        def check(text: str) -> float:
            try:
                return read_time(text)
            except ValueError as error:
                raise Failure(str(error)) from error

        def answered(text: str | None) -> None:
            if text is not None and self._head is not None:
                self._jump(self._head.moved_to(check(text)))

        about = f"Seconds, or minutes and seconds as 1:05, up to {time_text(self._head.track.ends)}."
        self.app.push_screen(TextDialog("Go to", about, "", check), answered)

    def on_replay_bar_clicked(self, message: ReplayBar.Clicked) -> None:
        """Go to the moment that was clicked."""
        if self._head is not None:
            self._jump(self._head.moved_to(message.at))

    def action_back(self) -> None:
        """Show all charts and all of the time again, then return to the run."""
        if not self.undo_view():
            self.dismiss()

"""The Migrate page without its keys: shows `migrations.current` and follows its records."""

import asyncio
import gc
import math
import time
from dataclasses import replace

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.migration.backend.migrations import Migration, Migrations
from tui.migration.model.record import END, Event, Record
from tui.migration.model.timeline import EVERY_SECOND, Timeline
from tui.migration.model.verdict import sentence, warning
from tui.migration.widgets.charts import guest_picture, memory_picture, rate_picture
from tui.migration.widgets.idle import idle_lines
from tui.migration.widgets.log_pane import LogPane
from tui.migration.widgets.phase_line import phase_line
from tui.migration.widgets.sentence import Sentence
from tui.migration.widgets.summary import Outcome
from tui.migration.widgets.tiles import tiles
from tui.ui.chart.chart import Chart
from tui.ui.error_report import WATCH
from tui.ui.lines import Lines
from tui.ui.page import Page
from tui.vm.model.location import Inventory

AGAIN_AFTER_S = 5.0  # while nothing migrates: other programs may start or destroy VMs
YIELD_S = 0.001  # between two charts, so that keys are handled
NOTHING = Timeline()  # no migration is shown
CHARTS_EVERY_S = 0.8  # at most: drawing one takes 10 ms, and events cause updates, too


class MigrateView(Page):
    """Everything it shows is read from the timeline of `migrations.current`."""

    page = "migrate"
    CSS_PATH = "page.tcss"

    def __init__(self, migrations: Migrations, defaults: Plan) -> None:
        super().__init__()
        self._migrations = migrations
        self._defaults = defaults
        self._inventory: Inventory | None = None
        self._migration: Migration | None = None
        self._update_pending = False
        self._guarded_update = self.guarded(self._update)
        self._charts_pending = False
        self._charts_at = -math.inf

    def body(self) -> ComposeResult:
        """Lines, charts, log and result; CSS classes select what is visible."""
        yield Lines(id="what")
        yield Lines(id="phases")
        yield Sentence(id="sentence")
        yield Lines(id="idle")
        with Vertical(id="charts"):
            yield Chart(id="memory")
            yield Chart(id="rates")
            yield Chart(id="guest")
        yield LogPane(id="log")
        yield Outcome(id="outcome")
        yield Lines(id="tiles")

    def on_mount(self) -> None:
        self.query_one(LogPane).display = False
        self.set_interval(1.0, self.guarded(self._tick))  # for the clock, and for overdue replies

    def on_screen_resume(self) -> None:
        self._follow_current()
        self._request_update()
        if not self._under_way:
            self._attach_running()
        self._watch()

    def on_screen_suspend(self) -> None:
        """Stop reading the VMs; a migration is still followed."""
        self.workers.cancel_group(self, WATCH)

    def on_resize(self) -> None:
        width, height = self.size
        self.set_class(height < 32, "short")
        self.set_class(height < 20, "low")
        self.set_class(height < 14 or (height < 18 and width < 60), "tiny")
        self.set_class(height < 10, "least")
        self.call_after_refresh(self._request_update)  # then the lines have their new width

    @property
    def _timeline(self) -> Timeline:
        """That of the migration shown; another runner begins it anew."""
        return self._migration.timeline if self._migration is not None else NOTHING

    @property
    def _under_way(self) -> bool:
        return self._migration is not None and not self._timeline.over

    @work(name="attach")  # never cancelled: it may be concluding the record of an earlier migration
    async def _attach_running(self) -> None:
        """Read the VMs, and follow a migration that another program or vmlm-tui has started."""
        self._inventory = await self._migrations.vms()
        self._request_update()
        try:
            await self._migrations.attach()
        except Failure as failure:
            self.explain(str(failure))
        self._follow_current()
        self._request_update()

    @work(group=WATCH, exclusive=True)
    async def _watch(self) -> None:
        """While nothing migrates, read the VMs again and again."""
        while True:
            await asyncio.sleep(AGAIN_AFTER_S)
            if not self._under_way:
                self._inventory = await self._migrations.vms()
                self._request_update()

    # -- following --

    def _follow_current(self) -> None:
        """Follow the current migration, which the app may have found without a key on this page."""
        if self._migration is not self._migrations.current:
            self._follow(self._migrations.current)
            self._request_update()

    def _follow(self, migration: Migration | None) -> None:
        self._migration = migration
        if migration is not None:
            gc.freeze()  # a full collection of Textual's objects would block keys for 70 ms
            migration.listen(self._on_record)

    def _on_record(self, each: Record) -> None:
        """Show a new record; events of every second are shown with the next sample."""
        if isinstance(each, Event) and each.kind in EVERY_SECOND:
            return
        self._request_update()
        if isinstance(each, Event) and each.data.get("request") and self._shown:
            self.explain(f"{each.data.get('what')}: {each.data.get('why')}")  # a key had no effect
        if not isinstance(each, Event) or each.kind != END or self._migration is None:
            return
        if self.is_current:
            self._attach_running()  # reads where the VM is now
        if not self._shown:
            migration = self._migration
            verdict = sentence(self._timeline, migration.elapsed(), migration.origin, migration.target)
            self.app.notify(
                self.with_keys(verdict.text), title=f"{migration.vm.name}: the migration is over", markup=False
            )

    def _request_update(self) -> None:
        """Request an update, at most one at a time; it runs when the loop has nothing more urgent."""
        if not self._update_pending:
            self._update_pending = True
            self.call_later(self._guarded_update)

    def _tick(self) -> None:
        self._follow_current()
        if self._migration is not None and not self._timeline.over and self._shown:
            self._show_time(self._migration)
            if self._migration.waiting_s():  # without samples, events of the guest would not be shown
                self._request_update()

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
        migration = self._migration
        self.set_class(migration is None, "idle")
        self.set_class(self._timeline.over, "over")
        if migration is None:
            self._show_idle()
            return
        self.query_one("#what", Lines).show(_what(migration, self._timeline))
        self._show_time(migration)
        if self._timeline.over:
            why_not_again = self._stopped(migration.vm.name)
            self.query_one(Outcome).show_end(
                self._timeline, migration.folder, migration.origin, why_not_again, self.size.width, self.with_keys
            )
        else:
            self.query_one("#tiles", Lines).show(*tiles(self._timeline, self._timeline.now, self.size.width))
        self.query_one(LogPane).show(self._timeline)
        await self._draw_charts()

    async def _charts_due(self) -> None:
        self._charts_pending = False
        await self._draw_charts()

    async def _draw_charts(self) -> None:
        """Draw the charts now, or later if they were just drawn."""
        wait = self._charts_at + CHARTS_EVERY_S - time.monotonic()
        if wait > 0:
            if not self._charts_pending:
                self._charts_pending = True
                self.set_timer(wait, self.guarded(self._charts_due))
            return
        self._charts_at = time.monotonic()
        self.set_class(guest_known := self._timeline.guest_known, "guest-known")
        for id, picture in (("#memory", memory_picture), ("#rates", rate_picture), ("#guest", guest_picture)):
            if id == "#guest" and not guest_known:
                continue
            await asyncio.sleep(YIELD_S)
            self.query_one(id, Chart).picture = picture(self._timeline)

    def _show_time(self, migration: Migration) -> None:
        """Update what changes with the clock alone."""
        timeline, elapsed, waiting = self._timeline, migration.elapsed(), migration.waiting_s()
        self.query_one("#phases", Lines).show(phase_line(timeline, elapsed, self.size.width))
        verdict = sentence(timeline, elapsed, migration.origin, migration.target)
        verdict = replace(verdict, text=self.with_keys(verdict.text))
        late = warning(timeline, waiting)
        self.query_one(Sentence).show_verdict(verdict, timeline.phase, late, self.size.width)
        if waiting:
            self.query_one("#tiles", Lines).show(*tiles(timeline, elapsed, self.size.width))

    def _show_idle(self) -> None:
        self.query_one("#idle", Lines).show(*idle_lines(self._inventory, self._defaults, self.with_keys))

    def _stopped(self, name: str) -> str:
        return self._inventory.stopped(name) if self._inventory else ""

    def _refresh_keys(self) -> None:
        """Update the line of keys, which belongs to the page."""


def _what(migration: Migration, timeline: Timeline) -> Content:
    """The VM, its direction, the technique, and the workload."""
    options = timeline.options
    words = [migration.plan.words, f"workload {options.get('workload') or 'unknown'}"]
    limit = timeline.post_copy_bandwidth_mib_s or timeline.bandwidth_mib_s
    if limit:
        words.append(f"<= {limit} MiB/s")
    if options.get("auto_converge"):
        words.append("auto-converge")
    if options.get("parallel"):
        words.append(f"{options['parallel']} connections")
    way = f"{migration.origin} -> {migration.target}"
    return Content.assemble(" ", (migration.vm.name, "bold"), "  ", way, "  ", "  ".join(words))

"""The Migrate page without its keys: shows `migrations.current` and follows its records."""

import asyncio
import gc

from textual import work
from textual.app import ComposeResult

from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.migration.backend.migrations import Migration, Migrations
from tui.migration.model.record import END, EVERY_SECOND, Event, Record
from tui.migration.model.timeline import Timeline
from tui.migration.screens.moment import Moment, MomentPage
from tui.migration.widgets.idle import idle_lines
from tui.ui.error_report import WATCH
from tui.ui.lines import Lines
from tui.vm.model.location import Inventory

AGAIN_AFTER_S = 5.0  # while nothing migrates: other programs may start or destroy VMs
NOTHING = Timeline()  # no migration is shown


class MigrateView(MomentPage):
    """Everything it shows is read from the timeline of `migrations.current`."""

    page = "migrate"

    def __init__(self, migrations: Migrations, defaults: Plan) -> None:
        super().__init__()
        self._migrations = migrations
        self._defaults = defaults
        self._inventory: Inventory | None = None
        self._migration: Migration | None = None

    def body(self) -> ComposeResult:
        """The lines while nothing migrates, or the migration."""
        yield Lines(id="idle")
        yield from super().body()

    def on_mount(self) -> None:
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

    @property
    def _timeline(self) -> Timeline:
        """That of the migration shown; another runner begins it anew."""
        return self._migration.timeline if self._migration is not None else NOTHING

    def _moment(self) -> Moment | None:
        migration = self._migration
        if migration is None:
            return None
        return Moment(
            migration.vm.name,
            migration.plan.words,
            migration.origin,
            migration.target,
            migration.folder,
            migration.timeline,
            migration.elapsed(),
            migration.waiting_s(),
        )

    @property
    def _under_way(self) -> bool:
        return self._migration is not None and not self._timeline.over

    @work(name="attach")  # never cancelled: it may be concluding the record of an earlier migration
    async def _attach_running(self) -> None:
        """Read the VMs, and follow a migration that another program or vmlm-tui has started."""
        self._show_vms(await self._migrations.vms(self._show_vms))
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
                self._show_vms(await self._migrations.vms())

    def _show_vms(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._request_update()

    # -- following --

    def _follow_current(self) -> None:
        """Follow the current migration, which the app may have found without a key on this page."""
        if self._migration is not self._migrations.current:
            self._follow(self._migrations.current)
            self._request_update()

    def _follow(self, migration: Migration | None) -> None:
        if self._migration is not None:
            self._board.show_usual()  # a part of the time of another migration
            self._arrange()
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
        self._board.show_together()
        self._arrange()  # the result has advice
        self.on_end()
        if self.is_current:
            self._attach_running()  # reads where the VM is now

    def on_end(self) -> None:
        """The migration shown has ended."""

    def _tick(self) -> None:
        self._follow_current()
        if self._migration is not None and not self._timeline.over and self._shown:
            self._show_time(self._moment())
            if self._migration.waiting_s():  # without samples, events of the guest would not be shown
                self._request_update()

    def _show_idle(self) -> None:
        hosts = self._migrations.hosts
        self.query_one("#idle", Lines).show(*idle_lines(self._inventory, hosts, self._defaults, self.with_keys))

    def _stopped(self, name: str) -> str:
        return self._inventory.stopped(name) if self._inventory else ""

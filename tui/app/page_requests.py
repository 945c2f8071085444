"""What one page requests of another: no room imports the pages of another, so the app opens them."""

# Pages are imported when they are opened, so that the first paint does not wait for them.
# ruff: noqa: PLC0415

from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.app import App

from tui.app.many import MANY, ONE, Many
from tui.core.actions import without_keys
from tui.core.failure import Failure
from tui.ui.error_report import WATCH, ReportsErrors
from tui.ui.question import Answer, Question

if TYPE_CHECKING:
    from tui.app.wiring import Backend
    from tui.launch.screens.page import LaunchPage
    from tui.migration.screens.page import MigratePage
    from tui.queue.screens.page import QueuePage
    from tui.runs.screens.page import RunsPage
    from tui.study.screens.page import StudyPage
    from tui.vm.screens.moving import MaintenanceRequested, MoveRequested

ENDED = "This migration has ended, or cannot be followed."


class AnswersPages(ReportsErrors, App[str]):
    """The handlers of the messages with which pages request others."""

    _migrate_page: "MigratePage | None" = None
    _runs_page: "RunsPage | None" = None
    _runs_filter = ""  # with which the page is created
    _many: Many | None = None  # None while there is no queue to show

    @property
    def backend(self) -> "Backend":
        """The backend; it exists once there is a configuration."""
        raise NotImplementedError

    def ring(self, title: str, words: str) -> None:
        """Ring, and notify the desktop."""
        raise NotImplementedError

    def on_launch_page_chosen(self, message: "LaunchPage.Chosen") -> None:
        """Propose the VM chosen on the Launch page on the Migrate page."""
        if self._migrate_page is not None:
            self._migrate_page.propose(message.name)

    # -- the Study page --

    def on_study_page_run_opened(self, message: "StudyPage.RunOpened") -> None:
        """Open a run of a study above its page."""
        self._open_run(message.folder, "study")

    @work(name="run")
    async def _open_run(self, folder: Path, mode: str) -> None:
        from tui.runs.screens.run import RunPage

        run = await self.backend.runs.read(folder)
        if self.current_mode == mode and not isinstance(self.screen, RunPage):  # Enter may be pressed twice
            await self.push_screen(RunPage(self.backend.runs, run))

    def on_study_page_runs_requested(self, message: "StudyPage.RunsRequested") -> None:
        """Show the runs of a study on the Runs page."""
        self._show_runs(f"study:={message.study}")

    @work(name="run")
    async def _show_runs(self, words: str) -> None:
        """Show the runs that match the words of a filter on the Runs page."""
        self._runs_filter = words
        if self._runs_page is not None:
            self._runs_page.show_only(self._runs_filter)
        await self.switch_mode("runs")
        while len(self.screen_stack) > 1:
            await self.pop_screen()  # an opened run would hide the table

    def on_study_page_migration_requested(self, message: "StudyPage.MigrationRequested") -> None:
        """Show the migration of a study on the Migrate page."""
        self._show_migration(message.run)

    @work(name="follow", exclusive=True)
    async def _show_migration(self, run: str) -> None:
        """Show a migration alone; stay if it cannot be followed."""
        migrations = self.backend.migrations
        before = migrations.current
        if run not in migrations.all:  # another client started it a moment ago
            try:
                await migrations.attach()
            except Failure as failure:
                self.notify(without_keys(str(failure)), markup=False, severity="error", timeout=15)
                return
        if run not in migrations.all:
            migrations.current = before
            self.notify(ENDED, markup=False, severity="warning")
            return
        migrations.current = migrations.all[run]
        await self.switch_mode(ONE)

    # -- many migrations --

    async def follow_queue(self) -> None:
        """Read the queue, and show it from now on, if there can be one."""
        queues = self.backend.queues
        if queues is not None and self._many is None:
            self._many = Many(self, queues, self.backend.migrations, self.ring)
            await self._many.read()
            self._watch_queue(self._many)

    @work(group=WATCH)
    async def _watch_queue(self, many: Many) -> None:
        await many.watch()

    @property
    def mode_of_migrations(self) -> str:
        """The mode of page 4: with many migrations it has their table."""
        return self._many.mode if self._many is not None else ONE

    @property
    def has_many(self) -> bool:
        """Whether the table of many migrations has anything to show."""
        return self._many is not None and self._many.known

    def on_move_requested(self, message: "MoveRequested") -> None:
        """Show the plan that empties a host, or moves VMs."""
        from tui.queue.backend.requests import Wish
        from tui.queue.model.plan import EVACUATE, MOVE
        from tui.queue.screens.plan import PlanPage

        queues = self.backend.queues
        if queues is not None and not isinstance(self.screen, PlanPage):  # the key may be pressed twice
            wish = Wish(MOVE, vms=message.vms) if message.vms else Wish(EVACUATE, message.host)
            self.push_screen(PlanPage(queues, wish))

    @work(name="maintenance")
    async def on_maintenance_requested(self, message: "MaintenanceRequested") -> None:
        """Mark a host, or take the mark off; the page that asked reads the marks again by itself."""
        queues = self.backend.queues
        try:
            if queues is not None:
                await queues.mark(message.host, on=message.on)
        except Failure as failure:
            self.notify(without_keys(str(failure)), markup=False, severity="error", timeout=15)

    async def on_plan_page_started(self) -> None:
        """Close the plan, and show the queue that has begun."""
        from tui.queue.screens.plan import PlanPage

        while any(isinstance(each, PlanPage) for each in self.screen_stack):
            await self.pop_screen()
        await self.switch_mode(MANY)

    def on_queue_page_migration_requested(self, message: "QueuePage.MigrationRequested") -> None:
        """Show one of many migrations alone."""
        self._show_migration(message.run)

    def on_queue_page_run_opened(self, message: "QueuePage.RunOpened") -> None:
        """Open the record of a migration that is over above the table."""
        self._open_run(message.folder, MANY)

    def on_queue_page_runs_requested(self, message: "QueuePage.RunsRequested") -> None:
        """Show the runs of a queue on the Runs page."""
        self._show_runs(f"queue:={message.queue}")

    async def on_queue_page_closed(self) -> None:
        """Back to the page of one migration."""
        if self._many is not None:
            self._many.close()
        await self.switch_mode(ONE)

    async def on_migrate_page_all_requested(self) -> None:
        """Show the table of all migrations."""
        await self.switch_mode(MANY)

    def question_before_quit(self) -> Question | None:
        """What is asked before quitting while many migrations are under way; None if they are not."""
        if self._many is None or not self._many.needed:
            return None
        words = self._many.words
        answers = [Answer("l", "leave: all goes on, and vmlm-tui shows it again"), Answer("s", "stay")]
        return Question("Quit?", words, answers) if words else None

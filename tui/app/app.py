"""The Textual app: its six pages as modes, its themes, and the dialog before it quits."""

# Pages are imported when they are created, so that the first paint does not wait for them.
# ruff: noqa: PLC0415

import os
import platform
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import RenderableType
from textual import work
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App, SystemCommand
from textual.binding import ActiveBinding, Binding, BindingType
from textual.screen import ModalScreen, Screen

from tui.app.in_sight import InSight
from tui.app.many import MANY, ONE
from tui.app.page_requests import AnswersPages
from tui.app.screenshot import SavesScreenshots
from tui.app.theme import THEMES, theme_for
from tui.checklist.screens.quit import JobGuard
from tui.core.actions import without_keys
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.settings import AUTO, default_runs_folder
from tui.core.threads import on_thread
from tui.migration.screens.quit import QuitGuard
from tui.ui.cell_diff import CellDiffUpdate, LineDiffUpdate, Painted
from tui.ui.error_report import SurvivesErrors
from tui.ui.explanation import forget
from tui.ui.glyphs import drawing, table
from tui.ui.help import Help, HelpKey
from tui.ui.key_line import bindings_without_key, listed_bindings
from tui.ui.page import HABITS_HELP, PAGES, Page
from tui.ui.question import Question

if TYPE_CHECKING:
    from tui.app.screens.first import FirstScreen
    from tui.app.wiring import Backend
    from tui.core.settings import Config

FIRST = "first"  # the mode without a configuration
TEXTUAL_COMMANDS = ("Theme", "Screenshot")  # those of Textual's palette commands that no key of ours duplicates
NEED_CONFIGURATION = frozenset({"page", "edit_config"})  # actions of the app
LAB, RELOAD = "lab", "reload"  # the app's return value: the user chose the lab, or changed the configuration


class VmlmApp(SurvivesErrors, AnswersPages, SavesScreenshots, App[str]):
    """The app with a configuration and its backend; without them, its first page creates the configuration.

    `wire` creates the backend of a configuration. `ended_by_logout` returns the Failure if a logout would end the
    runner. With `read_only`, no page changes anything. The app returns LAB if the user chose the lab, RELOAD if the
    configuration was changed.
    """

    TITLE = "vmlm-tui"
    CSS_PATH = Path(__file__).with_name("app.tcss")  # not beside the module of a subclass
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"page('{page}')", name, show=False, tooltip=f"Go to {name}", id=f"app.{page}")
            for number, (page, name) in enumerate(PAGES.items(), 1)
        ),
        Binding("question_mark,f1", "keys", "help", key_display="?", tooltip="All keys of this page", id="app.keys"),
        Binding("q", "quit", "quit", tooltip="Quit; asks first while something is under way", id="app.quit"),
        Binding("ctrl+q", "quit", "quit", show=False, priority=True, system=True),
        Binding("ctrl+c", "quit", "quit", show=False),
        Binding(
            "colon",
            "command_palette",
            "actions",
            show=False,
            key_display=":",
            id="app.actions",
            tooltip="Find any action of this page by its words; also Ctrl+p",
        ),
        Binding("ctrl+p", "command_palette", "actions", show=False, priority=True, system=True),  # as Textual's
        Binding(
            "C",
            "edit_config",
            "configuration",
            show=False,
            id="app.configuration",
            tooltip="Open config.toml in $EDITOR, and use it when it is correct",
        ),
    ]

    def __init__(
        self,
        config: "Config | None",
        config_path: Path,
        backend: "Backend | None" = None,
        *,
        wire: "Callable[[Config, Path], Backend] | None" = None,
        ended_by_logout: Callable[[], Failure | None] = lambda: None,
        read_only: bool = False,
    ) -> None:
        self.DEFAULT_MODE = FIRST if config is None else next(iter(PAGES))  # type: ignore[misc]  # first paint: one page
        glyphs = table(config.display.glyphs if config else AUTO, os.environ)
        # The colours before the theme is set; otherwise NO_COLOR gives black on black.
        super().__init__(drawing(self.get_driver_class(), glyphs), ansi_color=True)
        self.config = config
        self.config_path = config_path
        self.read_only = read_only
        self._wire = wire
        self._ended_by_logout = ended_by_logout
        self._written_lines = Painted()
        self._backend = wire(config, config_path) if backend is None and wire and config else backend
        self.sub_title = platform.node().partition(".")[0]
        self.short_title = ""  # in place of `sub_title` where that is too long
        self._in_sight: InSight | None = None
        for page in PAGES:
            self.add_mode(page, partial(self._create_page, page))
        self.add_mode(MANY, partial(self._create_page, MANY))
        self.add_mode(FIRST, self._create_first)
        for name in self.available_themes:  # Textual's are not made for the colours of these pages
            self.unregister_theme(name)
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = theme_for(os.environ, config.display.theme if config else AUTO).name
        self._use_keys(config)

    @property
    def backend(self) -> "Backend":
        """The backend; it exists once there is a configuration."""
        if self._backend is None:
            raise RuntimeError("there is no backend without a configuration")
        return self._backend

    def on_resize(self) -> None:
        """The terminal may have cut or cleared its lines."""
        self._written_lines.forget()

    def _show_again(self, _: object) -> None:
        """The shell, or another program, has used the terminal meanwhile."""
        self._written_lines.forget()
        self.screen.refresh()

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, self._show_again, immediate=True)
        self._in_sight = InSight(self)
        if self._backend is not None:
            self._in_sight.follow(self._backend.migrations)
            self._find_running()

    async def on_unmount(self) -> None:
        """Leave running jobs and close the connections."""
        if self._in_sight is not None:
            self._in_sight.restore()
        if self._backend is not None:
            self._backend.hosts.checklist.jobs.cancel()
            await self._backend.migrations.close()
            await self._backend.studies.close()
            if self._backend.queues is not None:
                await self._backend.queues.close()

    def ring(self, title: str, words: str) -> None:
        """Ring, and notify the desktop."""
        if self._in_sight is not None:
            self._in_sight.ring(title, words)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if type(renderable) is ChopsUpdate:
            renderable = CellDiffUpdate(renderable, self._written_lines.on(screen))
        elif type(renderable) is LayoutUpdate:
            renderable = LineDiffUpdate(renderable, self._written_lines.on(screen))
        super()._display(screen, renderable)

    @property
    def runs_folder(self) -> Path:
        return self.config.runs.folder if self.config is not None else default_runs_folder()

    # -- pages --

    def _create_page(self, page: str) -> Page:
        """Create a page when it is first opened."""
        from tui.app import pages

        if page == "runs":
            self._runs_page = pages.runs(self.backend, self._runs_filter)
            return self._runs_page
        if page == "migrate":
            self._migrate_page = pages.migrate(self.backend, self._defaults())
            self._migrate_page.has_all = lambda: self.has_many
            return self._migrate_page
        return pages.other(self, page)

    def _defaults(self) -> Plan:
        if self.config is None:
            return Plan("")
        return self.config.migration.plan(self.backend.launch.name)

    def _create_first(self) -> Screen[None]:
        from tui.app.screens.first import FirstScreen

        return FirstScreen(self.config_path)

    def on_first_screen_lab_chosen(self) -> None:
        """Exit, so that the command line creates the lab."""
        self.exit(LAB)

    async def on_first_screen_written(self, message: "FirstScreen.Written") -> None:
        """Create the backend and open the first of the other pages."""
        self.config = message.config
        if self._wire is not None:
            self._backend = self._wire(message.config, self.config_path)
            if self._in_sight is not None:
                self._in_sight.follow(self._backend.migrations)
            await self.switch_mode(next(iter(PAGES)))
            self._find_running()
            self.notify(f"{self.config_path} was written; config.example.toml shows all its keys.", markup=False)

    async def action_page(self, page: str) -> None:
        """Open a page."""
        if self._backend is not None:
            forget(self)
            await self.switch_mode(self.mode_of_migrations if page == ONE else page)

    @work(name="attach")
    async def _find_running(self) -> None:
        """Show a migration that already runs, or one that ended while the app was not running."""
        try:
            migration = await self.backend.migrations.attach()
            await self.follow_queue()
        except Failure as failure:
            self.notify(without_keys(str(failure)), markup=False, severity="error", timeout=15)
            return
        if migration is not None:
            await self._show_found(f"A migration of {migration.vm.name}")
        elif self.mode_of_migrations != ONE:
            await self._show_found("A queue")
        warning = await on_thread(self._ended_by_logout)
        if warning is not None:
            self.notify(str(warning), markup=False, severity="warning", timeout=15)

    async def _show_found(self, found: str) -> None:
        chosen = self.current_mode not in (next(iter(PAGES)), ONE, MANY)
        if chosen or isinstance(self.screen, ModalScreen):  # a person is at something, and may be typing
            self.notify(f"{found} was found; the Migrate page shows it.", markup=False)
        else:
            await self.action_page(ONE)

    @work(name="edit", group="edit", exclusive=True)
    async def action_edit_config(self) -> None:
        """Edit config.toml in the terminal, then start again with it; one with mistakes is not used."""
        from tui.app.edit_config import edited, why_not

        if reason := why_not(self.backend.hosts.checklist.jobs, read_only=self.read_only):
            self.notify(reason, markup=False, timeout=8)
            return
        try:
            changed = await edited(self, self.config_path)
        except Failure as failure:
            text = f"{failure} The app goes on with the configuration of before; the same key edits it again."
            self.notify(text, markup=False, severity="error", timeout=30)
        else:
            if changed:
                self.exit(RELOAD)
            else:
                self.notify("The configuration was not changed.")

    # -- keys --

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what needs a configuration while there is none."""
        if action in NEED_CONFIGURATION and self._backend is None:
            return False
        return super().check_action(action, parameters)

    def _use_keys(self, config: "Config | None") -> None:
        """Use the keys of the configuration; those that cannot be used are reported, the rest is kept."""
        if config is None or not config.keys:
            return
        from tui.app.keymap import checked

        found = checked(config.keys)
        self.set_keymap(found.kept)
        for problem in found.problems:
            self.notify(problem, title="config.toml", markup=False, severity="warning", timeout=15)

    def action_keys(self) -> None:
        """Show all keys of the page with explanations."""
        mode = ONE if self.current_mode == MANY else self.current_mode
        title = f"Keys of {PAGES.get(mode, 'this page')}"
        keys = [
            HelpKey(
                self.get_key_display(each.binding), _about(each.binding), _why_not(self.screen, each), each.binding.key
            )
            for each in listed_bindings(self.screen)
        ]
        habits = HABITS_HELP if isinstance(self.screen, Page) else ""
        self.push_screen(Help(title, self.screen.HELP or "", keys, habits))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette's commands: the keys of the page, what has lost its key to one of them, then Textual's."""
        for active in listed_bindings(screen):
            binding, reason = active.binding, _why_not(screen, active)
            title = f"{self.get_key_display(binding)}  {binding.description}"
            about = f"not now: {reason}" if reason else _about(binding)
            yield SystemCommand(title, about, partial(self.simulate_key, binding.key))
        for owner, binding in bindings_without_key(screen) if isinstance(screen, Page) else ():
            run = partial(self.run_action, binding.action, owner)
            yield SystemCommand(
                f"-  {binding.description}", f"{_about(binding)}; its key does something else here", run
            )
        for command in super().get_system_commands(screen):
            if command.title in TEXTUAL_COMMANDS:
                yield command

    async def action_quit(self) -> None:
        """Quit at once; first confirm if a job or a migration is under way."""
        jobs = self._backend.hosts.checklist.jobs if self._backend is not None else None
        if jobs is None or jobs.under_way is None:
            self._quit_from_migration()
        elif not isinstance(self.screen, JobGuard):
            self.push_screen(JobGuard(jobs), self._quit_from_job)

    def _quit_from_job(self, quit_now: bool | None) -> None:
        if quit_now:
            self._quit_from_migration()

    def _quit_from_migration(self) -> None:
        """Quit, after a confirmation if a migration is under way."""
        migration = self._backend.migrations.current if self._backend is not None else None
        if (question := self.question_before_quit()) is not None:
            if not isinstance(self.screen, Question):
                self.push_screen(question, lambda key: self._quit_confirmed(key == "l"))
        elif migration is None or migration.timeline.over or self.read_only:  # it only watched
            self.exit()
        elif not isinstance(self.screen, QuitGuard):
            self.push_screen(QuitGuard(migration), self._quit_confirmed)

    def _quit_confirmed(self, quit_now: bool | None) -> None:
        if quit_now:
            self.exit()


def _about(binding: Binding) -> str:
    return binding.tooltip or binding.description


def _why_not(screen: Screen[Any], active: ActiveBinding) -> str:
    if active.enabled or not isinstance(screen, Page):
        return ""
    return screen.with_keys(screen.refusal(active.binding.action))

"""Creates the pages; each is imported when it is first opened, so that the first paint does not wait for it."""

# ruff: noqa: PLC0415

from functools import partial
from typing import TYPE_CHECKING

from tui.app.many import MANY
from tui.app.wiring import Backend
from tui.core.plan import Plan
from tui.ui.page import Page

if TYPE_CHECKING:
    from tui.app.app import VmlmApp
    from tui.migration.screens.page import MigratePage
    from tui.runs.screens.page import RunsPage


def runs(backend: Backend, words: str) -> "RunsPage":
    """The Runs page, filtered by words."""
    from tui.runs.screens.page import RunsPage

    return RunsPage(backend.runs, words)


def migrate(backend: Backend, defaults: Plan) -> "MigratePage":
    """The Migrate page; its form proposes `defaults`."""
    from tui.migration.screens.page import MigratePage

    page = MigratePage(
        backend.migrations,
        defaults,
        backend.forecaster,
        backend.scripts,
        backend.after_move,
        backend.presets,
        backend.launch.fixes,
    )
    page.ranks, page.read_marks = backend.launch.targets, backend.read_marks
    page.last_targets = backend.last_targets or page.last_targets
    return page


def other(app: "VmlmApp", page: str) -> Page:
    """One of the pages without arguments of its own."""
    backend = app.backend
    if page == MANY and backend.queues is not None:
        from tui.queue.screens.page import QueuePage

        return QueuePage(backend.queues, backend.migrations)
    if page == "hosts":
        return _hosts(app)
    if page == "nfs":
        from tui.nfs.screens import NfsPage

        return NfsPage(backend.nfs)
    if page == "launch":
        from tui.launch.screens.page import LaunchPage

        return LaunchPage(backend.launch)
    from tui.study.screens.page import StudyPage

    return StudyPage(backend.studies)


def _hosts(app: "VmlmApp") -> Page:
    """The Hosts page, which can add a host and then starts the app again."""
    from tui.app import edit_config
    from tui.app.add_host import AddHost
    from tui.app.app import RELOAD
    from tui.app.wiring import open_shell
    from tui.hosts.screens.page import HostsPage

    jobs, page = app.backend.hosts.checklist.jobs, HostsPage(app.backend.hosts)
    why_not = partial(edit_config.why_not, jobs, read_only=app.read_only)
    page.read_marks = app.backend.read_marks
    page.adding = AddHost(app.config_path, open_shell, why_not, partial(app.exit, RELOAD))
    return page

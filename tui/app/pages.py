"""Creates the pages; each is imported when it is first opened, so that the first paint does not wait for it."""

# ruff: noqa: PLC0415

from typing import TYPE_CHECKING

from tui.app.wiring import Backend
from tui.core.plan import Plan
from tui.ui.page import Page

if TYPE_CHECKING:
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
    page.ranks = backend.launch.targets
    page.last_targets = backend.last_targets or page.last_targets
    return page


def other(backend: Backend, page: str) -> Page:
    """One of the pages without arguments of its own."""
    if page == "hosts":
        from tui.hosts.screens.page import HostsPage

        return HostsPage(backend.hosts)
    if page == "nfs":
        from tui.nfs.screens import NfsPage

        return NfsPage(backend.nfs)
    if page == "launch":
        from tui.launch.screens.page import LaunchPage

        return LaunchPage(backend.launch)
    from tui.study.screens.page import StudyPage

    return StudyPage(backend.studies)

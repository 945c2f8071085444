"""The app with the Study page: what it opens on the other pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.fake_hosts import FakeHosts
from tests.ui.app_screen import opened, sees
from tests.ui.one_page import until
from tests.ui.replay import ReplayedMigration, ReplayedMigrations, recording
from tests.ui.runs_screen import make_run
from tests.ui.study_screen import ID, FakeRunner, migrating
from tui.app.app import VmlmApp
from tui.migration.screens.page import MigratePage
from tui.runs.screens.page import RunsPage
from tui.runs.screens.run import RunPage
from tui.study.screens.page import StudyPage


@asynccontextmanager
async def study_page(
    world: FakeHosts, words: str, migrations: Any = None, **runner: Any
) -> AsyncIterator[tuple[VmlmApp, Pilot[Any]]]:
    """The app with the Study page in front, once it shows these words."""
    async with opened(world, migrations, FakeRunner(**runner)) as (app, pilot):
        await pilot.press("6")
        await sees(app, pilot, words)
        yield app, pilot


@pytest.fixture
def world(tmp_path: Path) -> FakeHosts:
    hosts = FakeHosts()
    hosts.runs_in(tmp_path)
    return hosts


async def test_the_key_line_of_the_page_has_the_keys_of_the_app_at_80_columns(world: FakeHosts) -> None:
    async with study_page(world, "lab running") as (app, pilot):
        await sees(app, pilot, "[6 Study]", "n new x stop r resume f follow o runs e earlier enter open")
        await sees(app, pilot, "? help q quit")


async def test_a_run_opens_above_the_page_and_esc_returns(world: FakeHosts) -> None:
    make_run(world.config.runs.folder, "pre-copy-idle")
    async with study_page(world, "1 of 18", ended=1) as (app, pilot):
        page = app.screen
        assert isinstance(page, StudyPage)
        (folder,) = world.config.runs.folder.iterdir()
        page.post_message(StudyPage.RunOpened(folder))
        await until(pilot, lambda: isinstance(app.screen, RunPage))
        await sees(app, pilot, "[6 Study]", "raw log")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is page)


@pytest.mark.parametrize("opened_before", [False, True])
async def test_the_runs_of_a_study_are_filtered_on_the_runs_page(world: FakeHosts, opened_before: bool) -> None:
    make_run(world.config.runs.folder, "pre-copy-idle")
    async with opened(world, studies=FakeRunner()) as (app, pilot):
        if opened_before:
            await pilot.press("5")
            await sees(app, pilot, "[5 Runs]", "completed")
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, RunPage))
        await pilot.press("6")
        await sees(app, pilot, "lab running")
        await pilot.press("o")
        await sees(app, pilot, "[5 Runs]", f"No run matches: study:={ID}")
        assert isinstance(app.screen, RunsPage)


async def test_its_migration_is_shown_on_the_migrate_page(world: FakeHosts) -> None:
    migrations = ReplayedMigrations()
    other, of_study = ReplayedMigration(recording("post-copy-by-hand")), ReplayedMigration(recording("pre-copy-idle"))
    other.step()
    of_study.step()
    migrations.current = other
    migrations.all = {"other": other, "of-study": of_study}
    async with study_page(world, "migrating out", migrations, migration=migrating(run="of-study")) as (app, pilot):
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, MigratePage))
        assert migrations.current is of_study


class Later(ReplayedMigrations):
    """Migrations of which some are found only when the app looks again."""

    later: dict[str, ReplayedMigration]

    async def attach(self) -> ReplayedMigration | None:
        self.all |= getattr(self, "later", {})
        return await super().attach()


async def test_a_migration_that_is_not_known_yet_is_looked_for_and_no_other_one_is_shown(
    world: FakeHosts,
) -> None:
    migrations, other = Later(), ReplayedMigration(recording("post-copy-by-hand"))
    other.step()
    migrations.current, migrations.all = other, {"other": other}
    async with study_page(world, "migrating out", migrations, migration=migrating(run="of-study")) as (app, pilot):
        page = app.screen
        await pilot.press("f")
        await sees(app, pilot, "This migration has ended, or cannot be followed.")
        assert (app.screen, migrations.current) == (page, other)
        migrations.later = {"of-study": ReplayedMigration(recording("pre-copy-idle"))}
        migrations.later["of-study"].step()
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, MigratePage))
        assert migrations.current is migrations.later["of-study"]

"""The form that starts a migration, where a host is in maintenance."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.ui.migrate_screen import BY_HAND, OpenedPage
from tests.ui.one_page import OnePage, until
from tests.ui.replay import ReplayedMigrations, guest
from tui.core.failure import Failure
from tui.migration.backend.before.last_targets import LastTargets
from tui.migration.screens.page import MigratePage
from tui.vm.model.location import VmOnHost
from tui.vm.model.maintenance import Mark, Marks

MARKED = {"source": Mark("2026-11-29T12:00:00Z")}


@asynccontextmanager
async def form(
    *hosts: str, marks: Mapping[str, Mark] | Failure, targets: LastTargets | None = None
) -> AsyncIterator[OpenedPage]:
    def read_marks() -> Marks:
        if isinstance(marks, Failure):
            raise marks
        return marks

    migrations = ReplayedMigrations(found=(VmOnHost(guest(), "host3"),))
    migrations.names = hosts
    shown = MigratePage(migrations, BY_HAND)  # type: ignore[arg-type]
    shown.read_marks, shown.last_targets = read_marks, targets or shown.last_targets
    app = OnePage(shown)
    async with app.run_test(size=(80, 24)) as pilot:
        page = OpenedPage(app, pilot, migrations)
        await page.settle()
        await pilot.press("m")
        await page.sees("Start a migration", "host3 ->")
        yield page


async def test_it_is_not_proposed_even_if_the_vm_went_there_last(tmp_path: Path) -> None:
    targets = LastTargets(tmp_path / "last-targets.json")
    targets.use("guest1", "host3", "source")
    async with form("source", "destination", "host3", marks=MARKED, targets=targets) as page:
        await page.sees("to < destination >", "host3 -> destination")
        await page.pilot.press("enter")
        await until(page.pilot, lambda: page.migrations.started == [replace(BY_HAND, to="destination")])


async def test_it_can_be_chosen_and_says_what_it_is() -> None:
    async with form("source", "destination", "host3", marks=MARKED) as page:
        await page.sees("to < destination >")
        await page.pilot.press("down", "right")
        await page.sees("to < source, in maintenance >", "host3 -> source")
        await page.pilot.press("enter")
        await until(page.pilot, lambda: page.migrations.started == [replace(BY_HAND, to="source")])


async def test_the_only_host_is_shown_as_in_maintenance() -> None:
    async with form("source", "host3", marks=MARKED) as page:
        await page.sees("source, in maintenance", "host3 -> source")


async def test_marks_that_cannot_be_read_keep_no_migration_from_starting() -> None:
    async with form("source", "destination", "host3", marks=Failure("It cannot be read")) as page:
        await page.sees("to < source >")
        await page.pilot.press("enter")
        await until(page.pilot, lambda: len(page.migrations.started) == 1)

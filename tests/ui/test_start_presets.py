"""The presets of the configuration in the form that starts a migration."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.ui.migrate_screen import OpenedPage
from tests.ui.one_page import OnePage, until
from tests.ui.replay import ReplayedMigrations
from tests.ui.test_options_form import NEW
from tui.core.plan import POST_COPY_TIMEOUT, PRE_COPY, Plan
from tui.core.preset import Preset
from tui.migration.backend.before.presets import FormPresets
from tui.migration.screens.options import OptionsForm
from tui.migration.screens.page import MigratePage

OWN = Plan("guest1", POST_COPY_TIMEOUT, timeout_s=7, auto_converge=True, downtime_ms=200)
FAST = Preset(technique=PRE_COPY, parallel=4, comp_methods="zstd")
LOCAL = Preset(copy_storage_all=True, bandwidth_mib_s=50, total_s=90.0)


@asynccontextmanager
async def page_with(
    presets: FormPresets, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[OpenedPage, ReplayedMigrations]]:
    migrations = ReplayedMigrations()
    app = OnePage(MigratePage(migrations, OWN, presets=presets))  # type: ignore[arg-type]
    async with app.run_test(size=size, notifications=True) as pilot:
        page = OpenedPage(app, pilot, migrations)
        await page.settle()
        await pilot.press("m")
        await page.sees("source -> destination")
        yield page, migrations


async def test_t_takes_each_preset_and_then_the_own_values_again() -> None:
    async with page_with(FormPresets({"fast lan": FAST, "local": LOCAL})) as (page, _):
        await page.sees("Start a migration", "timeout 7", "t preset")
        await page.pilot.press("t")
        await page.sees("Start a migration: fast lan", "< pre-copy >", "parallel 4", "comp-methods zstd", "< no >")
        await page.pilot.press("t")
        await page.sees("Start a migration: local", "bandwidth 50", "longest total 90", "copy-storage-all")
        await page.pilot.press("t")
        await page.sees("timeout 7", "maximum downtime 200", "< yes >", "parallel 0")
        assert "copy-storage-all" not in page.text


async def test_the_preset_used_last_is_proposed(tmp_path: Path) -> None:
    path = tmp_path / "state" / "last"
    named = {"fast lan": FAST, "local": LOCAL}
    async with page_with(FormPresets(named, path)) as (page, migrations):
        await page.pilot.press("t", "enter")
        await until(page.pilot, lambda: len(migrations.started) == 1)
        assert migrations.started == [Plan("guest1", PRE_COPY, parallel=4, comp_methods="zstd")]
    async with page_with(FormPresets(named, path)) as (page, _):
        await page.sees("Start a migration: fast lan", "comp-methods zstd")
    async with page_with(FormPresets({"local": LOCAL}, path)) as (page, _):
        await page.sees("timeout 7")  # that preset was removed


async def test_without_presets_there_is_no_key() -> None:
    async with page_with(FormPresets({})) as (page, _):
        await page.pilot.press("t")
        await page.sees("timeout 7")
        assert "preset" not in page.text


def test_a_file_that_cannot_be_used_is_no_obstacle(tmp_path: Path) -> None:
    presets = FormPresets({"local": LOCAL}, tmp_path)  # a folder
    assert presets.last == ""
    presets.use("local")
    assert presets.last == "local"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("what", ["preset", "disks"])
def test_a_preset_and_the_options_of_disks_look_like_their_pictures(
    snap_compare: Any, what: str, size: tuple[int, int]
) -> None:
    migrations = ReplayedMigrations()
    migrations.both = (NEW, NEW)
    presets = FormPresets({"two hosts, no NFS": LOCAL})
    app = OnePage(MigratePage(migrations, OWN, presets=presets))  # type: ignore[arg-type]

    async def arrange(pilot: Any) -> None:
        page = OpenedPage(app, pilot, migrations)
        await page.settle()
        await pilot.press("m")
        await page.sees("source -> destination")
        await pilot.press("t")
        await page.sees("Start a migration: two hosts, no NFS")
        if what == "disks":
            await pilot.press("o")
            await until(pilot, lambda: isinstance(app.screen, OptionsForm))
            app.screen.query_one("#copy_storage_synchronous_writes").focus()
            await page.sees("Write to both hosts at once")
        await page.settle()

    assert snap_compare(app, terminal_size=size, run_before=arrange)

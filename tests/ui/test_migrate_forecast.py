"""A forecast on the Migrate page: ahead of the curve while it runs, on the axis once it is over."""

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.migrate_screen import BY_HAND, OpenedPage, at, over, page_of
from tests.ui.one_page import OnePage
from tests.ui.replay import ReplayedMigration, ReplayedMigrations, Until
from tests.unit.migration.foretold import BUSY, IDLE, foretold
from tui.forecast.model.forecast import AT_ONCE, PRE_COPY, Inputs
from tui.migration.screens.page import MigratePage

SIZES = [(80, 24), (120, 40)]


def running(name: str, inputs: Inputs, technique: str, until_: Until) -> ReplayedMigrations:
    """Two hosts with a recorded migration under way, of which forecasts were made."""
    records = foretold(name, inputs, technique)
    migrations = ReplayedMigrations(records)
    migrations.current = ReplayedMigration(records)
    migrations.current.play(until_)
    return migrations


async def test_now_is_marked_until_it_is_over() -> None:
    async with page_of(running("post-copy-by-hand", BUSY, AT_ONCE, at(8)), size=(120, 40)) as page:
        await page.sees("┊now", "Will not converge: each pass leaves about 315 MiB")
        await page.play(over)
        await page.sees("forecast 7.3 s (6.5 s to 9.2 s)", "6.5 s to 9.2 s: above")
        assert "┊" not in page.text


async def test_without_colours_the_forecast_differs_from_what_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with page_of(running("post-copy-by-hand", BUSY, PRE_COPY, at(5)), size=(120, 40)) as page:
        row = next(line for line in page.text.splitlines() if line.startswith(" 256 ┤"))
        now = row.index("┊")
        assert "█" in row[:now]
        assert "█" not in row[now:]
        assert any("⠀" < each <= "⣿" for each in row[now:])


MOMENTS = {
    "ends": ("pre-copy-idle", IDLE, PRE_COPY, at(2.2)),
    "does-not-end": ("post-copy-by-hand", BUSY, PRE_COPY, at(8)),
    "post-copy": ("guest-post-copy", BUSY, PRE_COPY, at(15.2)),
    "completed": ("post-copy-by-hand", BUSY, AT_ONCE, over),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_forecast_looks_like_its_picture(snap_compare: Any, moment: str, size: tuple[int, int]) -> None:
    migrations = running(*MOMENTS[moment])
    app = OnePage(MigratePage(migrations, BY_HAND))  # type: ignore[arg-type]

    async def arrange(pilot: Pilot[Any]) -> None:
        await OpenedPage(app, pilot, migrations).settle()

    assert snap_compare(app, terminal_size=size, run_before=arrange)

"""A forecast on the Migrate page: ahead of the curve while it runs, on the axis once it is over."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.migrate_screen import BY_HAND, OpenedPage, at, over, page_of
from tests.ui.one_page import OnePage, text_of, until
from tests.ui.replay import ReplayedMigration, ReplayedMigrations, Until
from tests.ui.runs_screen import NAME, make_run
from tests.unit.migration.foretold import BUSY, IDLE, foretold
from tui.core.plan import AT_ONCE, PRE_COPY
from tui.forecast.model.forecast import Inputs
from tui.migration.model.record import to_line
from tui.migration.model.timeline import Timeline
from tui.migration.screens.page import MigratePage
from tui.migration.widgets.charts import memory_picture
from tui.runs.backend.reading import RunReader, open_run
from tui.runs.backend.runs import Runs
from tui.runs.screens.replay import ReplayPage
from tui.runs.widgets.replay_bar import ReplayBar
from tui.ui.chart.chart import Chart

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
        await page.sees("┊now", "Not converging: each pass leaves about 315 MiB")
        await page.play(over)
        await page.sees("forecast 7.3 s (6.4 s to 9.2 s)", "6.4 s to 9.2 s: above")
        assert "┊" not in page.text


async def test_without_colours_the_forecast_differs_from_what_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with page_of(running("post-copy-by-hand", BUSY, PRE_COPY, at(5)), size=(120, 40)) as page:
        row = next(line for line in page.text.splitlines() if line.startswith(" 256 ┤"))
        now = row.index("┊")
        assert "█" in row[:now]
        assert "█" not in row[now:]
        assert any("⠀" < each <= "⣿" for each in row[now:])


@pytest.mark.parametrize("moment", [at(0.5), at(3), at(8), at(16.5), over])
@pytest.mark.parametrize("size", [(60, 20), (40, 12), (20, 5), (8, 2), (200, 60)])
async def test_the_page_works_at_every_size(size: tuple[int, int], moment: Until) -> None:
    async with page_of(running("post-copy-by-hand", BUSY, AT_ONCE, moment), size=size) as page:
        await page.pilot.press("z", "left")
        await page.pilot.pause()
        assert len(page.text.splitlines()) <= size[1]


async def test_a_replay_has_the_forecast_of_its_moment(tmp_path: Path) -> None:
    records = foretold("post-copy-by-hand", technique=AT_ONCE)
    make_run(tmp_path, "post-copy-by-hand")
    (tmp_path / NAME / "raw.jsonl").write_text("".join(f"{to_line(each)}\n" for each in records))
    replay = ReplayPage(Runs(tmp_path), open_run(RunReader(tmp_path).read(tmp_path / NAME)), lambda: 1000.0)
    app = OnePage(replay)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "playing 1x  0:00.0 of" in app.page.query_one(ReplayBar).text)
        await pilot.press("space", "g", *"8.0", "enter")
        then = memory_picture(Timeline(each for each in records if each.t <= 8.0)).cone
        await until(pilot, lambda: app.page.query_one("#memory", Chart).picture.cone == then)
        assert then.edges
        await pilot.press("g", *"18", "enter")
        await until(pilot, lambda: "forecast 7.3 s (6.4 s to 9.2 s)" in text_of(app))


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

"""The log of a migration: its place, and the units of its statistics."""

import pytest

from tests.ui.migrate_screen import at, page_of, running
from tui.core.protocols import Stat
from tui.migration.widgets.board import Board
from tui.migration.widgets.log_pane import LogPane, in_units


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("memory_remaining", 314863616, "300 MiB"),
        ("memory_bps", 121676333, "116 MiB/s"),
        ("time_elapsed", 12423, "12.4 s"),
        ("downtime", 23, "23 ms"),
        ("memory_constant", 146676, "146,676"),
        ("errmsg", "no", "no"),
    ],
)
def test_a_statistic_has_its_unit(name: str, value: Stat, shown: str) -> None:
    assert in_units(name, value) == shown


async def test_on_a_wide_screen_the_log_is_beside_the_charts_and_raw_on_a_key() -> None:
    async with page_of(running("guest-post-copy", at(13)), size=(200, 60)) as page:
        await page.pilot.press("l")
        await page.sees("memory_remaining 300 MiB", "memory, MiB")
        board, log = page.app.page.query_one(Board), page.app.page.query_one(LogPane)
        assert (board.region.right, board.region.y) == (log.region.x, log.region.y)
        await page.pilot.press("L")
        await page.sees("memory_remaining 314863616")

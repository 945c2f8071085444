"""The charts of a migration on one page: which have room, and their common time axis."""

import pytest

from tests.ui.migrate_screen import OpenedPage, at, over, page_of, running
from tui.ui.chart.chart import Chart


def shown(page: OpenedPage) -> list[str | None]:
    return [chart.id for chart in page.app.page.query(Chart) if chart.display]


@pytest.mark.parametrize(
    ("size", "charts"),
    [
        ((80, 24), ["memory", "rates", "guest"]),
        ((80, 21), ["memory", "rates"]),
        ((120, 40), ["memory", "rates", "guest"]),
    ],
)
async def test_as_many_charts_as_have_room_are_shown(size: tuple[int, int], charts: list[str]) -> None:
    async with page_of(running("guest-post-copy", at(13)), size=size) as page:
        assert shown(page) == charts
        assert page.text.count(" 10 s ") == 1  # below the last one


async def test_beside_the_result_on_a_small_screen_the_memory_keeps_its_chart() -> None:
    async with page_of(running("post-copy-by-hand", over)) as page:
        await page.sees("Completed by post-copy", "memory, MiB", " post-copy")
        assert shown(page)[0] == "memory"


async def test_the_phases_are_where_the_charts_have_them() -> None:
    async with page_of(running("guest-post-copy", at(13)), size=(120, 40)) as page:
        lines = page.text.splitlines()
        phases = next(line for line in lines if line.startswith(" pass "))
        area = next(line for line in lines if "34 MiB fits" in line)
        assert abs(phases.index("▏1") - phases.index("░") - (lines[lines.index(phases) + 3].index("█") - 6)) <= 1
        assert len(area) > phases.rindex("▏")

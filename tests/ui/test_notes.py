"""Messages of the app: where they are shown."""

from pathlib import Path

import pytest
from textual.widgets._toast import Toast, ToastHolder, ToastRack

from tests.fake_hosts import FakeHosts
from tests.ui.app_screen import in_a_pass, opened, sees
from tests.ui.one_page import text_of, until
from tui.ui.page import PAGES
from tui.ui.tabs import Tabs

LONG = "A sentence that needs more than one line of the smallest terminal, because it says what, why, and what to try."
OF_NOTES = (Toast, ToastHolder, ToastRack)


@pytest.fixture
def world(tmp_path: Path) -> FakeHosts:
    hosts = FakeHosts()
    hosts.runs_in(tmp_path)
    return hosts


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12)])
@pytest.mark.parametrize("page", PAGES)
async def test_a_message_lies_over_nothing_but_the_tabs(world: FakeHosts, page: str, size: tuple[int, int]) -> None:
    async with opened(world, in_a_pass()) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]")
        await pilot.resize_terminal(*size)
        await app.switch_mode(page)
        app.clear_notifications()
        app.notify(LONG, timeout=600)
        await until(pilot, lambda: bool(app.screen.query(Toast)) and "A sentence" in text_of(app))
        await pilot.pause()
        toast = app.screen.query_one(Toast).region
        assert toast.y == 0
        others = [each for each in app.screen.query("*") if not isinstance(each, (*OF_NOTES, Tabs)) and each.size]
        assert not [each for each in others if each.region.intersection(toast).area]
        assert text_of(app).splitlines()[-1].strip()  # the keys


async def test_a_short_message_moves_nothing(world: FakeHosts) -> None:
    async with opened(world) as (app, pilot):
        await pilot.press("6")
        await sees(app, pilot, "[6 Study]")
        before = text_of(app).splitlines()
        app.notify("Copied: guest1.", timeout=600)
        await until(pilot, lambda: text_of(app).startswith(" Copied: guest1."))
        assert text_of(app).splitlines()[1:] == before[1:]
        app.clear_notifications()
        await until(pilot, lambda: text_of(app).splitlines() == before)

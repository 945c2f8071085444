"""The demo: the replay of its recording, without the other pages."""

import tempfile
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.ui.one_page import text_of, until
from tui.app.screens.demo import NOTICE, DemoApp, DemoPage
from tui.ui.tabs import Tabs


async def at_end(app: DemoApp, pilot: Pilot[str]) -> None:
    """Go to the end of the recording."""
    await until(pilot, lambda: "playing" in text_of(app))
    await pilot.press("g", *"60", "enter")
    await until(pilot, lambda: "Completed by post-copy" in text_of(app))


async def test_the_demo_says_what_it_is_and_ends_with_the_result() -> None:
    app = DemoApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await at_end(app, pilot)
        shown = text_of(app)
        assert NOTICE in shown
        assert "guest1 runs on destination and is gone from source." in shown
        assert "5 shows" not in shown  # there is no page 5
        assert not app.screen.query_one(Tabs).display


async def test_the_keys_of_other_pages_do_nothing_in_the_demo() -> None:
    app = DemoApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await at_end(app, pilot)
        await pilot.press("1", "5", "6")
        assert isinstance(app.screen, DemoPage)


async def test_esc_shows_all_charts_again_before_it_quits_the_demo() -> None:
    app = DemoApp()
    async with app.run_test(size=(120, 40)) as pilot:
        await at_end(app, pilot)
        await pilot.press("f", "escape")
        assert app.is_running
        await pilot.press("escape")
        await until(pilot, lambda: not app.is_running)
        assert app.return_code == 0


async def test_a_screenshot_of_the_demo_is_a_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    app = DemoApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await at_end(app, pilot)
        place = app.deliver_screenshot()
    assert place is not None
    assert Path(place).parent == tmp_path

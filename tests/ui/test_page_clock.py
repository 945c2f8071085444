"""The clock of a page: it runs while the page is on the screen, also behind a dialog."""

import pytest

from tests.ui.one_page import OnePage, until
from tui.ui import page as page_module
from tui.ui.page import Page
from tui.ui.question import Answer, Question


class Clocked(Page):
    """Counts the seconds."""

    page = "hosts"
    count = 0

    def on_mount(self) -> None:
        self.every_second(self._tick)

    def _tick(self) -> None:
        self.count += 1


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "CLOCK_S", 0.01)


async def test_the_clock_of_a_page_stands_while_another_page_is_shown() -> None:
    first, second = Clocked(), Clocked()
    app = OnePage(Clocked())
    app.add_mode("first", lambda: first)
    app.add_mode("second", lambda: second)
    async with app.run_test() as pilot:
        await app.switch_mode("first")
        await until(pilot, lambda: first.count > 3)
        await app.switch_mode("second")
        await until(pilot, lambda: second.count > 3)
        before, later = first.count, second.count + 5
        await until(pilot, lambda: second.count > later)
        assert first.count == before
        await app.switch_mode("first")
        await until(pilot, lambda: first.count > before + 3)


async def test_the_clock_of_a_page_goes_on_behind_a_dialog() -> None:
    page = Clocked()
    app = OnePage(page)
    async with app.run_test() as pilot:
        await app.push_screen(Question("Sure?", "", [Answer("y", "yes")]))
        before = page.count
        await until(pilot, lambda: page.count > before + 3)

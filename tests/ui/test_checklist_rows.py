"""The window of a checklist around the line under its cursor."""

from collections.abc import Sequence

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.ui.one_page import until
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, UNKNOWN, WARNING, Finding, Item
from tui.checklist.widgets.checklist import ChecklistRows

CHOSEN = 30  # the only line that is not good; above it is the heading


def items() -> list[Item]:
    def finding(number: int) -> Finding:
        return Finding(FAILED if number == CHOSEN else OK, "found")

    return [Item(str(each), "source", f"check {each}", "because", finding(each)) for each in range(1, 41)]


class List(App[None]):
    def compose(self) -> ComposeResult:
        yield ChecklistRows({"source": "root@source"})

    @property
    def rows(self) -> ChecklistRows:
        return self.query_one(ChecklistRows)


async def resized(pilot: Pilot[None], rows: ChecklistRows, height: int) -> None:
    await pilot.resize_terminal(80, height)
    await until(pilot, lambda: rows.room.height == height)


@pytest.mark.parametrize("heights", [(10,), (13, 10), (8, 13, 10), (40, 10)])
async def test_the_window_after_the_first_reading_does_not_depend_on_earlier_heights(heights: Sequence[int]) -> None:
    app = List()
    async with app.run_test(size=(80, heights[0])) as pilot:
        app.rows.show_items(items(), reading=True)
        for height in heights[1:]:
            await resized(pilot, app.rows, height)
        app.rows.show_items(items(), reading=False)
        await until(pilot, lambda: app.rows.scroll_offset.y == CHOSEN - 5)
        await until(pilot, lambda: app.rows.vertical_scrollbar.position == CHOSEN - 5)
        await resized(pilot, app.rows, 12)  # as when the details below need less room
        await until(pilot, lambda: app.rows.scroll_offset.y == CHOSEN - 6)


async def test_a_window_that_the_user_moved_stays_where_it_is() -> None:
    app = List()
    async with app.run_test(size=(80, 10)) as pilot:
        app.rows.show_items(items(), reading=False)
        await until(pilot, lambda: app.rows.scroll_offset.y == CHOSEN - 5)
        await pilot.press("up")
        await resized(pilot, app.rows, 12)
        assert app.rows.scroll_offset.y == CHOSEN - 5


@pytest.mark.parametrize("end", [0, 9])
async def test_a_window_that_was_moved_by_a_click_on_the_scroll_bar_stays_there(end: int) -> None:
    app = List()
    async with app.run_test(size=(80, 10)) as pilot:
        app.rows.show_items(items(), reading=False)
        await until(pilot, lambda: app.rows.vertical_scrollbar.position == CHOSEN - 5)
        await pilot.click(offset=(79, end))
        await until(pilot, lambda: app.rows.scroll_offset.y != CHOSEN - 5)
        await until(pilot, lambda: app.rows.scroll_offset.y == app.rows.scroll_target_y)
        moved = app.rows.scroll_offset.y
        await resized(pilot, app.rows, 9)
        assert app.rows.scroll_offset.y == moved
        app.rows.show_items(items(), reading=False)
        await pilot.press("down")  # to the cursor
        await until(pilot, lambda: 0 <= CHOSEN + 1 - app.rows.scroll_offset.y < 9)


@pytest.mark.parametrize(
    ("states", "reached"),
    [
        ((OK, WARNING, FAILED, OK, UNKNOWN), ["3", "5", "3"]),
        ((OK, WARNING, OK, NOT_NEEDED, WARNING), ["2", "5", "2"]),
        ((OK, NOT_NEEDED), ["1", "1", "1"]),
    ],
)
async def test_n_goes_round_the_lines_that_are_not_good_and_else_round_the_warnings(
    states: Sequence[str], reached: list[str]
) -> None:
    app = List()
    async with app.run_test(size=(80, 10)) as pilot:
        found = enumerate(states, start=1)
        lines = [Item(str(n), "source", f"check {n}", "because", Finding(state, "found")) for n, state in found]
        app.rows.show_items(lines, reading=False)
        await pilot.press("home")
        chosen = []
        for _ in reached:
            await pilot.press("n")
            assert app.rows.chosen is not None
            chosen.append(app.rows.chosen.id)
    assert chosen == reached

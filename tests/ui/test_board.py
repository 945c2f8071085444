"""The charts of a migration on one page: which have room, and their common time axis."""

import pytest
from textual.app import ComposeResult

from tests.ui.migrate_screen import OpenedPage, at, over, page_of, running
from tests.ui.one_page import text_of, until
from tests.ui.replay import ReplayedMigration, ReplayedMigrations, Until, recording
from tests.ui.test_chart import OneChart
from tui.migration.model.after_end import shown_until
from tui.migration.model.record import GUEST, Event
from tui.migration.model.timeline import Timeline
from tui.migration.widgets.board import LEAST, LEAST_BESIDE, Board, Room
from tui.migration.widgets.curves import newest_of
from tui.migration.widgets.view import View
from tui.ui.chart.chart import Chart


def shown(page: OpenedPage) -> list[str | None]:
    return [chart.id for chart in page.app.page.query(Chart) if chart.display]


def shown_at_all(page: OpenedPage) -> bool:
    return page.app.page.query_one(Board).display


ALL = ["memory", "rates", "guest"]


@pytest.mark.parametrize(("size", "charts"), [((80, 24), ALL), ((80, 21), ALL[:2]), ((120, 40), ALL)])
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


async def test_each_chart_is_shown_alone_and_then_all_again() -> None:
    async with page_of(running("guest-post-copy", at(13))) as page:
        titles = ["memory, MiB", "rate, MiB/s", "guest, GiB/s", "left after each pass, MiB", "sent, MiB"]
        titles += ["expected downtime, s"]
        for title in titles:
            await page.pilot.press("f")
            await page.sees(f"─ {title} ─")
            assert len(shown(page)) == 1
            await page.sees("Not converging")  # what can be done stays
            assert "rate 115 MiB/s" not in page.words
        await page.pilot.press("f")
        await page.sees("rate 115 MiB/s", "memory, MiB")
        assert shown(page) == ALL
        await page.pilot.press("F")
        await page.sees("expected downtime, s")
        await page.pilot.press("0")
        await page.sees("rate 115 MiB/s")
        assert shown(page) == ALL


async def test_the_cursor_reads_all_values_and_can_be_put_by_a_click() -> None:
    async with page_of(running("guest-post-copy", at(13)), size=(120, 40)) as page:
        await page.pilot.press("left")
        await page.sees("12.5 s pass 5 remaining 300 MiB sent 1.2 GiB sending 115 MiB/s dirtying 107 MiB/s guest")
        await page.sees("expects 2.6 s")
        await page.pilot.press("shift+left")
        await page.sees("10.9 s pass 4 remaining 289 MiB")
        assert all("┃" in row for row in page.text.splitlines()[6:16])
        await page.pilot.press("shift+right", "right", "right")
        await page.sees("12.5 s pass 5")
        await page.pilot.pause()  # the charts are where they stay: a click is at a place of the screen
        await page.pilot.click("#memory", offset=(20, 3))
        await page.sees("2.3 s pass 1")
        await page.pilot.press("0")
        await page.sees("each pass left")
        assert "┃" not in page.text


async def test_a_narrow_chart_has_its_moments_where_the_click_and_the_phases_are() -> None:
    async with page_of(running("guest-post-copy", at(13)), size=(20, 30)) as page:
        chart, board = page.app.page.query_one("#memory", Chart), page.app.page.query_one(Board)
        await page.pilot.click("#memory", offset=(1, 2))
        await until(page.pilot, lambda: board.view.cursor is not None)
        await until(page.pilot, lambda: "┃" in page.text)
        row = page.text.splitlines()[chart.region.y + 2]
        assert row.index("┃") == 1


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((20, 24), "12.5 s pass 5 remaining 300 MiB sent 1.2 GiB"),
        ((20, 30), "12.5 s pass 5 remaining 300 MiB sent 1.2 GiB sending 115 MiB/s dirtying 107 MiB/s guest"),
        ((40, 18), "12.5 s pass 5 remaining 300 MiB"),
    ],
)
async def test_on_a_tiny_terminal_the_cursor_reads_values_and_a_chart_stays(size: tuple[int, int], words: str) -> None:
    async with page_of(running("guest-post-copy", at(13)), size=size) as page:
        await page.pilot.press("left")
        await page.sees(words)
        await until(page.pilot, lambda: page.app.page.query_one("#memory", Chart).size.height >= LEAST)
        assert "┃" in page.text
        await page.pilot.press("0")
        await page.sees("▏2")  # the phases again


@pytest.mark.parametrize(
    ("height", "lines", "room"),
    [
        (6, 1, Room(True, 0, 1)),
        (7, 1, Room(True, 1, 1)),
        (12, 1, Room(True, 1, 2)),
        (17, 1, Room(True, 1, 3)),
    ],
)
def test_values_are_below_the_charts_if_there_is_room(height: int, lines: int, room: Room) -> None:
    assert Room.of(height, lines, reading=False) == room


@pytest.mark.parametrize(("height", "charts"), [(12, 1), (17, 1), (18, 2), (26, 3)])
@pytest.mark.parametrize("reading", [False, True])
def test_beside_a_result_each_of_several_charts_has_more_rows(height: int, charts: int, reading: bool) -> None:
    assert Room.of(height, 1, reading=reading, least=LEAST_BESIDE).charts == charts


@pytest.mark.parametrize(
    ("height", "lines", "room"),
    [
        (3, 6, Room(False, 1, 1)),
        (7, 6, Room(False, 2, 1)),
        (11, 6, Room(False, 6, 1)),
        (12, 6, Room(True, 6, 1)),
        (12, 2, Room(True, 2, 2)),
        (17, 8, Room(True, 8, 1)),
        (17, 1, Room(True, 1, 3)),
    ],
)
def test_what_the_cursor_reads_is_shown_before_further_charts(height: int, lines: int, room: Room) -> None:
    assert Room.of(height, lines, reading=True) == room


async def test_the_time_axis_is_zoomed_and_moved() -> None:
    async with page_of(running("guest-post-copy", over), size=(120, 40)) as page:
        memory = page.app.page.query_one("#memory", Chart)
        whole = memory.picture.window
        assert whole is not None
        await page.pilot.press("z", "z", "less_than_sign")
        await page.sees(" 11 s ", "▏4")
        quarter = whole[1] / 4
        assert memory.picture.window == pytest.approx((whole[1] - 1.5 * quarter, whole[1] - quarter / 2))
        await page.pilot.press("greater_than_sign", "Z", "Z")
        await until(page.pilot, lambda: memory.picture.window == whole)


async def test_where_the_guest_has_no_chart_the_charts_end_with_the_migration() -> None:
    async with page_of(running("guest-pre-copy", over), size=(80, 24)) as page:
        timeline, board = page.migration.timeline, page.app.page.query_one(Board)
        ended = timeline.ended_at
        assert ended is not None
        for second in range(1, 11):
            timeline.add(Event(ended + second, "", GUEST, {"rate": 900.0, "unit": "MiB/s"}))
        board.show(timeline)
        assert "guest" not in shown(page)
        assert page.app.page.query_one("#memory", Chart).picture.window == (0.0, ended)
        assert "remaining 0 B" in " ".join(text_of(page.app).split())  # the newest, although the guest's are newer
        await page.pilot.press("0")
        memory = page.app.page.query_one("#memory", Chart)
        await until(page.pilot, lambda: memory.picture.window == (0.0, ended + 10))


async def test_at_first_the_charts_of_a_short_run_are_of_the_migration_and_then_of_all() -> None:
    async with page_of(running("guest-pre-copy", over), size=(120, 40)) as page:
        timeline, board = page.migration.timeline, page.app.page.query_one(Board)
        ended = timeline.ended_at
        assert ended is not None
        for second in range(1, 11):
            timeline.add(Event(ended + second, "", GUEST, {"rate": 900.0, "unit": "MiB/s"}))
        board.show(timeline)
        usual = (0.0, shown_until(timeline, newest_of(timeline)))
        memory = page.app.page.query_one("#memory", Chart)
        assert memory.picture.window == usual
        await page.sees("switchover ▏end")
        await page.pilot.press("0")
        await until(page.pilot, lambda: memory.picture.window == (0.0, ended + 10))
        await page.sees("▏switchover, end")
        await page.pilot.press("0")
        await until(page.pilot, lambda: memory.picture.window == usual)
        await page.pilot.press("Z", "z")
        await until(page.pilot, lambda: memory.picture.window == pytest.approx(((ended + 10) / 2, ended + 10)))


async def test_zooming_in_the_first_seconds_shows_what_has_values() -> None:
    async with page_of(running("guest-post-copy", at(3)), size=(120, 40)) as page:
        memory = page.app.page.query_one("#memory", Chart)
        newest = newest_of(page.migration.timeline)
        await page.pilot.press("z")
        await until(page.pilot, lambda: memory.picture.window == pytest.approx((newest / 2, newest)))
        await page.pilot.press("Z")
        await until(page.pilot, lambda: memory.picture.window is None)


async def test_many_keys_at_once_are_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with page_of(running("guest-post-copy", over)) as page:
        board, drawn = page.app.page.query_one(Board), list[View]()
        redraw = board._redraw
        monkeypatch.setattr(board, "_redraw", lambda: (drawn.append(board.view), redraw()))
        for _ in range(30):
            board.move_cursor(-1)
        await until(page.pilot, lambda: bool(drawn))
        await page.pilot.pause()  # after which a second drawing would have followed
        assert len(drawn) == 1
        assert board.view.cursor is not None


class OneBoard(OneChart):
    """A board that fills the screen."""

    def compose(self) -> ComposeResult:
        yield Board()


@pytest.mark.parametrize("size", [(20, 9), (80, 18), (120, 34)])
async def test_a_cursor_that_moves_draws_no_chart_again(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    app, timeline, drawn = OneBoard(), Timeline(recording("guest-post-copy")), list[str]()
    async with app.run_test(size=size) as pilot:
        board = app.query_one(Board)
        board.show(timeline)
        board.move_cursor(-1)
        await until(pilot, lambda: "┃" in text_of(app))
        draw = board._draw
        monkeypatch.setattr(board, "_draw", lambda name, *given, **how: (drawn.append(name), draw(name, *given, **how)))
        for columns in (-1, -1, -10, 1, -10, -10):
            board.move_cursor(columns)
            await pilot.pause()
            assert drawn == []
            moved = text_of(app)
            board.show(timeline)
            await pilot.pause()
            assert text_of(app) == moved
            assert drawn
            drawn.clear()


async def test_the_keys_of_the_charts_explain_that_there_are_none() -> None:
    async with page_of(ReplayedMigrations()) as page:
        await page.sees("Nothing is migrating.")
        await page.pilot.press("z")
        await page.is_notified("There are no charts yet.")


NO_ROOM = "There is no room for the charts."


@pytest.mark.parametrize(
    ("size", "moment", "keys"), [((80, 18), over, ()), ((80, 13), at(13), ()), ((80, 24), at(13), "l")]
)
async def test_the_keys_of_charts_that_have_no_room_hide_nothing(
    size: tuple[int, int], moment: Until, keys: str
) -> None:
    async with page_of(running("guest-post-copy", moment), size=size) as page:
        await page.pilot.press(*keys)
        await until(page.pilot, lambda: not shown_at_all(page))
        before = page.text
        for key in ("f", "z"):
            await page.pilot.press(key)
            await page.is_notified(NO_ROOM)
        assert page.app.page.query_one(Board).view == View()
        assert page.text.splitlines()[1:4] == before.splitlines()[1:4]


async def test_a_chart_alone_makes_way_when_it_has_no_room_any_more() -> None:
    async with page_of(running("guest-post-copy", at(13))) as page:
        await page.pilot.press("f", "l")
        await page.sees("rate 115 MiB/s")
        await page.pilot.press("l")
        await until(page.pilot, lambda: "rate 115 MiB/s" not in page.words)
        assert shown(page) == ["memory"]


async def test_the_end_of_a_migration_is_shown_beside_all_charts() -> None:
    async with page_of(running("failed", at(4))) as page:
        await page.pilot.press("f")
        await until(page.pilot, lambda: page.app.page.has_class("full"))
        await page.play()
        await page.sees("Failed", "Connection reset by peer", "m tries again")
        await page.pilot.press("f")
        await until(page.pilot, lambda: "m tries again" not in page.words)
        await page.sees("The migration of guest1 failed: job 'migration out' failed", "guest1 runs on source.")


async def test_without_colours_a_line_on_an_area_is_drawn_reversed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with page_of(running("guest-post-copy", at(13)), size=(120, 40)) as page:
        strips = page.app.screen._compositor.render_strips()
        segments = [segment for strip in strips for segment in strip]
        for dot, on_area in (("•", True), ("▲╱", False)):  # the guest is faster above the area
            found = [bool(each.style and each.style.reverse) for each in segments if set(dot) & set(each.text)]
            assert found
            assert set(found) == {on_area}


async def test_memory_is_drawn_on_a_logarithmic_scale_on_a_key() -> None:
    async with page_of(running("guest-post-copy", at(13)), size=(120, 40)) as page:
        await page.pilot.press("Y")
        await page.sees("memory, MiB, logarithmic", "rate, MiB/s ─")
        await page.pilot.press("Y")
        await until(page.pilot, lambda: "logarithmic" not in page.words)


async def test_a_chart_of_rates_alone_has_no_logarithmic_scale() -> None:
    async with page_of(running("guest-post-copy", at(13)), size=(120, 40)) as page:
        await page.pilot.press("f", "f")
        await page.sees("─ rate, MiB/s ─")
        await page.pilot.press("Y")
        await page.is_notified("Only charts of amounts of memory have a logarithmic scale.")
        assert not page.app.page.query_one(Board).view.log


async def test_another_migration_is_shown_as_a_whole() -> None:
    async with page_of(running("guest-post-copy", over)) as page:
        board = page.app.page.query_one(Board)
        await page.pilot.press("left", "z", "f")
        await page.sees("[completed]", " s post-copy ")
        assert board.view != View()
        page.migrations.current = ReplayedMigration(recording("post-copy-by-hand"))
        page.migrations.current.play(at(13))
        await page.sees("[pass 5]", "remaining 207 MiB")
        assert board.view == View()
        assert not page.app.page.has_class("full")

"""The replay of a run: its keys, and the picture at any moment. The clock is the test's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.migrate_screen import at, page_of, running
from tests.ui.one_page import OnePage, text_of, type_in, until
from tests.ui.runs_screen import NAME, app_of, make_run, open_run
from tui.migration.widgets.board import Board
from tui.runs.backend.reading import RunReader
from tui.runs.backend.reading import open_run as read_run
from tui.runs.backend.runs import Runs
from tui.runs.screens.replay import ReplayPage
from tui.runs.screens.run import RunPage
from tui.runs.widgets.replay_bar import ReplayBar
from tui.ui.chart.chart import Chart
from tui.ui.lines import Lines

SHOWN = ("#what", "#phases", "#tiles")


class Clock:
    """Stands still until the test advances it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Replay:
    """The page of a replay with its clock."""

    app: OnePage
    pilot: Pilot[Any]
    clock: Clock

    @property
    def bar(self) -> str:
        return self.app.page.query_one(ReplayBar).text

    async def shows(self, *words: str) -> None:
        """Wait until the bar has these words and the picture is that of its position."""
        await until(self.pilot, lambda: all(each in self.bar for each in words))

    async def goes_to(self, time: str) -> None:
        """Type a time."""
        await self.pilot.press("g")
        await type_in(self.pilot, *time)
        await self.pilot.press("enter")
        page = self.app.page
        assert isinstance(page, ReplayPage)
        await until(self.pilot, lambda: self.app.screen is page and page.in_front)


@asynccontextmanager
async def replay_of(folder: Path, name: str, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Replay]:
    """A replay that is paused at its beginning."""
    make_run(folder, name)
    clock = Clock()
    app = OnePage(ReplayPage(Runs(folder), read_run(RunReader(folder).read(folder / NAME)), clock))
    async with app.run_test(size=size) as pilot:
        replay = Replay(app, pilot, clock)
        await replay.shows("playing 1x  0:00.0 of")
        await pilot.press("space")
        await replay.shows("paused  1x  0:00.0 of")
        yield replay


def pictures(app: OnePage) -> list[object]:
    """What the lines and charts show, without the names of charts that have no room."""
    lines = [app.page.query_one(id, Lines).text.rstrip() for id in SHOWN]
    sentence = app.page.query_one("#sentence", Lines).text
    lines.append(sentence.partition(".")[0].partition(";")[0])  # the rest has keys, of which a replay has none
    return [
        *lines,
        *(replace(chart.picture, times=True, subtitle="") for chart in app.page.query(Chart) if chart.display),
    ]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize(
    ("name", "moments"), [("post-copy-by-hand", [9.0, 15.07, 1.5]), ("guest-post-copy", [13.0, 3.0, 8.0])]
)
async def test_the_picture_is_the_one_of_the_migrate_page_then(
    tmp_path: Path, name: str, moments: list[float], size: tuple[int, int]
) -> None:
    async with replay_of(tmp_path, name, size) as replay:
        for moment in moments:  # forward and back, to the newest record of then
            live = running(name, at(moment))
            assert live.current is not None
            async with page_of(live, size=size) as page:
                seen = pictures(page.app)
            await replay.goes_to(str(live.current.timeline.now))

            def is_the_same(seen: list[object] = seen) -> bool:
                now = pictures(replay.app)  # its bar may take the room of a chart
                return len(now) > len(SHOWN) + 1 and now == seen[: len(now)]

            await until(replay.pilot, is_the_same)


async def test_it_plays_by_the_clock_at_each_speed_and_stops_at_the_end(tmp_path: Path) -> None:
    async with replay_of(tmp_path, "cancelled") as replay:
        await replay.pilot.press("space")
        replay.clock.now += 2
        await replay.shows("playing 1x  0:02.0 of 0:14.2")
        await replay.pilot.press("plus", "plus")
        replay.clock.now += 1
        await replay.shows("playing 5x  0:07.0")
        await replay.pilot.press("minus")
        replay.clock.now += 1
        await replay.shows("playing 2x  0:09.0")
        await replay.pilot.press("space")
        replay.clock.now += 1
        await replay.shows("paused  2x  0:09.0")
        await replay.pilot.press("space")
        replay.clock.now += 60
        await replay.shows("end     2x  0:14.2", "end outcome=cancelled")
        await until(replay.pilot, lambda: "Cancelled" in text_of(replay.app))
        await replay.pilot.press("space")
        await replay.shows("playing 2x  0:00.0")


async def test_keys_step_by_seconds_passes_and_events(tmp_path: Path) -> None:
    async with replay_of(tmp_path, "post-copy-by-hand") as replay:
        for key, words in (
            ("]", "0:01.0"),
            ("}", "0:01.3"),
            ("}", "0:04.8"),
            ("[", "0:03.8"),
            ("{", "0:01.3"),
            ("n", "15.010 s key action=post-copy"),
            ("n", "15.011 s action action=post-copy"),
            ("N", "15.010 s key action=post-copy"),
            ("N", "1.351 s lifecycle"),
        ):
            await replay.pilot.press(key)
            await replay.shows("paused", words)


async def test_l_shows_the_statistics_and_events_of_then(tmp_path: Path) -> None:
    async with replay_of(tmp_path, "post-copy-by-hand") as replay:
        await replay.goes_to("9")
        await replay.pilot.press("l")
        await until(replay.pilot, lambda: "memory_iteration          3" in text_of(replay.app))
        assert "7.308 s  iteration" in text_of(replay.app)
        assert "15.010 s" not in text_of(replay.app)  # the key that switched to post-copy


async def test_a_typed_time_is_checked_and_a_click_on_the_bar_goes_there(tmp_path: Path) -> None:
    async with replay_of(tmp_path, "cancelled") as replay:
        await replay.pilot.press("g", "x", "enter")
        await until(replay.pilot, lambda: "minutes and seconds as 1:05" in text_of(replay.app))
        await replay.pilot.press("escape")
        await until(replay.pilot, lambda: replay.app.screen is replay.app.page)
        await replay.goes_to("0:12")
        await replay.shows("paused  1x  0:12.0")
        await replay.goes_to("99")
        await replay.shows("end     1x  0:14.2")
        await replay.pilot.click(ReplayBar, offset=(1, 1))
        await replay.shows("paused  1x  0:00.0")


async def test_the_bar_has_the_position_the_passes_and_the_switch(tmp_path: Path) -> None:
    async with replay_of(tmp_path, "post-copy-timeout") as replay:
        await replay.goes_to("6")
        await replay.shows("0:06.0")
        line = replay.bar.splitlines()[1]
        assert line.count("|") == 3
        assert line.index("|") < line.index("o") < line.rindex("|") < line.index("S")
        assert len(line) <= 80


async def test_it_stands_still_behind_a_dialog(tmp_path: Path) -> None:
    async with replay_of(tmp_path, "cancelled") as replay:
        await replay.pilot.press("space", "g")
        page = replay.app.page
        assert isinstance(page, ReplayPage)
        await until(replay.pilot, lambda: not page.in_front)
        replay.clock.now += 5
        await replay.pilot.press("escape")
        await until(replay.pilot, lambda: page.in_front)
        replay.clock.now += 1
        await replay.shows("playing 1x  0:01.0")


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_v_replays_an_opened_run_and_a_key_returns_to_it(tmp_path: Path, key: str) -> None:
    make_run(tmp_path, "post-copy-by-hand")
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot)
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, ReplayPage) and "playing 1x" in text_of(app))
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, RunPage))


@pytest.mark.parametrize("keys", [("f",), ("z",), ("left",), ("f", "z", "left", "Y")])
async def test_esc_shows_the_whole_run_again_before_it_returns(tmp_path: Path, keys: tuple[str, ...]) -> None:
    make_run(tmp_path, "post-copy-by-hand")
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot)
        run = app.screen
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, ReplayPage) and "playing 1x" in text_of(app))
        await pilot.press("space", "g", *"13", "enter")
        await until(pilot, lambda: isinstance(app.screen, ReplayPage) and "0:13.0" in text_of(app))
        for page, page_before in ((app.screen, run), (run, app.page)):
            board = page.query_one(Board)
            await pilot.press(*keys)
            await until(pilot, lambda board=board: board.view.partial)
            await pilot.press("escape")
            await until(pilot, lambda board=board: not board.view.partial)
            assert app.screen is page
            assert board.view.log == ("Y" in keys)
            await pilot.press("escape")
            await until(pilot, lambda page_before=page_before: app.screen is page_before)


async def test_a_log_that_is_gone_is_reported_and_esc_still_returns(tmp_path: Path) -> None:
    make_run(tmp_path, "post-copy-by-hand")
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot)
        (tmp_path / NAME / "raw.jsonl").unlink()
        await pilot.press("v")
        await until(pilot, lambda: "can't be read: No such file" in text_of(app))
        await pilot.press("space", "escape")
        await until(pilot, lambda: isinstance(app.screen, RunPage))


async def test_a_key_that_arrives_while_it_closes_does_nothing(tmp_path: Path) -> None:
    make_run(tmp_path, "post-copy-by-hand")
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot)
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, ReplayPage) and "playing 1x" in text_of(app))
        page = app.screen
        assert isinstance(page, ReplayPage)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunPage) and not page.children)
        page.action_step(1)  # its widgets are gone
        assert isinstance(app.screen, RunPage)


async def test_nothing_is_offered_that_only_the_migrate_page_does(tmp_path: Path) -> None:
    async with replay_of(tmp_path, "failed") as replay:
        await replay.goes_to("4.5")
        await until(
            replay.pilot, lambda: "Raising the limit allows more downtime." in " ".join(text_of(replay.app).split())
        )
        assert "the Migrate page" not in text_of(replay.app)
        await replay.goes_to("9")
        await until(replay.pilot, lambda: "recorded in" in text_of(replay.app))
        assert "tries again" not in text_of(replay.app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_replay_looks_like_its_picture(
    snap_compare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(Path("runs"), "post-copy-by-hand")
    page = ReplayPage(Runs(Path("runs")), read_run(RunReader(Path("runs")).read(Path("runs") / NAME)), Clock())

    async def look(pilot: Any) -> None:
        await until(pilot, lambda: "playing 1x" in text_of(pilot.app))
        await pilot.press("space", "g", *"16", "enter")
        await until(pilot, lambda: "[post-copy]" in text_of(pilot.app))
        await until(pilot, lambda: all(each.picture.span_s > 15 for each in page.query(Chart) if each.display))

    assert snap_compare(OnePage(page), terminal_size=size, run_before=look)


async def test_the_cursor_reads_the_values_while_the_replay_stands_there(tmp_path: Path) -> None:
    async with replay_of(tmp_path, "guest-post-copy", (120, 40)) as replay:
        await replay.goes_to("13")
        await replay.pilot.press("left", "shift+left")
        await until(replay.pilot, lambda: "10.9 s  pass 4  remaining 289 MiB" in text_of(replay.app))
        await replay.pilot.press("f")
        await until(replay.pilot, lambda: "rate, MiB/s" not in text_of(replay.app))
        await replay.shows("paused  1x  0:13.0")
        await replay.pilot.press("0")
        await until(replay.pilot, lambda: "rate, MiB/s" in text_of(replay.app))

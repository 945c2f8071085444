"""Pages on small screens, compared with their pictures: what is cut has a mark, and a resize leaves nothing behind."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.fake_hosts import FakeHosts
from tests.ui.migrate_screen import at, over, page_of, running
from tests.ui.one_page import OnePage, text_of, until
from tests.ui.queue_screen import FakeQueue, Opened, after_the_end, half_way, plan_of, table_app
from tests.ui.runs_screen import NAME, app_of, make_run, open_run, utc
from tests.ui.study_screen import FakeRunner, migrating
from tests.ui.study_screen import app_of as study_app
from tests.ui.test_compare import app_of as runs_app
from tests.ui.test_compare import compare, write
from tests.ui.test_hosts_matrix import known, opened
from tests.ui.test_replay import Clock
from tui.hosts.screens.matrix import MatrixPage
from tui.migration.screens.result import ResultDialog
from tui.queue.backend.requests import Wish
from tui.queue.model.plan import EVACUATE
from tui.queue.screens.plan import PlanPage
from tui.runs.backend.reading import RunReader
from tui.runs.backend.reading import open_run as read_run
from tui.runs.backend.runs import Runs
from tui.runs.screens.replay import ReplayPage
from tui.study.screens import page as study_page
from tui.ui.chart.chart import Chart
from tui.ui.dialog import Box

LARGE, SMALL, TINY = (120, 40), (60, 18), (40, 12)
Look = Callable[[Any], Awaitable[None]]
Shown = tuple[OnePage, Look]  # the app, and what brings it to the moment of its picture


@pytest.fixture(autouse=True)
def _same_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It is noon in UTC, and the folder has the same path in every test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(study_page, "local_now", lambda: datetime(2026, 11, 29, 12, 0, tzinfo=timezone.utc))
    with utc():
        yield


def queue(state: Callable[[], Any]) -> Callable[[], Shown]:
    def show() -> Shown:
        app = table_app(*state())
        return app, lambda pilot: until(pilot, lambda: "guest2" in text_of(app))

    return show


def plan() -> Shown:
    app = Opened(PlanPage(FakeQueue(plan_of(7)).queues, Wish(EVACUATE, "source")))
    return app, lambda pilot: until(pilot, lambda: "It takes" in text_of(app) and "guest1:" in text_of(app))


def matrix() -> Shown:
    app, hosts = opened(FakeHosts(more=tuple(f"host{number}" for number in range(3, 9))))
    known(hosts)

    async def look(pilot: Any) -> None:
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, MatrixPage))
        await pilot.press("right", "right", "right")
        await until(pilot, lambda: "source -> host5: can't" in text_of(app))

    return app, look


def comparison() -> Shown:
    write(Path("runs"))
    app = runs_app(Path("runs"))
    return app, lambda pilot: compare(pilot, 3)


def replay(name: str, time: str, words: str) -> Callable[[], Shown]:
    def show() -> Shown:
        make_run(Path("runs"), name)
        run = RunReader(Path("runs")).read(Path("runs") / NAME)
        app = OnePage(ReplayPage(Runs(Path("runs")), read_run(run), Clock()))

        async def look(pilot: Any) -> None:
            await until(pilot, lambda: "playing 1x" in text_of(app))
            await pilot.press("space", "g", *time, "enter")
            await until(pilot, lambda: words in text_of(app))

        return app, look

    return show


def run() -> Shown:
    make_run(Path("runs"), "post-copy-by-hand")
    app = app_of(Path("runs"))
    return app, open_run


def study() -> Shown:
    migration = migrating(direction="back", phase="pass", **{"pass": 4}, remaining_bytes=120 << 20, elapsed_s=12.4)
    app = study_app(FakeRunner(migration=migration), Path.cwd())
    return app, lambda pilot: until(pilot, lambda: "Now: idle" in text_of(app) and "out" in text_of(app))


PAGES: dict[str, Callable[[], Shown]] = {
    "queue": queue(half_way),
    "queue-ended": queue(after_the_end),
    "plan": plan,
    "matrix": matrix,
    "compare": comparison,
    "replay": replay("guest-post-copy", "9", "0:09.0 of"),
    "replay-ended": replay("guest-post-copy", "60", "[completed]"),
    "run": run,
    "study": study,
}


def drawn(app: OnePage) -> bool:
    """Whether all charts of the screen are drawn, and none is about to be drawn again."""
    screen = app.screen
    pending = any(getattr(screen, name, False) for name in ("_update_pending", "_charts_pending"))
    charts = [each for each in screen.query(Chart) if each.display and each.size.height]
    return not pending and not any(each.picture.blank for each in charts)


@pytest.mark.parametrize("size", [SMALL, TINY])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_on_a_small_screen_looks_like_its_picture(snap_compare: Any, page: str, size: tuple[int, int]) -> None:
    app, look = PAGES[page]()

    async def see(pilot: Any) -> None:
        await look(pilot)
        await until(pilot, lambda: drawn(app))

    assert snap_compare(app, terminal_size=size, run_before=see)


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_looks_as_before_once_the_screen_is_large_again(page: str) -> None:
    app, look = PAGES[page]()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await look(pilot)
        await until(pilot, lambda: drawn(app))
        before = text_of(app)
        await pilot.resize_terminal(*TINY)
        await until(pilot, lambda: app.screen.size == TINY and text_of(app) != before)
        await until(pilot, lambda: not app.screen.show_vertical_scrollbar)  # only lists scroll, not the page
        await pilot.resize_terminal(*LARGE)
        await until(pilot, lambda: text_of(app) == before)


@pytest.mark.parametrize("name", ["failed", "guest-post-copy"])
async def test_the_result_has_a_box_that_scrolls_where_its_panel_is_cut(name: str) -> None:
    async with page_of(running(name, over), size=TINY) as page:
        await page.sees("more lines; h shows them")
        await page.pilot.press("h")
        await until(page.pilot, lambda: isinstance(page.app.screen, ResultDialog))
        box = page.app.screen.query_one(Box)
        await until(page.pilot, lambda: box.max_scroll_y > 0)
        await page.pilot.press("end")
        await until(page.pilot, lambda: "5 shows all runs" in page.words)
        await page.pilot.press("h")
        await page.sees("more lines; h shows them")


async def test_figures_without_room_end_with_a_mark_and_the_sentence_stays() -> None:
    async with page_of(running("guest-post-copy", at(9)), size=(40, 11)) as page:
        await page.sees("Undecided: the passes leave", "p finishes it.", "…")
        assert "post-copy faults" not in page.words

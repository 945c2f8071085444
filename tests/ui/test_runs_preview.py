"""The preview of the run under the cursor, which a wide terminal has beside the table of runs."""

import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.one_page import OnePage, text_of, until
from tests.ui.runs_screen import utc
from tests.ui.test_runs import BROKEN, BY_HAND, CANCELLED, RECORDINGS, make, summary
from tui.migration.widgets.board import Board
from tui.runs.backend.runs import Runs
from tui.runs.screens import page as page_module
from tui.runs.screens import previewed
from tui.runs.screens.page import RunsPage

DAMAGED = "20261123T034800Z-guest1-memory-pre-copy"
WIDE, USUAL = (200, 60), (80, 24)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One that completed, one that was cancelled, one whose log is damaged and one without a log; in UTC."""
    monkeypatch.chdir(tmp_path)
    folder = Path("runs")
    figures = {"total_time_ms": 17700, "downtime_ms": 10, "memory_sent_bytes": 1932735283}
    tables = summary("completed", "2026-11-23T03:49:38.561Z", "post-copy-manual", **figures)
    sentence = "guest1 runs on source and is gone from destination."
    make(folder, BY_HAND, {**tables, "verified": sentence}, "post-copy-by-hand")
    make(folder, CANCELLED, summary("cancelled", "2026-11-23T03:49:22.817Z", "pre-copy"), "cancelled")
    make(folder, DAMAGED, summary("completed", "2026-11-23T03:48:00.000Z", "pre-copy"), "pre-copy-idle")
    log = folder / DAMAGED / "raw.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join([*lines[:3], "no record\n", *lines[3:]]))
    (folder / BROKEN).mkdir()
    with utc():
        yield folder


class Opened:
    """The page, and what the preview has."""

    def __init__(self, app: OnePage, pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def preview(self) -> str:
        """The text beside the table, without line ends."""
        at = self.app.page.query_one("#preview").region
        lines = text_of(self.app).splitlines()[at.y : at.bottom]
        return " ".join(" ".join(line[at.x + 1 : at.right] for line in lines).split()) if at.width else ""

    @property
    def shows_charts(self) -> bool:
        return bool(self.app.page.query_one(Board).size.height)

    async def sees(self, *sentences: str, charts: bool) -> None:
        await until(self.pilot, lambda: all(each in self.preview for each in sentences) and self.shows_charts == charts)


@asynccontextmanager
async def opened(runs: Path, size: tuple[int, int] = WIDE) -> AsyncIterator[Opened]:
    app = OnePage(RunsPage(Runs(runs)))
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Opened(app, pilot)


async def test_the_preview_follows_the_cursor_with_sentence_figures_and_charts(runs: Path) -> None:
    async with opened(runs) as page:
        sentence = "completed: guest1 runs on source and is gone from destination."
        await page.sees(sentence, "total 17.7 s", "10 ms by libvirt", "memory, MiB", charts=True)
        await page.pilot.press("down")
        await page.sees("outcome cancelled", "unknown to libvirt", "memory, MiB", charts=True)
        assert sentence not in page.preview
        await page.pilot.press("up")
        await page.sees(sentence, "memory, MiB", charts=True)


async def test_a_damaged_log_is_said_above_its_charts_and_a_missing_one_in_their_place(runs: Path) -> None:
    async with opened(runs) as page:
        await page.sees("completed", charts=True)
        await page.pilot.press("down", "down")
        await page.sees("1 line of the log could not be read.", "memory, MiB", charts=True)
        await page.pilot.press("down")
        await page.sees("broken: It has no run.toml.", "can't be read: No such file or directory.", charts=False)
        assert "memory, MiB" not in page.preview


async def test_no_log_is_read_while_the_cursor_moves_and_the_figures_are_there_at_once(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previewed, "AFTER_S", 3600.0)
    async with opened(runs) as page:
        await page.sees("total 17.7 s", "reading its log ...", charts=False)
        await page.pilot.press("down", "down")
        await page.sees("2026-11-23 03:48:00", "reading its log ...", charts=False)
        assert page.app.page._room.previews._known == {}  # type: ignore[attr-defined]
        monkeypatch.setattr(previewed, "AFTER_S", 0.0)
        await page.pilot.press("up")
        await page.sees("outcome cancelled", "memory, MiB", charts=True)


async def test_an_empty_list_has_an_empty_preview(tmp_path: Path) -> None:
    async with opened(tmp_path / "none") as page:
        await until(page.pilot, lambda: "Nothing has been recorded in" in text_of(page.app))
        assert page.preview == ""


async def test_a_run_that_the_filter_hides_is_not_previewed(runs: Path) -> None:
    async with opened(runs) as page:
        await page.sees("total 17.7 s", charts=True)
        await page.pilot.press("slash", *"vm:none", "enter")
        await until(page.pilot, lambda: "No run matches: vm:none" in text_of(page.app))
        await until(page.pilot, lambda: page.preview == "")


async def test_a_terminal_made_narrow_has_the_table_alone_and_a_wide_one_both_again(runs: Path) -> None:
    async with opened(runs, USUAL) as page:
        await until(page.pilot, lambda: "broken" in text_of(page.app) and f"runs/{BY_HAND}" in text_of(page.app))
        narrow = text_of(page.app)
    async with opened(runs) as page:
        await page.sees("total 17.7 s", charts=True)
        await page.pilot.resize_terminal(*USUAL)
        await until(page.pilot, lambda: text_of(page.app) == narrow)
        await page.pilot.press("down")
        await page.pilot.resize_terminal(40, 12)
        await page.pilot.resize_terminal(*WIDE)
        await page.sees("outcome cancelled", "memory, MiB", charts=True)


async def test_a_key_hides_the_preview_and_says_why_there_is_none(runs: Path) -> None:
    async with opened(runs) as page:
        await page.sees("total 17.7 s", charts=True)
        await page.pilot.press("h")
        await until(page.pilot, lambda: page.preview == "")
        await page.pilot.press("h")
        await page.sees("total 17.7 s", charts=True)
        await page.pilot.resize_terminal(*USUAL)
        await page.pilot.press("h")
        await until(page.pilot, lambda: "terminal of 160 columns and 20 rows." in text_of(page.app))


async def test_the_preview_of_a_run_under_way_goes_on_with_its_log(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "AGAIN_AFTER_S", 0.05)
    monkeypatch.setattr(previewed, "AFTER_S", 0.0)
    name = "20261123T050000Z-guest1-memory-pre-copy"
    make(runs, name, summary("running", "2026-11-23T05:00:00.000Z", "pre-copy"), "pre-copy-idle")
    lines = (RECORDINGS / "pre-copy-idle.jsonl").read_text().splitlines(keepends=True)
    log = runs / name / "raw.jsonl"
    log.write_text("".join(lines[:3]))
    with log.open("a") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        async with opened(runs) as page:
            await page.sees("outcome under way", charts=True)
            before = page.app.page.query_one(Board)._timeline
            writer.write("".join(lines[3:8]))
            writer.flush()
            await until(page.pilot, lambda: page.app.page.query_one(Board)._timeline is not before)


def test_the_preview_looks_like_its_picture(snap_compare: Any, runs: Path) -> None:
    app = OnePage(RunsPage(Runs(runs)))

    async def look(pilot: Any) -> None:
        await until(pilot, lambda: "\u2588" in text_of(app) and "each pass left" in text_of(app))

    assert snap_compare(app, terminal_size=WIDE, run_before=look)

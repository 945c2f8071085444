"""What a wide terminal has beside the runs of a study, and beside the list of all studies."""

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.ui.one_page import text_of, until
from tests.ui.runs_screen import utc
from tests.ui.study_screen import ID, FakeRunner, OpenedStudy, app_of, migrating, opened, write_study
from tui.study.model.status import INTERRUPTED
from tui.study.screens import earlier
from tui.study.screens import page as page_module

WIDE, USUAL = (200, 60), (80, 24)
DONE, DAMAGED = "20261128T150000Z-lab", "20261127T090000Z-lab"


@pytest.fixture(autouse=True)
def _same_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It is noon in UTC."""
    monkeypatch.setattr(page_module, "local_now", lambda: datetime(2026, 11, 29, 12, 0, tzinfo=timezone.utc))
    with utc():
        yield


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    """Three studies, the oldest of which is damaged."""
    write_study(tmp_path, ID, 7)
    write_study(tmp_path, DONE, 18)
    write_study(tmp_path, DAMAGED, 5)
    (tmp_path / DAMAGED / "plan.toml").unlink()
    return tmp_path


def beside(page: OpenedStudy, name: str) -> str:
    """The text of a pane, without line ends; empty if it is not shown."""
    at = page.app.screen.query_one(f"#{name}").region
    lines = text_of(page.app).splitlines()[at.y : at.bottom]
    return " ".join(" ".join(line[at.x + 1 : at.right] for line in lines).split()) if at.width else ""


async def test_the_results_and_the_plan_are_beside_the_runs(studies: Path) -> None:
    async with opened(FakeRunner(ended=7), studies, size=WIDE) as page:
        words = (
            "Results runs done/planned",
            "idle 0/4",
            "Plan VMs guest1",
            "the random order of seed 7",
            "45 s: a longer",
        )
        await until(page.pilot, lambda: all(each in beside(page, "side") for each in words))
        assert "idle pre-copy" in beside(page, "ended")
        page.runner.ended = 9
        await page.reads()
        await until(page.pilot, lambda: "9 memory" in beside(page, "ended") or "9 idle" in beside(page, "ended"))


async def test_a_plan_that_cannot_be_read_is_a_sentence_beside_the_runs(tmp_path: Path) -> None:
    async with opened(FakeRunner(ended=7), tmp_path, size=WIDE) as page:
        sentence = f"The study {ID} cannot be read: No such file or directory."
        await until(page.pilot, lambda: sentence in beside(page, "side"))
        assert "Results" in beside(page, "side")
        await page.sees("7 idle pre-copy")


async def test_without_a_study_a_wide_terminal_says_how_to_start_one(tmp_path: Path) -> None:
    async with opened(FakeRunner(None), tmp_path, size=WIDE) as page:
        await page.sees("No study has been made yet.")
        assert (beside(page, "side"), beside(page, "ended")) == ("", "")


async def test_a_terminal_made_narrow_has_the_blocks_below_each_other_and_a_wide_one_beside(studies: Path) -> None:
    async with opened(FakeRunner(ended=7), studies, size=USUAL) as page:
        await page.sees("median total time", "/runs/20261129T040007Z-guest1", "▃")  # the scroll bar comes last
        before = text_of(page.app)
        await page.pilot.resize_terminal(*WIDE)
        await until(page.pilot, lambda: "Plan VMs guest1" in beside(page, "side"))
        await page.pilot.resize_terminal(40, 12)
        await page.sees("lab running", "run setting")
        await page.pilot.resize_terminal(*USUAL)
        await until(page.pilot, lambda: text_of(page.app) == before)


async def test_the_study_under_the_cursor_is_beside_the_list_and_says_what_is_damaged(studies: Path) -> None:
    async with opened(FakeRunner(INTERRUPTED), studies, size=WIDE) as page:
        await page.pilot.press("e")
        await page.sees("Studies, the newest first")
        await until(page.pilot, lambda: "idle 0/4" in beside(page, "study-box"))
        await page.pilot.press("down")
        await until(page.pilot, lambda: "idle 4/4" in beside(page, "study-box"))
        assert "Plan VMs guest1" in beside(page, "study-box")
        await page.pilot.press("down")
        await until(page.pilot, lambda: f"The study {DAMAGED} cannot be read" in beside(page, "study-box"))
        await page.pilot.press("up")
        await until(page.pilot, lambda: "idle 4/4" in beside(page, "study-box"))
        await page.pilot.resize_terminal(*USUAL)
        await until(page.pilot, lambda: beside(page, "study-box") == "")
        await page.sees("Studies, the newest first", "finished 18 of 18 lab")


async def test_no_study_is_read_while_the_cursor_moves(studies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier, "AFTER_S", 3600.0)
    async with opened(FakeRunner(INTERRUPTED), studies, size=WIDE) as page:
        await page.pilot.press("e")
        await until(page.pilot, lambda: "reading it ..." in beside(page, "study-box"))
        await page.pilot.press("down")
        await page.pilot.pause()
        assert page.app.screen._read_studies == {}  # type: ignore[attr-defined]
        monkeypatch.setattr(earlier, "AFTER_S", 0.0)
        await page.pilot.press("up")
        await until(page.pilot, lambda: "idle 0/4" in beside(page, "study-box"))


@pytest.mark.parametrize("keys", [(), ("e",)])
def test_a_wide_study_looks_like_its_picture(snap_compare: Any, studies: Path, keys: tuple[str, ...]) -> None:
    migration = migrating(direction="back", phase="pass", **{"pass": 4}, remaining_bytes=120 << 20, elapsed_s=12.4)
    app = app_of(FakeRunner(migration=migration), studies)

    async def look(pilot: Any) -> None:
        await until(pilot, lambda: "migrating back" in text_of(app) and "stops after" in text_of(app))
        if keys:
            await pilot.press(*keys)
            await until(pilot, lambda: text_of(app).count("stops after") == 1 and "0/4" in text_of(app))

    assert snap_compare(app, terminal_size=WIDE, run_before=look)

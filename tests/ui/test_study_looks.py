"""The Study page as a person sees it, compared with its pictures."""

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.ui.one_page import text_of, until
from tests.ui.runs_screen import utc
from tests.ui.study_screen import PLAN, FakeRunner, app_of, migrating, plan_of, write_study
from tui.study.model.status import INTERRUPTED
from tui.study.screens import page as page_module

SIZES = [(80, 24), (120, 40)]
MIGRATION = migrating(direction="back", phase="pass", **{"pass": 4}, remaining_bytes=120 << 20, elapsed_s=12.4)
NOON = datetime(2026, 11, 29, 12, 0, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def _same_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It is noon in UTC, and the seed by chance is always the same."""
    monkeypatch.setattr(page_module, "local_now", lambda: NOON)
    with utc():
        yield


async def see(pilot: Any, words: str) -> None:
    await until(pilot, lambda: words in text_of(pilot.app))


async def choose_file(pilot: Any) -> None:
    """Choose the plan a.toml in the form for a new study."""
    await see(pilot, "No study has been made yet.")
    await pilot.press("n")
    await see(pilot, "a.toml >")
    await pilot.press("enter")


@pytest.fixture
def plan_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a plan in the current folder."""
    monkeypatch.chdir(tmp_path)
    return Path("a.toml")


@pytest.mark.parametrize("size", SIZES)
def test_a_study_under_way(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    app = app_of(FakeRunner(migration=MIGRATION), tmp_path)

    async def look(pilot: Any) -> None:
        await until(pilot, lambda: "migrating back" in text_of(app) and "out" in text_of(app))

    assert snap_compare(app, terminal_size=size, run_before=look)


@pytest.mark.parametrize("size", SIZES)
def test_a_large_study_that_was_interrupted(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    runner = FakeRunner(INTERRUPTED, ended=70)
    bandwidths = 'bandwidth = ["64 MiB/s", "100 MiB/s", "200 MiB/s", "400 MiB/s"]\nauto_converge = [false, true]'
    rates = 'rate = ["50 MiB/s", "100 MiB/s", "200 MiB/s", "400 MiB/s"]'
    runner.use(*plan_of(**{'bandwidth = "64 MiB/s"': bandwidths, 'rate = "100 MiB/s"': rates}))
    app = app_of(runner, tmp_path)

    async def look(pilot: Any) -> None:
        await see(pilot, "was interrupted")
        await pilot.press("down", "down")

    assert snap_compare(app, terminal_size=size, run_before=look)


@pytest.mark.parametrize("size", SIZES)
def test_no_study(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    app = app_of(FakeRunner(None), tmp_path)

    async def look(pilot: Any) -> None:
        await see(pilot, "No study has been made yet.")

    assert snap_compare(app, terminal_size=size, run_before=look)


@pytest.mark.parametrize("size", SIZES)
def test_the_plan_before_the_start(snap_compare: Any, plan_file: Path, size: tuple[int, int]) -> None:
    plan_file.write_text(f"seed = 4711\n{PLAN}")
    app = app_of(FakeRunner(None), plan_file.absolute().parent, Path())

    async def look(pilot: Any) -> None:
        await choose_file(pilot)
        await see(pilot, "Nothing is started yet.")

    assert snap_compare(app, terminal_size=size, run_before=look)


@pytest.mark.parametrize("size", SIZES)
def test_the_list_of_studies(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    write_study(tmp_path, "20261129T040000Z-lab", 3)
    write_study(tmp_path, "20261128T150000Z-lab", 18)
    write_study(tmp_path, "20261127T090000Z-lab", 5, stopped="2 runs in a row have failed")
    (tmp_path / "20261127T090000Z-lab" / "plan.toml").unlink()
    app = app_of(FakeRunner(INTERRUPTED, ended=3), tmp_path)

    async def look(pilot: Any) -> None:
        await see(pilot, "was interrupted")
        await pilot.press("e")
        await see(pilot, "18 of 18")

    assert snap_compare(app, terminal_size=size, run_before=look)


@pytest.mark.parametrize("size", SIZES)
def test_a_plan_with_mistakes(snap_compare: Any, plan_file: Path, size: tuple[int, int]) -> None:
    plan_file.write_text('name = "a"\nrepeats = 0\nspeed = 3\n[migration.x]\ntechnique = "fast"')
    app = app_of(FakeRunner(None), plan_file.absolute().parent, Path())

    async def look(pilot: Any) -> None:
        await choose_file(pilot)
        await see(pilot, "The plan has mistakes:")

    assert snap_compare(app, terminal_size=size, run_before=look)

"""The facts and the passes of an opened run."""

from pathlib import Path

import pytest
from textual.containers import VerticalScroll

from tests.ui.one_page import text_of, until
from tests.ui.runs_screen import NAME, app_of, make_run, open_run
from tui.runs.screens.details import RunDetails
from tui.runs.screens.run import RunPage


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_i_shows_all_facts_and_the_passes_and_esc_returns(tmp_path: Path, size: tuple[int, int]) -> None:
    make_run(tmp_path, "post-copy-by-hand")
    app = app_of(tmp_path)
    async with app.run_test(size=size) as pilot:
        await open_run(pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, RunDetails))
        began = NAME.partition("-")[0]  # the rest of the path may be on the next line
        await until(pilot, lambda: all(each in text_of(app) for each in (began, "outcome", "17.7 s")))
        await pilot.press("end")
        await until(pilot, lambda: app.screen.query_one("#facts", VerticalScroll).is_vertical_scroll_end)
        table = text_of(app).partition("threshold MiB")[2]
        first = table.splitlines()[1].split()
        assert first[0] == "1"
        assert len(first) == len(["pass", "began", "ended", "sent", "left", "dirty", "threshold"])
        assert "Passes" in text_of(app)
        assert "left: written by the VM meanwhile" in text_of(app)
        assert "up/down scroll" in text_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunPage))


async def test_a_run_without_a_log_has_no_details(tmp_path: Path) -> None:
    make_run(tmp_path, "post-copy-by-hand")
    (tmp_path / NAME / "raw.jsonl").unlink()
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "completed" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: "can't be read" in text_of(app))
        await pilot.press("i")
        await until(pilot, lambda: any("is not open" in each.message for each in app._notifications))
        assert isinstance(app.screen, RunPage)

"""The facts and the passes of an opened run."""

from pathlib import Path
from typing import Any

import pytest
import tomli_w
from textual.containers import VerticalScroll

from tests.ui.one_page import text_of, until
from tests.ui.runs_screen import NAME, app_of, make_run, open_run, summary, utc
from tests.unit.migration.foretold import foretold
from tui.core.plan import AT_ONCE
from tui.migration.model.record import to_line
from tui.runs.screens.details import RunDetails
from tui.runs.screens.replay import ReplayPage
from tui.runs.screens.run import RunPage
from tui.ui.lines import Lines


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
        text = app.screen.query_one("#fact-lines", Lines).text
        table = text.partition("threshold MiB")[2]
        first = table.splitlines()[1].split()
        assert first[0] == "1"
        assert len(first) == len(["pass", "began", "ended", "sent", "left", "dirty", "threshold"])
        assert "Passes" in text
        assert "left: written by the VM meanwhile" in text
        assert "verified ok=True" in text_of(app)  # one of the last events
        assert "up/down scroll" in text_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunPage))


async def test_enter_replays_the_run_from_the_chosen_event(tmp_path: Path) -> None:
    make_run(tmp_path, "post-copy-by-hand")
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, RunDetails))
        await pilot.press("enter")  # no event is chosen yet
        await until(pilot, lambda: any("Choose an event first" in each.message for each in app._notifications))
        await pilot.press("n", "n", "n")
        await until(pilot, lambda: "key action=post-copy" in chosen(text_of(app)))
        moment = chosen(text_of(app)).split()[0]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReplayPage) and f"paused  1x  0:{moment[:4]}" in text_of(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunDetails))
        await pilot.press("N")
        await until(pilot, lambda: "key action=post-copy" not in chosen(text_of(app)))


def chosen(text: str) -> str:
    """The line of the chosen event, without its mark."""
    return next((line[1:] for line in text.splitlines() if line.startswith(">")), "")


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


FORECAST = {
    "technique": "pre-copy",
    "converges": True,
    "certain": True,
    "total_s": [14.0, 16.5, 20.0],
    "downtime_s": [0.02, 0.04, 0.2],
    "bandwidth_bytes_s": [1e8, 1.1e8, 1.2e8],
    "bandwidth_source": "5 earlier runs",
    "outcome": {"verdict_right": True, "total_error": -0.068, "total_within": True},
}


def foretold_run(folder: Path) -> None:
    """A run whose log has forecasts, and whose run.toml has what became of the first."""
    make_run(folder, "post-copy-by-hand")
    (folder / NAME / "run.toml").write_text(tomli_w.dumps({**summary("post-copy-manual"), "forecast": FORECAST}))
    lines = [f"{to_line(each)}\n" for each in foretold("post-copy-by-hand", technique=AT_ONCE)]
    (folder / NAME / "raw.jsonl").write_text("".join(lines))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_forecast_stands_beside_the_outcome(tmp_path: Path, size: tuple[int, int]) -> None:
    foretold_run(tmp_path)
    app = app_of(tmp_path)
    async with app.run_test(size=size) as pilot:
        await open_run(pilot)
        large = size[1] > 30
        words = " ".join(text_of(app).split())
        assert ("forecast outcome error interval" in words) is large  # else a line of the result has it
        assert ("6.4 s to 9.2 s: above" in words) is not large
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, RunDetails))
        await pilot.press("end")
        await until(pilot, lambda: app.screen.query_one("#facts", VerticalScroll).is_vertical_scroll_end)
        app.screen.query_one("#facts", VerticalScroll).scroll_up(animate=False)
        lines = [" ".join(line.split()) for line in app.screen.query_one("#fact-lines", Lines).text.splitlines()]
        start = lines.index("Forecast and outcome")
        assert lines[start + 2 : start + 5] == [
            "verdict pre-copy ends ends right",
            "total 16 s (14 s to 20 s) 17.7 s -7 % within",
            "downtime 40 ms (20 ms to 200 ms) 10 ms not judged",
        ]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_run_with_a_forecast_looks_like_its_picture(
    snap_compare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.chdir(tmp_path)
    foretold_run(Path("runs"))
    with utc():
        assert snap_compare(app_of(Path("runs")), terminal_size=size, run_before=open_run)

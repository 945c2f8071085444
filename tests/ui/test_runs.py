"""The Runs page and an opened run, as a person sees them."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.ui.one_page import OnePage, text_of, until
from tests.ui.runs_screen import utc
from tui.migration.widgets.board import LEAST_BESIDE
from tui.runs.backend.importer import Given, import_log
from tui.runs.backend.runs import Runs
from tui.runs.screens import page as runs_module
from tui.runs.screens.page import RunsPage
from tui.runs.screens.run import RunPage
from tui.ui.chart.chart import Chart

RECORDINGS = Path(__file__).parent.parent / "recordings"
LOGS = Path(__file__).parent.parent / "unit" / "runs" / "logs"
BY_HAND = "20261123T034938Z-guest1-memory-post-copy-manual"
CANCELLED = "20261123T034922Z-guest1-memory-pre-copy"
BROKEN = "20261123T034554Z-guest1-idle-pre-copy"


def summary(outcome: str, began: str, technique: str, **figures: int) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "began": began,
        "vm": {"name": "guest1"},
        "options": {"technique": technique, "timeout_s": 25.0},
        "hosts": {"origin": "destination", "target": "source"},
        "workload": {"name": "memory"},
        "figures": figures,
    }


def make(folder: Path, name: str, tables: dict[str, Any], log: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "run.toml").write_text(tomli_w.dumps(tables))
    shutil.copy(RECORDINGS / f"{log}.jsonl", folder / name / "raw.jsonl")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Three runs, in UTC and at a path that is the same in every test."""
    monkeypatch.chdir(tmp_path)
    runs = Path("runs")
    figures = {"total_time_ms": 17700, "downtime_ms": 10, "memory_sent_bytes": 1932735283}
    make(
        runs,
        BY_HAND,
        summary("completed", "2026-11-23T03:49:38.561Z", "post-copy-manual", **figures),
        "post-copy-by-hand",
    )
    make(runs, CANCELLED, summary("cancelled", "2026-11-23T03:49:22.817Z", "pre-copy"), "cancelled")
    (runs / BROKEN).mkdir()
    with utc():
        yield runs


def app_of(folder: Path) -> OnePage:
    return OnePage(RunsPage(Runs(folder)))


async def test_runs_are_listed_newest_first(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "broken" in text_of(app))
        lines = [line.split() for line in text_of(app).splitlines() if line.startswith("  11-23")]
        assert lines == [
            ["11-23", "03:49", "guest1", "memory", "post", "hand", "completed", "17.70", "10"],
            ["11-23", "03:49", "guest1", "memory", "pre-copy", "cancelled", "-", "-"],
            ["11-23", "03:45", "guest1", "idle", "pre-copy", "broken", "-", "-"],
        ]


@pytest.mark.parametrize(
    ("log", "shown"),
    [
        ("completed", ["outcome      completed", "9.7 s in total, downtime 83 ms by libvirt", "sent in 4 passes"]),
        ("original-loop", ["outcome      not in the log", "at least 9.5 s in total", "sent in at least 3 passes"]),
        ("libvirt-1.2", ["outcome      not in the log", "at least 9.5 s in total", "0.98 GiB sent\n"]),
    ],
)
async def test_an_imported_run_shows_what_its_log_has(log: str, shown: list[str], tmp_path: Path) -> None:
    import_log(str(LOGS / f"{log}.txt"), io.BytesIO(), tmp_path, Given(vm="ubuntu22.04"))
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: f"Imported from {log}.txt" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunPage) and "raw log" in text_of(app))
        text = "\n".join(line.rstrip() for line in text_of(app).splitlines())
        for each in (f"Imported from {log}.txt", *shown):
            assert each in text


async def test_the_chosen_run_is_shown_with_its_folder_and_problem(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: f"runs/{BY_HAND}" in text_of(app))
        await pilot.press("end")
        await until(pilot, lambda: f"runs/{BROKEN}" in text_of(app))
        assert "It has no run.toml." in text_of(app)


async def test_enter_opens_a_run_with_its_charts_and_figures_and_esc_returns(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "completed" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunPage) and "raw log" in text_of(app))
        text = text_of(app)
        assert "guest1  destination -> source   post-copy by hand   workload memory" in text
        assert "guest1 runs on source and is gone from destination." in text
        assert f"runs/{BY_HAND}/raw.jsonl" in text.replace("\n              ", "")
        assert [bool(chart.picture.series) for chart in app.screen.query(Chart) if chart.display] == [True]
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunsPage))


async def test_a_chart_beside_the_figures_is_not_squeezed_and_a_key_hides_them(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "completed" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: "f F: rates" in text_of(app))
        assert [chart.size.height >= LEAST_BESIDE for chart in app.screen.query(Chart) if chart.display] == [True]
        await pilot.press("h")
        await until(pilot, lambda: "raw log" not in text_of(app) and "rate, MiB/s" in text_of(app))
        assert "f F: rates" not in text_of(app)
        await pilot.press("h")
        await until(pilot, lambda: "raw log" in text_of(app) and "rate, MiB/s" not in text_of(app))


async def test_an_opened_run_shows_the_observed_downtime(folder: Path) -> None:
    tables = summary("completed", "2026-11-24T10:54:14.599Z", "post-copy-manual")
    make(folder, "20261124T105414Z-guest1-memory-post-copy-manual", tables, "guest-post-copy")
    app = app_of(folder)
    async with app.run_test(size=(80, 30)) as pilot:
        await until(pilot, lambda: "11-24" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: "f F: rates, guest" in text_of(app))
        assert "network      no reply for 340 ms (±10 ms; before the switchover 428 ms)" in text_of(app)
        assert "guest        the guest paused 272 ms (219 ms by its own clock, plus 53 ms" in text_of(app)
        await pilot.press("h")
        await until(pilot, lambda: "guest, GiB/s" in text_of(app))
        axes = {chart.picture.span_s for chart in app.screen.query(Chart) if chart.display}
        assert len(axes) == 1


async def test_a_run_without_a_log_is_reported(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "completed" in text_of(app))
        await pilot.press("end", "enter")
        await until(pilot, lambda: "can't be read: No such file or directory" in " ".join(text_of(app).split()))


async def test_a_new_run_appears_and_the_chosen_one_stays_chosen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "AGAIN_AFTER_S", 0.05)
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "broken" in text_of(app))
        await pilot.press("down")
        await until(pilot, lambda: f"runs/{CANCELLED}" in text_of(app))
        tables = summary("failed", "2026-11-23T05:00:00.000Z", "pre-copy")
        make(folder, "20261123T050000Z-guest1-memory-pre-copy", tables, "failed")
        await until(pilot, lambda: "failed" in text_of(app))
        assert f"runs/{CANCELLED}" in text_of(app)


async def test_without_runs_the_page_shows_how_to_start_one(tmp_path: Path) -> None:
    app = app_of(tmp_path / "none")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "The Migrate page starts one." in " ".join(text_of(app).split()))
        await pilot.press("enter")
        assert isinstance(app.screen, RunsPage)


async def test_a_folder_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    app = app_of(tmp_path / "runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "can't be listed: Not a directory" in " ".join(text_of(app).split()))


async def test_a_vm_name_is_never_markup(folder: Path) -> None:
    tables = summary("completed", "2026-11-23T05:00:00.000Z", "pre-copy")
    tables["vm"]["name"] = "[red]x[/]"
    make(folder, "20261123T050000Z-x-memory-pre-copy", tables, "pre-copy-idle")
    app = app_of(folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "[red]x[/]" in text_of(app))


@pytest.mark.parametrize("control", ["\u202e", "\u2066", "\x1b[31m"])
async def test_control_characters_in_a_folders_name_are_not_shown(folder: Path, control: str) -> None:
    """The folder may come from a foreign archive; neither the list nor the opened run shows the character."""
    odd = f"{control}emaNddO"
    (folder / odd).mkdir()
    shutil.copy(RECORDINGS / "cancelled.jsonl", folder / odd / "raw.jsonl")
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "emaNddO" in text_of(app))
        await pilot.press("end")
        await until(pilot, lambda: "runs/emaNddO" in text_of(app))
        assert control not in text_of(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunPage) and "raw log" in text_of(app))
        assert "runs/emaNddO/raw.jsonl" in text_of(app)
        assert control not in text_of(app)


async def test_the_chosen_run_is_seen_without_colour(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = OnePage(RunsPage(Runs(Path("runs"))))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "completed" in text_of(app))
        await pilot.press("down")
        strips = app.screen._compositor.render_strips()
        marked = [
            strip.text
            for strip in strips
            if any(segment.style and segment.style.underline and segment.text.strip() for segment in strip)
        ]
        assert len(marked) == 1
        assert "cancelled" in marked[0]


async def test_narrow_terminals_drop_figures_before_names(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(60, 16)) as pilot:
        await until(pilot, lambda: "broken" in text_of(app))
        assert "guest1" in text_of(app)
        assert "completed" in text_of(app)
        assert all(len(line) <= 60 for line in text_of(app).splitlines())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("opened", [False, True])
def test_runs_looks_like_its_picture(snap_compare: Any, folder: Path, size: tuple[int, int], opened: bool) -> None:
    app = app_of(folder)

    async def look(pilot: Any) -> None:
        await until(pilot, lambda: "broken" in text_of(app))
        if opened:
            await pilot.press("enter")
            await until(pilot, lambda: "raw log" in text_of(app) and "█" in text_of(app))  # plotext is loaded

    assert snap_compare(app, terminal_size=size, run_before=look)


async def test_each_chart_of_a_run_fills_the_page_on_a_key(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "completed" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunPage) and "raw log" in text_of(app))
        await pilot.press("f")
        await until(pilot, lambda: "raw log" not in text_of(app))
        assert "memory, MiB" in text_of(app)
        await pilot.press("0")
        await until(pilot, lambda: "raw log" in text_of(app))


async def test_an_opened_run_wraps_its_figures_in_a_low_terminal_and_has_charts_in_a_higher_one(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(40, 12)) as pilot:
        await until(pilot, lambda: "broken" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: "raw log" in text_of(app))
        figures = text_of(app).splitlines()[2:-1]
        assert not [line for line in figures[:-1] if line.endswith("…")]  # the last one may have more below it
        assert "is gone from destination." in " ".join(" ".join(figures).split())
        assert not app.screen.query_one("#charts").size
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "memory, MiB" in text_of(app))

"""The columns of the Runs page: chosen, moved, kept, and shown in parts where they do not fit."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from textual.screen import Screen as AnyPage

from tests.ui.one_page import OnePage, text_of, until
from tests.ui.runs_screen import utc
from tests.ui.test_runs_keys import Screen
from tests.unit.runs.recorded import tables, write
from tui.runs.backend.kept_view import KeptView
from tui.runs.backend.runs import Runs
from tui.runs.model.annotation import Annotation
from tui.runs.model.options import RunOptions
from tui.runs.model.run import Run
from tui.runs.model.view import BY_NAME, ON_SCREEN, View
from tui.runs.screens.columns import ColumnsDialog
from tui.runs.screens.page import RunsPage
from tui.runs.widgets.table import RunTable
from tui.ui.key_line import listed_bindings

FILE = Path("state/runs-page.json")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two runs with a value in most columns, in UTC and at a path that is the same in every test."""
    monkeypatch.chdir(tmp_path)
    slow = tables(80.0, vm={"name": "web"}, study={"name": "thesis", "cell": "memory/pre-copy", "repeat": 3})
    fast = tables(2.5, vm={"name": "database"}, options={"auto_converge": True, "parallel": 4})
    write(Path("runs"), "20261123T040000Z-web-memory-pre-copy", slow)
    folder = write(Path("runs"), "20261123T050000Z-database-memory-pre-copy", fast)
    (folder / "note.toml").write_text(tomli_w.dumps({"tags": ["paper"], "note": "slow switch"}))
    with utc():
        yield Path("runs")


@asynccontextmanager
async def shown(runs: Path, width: int = 120, *, columns: str = "total s") -> AsyncIterator[Screen]:
    """The page with its own file, as at each start of the app."""
    app = OnePage(RunsPage(Runs(runs, FILE)))
    async with app.run_test(size=(width, 30), notifications=True) as pilot:
        screen = Screen(pilot)
        await screen.sees("database", "2 runs", columns)
        yield screen


def put(text: str) -> None:
    """Write the text to the file."""
    FILE.parent.mkdir()
    FILE.write_text(text)


def kept() -> Any:
    """What the file holds; None if there is none yet, or a damaged one."""
    text = FILE.read_text() if FILE.exists() else ""
    return json.loads(text) if text.endswith("}\n") else None


def titles(screen: Screen) -> str:
    """The header of the table, with one space between its words."""
    return " ".join(screen.text.splitlines()[1].split())


async def test_chosen_columns_are_shown_in_their_order_and_kept(runs: Path) -> None:
    async with shown(runs) as screen:
        await screen.press("C")
        await screen.sees("Columns", "[x] VM", "[ ] study", "when the migration was started")
        await screen.press("space")  # not the time
        await screen.press("end", "up", "up", "space", *(["u"] * 40))  # the reason of an exclusion first
        await screen.press("enter")
        await screen.until(lambda: titles(screen).startswith("excluded VM workload"))
        assert "time" not in titles(screen).split()
        await screen.until(lambda: kept() is not None)
    async with shown(runs) as screen:
        await screen.until(lambda: titles(screen).startswith("excluded VM workload"))
        await screen.press("C", "r", "enter")
        await screen.until(lambda: titles(screen).startswith("↓time VM workload"))
        await screen.until(lambda: kept()["columns"] == [])
    async with shown(runs) as screen:
        assert titles(screen).startswith("↓time VM workload")


async def test_the_order_of_the_runs_is_kept(runs: Path) -> None:
    async with shown(runs) as screen:
        line = screen.text.splitlines()[1]
        await screen.pilot.click("#columns", offset=(line.index("total"), 0))
        await screen.until(lambda: "↑total s" in screen.text)
        await screen.press("S")
        await screen.until(lambda: "↓total s" in screen.text)
        await screen.until(lambda: kept() == {"columns": [], "sort": "total", "reverse": True})
    async with shown(runs) as screen:
        await screen.sees("↓total s")
        assert screen.text.index("web") < screen.text.index("database")


class Waits(KeptView):
    """Does not read before `go`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.go = asyncio.Event()
        self.calls = 0

    async def read(self) -> View:
        """Count the calls."""
        self.calls += 1
        await self.go.wait()
        return await super().read()


async def test_a_page_that_is_left_at_once_reads_the_columns_when_it_is_shown_again(runs: Path) -> None:
    put(json.dumps({"columns": ["vm", "total"], "sort": "total", "reverse": False}) + "\n")
    room = Runs(runs)
    room.view = waits = Waits(FILE)
    app = OnePage(RunsPage(room))
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        screen = Screen(pilot)
        await screen.until(lambda: waits.calls == 1)
        await app.push_screen(AnyPage())
        waits.go.set()
        await screen.until(lambda: not app.workers)
        app.pop_screen()
        await screen.until(lambda: titles(screen) == "VM ↑total s")
        await screen.press("S")
        await screen.until(lambda: kept() == {"columns": ["vm", "total"], "sort": "total", "reverse": True})


async def test_escape_leaves_the_columns_and_none_at_all_is_refused(runs: Path) -> None:
    async with shown(runs) as screen:
        before = titles(screen)
        await screen.press("C", "space", "escape")
        await screen.until(lambda: isinstance(screen.pilot.app.screen, RunsPage))
        assert titles(screen) == before
        await screen.press("C")
        for _ in ON_SCREEN:
            await screen.press("space", "down")
        await screen.press("enter")
        await screen.sees("Choose at least one column.")
        assert isinstance(screen.pilot.app.screen, ColumnsDialog)
    assert kept() is None


async def test_columns_that_do_not_fit_are_counted_and_shown_by_the_arrow_keys(runs: Path) -> None:
    async with shown(runs, 80) as screen:
        await screen.sees("columns do not fit: right shows them, C chooses")
        assert "passes" not in titles(screen)
        await screen.press("s", "s")
        seen = titles(screen)
        for _ in range(5):  # more than there are parts
            await screen.press("right")
            await screen.pilot.pause()
            seen += titles(screen)
        await screen.sees("left shows them", "sorted by")
        assert all(title in seen for title in ("time", "passes", "faults", "tags", "note", "network ms"))
        assert titles(screen).startswith("time")
        await screen.press("left", "left", "left", "left")
        await screen.sees("right shows them")


async def test_the_help_lists_the_keys_of_the_columns(runs: Path) -> None:
    async with shown(runs) as screen:
        listed = {active.binding.id: active.binding.tooltip for active in listed_bindings(screen.pilot.app.screen)}
        assert listed["runs.right"] == "Show the columns that do not fit"
        assert {"runs.left", "runs.columns", "runs.open"} <= set(listed)


async def test_a_wide_screen_has_all_columns_and_no_sentence_about_them(runs: Path) -> None:
    async with shown(runs, 200) as screen:
        await screen.press("h")  # the preview has half of the screen
        await screen.until(lambda: "note" in titles(screen))
        assert all(title in titles(screen) for title in ("passes", "faults", "tags", "note"))
        assert "not fit" not in screen.text
        await screen.press("right", "left")
        assert titles(screen).startswith("↓time VM")


async def test_a_damaged_file_is_reported_and_the_usual_columns_are_shown(runs: Path) -> None:
    put("{")
    async with shown(runs) as screen:
        await screen.sees("The columns in state/runs-page.json can't be read", "The usual ones are shown")
        await screen.press("S")
        await screen.until(lambda: kept() == {"columns": [], "sort": "began", "reverse": False})
    async with shown(runs) as screen:
        await screen.sees("↑time")
        assert "can't be read" not in screen.text


async def test_a_state_folder_that_cannot_be_written_is_reported_once_and_the_choice_holds(runs: Path) -> None:
    FILE.parent.write_text("not a folder")
    async with shown(runs) as screen:
        await screen.press("S")
        await screen.sees("↑time", "The columns can't be kept in state/runs-page.json", "until the app ends")
        await screen.press("S", "S")
        await screen.until(lambda: not any(each.name == "keep view" for each in screen.pilot.app.workers))
        assert sum("can't be kept" in each.message for each in screen.pilot.app._notifications) == 1


RUN = Run(Path("/runs/x"), vm="a-vm-with-a-long-name", workload="memory", outcome="completed", total_s=7.0, passes=3)
NOTED = replace(RUN, annotation=Annotation("n" * 50, ("a", "b"), "e" * 70), options=RunOptions("pre-copy", parallel=4))


@pytest.mark.parametrize("width", [20, 30, 60, 79, 119, 199, 500])
@pytest.mark.parametrize("columns", [(), tuple(BY_NAME), tuple(reversed(BY_NAME)), ("note",), ("folder", "excluded")])
def test_every_column_is_in_one_part_and_each_part_fits(width: int, columns: tuple[str, ...]) -> None:
    view = View(columns)
    parts = [RunTable([RUN, NOTED], width, view, part) for part in range(RunTable([RUN], width, view).parts + 9)]
    parts = parts[: parts[0].parts]
    first = parts[0].columns[0]
    names = [name for table in parts for name in table.columns if name != first]
    assert len(names) == len(set(names))
    assert not columns or {first, *names} == set(columns)
    for table in parts:
        assert table.columns[0] == first
        assert table.hidden == len(names) - len(table.columns) + 1
        assert {table.line(n).cell_length for n in (0, 1)} == {table.header.cell_length}
        assert width < 30 or table.header.cell_length <= width
    assert RunTable([RUN], width, view, 99).part == RunTable([RUN], width, view).parts - 1


def test_a_long_name_leaves_room_for_the_figures_on_a_narrow_terminal() -> None:
    long = replace(RUN, options=RunOptions("pre-copy", None, 20, 50, True, 4), downtime_s=0.03)
    assert {"total", "downtime"} <= set(RunTable([long], 79).columns)
    assert "pre-copy +ac x4 <=20 MiB/s" in RunTable([long], 119).line(0).plain  # and none of it for other figures


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("key", ["C", "right"])
def test_columns_look_like_their_picture(snap_compare: Any, runs: Path, size: tuple[int, int], key: str) -> None:
    app = OnePage(RunsPage(Runs(runs)))

    async def look(pilot: Any) -> None:
        await until(pilot, lambda: "database" in text_of(app))
        await pilot.press(key)

    assert snap_compare(app, terminal_size=size, run_before=look)

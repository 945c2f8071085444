"""The keys of the Runs page: the order, the filter, marks, notes, and deleting."""

import fcntl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.ui.one_page import OnePage, text_of, type_in, until
from tests.ui.test_runs import BROKEN, BY_HAND, CANCELLED, folder, make, summary
from tui.runs.backend.notes import annotate, read_annotation
from tui.runs.backend.runs import Runs
from tui.runs.model.annotation import Annotation
from tui.runs.model.options import RunOptions
from tui.runs.model.run import Run
from tui.runs.screens.page import RunsPage
from tui.runs.widgets.table import RunTable

__all__ = ["folder"]  # the fixture

IDLE = "20261123T055000Z-guest2-idle-pre-copy"
OUTCOMES = ("completed", "cancelled", "broken", "failed")


class Screen:
    """The page, as a person sees it."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot

    @property
    def text(self) -> str:
        """The text on the screen, then the notifications."""
        return "\n".join((text_of(self.pilot.app), *(each.message for each in self.pilot.app._notifications)))

    @property
    def outcomes(self) -> list[str]:
        """The outcomes of the lines, from the first on."""
        lines = [line for line in self.text.splitlines() if line[2:6] == "2026"]
        return [next(word for word in OUTCOMES if word in line) for line in lines]

    async def until(self, condition: Callable[[], bool]) -> None:
        await until(self.pilot, condition)

    async def sees(self, *texts: str) -> None:
        await self.until(lambda: all(text in " ".join(self.text.split()) for text in texts))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def enter(self, text: str) -> None:
        """Replace the text of the dialog, and press Enter."""
        await type_in(self.pilot, "end", "ctrl+u", *text)
        await self.pilot.press("enter")


@pytest.fixture
def runs(folder: Path) -> Path:
    figures = {"total_time_ms": 900, "downtime_ms": 200, "memory_sent_bytes": 1 << 20}
    tables = summary("failed", "2026-11-23T05:50:00.000Z", "pre-copy", **figures)
    tables["vm"]["name"], tables["workload"]["name"] = "guest2", "idle"
    make(folder, IDLE, tables, "failed")
    return folder


@asynccontextmanager
async def shown(runs: Path) -> AsyncIterator[Screen]:
    """The page with four runs on a terminal of 120 columns: failed, completed, cancelled, broken."""
    app = OnePage(RunsPage(Runs(runs)))
    async with app.run_test(size=(120, 30)) as pilot:
        screen = Screen(pilot)
        await screen.until(lambda: screen.outcomes == ["failed", "completed", "cancelled", "broken"])
        yield screen


@contextmanager
def file_in_place_of(folder: Path) -> Iterator[None]:
    """A file has the name of the folder, which has its name again afterwards."""
    away = folder.rename(folder.with_name("away"))
    folder.write_text("not a folder")
    yield
    folder.unlink()
    away.rename(folder)


async def test_s_sorts_by_the_next_column_and_S_reverses(runs: Path) -> None:
    async with shown(runs) as screen:
        assert "↓time" in screen.text
        await screen.press("S")
        await screen.until(lambda: screen.outcomes == ["broken", "cancelled", "completed", "failed"])
        await screen.press("s")
        await screen.sees("↑VM")
        await screen.press(*("s" for _ in range(6)))
        await screen.sees("↑total s")
        assert screen.outcomes == ["failed", "completed", "cancelled", "broken"]  # unknown ones are last
        await screen.press("S")
        await screen.until(lambda: screen.outcomes == ["completed", "failed", "cancelled", "broken"])


async def test_a_click_on_a_title_sorts_by_its_column(runs: Path) -> None:
    async with shown(runs) as screen:
        titles = next(line for line in screen.text.splitlines() if "outcome" in line)
        await screen.pilot.click("#columns", offset=(titles.index("outcome"), 0))
        await screen.until(lambda: screen.outcomes == ["broken", "cancelled", "completed", "failed"])
        await screen.pilot.click("#columns", offset=(titles.index("outcome"), 0))
        await screen.until(lambda: screen.outcomes == ["failed", "completed", "cancelled", "broken"])


async def test_a_filter_is_the_same_as_on_the_command_line(runs: Path) -> None:
    async with shown(runs) as screen:
        await screen.press("slash")
        await screen.enter("vm:guest1 -outcome:cancelled")
        await screen.until(lambda: screen.outcomes == ["completed", "broken"])
        await screen.sees("2 of 4 runs match vm:guest1 -outcome:cancelled")
        await screen.press("slash")
        await screen.enter("nothing like this")
        await screen.sees("No run matches: nothing like this")
        await screen.press("escape")
        await screen.until(lambda: len(screen.outcomes) == 4)


async def test_a_mistake_in_the_filter_is_shown_in_the_dialog(runs: Path) -> None:
    async with shown(runs) as screen:
        await screen.press("slash")
        await screen.enter("colour:red")
        await screen.sees('There is no filter "colour"')
        await screen.press("escape")
        await screen.until(lambda: len(screen.outcomes) == 4)


async def test_a_note_and_tags_are_written_beside_the_run(runs: Path) -> None:
    async with shown(runs) as screen:
        await screen.press("N")
        await screen.enter("busy host")
        await screen.sees("busy host")
        await screen.press("t")
        await screen.enter("paper b")
        await screen.until(lambda: bool(read_annotation(runs / IDLE).tags))
        await screen.press("t")
        await screen.enter("b,c")
        await screen.until(lambda: read_annotation(runs / IDLE) == Annotation("busy host", ("b", "c")))
        await screen.press("t")
        await screen.enter("+c")
        await screen.sees('"+c" is not a tag.')


async def test_a_note_of_several_lines_stays_as_it_is_if_it_is_not_changed(runs: Path) -> None:
    annotate(runs / IDLE, lambda old: old.with_note("busy\nhost"))
    async with shown(runs) as screen:
        await screen.press("N", "enter")
        await screen.press("t")
        await screen.enter("paper")
        await screen.until(lambda: read_annotation(runs / IDLE).tags == ("paper",))
        assert read_annotation(runs / IDLE).note == "busy\nhost"


async def test_marked_runs_are_excluded_with_a_reason_and_included_again(runs: Path) -> None:
    async with shown(runs) as screen:
        await screen.press("space", "space", "x")
        await screen.sees("Exclude 2 runs")
        await screen.enter("warm cache")
        await screen.until(lambda: read_annotation(runs / BY_HAND).excluded == "warm cache")
        assert read_annotation(runs / IDLE).excluded == "warm cache"
        assert not read_annotation(runs / CANCELLED).excluded
        await screen.press("home")
        await screen.sees("2 marked", "Left out of statistics: warm cache")
        await screen.press("x")
        await screen.enter("")
        await screen.until(lambda: not (runs / IDLE / "note.toml").exists())


async def test_different_reasons_stay_unless_the_text_is_changed(runs: Path) -> None:
    annotate(runs / BY_HAND, lambda old: old.with_exclusion("busy\nhost"))
    async with shown(runs) as screen:
        await screen.press("space", "space", "x")
        await screen.sees("Exclude 2 runs", "Their reasons differ", "busy host")
        await screen.press("enter", "t")
        await screen.enter("seen")
        await screen.until(lambda: bool(read_annotation(runs / CANCELLED).tags))  # annotated after the reasons
        assert read_annotation(runs / BY_HAND).excluded == "busy\nhost"
        assert not read_annotation(runs / IDLE).excluded
        await screen.press("x")
        await screen.enter("cold cache")
        await screen.until(lambda: read_annotation(runs / BY_HAND).excluded == "cold cache")
        assert read_annotation(runs / IDLE).excluded == "cold cache"
        annotate(runs / IDLE, lambda old: old.with_exclusion(""))
        await screen.press("r", "home")
        await screen.until(lambda: "cold cache" not in screen.text)
        await screen.press("x")
        await screen.sees("Their reasons differ", "cold cache")
        await screen.enter("")
        await screen.until(lambda: not read_annotation(runs / BY_HAND).excluded)


async def test_a_listing_that_fails_once_leaves_the_marks(runs: Path) -> None:
    async with shown(runs) as screen:
        await screen.press("space", "space")
        with file_in_place_of(runs):
            await screen.press("r")
            await screen.sees("Not a directory")
        await screen.press("r")
        await screen.sees(" 2 marked, 4 runs")


async def test_D_names_the_folder_and_deletes_it_only_after_y(runs: Path) -> None:
    async with shown(runs) as screen:
        await screen.press("D")
        await screen.sees("Delete this run?", f"{runs / IDLE}, 2 files")
        await screen.press("n")
        await screen.until(lambda: isinstance(screen.pilot.app.screen, RunsPage))
        await screen.press("end", "space", "up", "space", "D")
        await screen.sees("Delete these 2 runs?", str(runs / BROKEN), str(runs / CANCELLED))
        await screen.press("y")
        await screen.until(lambda: screen.outcomes == ["failed", "completed"])
        assert [(runs / each).exists() for each in (BY_HAND, IDLE, CANCELLED, BROKEN)] == [True, True, False, False]
        assert "marked" not in screen.text


async def test_a_marked_run_that_the_filter_hides_is_not_deleted(runs: Path) -> None:
    async with shown(runs) as screen:
        await screen.press("space", "space", "slash")
        await screen.enter("outcome:failed")
        await screen.sees("1 of 4 runs match", "1 marked, 1 marked but hidden: not acted on")
        await screen.press("D")
        await screen.sees("Delete this run?", str(runs / IDLE))
        await screen.press("y")
        await screen.until(lambda: not (runs / IDLE).exists())
        assert (runs / BY_HAND).exists()


async def test_esc_ends_the_filter_then_unmarks_all(runs: Path) -> None:
    async with shown(runs) as screen:
        await screen.press("space", "space", "slash")
        await screen.enter("outcome:failed")
        await screen.sees("1 marked, 1 marked but hidden")
        await screen.press("escape")
        await screen.sees("2 marked")
        await screen.press("escape")
        await screen.until(lambda: "marked" not in screen.text)


async def test_a_run_under_way_is_not_deleted(runs: Path) -> None:
    async with shown(runs) as screen:
        with (runs / IDLE / "raw.jsonl").open("ab") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            await screen.press("D")
            await screen.sees("was not deleted: its migration is under way.")
        assert (runs / IDLE).exists()


async def test_a_damaged_note_is_shown_and_not_replaced(runs: Path) -> None:
    (runs / IDLE / "note.toml").write_text("note = [[[")
    async with shown(runs) as screen:
        await screen.sees("Its note.toml can't be read")
        await screen.press("N", "t", "x")
        await screen.pilot.pause()
        assert isinstance(screen.pilot.app.screen, RunsPage)
        assert (runs / IDLE / "note.toml").read_text() == "note = [[["


async def test_without_a_run_the_keys_have_a_reason(tmp_path: Path) -> None:
    app = OnePage(RunsPage(Runs(tmp_path / "none")))
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: "Nothing has been recorded" in text_of(app))
        await pilot.press("D")
        await until(pilot, lambda: [each.message for each in app._notifications] == ["There is no run here."])


async def test_a_changed_note_keeps_the_chosen_run(runs: Path) -> None:
    async with shown(runs) as screen:
        await screen.press("down", "down")
        await screen.sees(str(runs / CANCELLED))
        annotate(runs / IDLE, lambda old: old.with_tags(["seen"], []))
        await screen.press("r")
        await screen.sees("tags", "seen", str(runs / CANCELLED))


@pytest.mark.parametrize("width", [30, 60, 80, 120, 200])
def test_the_table_fills_the_width_and_leaves_out_what_does_not_fit(width: int) -> None:
    run = Run(Path("/runs/x"), vm="a-vm-with-a-long-name", workload="memory", outcome="completed", total_s=7.0)
    noted = replace(run, annotation=Annotation("n" * 50, ("a", "b")), options=RunOptions("pre-copy", parallel=4))
    table = RunTable([run, noted], width)
    lines = [table.header, table.line(0), table.line(1, {noted.folder})]
    assert {line.cell_length for line in lines} == {table.header.cell_length}
    assert width * 0.6 <= table.header.cell_length <= width
    assert ("note" in table.columns) == (width >= 120)
    assert table.column_at(3) == "began"
    assert table.column_at(width + 1) == ""

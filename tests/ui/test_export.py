"""Writing runs to a file from the Runs page, as a person does it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.ui.one_page import OnePage, at_once, text_of, type_in, until
from tests.ui.runs_screen import NAME, make_run, open_run
from tests.ui.test_runs import BROKEN, BY_HAND, CANCELLED, app_of, folder
from tui.runs.screens import export as export_module
from tui.runs.screens.export import ExportDialog
from tui.runs.screens.page import RunsPage
from tui.runs.screens.run import RunPage

__all__ = ["folder"]  # the fixture


async def opened(pilot: Pilot[Any], *keys: str) -> None:
    """Press the keys, then open the dialog."""
    await until(pilot, lambda: "broken" in text_of(pilot.app))
    await pilot.press(*keys, "e")
    await until(pilot, lambda: isinstance(pilot.app.screen, ExportDialog) and "written to" in text_of(pilot.app))


async def sees(pilot: Pilot[Any], *texts: str) -> None:
    """Wait for the texts in the dialog, without its frame and its spaces: a long path is broken anywhere."""

    def words() -> str:
        return "".join(text_of(pilot.app).replace("│", " ").split())

    await until(pilot, lambda: all("".join(text.split()) in words() for text in texts))


def content(name: str) -> str:
    return Path(name).read_text()


def content_bytes(name: str) -> bytes:
    return Path(name).read_bytes()


def write(name: str, text: str) -> None:
    Path(name).write_text(text)


def files() -> list[str]:
    return [each.name for each in Path().iterdir()]


async def enter(pilot: Pilot[Any], name: str) -> None:
    """Type the name of the file, and press Enter."""
    pilot.app.screen.query_one("#file", Input).focus()
    await pilot.pause()
    await type_in(pilot, "end", "ctrl+u", *name)
    await pilot.press("enter")


async def test_e_writes_all_shown_runs_beside_where_the_app_was_started(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await sees(pilot, "3 runs: all that are shown.")
        await pilot.press("enter")
        await sees(pilot, "Written:", "3 runs,", "Enter closes this dialog.")
        lines = content("runs.csv").splitlines()
        assert [line.split(",")[0] for line in lines] == ["run", BY_HAND, CANCELLED, BROKEN]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunsPage))


async def test_only_marked_runs_are_written(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "down", "space")
        await sees(pilot, "1 run: those that are marked.")
        await pilot.press("enter")
        await sees(pilot, "Written:", "1 run,")
        assert [line.split(",")[0] for line in content("runs.csv").splitlines()] == ["run", CANCELLED]


async def test_an_existing_file_is_replaced_only_by_a_second_enter(folder: Path) -> None:
    write("runs.csv", "mine")
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await sees(pilot, "runs.csv exists. Enter again replaces it; or type another name.")
        assert content("runs.csv") == "mine"
        await enter(pilot, "other.csv")
        await sees(pilot, "Written:", "other.csv, 3 runs")
        await enter(pilot, "runs.csv")  # another name in between: ask again
        await sees(pilot, "runs.csv exists. Enter again replaces it")
        assert content("runs.csv") == "mine"
        await pilot.press("enter")
        await sees(pilot, "Written:", "runs.csv, 3 runs")
        assert BY_HAND in content("runs.csv")


async def test_another_name_typed_at_once_after_an_export_is_written(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await sees(pilot, "Written:", "runs.csv, 3 runs", "Enter closes this dialog.")
        app.screen.query_one("#file", Input).focus()
        await pilot.press("end")
        at_once(app, "ctrl+u", *"b", "enter")
        await sees(pilot, "Written:", "b, 3 runs", "Enter closes this dialog.")
        assert sorted(files()) == ["b", "runs", "runs.csv"]
        await pilot.press("up")
        at_once(app, "right", "enter")  # another format
        await sees(pilot, "b exists. Enter again replaces it")


async def test_the_proposed_name_follows_the_format_and_a_typed_one_keeps_its_stem(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        field = app.screen.query_one("#file", Input)
        names = []
        for _ in range(6):
            names.append(Path(field.value).name)
            await pilot.press("right")
        assert names == ["runs.csv", "samples.csv", "runs.json", "runs.md", "runs.tex", "report.html"]
        field.focus()
        await pilot.pause()
        await type_in(pilot, "end", "ctrl+u", *"mine.csv")
        await pilot.press("up", "left")
        assert field.value == "mine.html"


async def test_a_name_that_cannot_be_used_is_reported(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await enter(pilot, "")
        await sees(pilot, "type the name of a file.")
        await enter(pilot, "none/runs.csv")
        await sees(pilot, "could not be written: No such file or directory.")
        await enter(pilot, "runs")
        await sees(pilot, "runs is a folder. Add the name of a file.")


async def test_a_log_that_cannot_be_read_is_reported_with_the_path(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("right", "enter")
        await sees(pilot, "samples.csv, 3 runs", f"The log of {BROKEN} can't be read: No such file or directory.")


class Waits(export_module.Export):
    """Reads until it is stopped."""

    def _content(self, beside: Path, unread: list[str]) -> Iterator[bytes]:
        yield b"half of it"
        self.doing = "Reading log 1 of 3"
        self._stopped.wait()
        yield from super()._content(beside, unread)


async def test_progress_is_shown_and_esc_stops_and_leaves_no_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "Export", Waits)
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await sees(pilot, "Reading log 1 of 3 ... Esc leaves, and no file is written.")
        await pilot.press("enter", "escape")
        await until(pilot, lambda: isinstance(app.screen, RunsPage))
        await until(pilot, lambda: files() == ["runs"])


async def test_a_report_needs_its_libraries_and_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.runs.backend.report.page.find_spec", lambda _: None)
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("left", "enter")
        await sees(pilot, "A report needs scipy and matplotlib: not installed: scipy, matplotlib.")
        assert "report.html" not in files()


async def test_a_report_is_one_html_file(folder: Path) -> None:
    app = app_of(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("left", "enter")
        await sees(pilot, "Written:", "report.html, 3 runs")
        assert f'href="runs/{BY_HAND}/' in content("report.html")


async def test_one_run_is_written_as_a_picture_from_the_list_and_from_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path, "post-copy-by-hand")
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, ExportDialog))
        await sees(pilot, "1 run: the one that is open.")
        await pilot.press("left", "left")  # from the first to the last two
        assert Path(app.screen.query_one("#file", Input).value).name == f"{NAME}.svg"
        await enter(pilot, "page.svg")
        await sees(pilot, "Written:")
        assert "remaining memory" in content("page.svg")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunPage))
        await pilot.press("escape", "e")
        await until(pilot, lambda: isinstance(app.screen, ExportDialog))
        await pilot.press("left")
        await enter(pilot, "list.pdf")
        await sees(pilot, "Written:", "list.pdf, 1 run")
        assert content_bytes("list.pdf").startswith(b"%PDF")


async def test_a_picture_needs_matplotlib_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path, "post-copy-by-hand")
    monkeypatch.setattr("tui.runs.backend.report.picture.find_spec", lambda _: None)
    app = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_run(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, ExportDialog))
        await pilot.press("left", "enter")
        await sees(pilot, "A picture of a run needs matplotlib: not installed. Install the extra:")
        assert files() == [NAME]


async def test_without_a_run_nothing_is_exported(tmp_path: Path) -> None:
    app: OnePage = app_of(tmp_path / "none")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "The Migrate page starts one." in " ".join(text_of(app).split()))
        await pilot.press("e")
        await until(pilot, lambda: any("There is no run here." in each.message for each in app._notifications))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_dialog_looks_like_its_picture(
    snap_compare: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setattr(export_module, "_here", lambda: Path("/home/anna/measurements"))
    app = app_of(folder)

    async def look(pilot: Any) -> None:
        await opened(pilot)

    assert snap_compare(app, terminal_size=size, run_before=look)

"""Text that the mouse selects, and what is done with the mouse in place of keys."""

from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from tests.fake_hosts import FakeHosts
from tests.ui.app_screen import opened, sees
from tests.ui.one_page import until
from tui.ui.chart.chart import Chart
from tui.ui.chart.picture import Picture
from tui.ui.help import Help, HelpKey
from tui.ui.lines import Lines
from tui.ui.question import Answer, Question
from tui.ui.rows import Rows
from tui.ui.selectable import SelectsLines

TEXTS = ("guest1 runs on source", "日本 is the name", "third", "", "")


class Texts(SelectsLines, Screen[None]):
    def compose(self) -> ComposeResult:
        yield Lines(id="lines")
        yield Rows(id="rows")
        yield Chart(Picture("memory by time"), id="chart")

    def on_mount(self) -> None:
        self.query_one("#rows").styles.height = 2
        self.query_one("#lines", Lines).show(*map(Content, TEXTS))
        self.query_one("#rows", Rows).show_rows([Content(f"row {number}") for number in range(9)])


class Shown(App[None]):
    def on_mount(self) -> None:
        self.push_screen(Texts())


async def selected(
    widget: str, start: tuple[int, int], end: tuple[int, int], scroll: int = 0
) -> tuple[str | None, str]:
    """What is copied after the mouse was dragged between two cells of a widget, and what is shown as selected."""
    app = Shown()
    async with app.run_test(size=(40, 16)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Texts))
        place = app.screen.query_one(f"#{widget}", Widget)
        await until(pilot, lambda: place.size.height > 0)
        if scroll:
            place.scroll_to(y=scroll, animate=False)
            await pilot.pause()
        await pilot.mouse_down(f"#{widget}", offset=start)
        await pilot.hover(f"#{widget}", offset=end)
        await pilot.mouse_up(f"#{widget}", offset=end)
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        marked = "".join(s.text for strip in strips for s in strip if s.style and s.style.reverse and s.style.underline)
        return app.screen.get_selected_text(), marked


@pytest.mark.parametrize(
    ("widget", "start", "end", "text"),
    [
        ("lines", (0, 0), (5, 0), "guest1"),
        ("lines", (7, 0), (2, 2), "runs on source\n日本 is the name\nthi"),
        ("lines", (6, 1), (0, 1), "日本 is"),
        ("lines", (0, 4), (3, 4), None),
        ("rows", (0, 0), (2, 1), "row 4\nrow"),
        ("chart", (2, 0), (7, 0), "memory"),
    ],
)
async def test_what_the_mouse_is_dragged_over_is_selected_and_marked(
    widget: str, start: tuple[int, int], end: tuple[int, int], text: str | None
) -> None:
    found, marked = await selected(widget, start, end, scroll=4 if widget == "rows" else 0)
    assert (found or None, marked) == (text, (text or "").replace("\n", ""))


@pytest.mark.parametrize("key", ["y", "ctrl+c"])
async def test_y_and_control_c_copy_what_is_selected(key: str, tmp_path: Path) -> None:
    world = FakeHosts()
    world.runs_in(tmp_path)
    async with opened(world) as (app, pilot):
        await pilot.press("3")
        await sees(app, pilot, "[3 Launch]", "> guest1", "Workload in its guest")
        await pilot.mouse_down("#vm-heading", offset=(1, 0))
        await pilot.hover("#vm-heading", offset=(5, 0))
        await pilot.mouse_up("#vm-heading", offset=(5, 0))
        await pilot.press(key)
        await sees(app, pilot, "Copied: guest.")
        assert app.clipboard == "guest"
        await pilot.click("#vm-heading")
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard == "guest1")


async def test_control_c_without_a_selection_quits(tmp_path: Path) -> None:
    world = FakeHosts()
    world.runs_in(tmp_path)
    async with opened(world) as (app, pilot):
        await pilot.press("ctrl+c")
        await until(pilot, lambda: not app.is_running or app._exit)


async def test_an_answer_is_clicked() -> None:
    app, given = App[None](), list[str | None]()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(Question("Delete?", "All of it.", [Answer("y", "yes"), Answer("n", "no")]), given.append)
        await pilot.pause()
        await pilot.click(app.screen.query(".answer")[1])
        await until(pilot, lambda: given == ["n"])


async def test_a_key_of_the_help_is_clicked() -> None:
    pressed = list[str]()

    class Keyed(App[None]):
        BINDINGS = [("x", "x", "x")]

        def action_x(self) -> None:
            pressed.append("x")

    app = Keyed()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(Help("Keys", "", [HelpKey("a", "No key"), HelpKey("x", "Do it", key="x")]))
        await pilot.pause()
        await pilot.click(app.screen.query(".text")[1])
        await until(pilot, lambda: pressed == ["x"] and not isinstance(app.screen, Help))

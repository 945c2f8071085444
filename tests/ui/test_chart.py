"""The chart on a screen: what it repaints, and when."""

import sys
import threading
from dataclasses import replace
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from tests.ui.one_page import text_of, until
from tui.app.theme import DARK, LIGHT
from tui.ui.chart import curves
from tui.ui.chart.chart import Chart
from tui.ui.chart.curves import Curves
from tui.ui.chart.picture import AREA, BYTES, Picture, Series, Sign
from tui.ui.chart.sheet import compose

GIB = 1 << 30
GREEN, YELLOW, BLUE, MAGENTA, BRIGHT_BLUE = 2, 3, 4, 5, 12


def picture(seconds: int = 40) -> Picture:
    """A run of so many seconds at 0.1 GiB/s."""
    xs = tuple(range(seconds + 1))
    return Picture(
        "memory",
        BYTES,
        (
            Series("remaining", xs, tuple((10 - x % 10) * GIB for x in xs), "text-warning", AREA),
            Series("sent", xs, tuple(x * GIB / 10 for x in xs), "text-primary"),
        ),
        empty="Nothing has been sent yet.",
    )


class OneChart(App[None]):
    """A chart that fills the screen."""

    def __init__(self, shown: Picture | None = None) -> None:
        super().__init__()
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = DARK.name
        self.shown = shown

    def compose(self) -> ComposeResult:
        yield Chart(self.shown)

    @property
    def chart(self) -> Chart:
        return self.query_one(Chart)


def has_curves(app: App[Any]) -> bool:
    return any("⠀" < character <= "⣿" for character in "".join(text_of(app).splitlines()[1:]))


def colors_of(app: App[Any], characters: str) -> set[int | None]:
    """The numbers of the ANSI colours in which these characters are painted."""
    segments = [segment for strip in app.screen._compositor.render_strips() for segment in strip]
    return {
        segment.style.color.number
        for segment in segments
        if segment.style and segment.style.color and set(segment.text) & set(characters)
    }


def requested_repaints(pilot: Pilot[None], monkeypatch: pytest.MonkeyPatch) -> list[Region]:
    """The regions that the chart requests to repaint from now on; a Region() stands for all of it."""
    app = pilot.app
    assert isinstance(app, OneChart)
    chart, requested, refresh = app.chart, list[Region](), app.chart.refresh

    def record(*regions: Region, **options: Any) -> Chart:
        requested.extend(regions or [Region()])
        return refresh(*regions, **options)

    monkeypatch.setattr(chart, "refresh", record)
    return requested


@pytest.mark.parametrize("size", [(80, 8), (120, 16)])
async def test_a_chart_shows_title_legend_scales_and_curves(size: tuple[int, int]) -> None:
    app = OneChart(picture())
    async with app.run_test(size=size):
        text = text_of(app)
        for words in ("memory, GiB", "▄▄ remaining", "⠒⠒ sent", "   8 ┤", "   0 └", " 30 s "):
            assert words in text
        assert has_curves(app)


async def test_an_empty_chart_explains_why() -> None:
    app = OneChart(replace(picture(), series=()))
    async with app.run_test(size=(80, 8)):
        assert "Nothing has been sent yet." in text_of(app)
        app.chart.picture = picture()
        assert "Nothing has been sent yet." not in text_of(app)


async def test_one_more_point_repaints_a_few_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    app = OneChart(picture(40))
    async with app.run_test(size=(120, 16)) as pilot:
        requested = requested_repaints(pilot, monkeypatch)
        app.chart.picture = picture(41)
        assert requested
        assert all(region.area for region in requested)
        assert sum(region.area for region in requested) <= 20


async def test_the_same_picture_repaints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = OneChart(picture())
    async with app.run_test(size=(120, 16)) as pilot:
        requested = requested_repaints(pilot, monkeypatch)
        app.chart.picture = replace(picture())
        app.chart.picture = replace(picture(), signs=())
        assert requested == []


async def test_all_changed_cells_are_repainted(monkeypatch: pytest.MonkeyPatch) -> None:
    app = OneChart(picture(1))
    async with app.run_test(size=(100, 12)) as pilot:
        requested = requested_repaints(pilot, monkeypatch)
        before = text_of(app).splitlines()
        for second in range(2, 70):
            requested.clear()
            shown = replace(picture(second), signs=(Sign(30, "P", "post-copy"),), subtitle=str(second))
            app.chart.picture = shown
            painted = {(x, y) for each in requested for x in range(*each.column_span) for y in range(*each.line_span)}
            after = [row.text.rstrip() for row in compose(shown, 100, 12, Curves())]
            for y, (old, new) in enumerate(zip(before, after, strict=True)):
                for x, (was, now) in enumerate(zip(old.ljust(100), new.ljust(100), strict=True)):
                    assert was == now or (x, y) in painted
            assert text_of(app).splitlines() == after
            before = after


async def test_a_resize_draws_the_whole_run_again() -> None:
    app = OneChart(picture())
    async with app.run_test(size=(120, 16)) as pilot:
        await pilot.resize_terminal(60, 8)
        await until(pilot, lambda: len(text_of(app).splitlines()[0]) == 60)
        assert len(text_of(app).splitlines()) == 8
        assert has_curves(app)
        await pilot.resize_terminal(20, 3)
        await until(pilot, lambda: len(text_of(app).splitlines()) == 3)
        await pilot.resize_terminal(120, 16)
        await until(pilot, lambda: "remaining" in text_of(app) and "8 ┤" in text_of(app))


async def test_another_theme_repaints_the_chart_in_its_colours() -> None:
    app = OneChart(picture())
    async with app.run_test(size=(120, 16)) as pilot:
        assert (colors_of(app, "▄█"), colors_of(app, "⠒")) == (
            {YELLOW},
            {BRIGHT_BLUE, YELLOW},
        )  # the line is on the area
        app.theme = LIGHT.name
        await until(pilot, lambda: (colors_of(app, "▄█"), colors_of(app, "⠒")) == ({MAGENTA}, {BLUE, MAGENTA}))


async def test_another_colour_of_a_series_is_painted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    app = OneChart(picture())
    async with app.run_test(size=(120, 16)) as pilot:
        requested = requested_repaints(pilot, monkeypatch)
        green = tuple(replace(each, color="ansi_green") for each in picture().series)
        app.chart.picture = replace(picture(), series=green)
        assert Region() in requested
        assert colors_of(app, "⠒") == {GREEN}


async def test_an_unknown_colour_falls_back_to_the_text_colour() -> None:
    series = tuple(replace(each, color="no such colour") for each in picture().series)
    app = OneChart(replace(picture(), series=series))
    async with app.run_test(size=(120, 16)):
        assert has_curves(app)


async def test_text_is_never_markup() -> None:
    app = OneChart(replace(picture(), title="[bold]guest[/] [@click=quit]x[/]"))
    async with app.run_test(size=(120, 16)):
        assert "[bold]guest[/] [@click=quit]x[/], GiB" in text_of(app)


async def test_the_frame_is_drawn_before_plotext_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    plotext, may_load = sys.modules["plotext"], threading.Event()

    def load() -> None:
        may_load.wait(20)
        sys.modules["plotext"] = plotext

    monkeypatch.delitem(sys.modules, "plotext")
    monkeypatch.setattr("tui.ui.chart.chart.load", load)
    assert not curves.is_loaded()
    app = OneChart(picture())
    async with app.run_test(size=(120, 16)) as pilot:
        assert "memory, GiB" in text_of(app)
        assert not has_curves(app)
        may_load.set()
        await until(pilot, lambda: has_curves(app))

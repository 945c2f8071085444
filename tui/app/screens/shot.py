"""An app that draws one picture, without a terminal."""

import asyncio
from pathlib import Path
from typing import Any

from rich.color import ColorSystem
from textual.pilot import Pilot
from textual.screen import Screen

from tui.app.app import VmlmApp
from tui.app.svg import svg_of
from tui.runs.screens.still import StillPage


class ShotApp(VmlmApp):
    """The app with the page of the picture alone."""

    def __init__(self, page: StillPage) -> None:
        super().__init__(None, Path())
        self.sub_title = "a recorded run"  # not the name of this machine, which may have no part in it
        self._page = page

    def _create_first(self) -> Screen[None]:
        return self._page


def ansi_of(screen: Screen[Any]) -> str:
    """The text on a screen with the escape sequences of its colours, a line for each row."""
    rows = []
    for strip in screen._compositor.render_strips():
        texts = (
            segment.style.render(segment.text, color_system=ColorSystem.TRUECOLOR) if segment.style else segment.text
            for segment in strip
        )
        rows.append("".join(texts))
    return "\n".join(rows) + "\n"


def picture(page: StillPage, size: tuple[int, int], *, svg: bool, title: str) -> str:
    """The page in columns and rows, as SVG or as text with escape sequences; Failure if it is not drawn in time."""
    app = ShotApp(page)
    result: list[str] = []

    async def take(pilot: Pilot[Any]) -> None:
        await page.drawn(pilot)
        result.append(svg_of(app, title) if svg else ansi_of(app.screen))
        app.exit()

    asyncio.run(app.run_async(headless=True, size=size, auto_pilot=take))
    return result[0]

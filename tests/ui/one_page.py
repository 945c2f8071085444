"""An app of one page, for looking at that page alone."""

import asyncio
from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.events import Key
from textual.pilot import Pilot

from tui.app.theme import DARK, LIGHT
from tui.core.actions import OPEN
from tui.ui.page import Page

LIMIT_S = 60.0


class OnePage(App[None]):
    """Shows the page it is given, in the app's colours."""

    TITLE = "vmlm-tui"

    def __init__(self, page: Page, *, light: bool = False) -> None:
        super().__init__()
        self.sub_title = "source"
        self.page = page
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = (LIGHT if light else DARK).name

    def on_mount(self) -> None:
        self.push_screen(self.page)


async def until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    """Returns when it holds; fails after a generous time."""

    async def wait() -> None:
        while not condition():
            await pilot.pause(0.01)

    try:
        await asyncio.wait_for(wait(), LIMIT_S)
    except asyncio.TimeoutError:
        print(text_of(pilot.app))  # what a failed test shows
        raise


def at_once(app: App[Any], *keys: str) -> None:
    """The keys as they come from somebody fast, or from a slow line: all of them before the first is dealt with."""
    for key in keys:
        app.post_message(Key(key, key if len(key) == 1 else None))


def text_of(app: App[Any]) -> str:
    """What a person reads on the screen."""
    lines = []
    for strip in app.screen._compositor.render_strips():
        lines.append("".join(segment.text for segment in strip).rstrip())
    text = "\n".join(lines)
    assert OPEN not in text, "a sentence is shown without its keys"
    return text

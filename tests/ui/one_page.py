"""An app with a single page, to test that page alone."""

import asyncio
from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot

from tui.app.theme import DARK, LIGHT
from tui.core.actions import OPEN
from tui.ui.error_report import SurvivesErrors
from tui.ui.page import Page

LIMIT_S = 60.0
MOST_TURNS = 1_000  # of the loop, should something never end to be ready


class OnePage(SurvivesErrors, App[None]):
    """Shows the given page in the app's colours."""

    TITLE = "vmlm-tui"

    def __init__(self, page: Page, *, light: bool = False) -> None:
        super().__init__()
        self.sub_title = "source"
        self.page = page
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = (LIGHT if light else DARK).name

    def on_mount(self) -> None:
        """Show the page."""
        self.push_screen(self.page)


async def until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    """Wait for the condition, which may be the end of the app; fails after LIMIT_S."""

    async def wait() -> None:
        while not condition():
            await pilot.pause(0.01)

    try:
        await asyncio.wait_for(wait(), LIMIT_S)
    except asyncio.TimeoutError:
        print(text_of(pilot.app))  # pytest shows it for a failed test
        raise


async def settled() -> None:
    """Return once nothing on the loop can run now: what was posted is handled, as far as no thread or timer delays it.

    Textual's `wait_for_idle` measures CPU time, and on a busy machine a process that gets none looks idle.
    """
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    for _ in range(MOST_TURNS):
        await asyncio.sleep(0)
        if not ready:
            return


def at_once(app: App[Any], *keys: str) -> None:
    """Press all keys before the first is handled, as a fast typist or a slow link does."""
    for key in keys:
        letter = len(key) == 1
        app.post_message(Key(_character_to_key(key) if letter else key, key if letter else None))


async def type_in(pilot: Pilot[Any], *keys: str) -> None:
    """Type into one field; `press` would wait after each letter until the process is idle, 40 ms at least."""
    at_once(pilot.app, *keys)
    await pilot.pause()


def text_of(app: App[Any]) -> str:
    """The text on the screen."""
    lines = []
    for strip in app.screen._compositor.render_strips():
        lines.append("".join(segment.text for segment in strip).rstrip())
    text = "\n".join(lines)
    assert OPEN not in text, "a sentence on screen contains the token of an action"
    return text

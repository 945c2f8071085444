"""What the tests of ui share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from tests.list_world import ListWorld
from tests.ui.one_page import OnePage, text_of, type_in, until
from tui.core.failure import Failure
from tui.nfs.screens import NfsPage

UNREACHABLE = Failure(
    "root@destination can't be reached over ssh",
    "there was no answer within 10 s",
    "Is it switched on, and does a firewall let ssh through?",
)


class Screen:
    """The page with the text on it and the keys to press."""

    def __init__(self, app: OnePage, pilot: Pilot[Any], world: ListWorld) -> None:
        self.app = app
        self.pilot = pilot
        self.world = world

    @property
    def words(self) -> str:
        """The text on the screen, without frames and runs of spaces, then the notifications."""
        text = "\n".join((text_of(self.app), *(each.message for each in self.app._notifications)))
        for frame in "│╭╮╰╯─▌▐":
            text = text.replace(frame, " ")
        return " ".join(text.split())

    async def shows(self, *sentences: str) -> None:
        await until(self.pilot, lambda: all(sentence in self.words for sentence in sentences))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def enter(self, text: str) -> None:
        await type_in(self.pilot, *text)
        await self.pilot.press("enter")


@asynccontextmanager
async def opened(world: ListWorld, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Screen]:
    """The NFS page, once the hosts have been read."""
    app = OnePage(NfsPage(world.nfs))
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: world.checklist.was_read)
        yield Screen(app, pilot, world)

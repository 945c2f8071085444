"""The NFS page, as a person sees it; what it shares with the Hosts page is in test_list_page."""

from pathlib import Path

from tests.list_world import ListWorld
from tests.ui.one_page import OnePage, text_of, until
from tui.nfs.screens import NfsPage


async def test_it_looks_when_it_is_first_shown_and_says_what_to_press(tmp_path: Path) -> None:
    world = ListWorld(tmp_path)
    app = OnePage(NfsPage(world.nfs))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "7 FAILED" in text_of(app))
        text = " ".join(text_of(app).split())
        assert "a fixes 4 of them, then 3 that wait for them: all commands are shown first." in text
        assert "> x FAILED the NFS server is installed there is no server" in text
        assert world.looks == 1

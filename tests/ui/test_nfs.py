"""The NFS page, as it is shown; test_list_page has what it shares with the Hosts page."""

from pathlib import Path

from tests.list_world import ListWorld
from tests.ui.one_page import OnePage, text_of, until
from tui.nfs.screens import NfsPage


async def test_the_page_reads_the_hosts_when_first_shown_and_names_the_next_key(tmp_path: Path) -> None:
    world = ListWorld(tmp_path)
    app = OnePage(NfsPage(world.nfs))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "7 FAILED" in text_of(app))
        text = " ".join(text_of(app).split())
        assert "a fixes 4; 3 more depend on them. All commands are shown first." in text
        assert "> x FAILED the NFS server is installed there is no server" in text
        assert world.reads == 1

"""The NFS page, as it is shown; test_list_page has what it shares with the Hosts page."""

from pathlib import Path

import pytest

from tests.fake_hosts import TABLES, FakeHosts
from tests.list_world import ListWorld
from tests.ui.one_page import OnePage, text_of, until
from tui.app import config
from tui.core.failure import Failure, LoginRefused
from tui.nfs import screens
from tui.nfs.backend.nfs import Nfs
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


async def test_a_host_that_stops_answering_is_grey_with_the_age_of_its_last_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screens, "ASK_EVERY_S", 0.05)
    world = ListWorld(tmp_path)
    app = OnePage(NfsPage(world.nfs))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "7 FAILED" in text_of(app))
        assert "no answer" not in text_of(app)
        world.machines["source"].unreachable = Failure("source can't be reached over ssh", "no reply within 10 s")
        await until(pilot, lambda: "source  no answer, last answer" in text_of(app))
        assert "its lines are not current" in text_of(app)
        world.machines["source"].unreachable = LoginRefused("source does not let the app in", "permission denied")
        await until(pilot, lambda: "its lines are not current" not in text_of(app))


async def test_a_configuration_without_a_storage_server_is_named_as_the_reason_for_an_empty_list() -> None:
    world = FakeHosts()
    read, problems = config.check({**TABLES, "hosts": {"source": {"ssh": "root@source"}, "b": {"ssh": "root@b"}}})
    assert read, problems
    world.connections.config = read
    app = OnePage(NfsPage(Nfs(world.connections, world.changes)))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "The configuration names no storage server" in " ".join(text_of(app).split()))

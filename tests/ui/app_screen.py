"""The whole app for tests: opened on its first page, during a migration, or during a change of the hosts."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.fake_hosts import FakeHosts
from tests.list_world import ListWorld
from tests.ui.one_page import text_of, until
from tests.ui.replay import ReplayedMigration, ReplayedMigrations, recording
from tests.ui.study_screen import FakeRunner, studies_of
from tui.app.app import VmlmApp
from tui.app.wiring import Backend
from tui.hosts.backend.hosts import Hosts
from tui.launch.backend.launch import Launch
from tui.migration.model.timeline import POST_COPY
from tui.nfs.backend.nfs import Nfs
from tui.runs.backend.runs import Runs

EXAMPLE = (Path(__file__).parents[2] / "config.example.toml").read_text()
CONFIG = Path("/home/user/.config/vmlm/config.toml")


@asynccontextmanager
async def opened(
    world: FakeHosts, migrations: Any = None, studies: FakeRunner | None = None, **more: Any
) -> AsyncIterator[tuple[VmlmApp, Pilot[Any]]]:
    """The running app on its first page."""
    connections, changes, runs = world.connections, world.changes, world.config.runs.folder
    others = Launch(connections, changes.sudo), Runs(runs), studies_of(studies or FakeRunner(None), runs)
    rooms = (Hosts(connections, changes), Nfs(connections, changes), *others)
    app = VmlmApp(world.config, CONFIG, Backend(migrations or ReplayedMigrations(), *rooms), **more)
    app.sub_title = "source"
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        yield app, pilot


def words(app: VmlmApp) -> str:
    return " ".join(text_of(app).replace("│", " ").replace("▌", " ").split())


async def sees(app: VmlmApp, pilot: Pilot[Any], *sentences: str) -> None:
    await until(pilot, lambda: all(sentence in words(app) for sentence in sentences))


def under_way(name: str, when: Callable[[Any], bool]) -> ReplayedMigrations:
    """Hosts with a running migration."""
    migrations = ReplayedMigrations()
    migrations.running = ReplayedMigration(recording(name))
    migrations.running.play(when)
    return migrations


def in_a_pass(name: str = "post-copy-by-hand") -> ReplayedMigrations:
    return under_way(name, lambda timeline: timeline.now > 5)


def in_post_copy() -> ReplayedMigrations:
    return under_way("post-copy-by-hand", lambda timeline: timeline.phase == POST_COPY)


@asynccontextmanager
async def fixing(folder: Path) -> AsyncIterator[tuple[VmlmApp, Pilot[Any], ListWorld]]:
    """The app while the installation of the NFS server waits for the test."""
    lists = ListWorld(folder)
    lists.hosts.runs_in(folder)
    lists.machines["storage"].going_on.clear()
    others = Launch(lists.hosts.connections, lists.changes.sudo), Runs(folder), studies_of(FakeRunner(None), folder)
    rooms = (lists.room_of_hosts, lists.nfs, *others)
    app = VmlmApp(lists.hosts.config, CONFIG, Backend(ReplayedMigrations(), *rooms))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("2")
        await sees(app, pilot, "FAILED", "> x FAILED the NFS server")
        await pilot.press("f", "enter")
        await sees(app, pilot, "storage: make server ...")
        await pilot.press("escape", "q")
        await sees(app, pilot, "Quit?", "A change of the hosts is under way: Fix: the NFS server is installed.")
        yield app, pilot, lists

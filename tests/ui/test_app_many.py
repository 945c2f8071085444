"""The app with many migrations: which screen page 4 has, and what opens around it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.fake_hosts import FakeHosts, guest1
from tests.ui.app_screen import CONFIG
from tests.ui.one_page import until
from tests.ui.queue_screen import FakeQueue, after_the_end, half_way, live, plan_of, sees
from tests.ui.replay import ReplayedMigrations
from tests.ui.runs_screen import make_run
from tests.ui.study_screen import FakeRunner, studies_of
from tui.app.app import VmlmApp
from tui.app.wiring import Backend
from tui.core.vm import Vm
from tui.hosts.backend.hosts import Hosts
from tui.launch.backend.launch import Launch
from tui.migration.screens.page import MigratePage
from tui.nfs.backend.nfs import Nfs
from tui.queue.backend.requests import Wish
from tui.queue.model.plan import EVACUATE, MOVE
from tui.queue.model.status import FINISHED
from tui.queue.screens.page import QueuePage
from tui.queue.screens.plan import PlanPage
from tui.runs.backend.runs import Runs
from tui.runs.screens.page import RunsPage
from tui.ui.page import READ_ONLY
from tui.vm.model.maintenance import Mark


@pytest.fixture
def world(tmp_path: Path) -> FakeHosts:
    hosts = FakeHosts()
    hosts.runs_in(tmp_path)
    hosts.source.known["guest1"] = guest1("running")
    return hosts


@asynccontextmanager
async def app_with(
    world: FakeHosts, queue: FakeQueue, migrations: Any = None, **more: Any
) -> AsyncIterator[tuple[VmlmApp, Pilot[Any]]]:
    """The running app on its first page."""
    connections, changes, runs = world.connections, world.changes, world.config.runs.folder
    others = Launch(connections, changes.sudo), Runs(runs), studies_of(FakeRunner(None), runs)
    rooms = (Hosts(connections, changes), Nfs(connections, changes), *others)
    marks = lambda: queue.marked  # noqa: E731
    backend = Backend(migrations or ReplayedMigrations(), *rooms, queues=queue.queues, read_marks=marks)
    app = VmlmApp(world.config, CONFIG, backend, **more)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        yield app, pilot


async def test_without_a_queue_page_4_is_as_it_always_was(world: FakeHosts) -> None:
    async with app_with(world, FakeQueue()) as (app, pilot):
        await pilot.press("4")
        await sees(app, pilot, "Nothing is migrating.")
        await pilot.press("escape")
        assert isinstance(app.screen, MigratePage)


async def test_while_a_queue_works_page_4_is_the_table_and_the_app_opens_with_it(world: FakeHosts) -> None:
    async with app_with(world, *half_way()) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]", "The queue that empties source works", "enter open")
        await pilot.press("1", "4")
        await until(pilot, lambda: isinstance(app.screen, QueuePage))


async def test_enter_opens_one_and_esc_comes_back(world: FakeHosts) -> None:
    queue, migrations = half_way()
    async with app_with(world, queue, migrations) as (app, pilot):
        await sees(app, pilot, "The queue that empties source works", "guest4")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MigratePage))
        assert migrations.current is migrations.all["run4"]
        await sees(app, pilot, "guest4", "esc all")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, QueuePage))


async def test_the_summary_stays_after_the_end_until_it_is_closed(world: FakeHosts) -> None:
    queue, migrations = half_way()
    async with app_with(world, queue, migrations) as (app, pilot):
        await sees(app, pilot, "The queue that empties source works")
        ended, _ = after_the_end()
        queue.log, queue.state = ended.log, FINISHED
        for each in migrations.all.values():
            each.play()
        await sees(app, pilot, "is done: 5 moved, 2 failed")
        await pilot.press("1", "4")
        await until(pilot, lambda: isinstance(app.screen, QueuePage))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MigratePage))
        await pilot.press("1", "4")
        await until(pilot, lambda: isinstance(app.screen, MigratePage))
        await pilot.press("escape")
        await sees(app, pilot, "is done: 5 moved, 2 failed")


async def test_its_runs_are_filtered_on_the_runs_page(world: FakeHosts) -> None:
    queue, migrations = half_way()
    async with app_with(world, queue, migrations) as (app, pilot):
        await sees(app, pilot, "The queue that empties source works")
        ended, _ = after_the_end()
        queue.log, queue.state = ended.log, FINISHED
        for each in migrations.all.values():
            each.play()
        await sees(app, pilot, "is done: 5 moved, 2 failed", "R shows the runs.")
        make_run(world.config.runs.folder, "pre-copy-idle")
        await pilot.press("R")
        await sees(app, pilot, "[5 Runs]", f"No run matches: queue:={queue.shown()['id']}")
        assert isinstance(app.screen, RunsPage)


async def test_the_end_of_a_queue_is_said_on_another_page(world: FakeHosts) -> None:
    queue, migrations = half_way()
    async with app_with(world, queue, migrations) as (app, pilot):
        await sees(app, pilot, "The queue that empties source works")
        await pilot.press("2")
        await sees(app, pilot, "[2 NFS]")
        queue.state = FINISHED
        await sees(app, pilot, "The queue that empties source is done")


async def test_the_end_of_a_queue_rings_and_notifies_the_desktop_once(
    world: FakeHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "foot")
    monkeypatch.delenv("TMUX", raising=False)
    queue, migrations = half_way()
    sent: list[str] = []
    async with app_with(world, queue, migrations) as (app, pilot):
        await sees(app, pilot, "The queue that empties source works")
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", sent.append)
        queue.state = FINISHED
        await sees(app, pilot, "The queue that empties source is done")
    rung = [each for each in sent if each == "\x07" or ";notify;" in each]
    assert rung[0] == "\x07"
    assert rung[1].startswith("\x1b]777;notify;queue;The queue that empties source is done: ")
    assert len(rung) == 2


async def test_a_second_migration_does_not_take_the_first_from_the_screen(world: FakeHosts) -> None:
    migrations = ReplayedMigrations()
    first = live("post-copy-by-hand", "one", 5.0, vm="guest1")
    migrations.running = first
    async with app_with(world, FakeQueue(), migrations) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]", "guest1")
        assert isinstance(app.screen, MigratePage)
        migrations._follow(live("pre-copy-idle", "two", 1.0, vm="guest2"))
        await sees(app, pilot, "Several migrations are under way; Esc shows all of them.")
        assert isinstance(app.screen, MigratePage)
        await pilot.press("escape")
        await sees(app, pilot, "2 migrations are under way")


async def test_e_on_the_hosts_page_plans_to_empty_the_host_under_the_cursor(world: FakeHosts) -> None:
    queue = FakeQueue()
    async with app_with(world, queue) as (app, pilot):
        await sees(app, pilot, "[1 Hosts]", ">")
        await until(pilot, lambda: bool(app.screen.chosen_host()))  # type: ignore[attr-defined]
        await pilot.press("E")
        await sees(app, pilot, "[1 Hosts]", "Empty source: 4 VMs to move")
        await pilot.press("escape")
        await sees(app, pilot, "[1 Hosts]", "f fix")
        assert (queue.wishes, queue.calls) == ([Wish(EVACUATE, "source")], [])


async def test_e_on_launch_plans_to_empty_the_host_of_the_vm_and_enter_shows_the_queue(world: FakeHosts) -> None:
    queue = FakeQueue()
    async with app_with(world, queue) as (app, pilot):
        await pilot.press("3")
        await sees(app, pilot, "running on source")
        await pilot.press("E")
        await sees(app, pilot, "Empty source: 4 VMs to move")
        await pilot.press("enter")
        await sees(app, pilot, "[4 Migrate]", "The queue that empties source works", "0 of 4")
        assert queue.calls == [("start", plan_of())]
        await pilot.press("3")
        await sees(app, pilot, "running on source")
        assert not any(isinstance(each, PlanPage) for each in app.screen_stack)


async def test_marked_vms_are_planned_alone(world: FakeHosts) -> None:
    for name in ("db", "web"):
        world.source.known[name] = Vm(name, f"uuid-{name}", "running", "", 2, 1 << 30)
    queue = FakeQueue()
    async with app_with(world, queue) as (app, pilot):
        await pilot.press("3")
        await sees(app, pilot, "db running on source", "guest1 running on source", "web running on source")
        await pilot.press("home", "space", "down", "space")
        await sees(app, pilot, "2 marked", "* db", "*> web")
        await pilot.press("E")
        await sees(app, pilot, "Move 2 VMs")
        assert queue.wishes == [Wish(MOVE, vms=("db", "web"))]
        await pilot.press("enter")
        await until(pilot, lambda: [call for call, _ in queue.calls] == ["start"])


async def test_a_host_in_maintenance_is_shown_and_m_ends_it(world: FakeHosts) -> None:
    queue = FakeQueue(marked={"source": Mark("2026-11-29T12:30:00Z", "1")})
    async with app_with(world, queue) as (app, pilot):
        await sees(app, pilot, "source is in maintenance since 2026-11-29 12:30 UTC: nothing goes there.")
        await until(pilot, lambda: app.screen.chosen_host() == "source")  # type: ignore[attr-defined]
        await pilot.press("m")
        await until(pilot, lambda: queue.calls == [("mark", ("source", False))])


async def test_m_marks_a_host_after_a_question(world: FakeHosts) -> None:
    queue = FakeQueue()
    async with app_with(world, queue) as (app, pilot):
        await sees(app, pilot, "[1 Hosts]")
        await until(pilot, lambda: app.screen.chosen_host() == "source")  # type: ignore[attr-defined]
        await pilot.press("m")
        await sees(app, pilot, "Is source in maintenance?")
        assert queue.calls == []
        await pilot.press("y")
        await until(pilot, lambda: queue.calls == [("mark", ("source", True))])


@pytest.mark.parametrize("keys", [("1", "E"), ("1", "m"), ("3", "E")])
async def test_read_only_refuses(world: FakeHosts, keys: tuple[str, ...]) -> None:
    queue = FakeQueue()
    async with app_with(world, queue, read_only=True) as (app, pilot):
        await sees(app, pilot, "[1 Hosts]")
        await pilot.press(keys[0])
        await sees(app, pilot, f"[{keys[0]} ")
        await pilot.press(keys[1])
        await sees(app, pilot, READ_ONLY)
        assert (queue.wishes, queue.calls) == ([], [])


async def test_quitting_says_that_the_queue_goes_on(world: FakeHosts) -> None:
    async with app_with(world, *half_way()) as (app, pilot):
        await sees(app, pilot, "The queue that empties source works")
        await pilot.press("q")
        await sees(app, pilot, "Quit?", "It goes on in the background.")
        await pilot.press("s")
        assert app.is_running
        await pilot.press("q", "l")
        await until(pilot, lambda: not app.is_running)


async def test_help_and_the_palette_find_the_keys(world: FakeHosts) -> None:
    async with app_with(world, *half_way()) as (app, pilot):
        await sees(app, pilot, "The queue that empties source works")
        await pilot.press("?")
        await sees(app, pilot, "Keys of Migrate")
        await pilot.press("escape", "colon")
        await pilot.pause()
        await pilot.press(*"pause queue")
        await sees(app, pilot, "P pause queue")

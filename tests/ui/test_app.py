"""The app: opening, changing pages, help, and quitting."""

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tests.fake_hosts import FakeHosts
from tests.list_world import ListWorld
from tests.ui.app_screen import fixing, in_a_pass, in_post_copy, opened, sees, under_way, words
from tests.ui.one_page import text_of, until
from tests.ui.replay import ReplayedMigration, ReplayedMigrations
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.migration.screens.page import MigratePage
from tui.migration.screens.start import StartForm
from tui.ui.cell_diff import CellDiffUpdate, LineDiffUpdate, Painted
from tui.ui.page import PAGES
from tui.ui.question import Answer, Question
from tui.vm.model.location import Inventory


@pytest.fixture
def world(tmp_path: Path) -> FakeHosts:
    hosts = FakeHosts()
    hosts.runs_in(tmp_path)
    return hosts


# -- opening --


async def test_the_app_opens_on_the_hosts_page_and_shows_its_host(world: FakeHosts) -> None:
    async with opened(world) as (app, _):
        assert text_of(app).startswith(" vmlm-tui  source ")
        assert "[1 Hosts]" in text_of(app)


@pytest.mark.parametrize(("key", "name"), list(zip("123456", PAGES.values(), strict=True)))
async def test_a_digit_opens_its_page_and_the_first_line_marks_it(world: FakeHosts, key: str, name: str) -> None:
    async with opened(world) as (app, pilot):
        await pilot.press("5", key)
        await sees(app, pilot, f"[{key} {name}]")


async def test_a_click_on_a_page_opens_it(world: FakeHosts) -> None:
    async with opened(world) as (app, pilot):
        await pilot.click(offset=(text_of(app).index("4 Migrate"), 0))
        await sees(app, pilot, "[4 Migrate]")


async def test_a_page_is_created_when_it_is_first_opened(world: FakeHosts) -> None:
    async with opened(world) as (app, pilot):
        assert [type(screen).__name__ for screen in app.screen_stack] == ["HostsPage"]
        await pilot.press("4", "1")
        assert "runs" not in app._screen_stacks


@pytest.mark.parametrize("key", "1356")
async def test_a_page_that_is_left_at_once_leaves_no_pending_coroutine(
    world: FakeHosts, key: str, recwarn: pytest.WarningsRecorder
) -> None:
    """Its watches are cancelled before they start; Python warns of coroutines that are never awaited."""
    async with opened(world) as (app, pilot):
        await pilot.press("2", key)
        page: Any = app.screen
        page.on_screen_resume()
        page.on_screen_suspend()
        await pilot.pause()
    gc.collect()
    assert [str(each.message) for each in recwarn if issubclass(each.category, RuntimeWarning)] == []


async def test_a_running_migration_is_shown_at_once(world: FakeHosts) -> None:
    async with opened(world, in_a_pass()) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]", "[pass 2]")


class FoundLate(ReplayedMigrations):
    """Finds the migration when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.running, self.found = in_a_pass().running, asyncio.Event()

    async def attach(self, _inventory: Inventory | None = None) -> ReplayedMigration | None:
        await self.found.wait()
        return await super().attach()


async def test_a_migration_that_is_found_leaves_the_page_that_a_person_has_chosen(world: FakeHosts) -> None:
    migrations = FoundLate()
    async with opened(world, migrations) as (app, pilot):
        await pilot.press("3")
        await sees(app, pilot, "[3 Launch]")
        migrations.found.set()
        await sees(app, pilot, "A migration of guest1 was found; the Migrate page shows it.")
        assert app.current_mode == "launch"


async def test_a_migration_found_while_a_dialog_is_open_is_reported_and_the_dialog_stays(world: FakeHosts) -> None:
    migrations = FoundLate()
    async with opened(world, migrations) as (app, pilot):
        await pilot.press("question_mark")
        await sees(app, pilot, "Keys of Hosts")
        migrations.found.set()
        await sees(app, pilot, "A migration of guest1", "Keys of Hosts")
        await pilot.press("escape")
        await sees(app, pilot, "[1 Hosts]")
        assert app.current_mode == "hosts"


@pytest.mark.parametrize("in_front", ["another dialog", "another page"])
async def test_a_dialog_dismisses_only_itself_and_once_it_is_in_front(world: FakeHosts, in_front: str) -> None:
    async with opened(world) as (app, pilot):
        await pilot.press("4", "m")
        await sees(app, pilot, "Start a migration")
        form, question = app.screen, Question("Another one", "", [Answer("y", "yes")])
        assert isinstance(form, StartForm)
        if in_front == "another dialog":
            await app.push_screen(question)
        else:
            await app.switch_mode("hosts")
        front = app.screen
        form.dismiss(None)
        await pilot.pause()
        assert app.screen is front
        if in_front == "another dialog":
            question.dismiss("y")
        else:
            await app.switch_mode("migrate")
        await until(pilot, lambda: isinstance(app.screen, MigratePage))
        await sees(app, pilot, "Nothing is migrating.")


async def test_a_failed_search_for_a_running_migration_is_reported(world: FakeHosts) -> None:
    class Unreachable(ReplayedMigrations):
        async def attach(self) -> ReplayedMigration | None:
            raise Failure("libvirt cannot be reached", "it does not run")

    async with opened(world, Unreachable()) as (app, pilot):
        await sees(app, pilot, "libvirt cannot be reached: it does")


# -- help --


async def test_the_help_explains_every_key_and_why_one_is_disabled(world: FakeHosts) -> None:
    async with opened(world) as (app, pilot):
        await pilot.press("4", "question_mark")
        await sees(
            app, pilot, "Keys of Migrate", "m Start a migration: opens the form", "p Switch to post-copy at once"
        )
        await pilot.press(*"post")  # filters
        await sees(app, pilot, "not now: No migration is under way; m starts one.")
        await pilot.press("escape")
        await sees(app, pilot, "Nothing is migrating.")


async def test_f1_opens_the_help(world: FakeHosts) -> None:
    async with opened(world) as (app, pilot):
        await pilot.press("f1")
        await sees(app, pilot, "Keys of Hosts")


async def test_the_palette_lists_the_keys_and_runs_them(world: FakeHosts) -> None:
    async with opened(world, in_a_pass()) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]", "[pass 2]")
        await pilot.press("ctrl+p", *"post-copy")
        await sees(app, pilot, "p post-copy now", "Switch to post-copy at once")
        await pilot.press("down", "enter")
        migration = app.backend.migrations.current
        await until(pilot, lambda: migration.controls.calls == [("post-copy", None)])  # type: ignore[union-attr]


async def test_the_palette_explains_why_a_key_is_disabled(world: FakeHosts) -> None:
    async with opened(world) as (app, pilot):
        await pilot.press("4", "ctrl+p", *"cancel")
        await sees(app, pilot, "not now: No migration is under way; m starts one.")


async def test_the_palette_has_what_lost_its_key_to_one_of_the_page(world: FakeHosts) -> None:
    async with opened(world) as (app, pilot):
        await pilot.press("4", "colon", *"configuration")
        await sees(app, pilot, "C configuration")
        await pilot.press("escape", "5", "colon", *"columns")
        await sees(app, pilot, "C columns")
        await pilot.press("escape", "colon", *"configuration")
        await sees(app, pilot, "- configuration", "Open config.toml in $EDITOR")
        await pilot.press("escape", "4", "colon", *"copy")
        await sees(app, pilot, "- copy", "Copy what is chosen to the clipboard")
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.is_modal)
        (copy,) = (each for each in app.get_system_commands(app.screen) if each.title == "-  copy")
        app.call_later(copy.callback)
        await sees(app, pilot, "There is nothing to copy here.")


# -- quitting --


async def test_q_quits_at_once_without_a_migration(world: FakeHosts) -> None:
    migrations = ReplayedMigrations()
    async with opened(world, migrations) as (app, pilot):
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)
    assert migrations.closed


async def test_q_asks_during_a_migration_and_can_leave_it_running(world: FakeHosts) -> None:
    migrations = in_a_pass()
    async with opened(world, migrations) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]")
        await pilot.press("1", "q")
        await sees(app, pilot, "Quit?", "guest1 is being migrated, destination -> source.", "leave it running")
        await pilot.press("l")
        await until(pilot, lambda: not app.is_running)
    assert migrations.closed
    assert migrations.running is not None
    assert migrations.running.controls.calls == []


@pytest.mark.parametrize("key", ["s", "escape"])
async def test_quitting_can_be_cancelled(world: FakeHosts, key: str) -> None:
    async with opened(world, in_a_pass()) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]")
        await pilot.press("q")
        await sees(app, pilot, "Quit?")
        await pilot.press(key)
        await sees(app, pilot, "[pass 2]")
        assert "Quit?" not in words(app)
        assert app.is_running


async def test_quitting_can_cancel_the_migration_and_waits_for_its_end(world: FakeHosts) -> None:
    migrations = in_a_pass("cancelled")
    async with opened(world, migrations) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]")
        await pilot.press("q")
        await sees(app, pilot, "Quit?")
        await pilot.press("c")
        await sees(app, pilot, "Cancelling ... quits when it has ended")
        assert migrations.running is not None
        assert migrations.running.controls.calls == [("cancel", None)]
        assert app.is_running
        migrations.running.play(lambda timeline: timeline.over)
        await until(pilot, lambda: not app.is_running)


async def test_in_post_copy_the_quit_dialog_explains_why_it_cannot_cancel(world: FakeHosts) -> None:
    migrations = in_post_copy()
    async with opened(world, migrations) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]")
        await pilot.press("q")
        await sees(app, pilot, "cannot cancel it: The VM already runs on the other host")
        await pilot.press("c")
        assert migrations.running is not None
        assert migrations.running.controls.calls == []


async def test_after_the_end_of_the_migration_q_quits_at_once(world: FakeHosts) -> None:
    async with opened(world, under_way("post-copy-by-hand", lambda timeline: timeline.over)) as (app, pilot):
        await sees(app, pilot, "Completed by post-copy")
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)


async def test_q_asks_during_a_change_of_hosts_and_can_wait_for_its_end(tmp_path: Path) -> None:
    async with fixing(tmp_path) as (app, pilot, lists):
        await pilot.press("e")
        await sees(app, pilot, "Quits when the current line is done")
        assert app.is_running
        lists.machines["storage"].going_on.set()
        await until(pilot, lambda: not app.is_running)
    assert "server" in lists.machines["storage"].made


async def test_quitting_can_be_cancelled_and_the_change_continues_on_every_page(tmp_path: Path) -> None:
    async with fixing(tmp_path) as (app, pilot, lists):
        await pilot.press("s", "3")
        await sees(app, pilot, "[3 Launch]")
        lists.machines["storage"].going_on.set()
        await sees(app, pilot, "Fixed: the NFS server is installed.")


async def test_q_can_interrupt_a_change_which_can_be_undone_later(tmp_path: Path) -> None:
    async with fixing(tmp_path) as (app, pilot, _lists):
        await pilot.press("x")
        await until(pilot, lambda: not app.is_running)
    again = ListWorld(tmp_path)
    assert again.checklist["storage.server"].undo is not None


def test_an_update_contains_only_the_changed_cells() -> None:
    red, plain = Style(color="red"), Style(color="default", bgcolor="default")
    chops = [{0: Strip([Segment("abcdef", plain), Segment("ghij", red)]), 10: Strip([Segment("klmno", plain)])}]
    update = CellDiffUpdate(ChopsUpdate(chops, [(0, 7, 9), (0, 12, 13)], [[10, 15]]), Painted())
    console = Console(color_system="standard", force_terminal=True)
    assert console._color_system is ColorSystem.STANDARD
    assert update.render_segments(console) == "\x1b[1;8H\x1b[31mhi\x1b[0m\x1b[1;13Hm\x1b[0m"


def test_a_line_is_not_written_again_unless_a_part_of_it_the_page_or_the_size_has_changed() -> None:
    console, painted, page = Console(color_system="standard", force_terminal=True), Painted(), object()

    def written(begin: int, end: int, page: object = page) -> str:
        chops = [{0: Strip([Segment("abc")]), 3: Strip([Segment("de")])}]
        return CellDiffUpdate(ChopsUpdate(chops, [(0, begin, end)], [[3, 5]]), painted.on(page)).render_segments(
            console
        )

    def all_written() -> str:
        strips = [[Strip([Segment("abc")]), Strip([Segment("de")])]]
        return LineDiffUpdate(LayoutUpdate(strips, Region(0, 0, 5, 1)), painted.on(page)).render_segments(console)

    whole = "\x1b[1;1Habc\x1b[1;4Hde"
    assert [written(0, 5), written(0, 5), all_written()] == [whole, "", ""]
    assert [written(3, 4), written(0, 5), written(0, 5)] == ["\x1b[1;4Hd", whole, ""]
    painted.forget()
    assert [all_written(), written(0, 5)] == [whole, ""]
    assert [written(0, 5, "another page"), written(0, 5)] == [whole, whole]


@pytest.mark.parametrize("opened_first", [True, False], ids=["created before", "created after"])
async def test_the_migrate_page_proposes_the_vm_chosen_on_the_launch_page(world: FakeHosts, opened_first: bool) -> None:
    world.source.known["web"] = Vm("web", "uuid-2", "running", "", 2, 1 << 30)
    async with opened(world) as (app, pilot):
        if opened_first:
            await pilot.press("4")
            await sees(app, pilot, "[4 Migrate]")
        await pilot.press("3")
        await sees(app, pilot, "> guest1", "web")
        await pilot.press("down")
        await sees(app, pilot, "> web")
        await pilot.press("4")
        await sees(app, pilot, "[4 Migrate]")
        assert isinstance(app.screen, MigratePage)
        assert app.screen._next_plan().vm == "web"

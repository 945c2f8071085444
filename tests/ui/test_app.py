"""The app: opening, changing pages, help, and quitting."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.pilot import Pilot
from textual.strip import Strip

from tests.fake_hosts import FakeHosts
from tests.list_world import ListWorld
from tests.ui.one_page import text_of, until
from tests.ui.replay import ReplayedMigration, ReplayedMigrations, recording
from tests.ui.study_screen import FakeRunner, studies_of
from tui.app import edit_config
from tui.app.app import RELOAD, VmlmApp
from tui.app.theme import CONTRAST, DARK, LIGHT, THEMES, theme_for
from tui.app.wiring import Backend
from tui.core.actions import BOOT
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.hosts.backend.hosts import Hosts
from tui.launch.backend.launch import Launch
from tui.migration.model.timeline import POST_COPY
from tui.migration.screens.page import MigratePage
from tui.migration.screens.start import StartForm
from tui.nfs.backend.nfs import Nfs
from tui.runs.backend.runs import Runs
from tui.ui.cell_diff import CellDiffUpdate
from tui.ui.page import PAGES
from tui.ui.question import Answer, Question
from tui.vm.model.location import Inventory

EXAMPLE = (Path(__file__).parents[2] / "config.example.toml").read_text()
CONFIG = Path("/home/user/.config/vmlm/config.toml")


@pytest.fixture
def world(tmp_path: Path) -> FakeHosts:
    hosts = FakeHosts()
    hosts.runs_in(tmp_path)
    return hosts


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


async def test_a_migration_found_while_a_dialog_is_open_is_reported_and_the_dialog_stays(world: FakeHosts) -> None:
    found = asyncio.Event()

    class Late(ReplayedMigrations):
        async def attach(self, _inventory: Inventory | None = None) -> ReplayedMigration | None:
            await found.wait()
            return await super().attach()

    migrations = Late()
    migrations.running = in_a_pass().running
    async with opened(world, migrations) as (app, pilot):
        await pilot.press("question_mark")
        await sees(app, pilot, "Keys of Hosts")
        found.set()
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
        await sees(app, pilot, "libvirt cannot be reached: it does", "[1 Hosts]")


async def test_the_end_of_a_migration_is_shown_on_other_pages_too(world: FakeHosts) -> None:
    migrations = in_a_pass()
    async with opened(world, migrations) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]", "[pass 2]")
        await pilot.press("1")
        await sees(app, pilot, "[1 Hosts]")
        assert migrations.running is not None
        migrations.running.play(lambda timeline: timeline.over)
        await sees(app, pilot, "guest1 -> source", "Completed by post-copy in 17.7 s, downtime 10 ms by")


async def test_what_runs_is_in_the_first_line_of_every_page(world: FakeHosts) -> None:
    migrations = in_a_pass()
    async with opened(world, migrations) as (app, pilot):
        for page in "124":
            await pilot.press(page)
            await until(pilot, lambda: text_of(app).startswith(" guest1 -> source pass 2  "))
        assert migrations.running is not None
        migrations.running.play(lambda timeline: timeline.over)
        await until(pilot, lambda: text_of(app).startswith(" vmlm-tui  source "))


async def test_the_first_line_cuts_what_does_not_fit(world: FakeHosts) -> None:
    async with opened(world, in_a_pass()) as (app, pilot):
        await pilot.resize_terminal(70, 24)
        await until(pilot, lambda: text_of(app).startswith(" guest1 -> sou…"))


async def test_the_terminal_has_what_runs_in_its_title_and_is_told_the_end(
    world: FakeHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("TMUX", raising=False)
    migrations = in_a_pass()
    sent: list[str] = []
    async with opened(world, migrations) as (app, pilot):
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", sent.append)
        await sees(app, pilot, "[4 Migrate]")
        assert migrations.running is not None
        migrations.running.play(lambda timeline: timeline.phase == POST_COPY)
        await until(pilot, lambda: "\x1b]2;guest1 -> source post-copy 0 % - source\x07" in sent)
        migrations.running.play(lambda timeline: timeline.over)
        words = "Completed by post-copy in 17.7 s, downtime 10 ms by libvirt"
        await until(pilot, lambda: f"\x1b]9;guest1: {words}\x07" in sent)
        await until(pilot, lambda: "\x1b]2;vmlm-tui - source\x07" in sent)
    assert "\x1b[23;2t" in sent  # the title of before


async def test_the_runs_of_a_study_end_in_silence(world: FakeHosts) -> None:
    migrations = in_a_pass()
    async with opened(world, migrations) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]")
        await pilot.press("1")
        assert migrations.running is not None
        migrations.running.timeline.options = {"tables": {"study": {"name": "lab"}}}
        migrations.running.play(lambda timeline: timeline.over)
        await until(pilot, lambda: text_of(app).startswith(" vmlm-tui  source "))
        assert not app.screen.query("Toast")


# -- habits --


async def test_a_key_that_does_nothing_says_so_once_for_a_word(world: FakeHosts) -> None:
    async with opened(world) as (app, pilot):
        await pilot.press("4", "j", "H", "J", "K")
        await sees(app, pilot, 'The key "H" does nothing here; ? lists the keys.')
        assert "does nothing here" in words(app)
        assert 'The key "J"' not in words(app)


async def test_a_key_of_the_configuration_acts_and_is_in_the_sentences(world: FakeHosts) -> None:
    keys = {"study.new": "b", "study.stop": "n", "no.such": "x", "launch.up": "j", "launch.boot": "K"}
    world.config = replace(world.config, keys=keys)
    async with opened(world) as (app, pilot):
        await until(pilot, lambda: any("[keys] no.such" in each.message for each in app._notifications))
        app.clear_notifications()
        await pilot.press("6")
        await sees(app, pilot, "[6 Study]", "b start one", "b new study n stop it")
        await pilot.press("n")
        await sees(app, pilot, "There is no study yet.")
        await pilot.press("b")
        await until(pilot, lambda: app.screen.is_modal)


async def test_a_changed_key_is_in_the_sentences_of_launch(world: FakeHosts) -> None:
    world.config = replace(world.config, keys={"launch.boot": "B", "launch.workload": "E"})
    async with opened(world) as (app, pilot):
        await pilot.press("3")
        await sees(app, pilot, "[3 Launch]", "> guest1", "B start")
        await pilot.press("W")
        await until(
            pilot, lambda: any(note.message.endswith("does not run; B starts it.") for note in app._notifications)
        )


async def test_a_sentence_has_no_key_of_another_page(world: FakeHosts) -> None:
    world.config = replace(world.config, keys={"launch.boot": "B"})
    async with opened(world) as (app, pilot):
        await pilot.press("4")
        await sees(app, pilot, "[4 Migrate]")
        assert isinstance(app.screen, MigratePage)
        assert app.screen.with_keys(f"{BOOT} starts it.") == "The Launch page starts it."


# -- the clipboard --


async def test_y_copies_what_is_chosen_to_the_clipboard_of_the_terminal(world: FakeHosts) -> None:
    async with opened(world) as (app, pilot):
        await pilot.press("3")
        await sees(app, pilot, "[3 Launch]", "> guest1")
        await pilot.press("y")
        await sees(app, pilot, "Copied: guest1.")
        assert app.clipboard == "guest1"
        await pilot.press("1")
        await sees(app, pilot, "[1 Hosts]", "> x FAILED it resolves the names of the other hosts")
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard.startswith("source x FAILED it resolves the names of the other hosts"))
        await pilot.press("5")
        await sees(app, pilot, "[5 Runs]", "Nothing has been recorded")
        await pilot.press("y")
        await sees(app, pilot, "There is no run here.")


# -- read only --


@pytest.mark.parametrize(
    ("page", "keys"),
    [("1", "a"), ("2", "f"), ("3", "sxXnDwWat"), ("4", "mpcdbPt"), ("5", "NtxD"), ("6", "nxr")],
)
async def test_no_key_of_a_page_changes_anything_in_an_app_that_only_reads(
    world: FakeHosts, page: str, keys: str
) -> None:
    migrations = in_a_pass()
    async with opened(world, migrations, read_only=True) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]", "[pass 2]")
        await pilot.press(page)
        await until(pilot, lambda: f"[{page} " in text_of(app))
        shown = app.screen
        for key in keys:
            app.clear_notifications()
            await pilot.press(key)
            await until(pilot, lambda: any("--read-only" in each.message for each in app._notifications))
            assert app.screen is shown
        assert migrations.running is not None
        assert migrations.running.controls.calls == []


async def test_an_app_that_only_reads_does_not_edit_the_configuration(
    world: FakeHosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(world, read_only=True) as (app, pilot):
        app.config_path = tmp_path / "config.toml"
        Editor(monkeypatch, EXAMPLE)
        await pilot.press("C")
        await until(pilot, lambda: any("--read-only" in each.message for each in app._notifications))
        assert not app.config_path.exists()


async def test_an_app_that_only_reads_quits_without_a_question(world: FakeHosts) -> None:
    async with opened(world, in_a_pass(), read_only=True) as (app, pilot):
        await sees(app, pilot, "[4 Migrate]", "[pass 2]")
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running or app._exit)


# -- help --


async def test_the_help_explains_every_key_and_why_one_is_disabled(world: FakeHosts) -> None:
    async with opened(world) as (app, pilot):
        await pilot.press("4", "question_mark")
        await sees(
            app, pilot, "Keys of Migrate", "m Start a migration: opens the form", "p Switch to post-copy at once"
        )
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


# -- any terminal --


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_a_theme_uses_the_terminals_own_colours(theme: Any) -> None:
    colours = [theme.primary, theme.secondary, theme.accent, theme.success, theme.warning, theme.error]
    colours += [theme.foreground, theme.background, theme.surface, theme.panel]
    assert all(colour.startswith("ansi_") for colour in colours)


@pytest.mark.parametrize(
    ("colorfgbg", "theme"),
    [("15;0", DARK), ("0;15", LIGHT), ("0;default;7", LIGHT), ("", DARK), ("nonsense", DARK)],
)
def test_the_theme_follows_the_background_in_colorfgbg(colorfgbg: str, theme: Any) -> None:
    assert theme_for({"COLORFGBG": colorfgbg} if colorfgbg else {}) is theme


@pytest.mark.parametrize(
    ("wanted", "theme"), [("auto", LIGHT), ("dark", DARK), ("light", LIGHT), ("contrast", CONTRAST)]
)
def test_the_configuration_chooses_the_theme(wanted: str, theme: Any) -> None:
    assert theme_for({"COLORFGBG": "0;15"}, wanted) is theme


async def test_only_the_designed_themes_are_offered(world: FakeHosts) -> None:
    async with opened(world) as (app, _pilot):
        assert set(app.available_themes) == set(THEMES)


# -- the configuration --


class Editor:
    """Replaces the editor of a person: writes `text` in place of the terminal's program."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        self.text = text
        monkeypatch.setattr(edit_config, "in_terminal", self.edit)

    async def edit(self, _app: object, argv: Sequence[str], **_words: str) -> None:
        Path(argv[-1]).write_text(self.text)  # noqa: ASYNC240  # a file of the test


async def test_the_configuration_is_not_edited_while_the_hosts_are_changed(tmp_path: Path) -> None:
    async with fixing(tmp_path) as (app, pilot, lists):
        await pilot.press("escape", "C")
        await until(pilot, lambda: any("hosts are being changed" in each.message for each in app._notifications))
        assert app.return_value is None
        lists.machines["storage"].going_on.set()


async def test_an_edited_configuration_is_used_at_once(
    world: FakeHosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("")
    async with opened(world) as (app, pilot):
        app.config_path = file
        Editor(monkeypatch, EXAMPLE)
        await pilot.press("C")
        await until(pilot, lambda: app.return_value == RELOAD)


async def test_a_mistake_in_the_edited_configuration_is_reported_and_not_used(
    world: FakeHosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("")
    async with opened(world) as (app, pilot):
        app.config_path = file
        Editor(monkeypatch, EXAMPLE.replace("vcpus = 16", "vcpus = 0"))
        await pilot.press("C")
        await until(pilot, lambda: any("vcpus: 0 is not a whole number" in each.message for each in app._notifications))
        assert app.return_value is None


def test_an_update_contains_only_the_changed_cells() -> None:
    red, plain = Style(color="red"), Style(color="default", bgcolor="default")
    chops = [{0: Strip([Segment("abcdef", plain), Segment("ghij", red)]), 10: Strip([Segment("klmno", plain)])}]
    update = CellDiffUpdate(chops, [(0, 7, 9), (0, 12, 13)], [[10, 15]])
    console = Console(color_system="standard", force_terminal=True)
    assert console._color_system is ColorSystem.STANDARD
    assert update.render_segments(console) == "\x1b[1;8H\x1b[31mhi\x1b[0m\x1b[1;13Hm\x1b[0m"


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

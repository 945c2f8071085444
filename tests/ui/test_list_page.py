"""The base of the Hosts and the NFS page, by its keys and its screen: reading, explaining, fixing and undoing."""

from pathlib import Path

from tests.list_world import ListWorld
from tests.ui.list_screen import UNREACHABLE, Screen, opened
from tests.ui.one_page import OnePage, text_of, until
from tui.core.command import Completed
from tui.nfs.screens import NfsPage


async def test_the_hosts_are_read_when_the_page_opens_and_then_only_by_r(world: ListWorld) -> None:
    async with opened(world) as screen:
        await screen.shows("2 FAILED, 2 warning, 6 ok, 1 not needed.")
        assert world.reads == 1
        world.machines["storage"].made.add("server")
        await screen.press("r")
        await screen.shows("1 FAILED, 2 warning, 7 ok")
        assert world.reads == 2


async def test_a_silent_host_delays_no_line_of_another_host(world: ListWorld) -> None:
    world.machines["destination"].answering.clear()
    app = OnePage(NfsPage(world.nfs))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = Screen(app, pilot, world)
        await screen.shows("Reading the hosts (9 of 11 lines): 2 FAILED", "x FAILED the NFS server is installed")
        await screen.press("end")
        await screen.shows("> + ok the CPU has all")
        await screen.press("r")
        await screen.shows("The hosts are being read.")
        world.machines["destination"].answering.set()
        await until(pilot, lambda: "reading" not in screen.words.lower())


async def test_an_unreachable_host_is_unknown_and_the_reason_is_shown(world: ListWorld) -> None:
    world.machines["destination"].unreachable = UNREACHABLE
    async with opened(world) as screen:
        await screen.shows("2 FAILED, 2 unknown")
        await screen.press("end", "up", "up")
        await screen.shows(
            "> ? unknown", "found root@destination can't be reached over ssh: there was no answer within 10 s."
        )
        await screen.press("f")
        await screen.shows("Destination can't be read.")


async def test_the_cursor_stays_on_its_line_when_the_list_is_read_again(world: ListWorld) -> None:
    async with opened(world) as screen:
        await screen.press("down", "j", "k", "down")
        await screen.shows("> x FAILED the folder is exported to both hosts")
        world.machines["storage"].made.add("export")
        await screen.press("r")
        await screen.shows("> + ok the folder is exported to both hosts")


async def test_the_cursor_starts_on_the_first_line_that_is_not_good_and_n_moves_to_the_next(world: ListWorld) -> None:
    world.machines["storage"].made |= {"server", "export"}
    world.machines["source"].made.discard("mount")
    world.machines["destination"].made.discard("client")
    async with opened(world) as screen:
        await screen.shows("> x FAILED the folder is mounted at the same path")
        await screen.press("n")
        await screen.shows("> x FAILED the NFS client is installed")
        await screen.press("n")
        await screen.shows("> x FAILED the folder is mounted at the same path")
        world.machines["source"].made.add("mount")
        await screen.press("r")
        await screen.shows("> + ok the folder is mounted at the same path")  # it stays where the user moved it


async def test_a_filter_shows_only_lines_with_its_words_until_it_is_empty_or_esc(world: ListWorld) -> None:
    async with opened(world) as screen:
        await screen.press("slash")
        await screen.shows("Filter", "Words that a line must have")
        await screen.press(*"DEST cpu", "enter")
        await screen.shows('Only lines with "DEST cpu" are shown.', "the CPU has all that the source's has")
        assert "the NFS server" not in screen.words
        await screen.press("slash", "ctrl+u", "enter")
        await screen.shows("the NFS server")
        assert "Only lines" not in screen.words
        assert "esc all" not in screen.words
        await screen.press("slash", *"cpu", "enter")
        await screen.shows('Only lines with "cpu" are shown.', "esc all")
        await screen.press("slash", "escape")  # leaves the dialog, not the filter
        await screen.shows('Only lines with "cpu" are shown.', "esc all")
        await screen.press("escape")
        await screen.shows("the NFS server")
        assert "Only lines" not in screen.words


async def test_one_key_moves_by_a_page_or_to_an_end_of_the_list(world: ListWorld) -> None:
    async with opened(world, (60, 16)) as screen:
        await screen.press("end")
        await screen.shows("> + ok the CPU has all that the source's has")
        await screen.press("home")
        await screen.shows("storage root@storage > x FAILED the NFS server")
        await screen.press("pagedown")
        assert "> x FAILED the NFS server" not in screen.words
        await screen.press("pageup")
        await screen.shows("> x FAILED the NFS server")


async def test_enter_shows_all_about_a_line(world: ListWorld) -> None:
    async with opened(world, (60, 20)) as screen:
        await screen.press("enter")
        await screen.shows(
            "storage: x FAILED", "why without server no VM can move", "output ls: cannot access 'server'"
        )
        await screen.press("escape", "space")
        await screen.shows("f runs storage: make server", "note Services that use it stand still for a moment.")


async def test_nothing_runs_before_its_commands_are_shown_and_confirmed(world: ListWorld) -> None:
    async with opened(world) as screen:
        await screen.press("f")
        await screen.shows(
            "Fix: the NFS server is installed",
            "Enter runs 1 action as root on storage.",
            "storage: make server",
            "Services that use it",
        )
        assert world.machines["storage"].commands == []
        await screen.press("escape")
        await screen.shows("2 FAILED")
        assert world.machines["storage"].commands == []
        await screen.press("f", "enter")
        await screen.shows("Fixed: the NFS server is installed. server is there.")
        assert world.machines["storage"].commands == ["make server"]
        await screen.press("escape")
        await screen.shows("> + ok the NFS server is installed", "1 FAILED")


async def test_a_fixes_all_that_is_missing_in_order_and_nothing_the_second_time(world: ListWorld) -> None:
    async with opened(world) as screen:
        await screen.shows("a fixes 1; 1 more depends on it. All commands are shown first.")
        await screen.press("a")
        await screen.shows("storage: make server", "later; first: the NFS server is installed (storage)")
        await screen.press("enter")
        await screen.shows("2 were fixed. Everything is ready.")
        assert world.machines["storage"].commands == ["make server", "make export"]
        await screen.press("escape", "a")
        await screen.shows("Nothing is missing.", "Everything is ready.")
        assert len(world.machines["storage"].commands) == 2


async def test_a_line_whose_needs_are_missing_names_them(world: ListWorld) -> None:
    async with opened(world) as screen:
        await screen.press("down", "down")
        await screen.shows("f not yet; first: the NFS server is installed (storage)")
        await screen.press("f")
        await screen.shows("First: the NFS server is installed (storage).")
        assert world.machines["storage"].commands == []


async def test_a_failure_in_the_middle_stops_the_job_and_shows_the_whole_output(world: ListWorld) -> None:
    output = "E: Unable to locate package\nE: You have no network\n"
    world.machines["storage"].refuses["export"] = Completed(100, "", output)
    world.machines["destination"].made.discard("client")
    async with opened(world) as screen:
        await screen.press("a", "enter")
        await screen.shows("`make export` failed on storage: E: You have no network.")
        assert world.machines["storage"].commands == ["make server", "make export"]
        assert world.machines["destination"].commands == []
        await screen.press("escape")
        await screen.shows("`make export` failed on storage: E: You have no network. v shows the whole output.")
        await screen.shows("E: Unable to locate package")
        await screen.press("v")
        await screen.shows("storage: make server", "done", "storage: make export")


async def test_output_is_shown_as_it_arrives_and_the_dialog_can_be_closed_and_reopened(world: ListWorld) -> None:
    storage = world.machines["storage"]
    storage.prints = ("Reading package lists...\nUnpacking  0%\r", "Unpacking 40%\x1b[1m\r")
    storage.going_on.clear()
    async with opened(world) as screen:
        await screen.press("f", "enter")
        await screen.shows("storage: make server ...", "Reading package lists...", "Unpacking 40%")
        await screen.press("escape")
        await screen.shows("Fix: the NFS server is installed: storage: make server ...", "2 FAILED")
        await screen.press("f")
        await screen.shows("Another change is under way (Fix: the NFS server is installed); v shows it.")
        await screen.press("v")
        await screen.shows("Unpacking 40%")
        storage.going_on.set()
        await screen.shows("Fixed: the NFS server is installed.")


async def test_fixing_all_can_be_stopped_after_the_line_under_way(world: ListWorld) -> None:
    storage = world.machines["storage"]
    storage.going_on.clear()
    async with opened(world) as screen:
        await screen.press("a", "enter")
        await screen.shows("storage: make server ...")
        await screen.press("s")
        await screen.shows("It stops after this.")
        storage.going_on.set()
        await screen.shows(
            "Stopped, as you asked. 1 was fixed; 1 more can be fixed now: fixing all shows the commands."
        )
        assert storage.commands == ["make server"]
        await until(screen.pilot, lambda: text_of(screen.app).endswith("\n up/down scroll  esc back"))
        await screen.press("escape")
        await screen.shows("1 more can be fixed now: a shows the commands.")


async def test_a_fix_that_has_changed_since_it_was_shown_is_not_applied(world: ListWorld) -> None:
    async with opened(world) as screen:
        await screen.press("f")
        await screen.shows("storage: make server")
        world.machines["storage"].made.add("server")
        await world.checklist.refresh_fully()
        await screen.press("enter")
        await screen.shows(
            "Nothing was changed: the fix has changed since you saw it. Fix the line again to see the new one."
        )
        assert world.machines["storage"].commands == []


async def test_a_good_line_has_nothing_to_fix_or_undo(world: ListWorld) -> None:
    async with opened(world) as screen:
        await screen.press("down", "f")
        await screen.shows("It is ok: there is nothing to fix.")
        await screen.press("u")
        await screen.shows("Nothing was changed for this line, so there is nothing to undo.")


async def test_u_shows_the_undo_of_a_line_and_runs_it(world: ListWorld) -> None:
    async with opened(world) as screen:
        await screen.press("f", "enter")
        await screen.shows("Fixed: the NFS server")
        await screen.press("escape")
        await screen.shows("u runs storage: unmake server")
        await screen.press("u")
        await screen.shows("Undo: the NFS server is installed", "Enter runs 1 action", "storage: unmake server")
        await screen.press("enter")
        await screen.shows("Undone: the NFS server is installed.")
        await screen.press("escape")
        await screen.shows("> x FAILED the NFS server is installed", "2 FAILED")


async def test_the_undo_of_a_fix_that_ran_twice_shows_its_command_once_with_its_count(world: ListWorld) -> None:
    async with opened(world) as screen:
        for _ in range(2):
            world.machines["storage"].made.discard("server")
            await screen.press("r")
            await screen.shows("f runs storage: make server")
            await screen.press("f", "enter")
            await screen.shows("Fixed: the NFS server")
            await screen.press("escape")
        await screen.shows("u runs storage, 2 times: unmake server")
        await screen.press("u")
        await screen.shows("Enter runs 2 actions", "storage, 2 times: unmake server")
        await screen.press("enter")
        await screen.shows("Undone: the NFS server is installed.")
        assert world.machines["storage"].commands[-2:] == ["unmake server"] * 2


async def test_shift_u_undoes_all_from_the_end_of_the_list(world: ListWorld) -> None:
    async with opened(world) as screen:
        await screen.press("a", "enter")
        await screen.shows("2 were fixed")
        await screen.press("escape", "U")
        await screen.shows("Undo all changes", "Enter runs 2 actions as root on storage.", "storage: unmake export")
        await screen.press("enter")
        await screen.shows("All changes were undone.")
        assert world.machines["storage"].commands[2:] == ["unmake export", "unmake server"]


async def test_an_invalid_line_of_the_journal_is_reported_on_the_page(world: ListWorld, tmp_path: Path) -> None:
    (tmp_path / "changes.jsonl").write_text('{"kind": "begun", "id": 1, "undo": "none"}\n')
    async with opened(world, (120, 40)) as screen:
        await screen.shows("1 line of", "can't be read (line 1: ", "2 FAILED")
        await screen.press("f", "enter")
        await screen.shows("Fixed: the NFS server")


async def test_on_a_wide_screen_the_details_leave_the_rest_to_the_list(world: ListWorld) -> None:
    async with opened(world, size=(200, 60)) as screen:
        await screen.shows("FAILED")
        rows, detail = (screen.app.screen.query_one(each).region for each in ("#rows", "#detail-box"))
        assert (detail.width, rows.width) == (72, 128)

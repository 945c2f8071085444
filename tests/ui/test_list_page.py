"""What the Hosts and the NFS page share: looking, explaining, fixing and undoing, as a person sees and presses it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.list_world import ListWorld
from tests.ui.one_page import OnePage, text_of, until
from tui.checklist.backend.jobs import Job
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.nfs.screens import NfsPage

UNREACHABLE = Failure(
    "root@destination can't be reached over ssh",
    "there was no answer within 10 s",
    "Is it switched on, and does a firewall let ssh through?",
)


@pytest.fixture
def world(tmp_path: Path) -> ListWorld:
    """All is made but the server, and what needs it."""
    made = ListWorld(tmp_path)
    made.make_all()
    made.machines["storage"].made -= {"server", "export"}
    return made


class Seen:
    """A page that a person looks at and presses keys on."""

    def __init__(self, app: OnePage, pilot: Pilot[Any], world: ListWorld) -> None:
        self.app = app
        self.pilot = pilot
        self.world = world

    @property
    def words(self) -> str:
        """All that stands on the screen, without frames and runs of spaces, and then what passes at its edge."""
        text = "\n".join((text_of(self.app), *(each.message for each in self.app._notifications)))
        for frame in "│╭╮╰╯─▌▐":
            text = text.replace(frame, " ")
        return " ".join(text.split())

    async def sees(self, *sentences: str) -> None:
        await until(self.pilot, lambda: all(sentence in self.words for sentence in sentences))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def types(self, text: str) -> None:
        await self.pilot.press(*text, "enter")


@asynccontextmanager
async def shown(world: ListWorld, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Seen]:
    """The NFS page, when the hosts have been looked at."""
    app = OnePage(NfsPage(world.nfs))
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: world.checklist.looked)
        yield Seen(app, pilot, world)


# -- looking --


async def test_the_first_look_begins_by_itself_and_others_only_by_r(world: ListWorld) -> None:
    async with shown(world) as seen:
        await seen.sees("2 FAILED, 2 warning, 6 ok, 1 not needed.")
        assert world.looks == 1
        world.machines["storage"].made.add("server")
        await seen.press("r")
        await seen.sees("1 FAILED, 2 warning, 7 ok")
        assert world.looks == 2


async def test_a_host_that_is_silent_keeps_no_other_line_waiting(world: ListWorld) -> None:
    world.machines["destination"].answering.clear()
    app = OnePage(NfsPage(world.nfs))
    async with app.run_test(size=(80, 24)) as pilot:
        seen = Seen(app, pilot, world)
        await seen.sees("Looking (9 of 11 read): 2 FAILED", "x FAILED the NFS server is installed")
        await seen.press("end")
        await seen.sees("> + ok the CPU has all")
        await seen.press("r")
        await seen.sees("The hosts are being looked at.")
        world.machines["destination"].answering.set()
        await until(pilot, lambda: "looking" not in seen.words.lower())


async def test_an_unreachable_host_is_unknown_and_says_why(world: ListWorld) -> None:
    world.machines["destination"].unreachable = UNREACHABLE
    async with shown(world) as seen:
        await seen.sees("2 FAILED, 2 unknown")
        await seen.press("end", "up", "up")
        await seen.sees(
            "> ? unknown", "found root@destination can't be reached over ssh: there was no answer within 10 s."
        )
        await seen.press("f")
        await seen.sees("Destination can't be looked at.")


async def test_the_cursor_stays_on_its_line_when_the_list_is_read_again(world: ListWorld) -> None:
    async with shown(world) as seen:
        await seen.press("down", "j", "k", "down")
        await seen.sees("> x FAILED the folder is exported to both hosts")
        world.machines["storage"].made.add("export")
        await seen.press("r")
        await seen.sees("> + ok the folder is exported to both hosts")


async def test_the_cursor_waits_on_the_first_line_that_is_not_good_and_n_goes_to_the_next(world: ListWorld) -> None:
    world.machines["storage"].made |= {"server", "export"}
    world.machines["source"].made.discard("mount")
    world.machines["destination"].made.discard("client")
    async with shown(world) as seen:
        await seen.sees("> x FAILED the folder is mounted at the same path")
        await seen.press("n")
        await seen.sees("> x FAILED the NFS client is installed")
        await seen.press("n")
        await seen.sees("> x FAILED the folder is mounted at the same path")
        world.machines["source"].made.add("mount")
        await seen.press("r")
        await seen.sees("> + ok the folder is mounted at the same path")  # where a person has put it, it stays


async def test_a_page_and_the_ends_of_the_list_are_a_key_away(world: ListWorld) -> None:
    async with shown(world, (60, 16)) as seen:
        await seen.press("end")
        await seen.sees("> + ok the CPU has all that the source's has")
        await seen.press("home")
        await seen.sees("storage root@storage > x FAILED the NFS server")
        await seen.press("pagedown")
        assert "> x FAILED the NFS server" not in seen.words
        await seen.press("pageup")
        await seen.sees("> x FAILED the NFS server")


async def test_enter_shows_all_about_a_line(world: ListWorld) -> None:
    async with shown(world, (60, 20)) as seen:
        await seen.press("enter")
        await seen.sees("storage: x FAILED", "why without server no VM can move", "said ls: cannot access 'server'")
        await seen.press("escape", "space")
        await seen.sees("f runs storage: make server", "note Services that use it stand still for a moment.")


# -- fixing --


async def test_nothing_runs_before_its_commands_were_shown_and_agreed_to(world: ListWorld) -> None:
    async with shown(world) as seen:
        await seen.press("f")
        await seen.sees(
            "Fix: the NFS server is installed", "1 action on storage", "storage: make server", "Services that use it"
        )
        assert world.machines["storage"].commands == []
        await seen.press("escape")
        await seen.sees("2 FAILED")
        assert world.machines["storage"].commands == []
        await seen.press("f", "enter")
        await seen.sees("Fixed: the NFS server is installed. server is there.")
        assert world.machines["storage"].commands == ["make server"]
        await seen.press("escape")
        await seen.sees("> + ok the NFS server is installed", "1 FAILED")


async def test_a_fixes_all_that_is_missing_in_its_order_and_a_second_time_nothing(world: ListWorld) -> None:
    async with shown(world) as seen:
        await seen.sees("a fixes 1 of them, then 1 that waits for it: all commands are shown first.")
        await seen.press("a")
        await seen.sees("storage: make server", "not at once; first: the NFS server is installed (storage)")
        await seen.press("enter")
        await seen.sees("2 were fixed: all is as it must be.")
        assert world.machines["storage"].commands == ["make server", "make export"]
        await seen.press("escape", "a")
        await seen.sees("Nothing is missing.", "All is as it must be.")
        assert len(world.machines["storage"].commands) == 2


async def test_a_line_whose_needs_are_missing_says_which(world: ListWorld) -> None:
    async with shown(world) as seen:
        await seen.press("down", "down")
        await seen.sees("f not yet; first: the NFS server is installed (storage)")
        await seen.press("f")
        await seen.sees("First: the NFS server is installed (storage).")
        assert world.machines["storage"].commands == []


async def test_a_failure_in_the_middle_ends_it_and_says_all_that_was_said(world: ListWorld) -> None:
    said = "E: Unable to locate package\nE: You have no network\n"
    world.machines["storage"].refuses["export"] = Completed(100, "", said)
    world.machines["destination"].made.discard("client")
    async with shown(world) as seen:
        await seen.press("a", "enter")
        await seen.sees("`make export` failed on storage: E: You have no network.")
        assert world.machines["storage"].commands == ["make server", "make export"]
        assert world.machines["destination"].commands == []
        await seen.press("escape")
        await seen.sees("`make export` failed on storage: E: You have no network. v shows all that was said.")
        await seen.sees("E: Unable to locate package")
        await seen.press("v")
        await seen.sees("storage: make server", "done", "storage: make export")


async def test_what_is_done_is_seen_as_it_comes_and_can_be_left_and_looked_at_again(world: ListWorld) -> None:
    storage = world.machines["storage"]
    storage.prints = ("Reading package lists...\nUnpacking  0%\r", "Unpacking 40%\x1b[1m\r")
    storage.going_on.clear()
    async with shown(world) as seen:
        await seen.press("f", "enter")
        await seen.sees("storage: make server ...", "Reading package lists...", "Unpacking 40%")
        await seen.press("escape")
        await seen.sees("Fix: the NFS server is installed: storage: make server ...", "2 FAILED")
        await seen.press("f")
        await seen.sees("Fix: the NFS server is installed: that is under way; v shows it.")
        await seen.press("v")
        await seen.sees("Unpacking 40%")
        storage.going_on.set()
        await seen.sees("Fixed: the NFS server is installed.")


async def test_fixing_all_can_be_stopped_after_the_line_under_way(world: ListWorld) -> None:
    storage = world.machines["storage"]
    storage.going_on.clear()
    async with shown(world) as seen:
        await seen.press("a", "enter")
        await seen.sees("storage: make server ...")
        await seen.press("s")
        await seen.sees("It stops after this.")
        storage.going_on.set()
        await seen.sees("Stopped, as you asked. 1 was fixed; 1 more can be fixed now: a shows the commands.")
        assert storage.commands == ["make server"]


async def test_what_has_changed_since_it_was_shown_is_not_done(world: ListWorld) -> None:
    async with shown(world) as seen:
        await seen.press("f")
        await seen.sees("storage: make server")
        world.machines["storage"].made.add("server")
        await world.checklist.look_once()
        await seen.press("enter")
        await seen.sees("Nothing was changed: by now something else would be done. Fix the line again to see it.")
        assert world.machines["storage"].commands == []


async def test_a_line_that_is_right_or_beyond_the_app_has_nothing_to_fix(world: ListWorld) -> None:
    async with shown(world) as seen:
        await seen.press("down", "f")
        await seen.sees("It is ok: nothing is to be done.")
        await seen.press("u")
        await seen.sees("Nothing was done for this line, so there is nothing to take back.")


# -- undoing --


async def test_u_takes_back_what_was_done_for_a_line_and_shows_how_before(world: ListWorld) -> None:
    async with shown(world) as seen:
        await seen.press("f", "enter")
        await seen.sees("Fixed: the NFS server")
        await seen.press("escape")
        await seen.sees("u runs storage: unmake server")
        await seen.press("u")
        await seen.sees("Undo: the NFS server is installed", "storage: unmake server")
        await seen.press("enter")
        await seen.sees("Taken back: the NFS server is installed.")
        await seen.press("escape")
        await seen.sees("> x FAILED the NFS server is installed", "2 FAILED")


async def test_shift_u_takes_back_all_from_the_end(world: ListWorld) -> None:
    async with shown(world) as seen:
        await seen.press("a", "enter")
        await seen.sees("2 were fixed")
        await seen.press("escape", "U")
        await seen.sees("Undo all that was done", "2 actions on storage", "storage: unmake export")
        await seen.press("enter")
        await seen.sees("All that was done was taken back.")
        assert world.machines["storage"].commands[2:] == ["unmake export", "unmake server"]


async def test_a_line_of_the_journal_that_cannot_be_read_is_reported_on_the_page(
    world: ListWorld, tmp_path: Path
) -> None:
    (tmp_path / "changes.jsonl").write_text('{"kind": "begun", "id": 1, "undo": "none"}\n')
    async with shown(world, (120, 40)) as seen:
        await seen.sees("1 line of", "cannot be read (line 1: ", "2 FAILED")
        await seen.press("f", "enter")
        await seen.sees("Fixed: the NFS server")


# -- the password of sudo --


async def test_a_password_is_asked_for_by_key_and_again_where_it_is_wrong(world: ListWorld) -> None:
    storage = world.machines["storage"]
    storage.password = "secret"
    async with shown(world) as seen:
        await seen.sees(
            "3 unknown", "o gives the password that sudo wants on storage.", "sudo on storage wants a password"
        )
        assert storage.passwords == []
        await seen.press("o")
        await seen.sees("The password of storage", "It is kept in memory until the app ends.")
        await seen.types("wrong")
        await seen.sees("sudo on storage did not take the password: it is wrong.")
        assert "wrong" not in text_of(seen.app).replace("it is wrong.", "")
        await seen.types("secret")
        await seen.sees("x FAILED the NFS server is installed", "2 FAILED")
        assert storage.passwords[0] == "wrong"
        assert set(storage.passwords[1:]) == {"secret"}
        assert "secret" not in (world.hosts.journal.read_text() if world.hosts.journal.is_file() else "")


async def test_without_the_password_the_rest_goes_on(world: ListWorld) -> None:
    world.machines["storage"].password = "secret"
    async with shown(world) as seen:
        await seen.press("o", "escape")
        await seen.sees("3 unknown", "+ ok the NFS client is installed")


# -- terminals --


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (40, 12)])
async def test_it_can_be_read_and_used_at_any_size(world: ListWorld, size: tuple[int, int]) -> None:
    async with shown(world, size) as seen:
        await seen.sees("> x FAILED the NFS server")
        await seen.press("f")
        await seen.sees("make server", "esc")
        await seen.press("enter")
        await seen.sees("Fixed: the NFS server is installed.")


async def test_moving_the_cursor_paints_two_lines_and_what_is_known_of_the_one(world: ListWorld) -> None:
    async with shown(world) as seen:
        page: Any = seen.app.page
        await seen.pilot.pause()
        painted: list[Any] = []
        rows = page._rows
        refresh = rows.refresh
        rows.refresh = lambda *regions, **options: (painted.extend(regions), refresh(*regions, **options))[1]
        await seen.press("down")
        assert [region.height for region in painted] == [1, 1]


async def test_reading_what_is_known_already_paints_nothing(world: ListWorld) -> None:
    async with shown(world) as seen:
        page: Any = seen.app.page
        await seen.sees("2 FAILED")
        painted: list[Any] = []
        page._rows.refresh = lambda *regions, **_: painted.append(regions)
        page._detail.refresh = lambda *regions, **_: painted.append(regions)
        await world.checklist.look_once()
        await seen.pilot.pause()
        assert painted == []


async def test_what_a_host_says_is_neither_markup_nor_an_order_to_the_terminal(world: ListWorld) -> None:
    storage = world.machines["storage"]
    storage.refuses["server"] = Completed(1, "", "[bold]no[/bold] \x1b[31mred\x1b]0;title\x07 \x9bspace\n")
    async with shown(world) as seen:
        await seen.press("f", "enter")
        await seen.sees("[bold]no[/bold] red space")


# -- pictures --


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("state", ["unread", "mixed", "applying", "dialog", "details"])
def test_a_list_looks_like_its_picture(
    snap_compare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], state: str
) -> None:
    monkeypatch.setattr(Job, "elapsed_s", 0.0)  # the pictures show it; a busy machine takes longer than a second
    world = ListWorld(tmp_path)
    world.machines["storage"].made |= {"folder", "export"}
    world.machines["destination"].unreachable = UNREACHABLE
    storage = world.machines["storage"]
    storage.prints = ("Reading package lists...\n", "Setting up nfs-kernel-server ...\n")
    storage.going_on.clear()
    if state == "unread":
        for machine in world.machines.values():
            machine.answering.clear()
    app = OnePage(NfsPage(world.nfs))

    async def arrive(pilot: Pilot[Any]) -> None:
        seen = Seen(app, pilot, world)
        if state == "unread":
            await seen.sees("Looking at the hosts ...")
            return
        await until(pilot, lambda: world.checklist.looked)
        keys = {"mixed": (), "applying": ("f", "enter"), "dialog": ("a",), "details": ("end", "enter")}[state]
        await seen.press(*keys)
        if state == "applying":
            await seen.sees("Setting up nfs-kernel-server", "0 s")

    assert snap_compare(app, terminal_size=size, run_before=arrive)

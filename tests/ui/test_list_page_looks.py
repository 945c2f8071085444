"""Passwords, sizes, repainting and pictures of a list page."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.list_world import ListWorld
from tests.ui.list_screen import UNREACHABLE, Screen, opened
from tests.ui.one_page import OnePage, at_once, text_of, until
from tui.checklist.backend.jobs import Job
from tui.core.command import Completed
from tui.nfs.screens import NfsPage


async def test_a_password_is_entered_by_key_and_again_when_it_is_wrong(world: ListWorld) -> None:
    storage = world.machines["storage"]
    storage.password = "secret"
    async with opened(world) as screen:
        await screen.shows(
            "3 unknown", "sudo on storage requires a password: o enters it.", "sudo on storage requires a password"
        )
        assert storage.passwords == []
        await screen.press("o")
        await screen.shows("The password of storage", "The app keeps it in memory until it ends.")
        await screen.enter("wrong")
        await screen.shows("sudo on storage did not accept the password: it is wrong.")
        assert "wrong" not in text_of(screen.app).replace("it is wrong.", "")
        await screen.enter("secret")
        await screen.shows("x FAILED the NFS server is installed", "2 FAILED")
        assert storage.passwords[0] == "wrong"
        assert set(storage.passwords[1:]) == {"secret"}
        assert "secret" not in (world.hosts.journal.read_text() if world.hosts.journal.is_file() else "")


async def test_passwords_typed_before_they_are_asked_never_act_as_keys(world: ListWorld) -> None:
    machines = [world.machines[host] for host in ("storage", "destination")]
    for machine in machines:
        machine.password = "far"  # each letter is a key of the page
    async with opened(world) as screen:
        await screen.shows("requires a password: o enters it.")
        first, second = world.checklist.sudo.wanted
        at_once(screen.app, "o", *"far", "enter")  # before the dialog is there
        await screen.shows(f"The password of {first}")
        assert world.reads == 1
        await screen.press("ctrl+u")
        at_once(screen.app, *"far", "enter")
        await screen.shows(f"The password of {second}")
        at_once(screen.app, *"far", "enter")
        await screen.shows("2 FAILED", "a fixes")
        assert [set(machine.passwords) for machine in machines] == [{"far"}, {"far"}]
        assert screen.app.screen is screen.app.page
        assert world.reads == 2


async def test_without_the_password_the_other_hosts_are_still_read(world: ListWorld) -> None:
    world.machines["storage"].password = "secret"
    async with opened(world) as screen:
        await screen.press("o", "escape")
        await screen.shows("3 unknown", "+ ok the NFS client is installed")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (40, 12)])
async def test_the_page_can_be_read_and_used_at_any_size(world: ListWorld, size: tuple[int, int]) -> None:
    async with opened(world, size) as screen:
        await screen.shows("> x FAILED the NFS server")
        await screen.press("f")
        await screen.shows("make server", "esc")
        await screen.press("enter")
        await screen.shows("Fixed: the NFS server is installed.")


async def test_moving_the_cursor_repaints_two_lines(world: ListWorld) -> None:
    async with opened(world) as screen:
        page: Any = screen.app.page
        await screen.pilot.pause()
        painted: list[Any] = []
        rows = page._rows
        refresh = rows.refresh
        rows.refresh = lambda *regions, **options: (painted.extend(regions), refresh(*regions, **options))[1]
        await screen.press("down")
        assert [region.height for region in painted] == [1, 1]


async def test_reading_unchanged_facts_repaints_nothing(world: ListWorld) -> None:
    async with opened(world) as screen:
        page: Any = screen.app.page
        await screen.shows("2 FAILED")
        await world.checklist.refresh_fully()  # what the first reading still had to paint is painted
        await screen.pilot.pause()
        painted: list[Any] = []
        page._rows.refresh = lambda *regions, **_: painted.append(regions)
        page._detail.refresh = lambda *regions, **_: painted.append(regions)
        await world.checklist.refresh_fully()
        await screen.pilot.pause()
        assert painted == []


async def test_output_of_a_host_is_shown_without_markup_and_control_characters(world: ListWorld) -> None:
    storage = world.machines["storage"]
    storage.refuses["server"] = Completed(1, "", "[bold]no[/bold] \x1b[31mred\x1b]0;title\x07 \x9bspace\n")
    async with opened(world) as screen:
        await screen.press("f", "enter")
        await screen.shows("[bold]no[/bold] red space")


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
        screen = Screen(app, pilot, world)
        if state == "unread":
            await screen.shows("Reading the hosts ...")
            return
        await until(pilot, lambda: world.checklist.was_read)
        keys = {"mixed": (), "applying": ("f", "enter"), "dialog": ("a",), "details": ("end", "enter")}[state]
        await screen.press(*keys)
        if state == "applying":
            await screen.shows("Setting up nfs-kernel-server", "0 s")

    assert snap_compare(app, terminal_size=size, run_before=arrive)

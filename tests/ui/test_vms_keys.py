"""Deleting, console and addresses of VMs, and their pictures."""

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.fake_hosts import SHARED, FakeShell
from tests.ui.one_page import OnePage, type_in, until
from tests.ui.vms_screen import WEB, app_of, blocked, editor_of, read, room_of, sees
from tui.core.vm import VmFacts
from tui.guest.backend.addresses import GuestAddresses
from tui.guest.model.agent import AGENT
from tui.launch.backend.launch import Launch
from tui.launch.screens import view
from tui.launch.screens.address import AddressDialog
from tui.launch.screens.deletion import DeletionQuestion
from tui.launch.screens.new_vm import NewVmForm
from tui.launch.screens.page import LaunchPage
from tui.ui.question import Question
from tui.vm.model.domain_mark import MAKING


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "POLL_EVERY_S", 0.2)
    monkeypatch.setattr(view, "ADDRESSES_EVERY_S", 0.2)
    monkeypatch.setattr(view, "OFFER_RETRY_S", 0.2)


async def deletion_of(pilot: Pilot[Any], app: OnePage) -> None:
    await sees(pilot, app, "nothing known blocks it")
    await pilot.press("D")
    await until(pilot, lambda: isinstance(app.screen, DeletionQuestion))


@pytest.mark.parametrize(
    ("key", "gone", "removed"), [("n", False, False), ("escape", False, False), ("y", True, False), ("d", True, True)]
)
async def test_deleting_asks_first_and_removes_the_disks_only_on_request(key: str, gone: bool, removed: bool) -> None:
    room = room_of()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await deletion_of(pilot, app)
        assert "these files for good:" in read(app)
        assert f"{SHARED}/guest1.qcow2" in read(app)
        await pilot.press(key)
        await until(pilot, lambda: not isinstance(app.screen, DeletionQuestion))
        if gone:
            await sees(pilot, app, "guest1 was deleted")
        assert ("guest1" not in room.world.source.known) == gone
        assert bool(room.ran("rm\n-f")) == removed


async def test_the_question_names_the_uefi_variables() -> None:
    room = room_of()
    nvram = "/var/lib/libvirt/qemu/nvram/guest1_VARS.fd"
    definition = room.world.source.definition("guest1").replace("<os>", f"<os><nvram>{nvram}</nvram>")
    room.world.source.definitions["guest1"] = definition
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await deletion_of(pilot, app)
        assert "Its UEFI variables are removed, also from destination" in read(app)
        assert nvram in read(app)


async def test_a_vm_whose_creation_was_interrupted_is_shown_as_such_and_deleted() -> None:
    room = room_of(WEB)
    room.world.source.set_mark("guest1", MAKING)
    room.answer("for each; do [ ! -e", f"{SHARED}/guest1.qcow2.part\0")
    app = app_of(room.world)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await sees(pilot, app, "can't migrate", "Its creation was interrupted", "D deletes it.")
        await pilot.press("s")
        await until(pilot, lambda: any("D deletes it" in note.message for note in app._notifications))
        assert "start guest1" not in room.world.source.calls
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, DeletionQuestion))
        assert f"{SHARED}/guest1.qcow2.part" in read(app)
        await pilot.press("d")
        await sees(pilot, app, f"guest1 was deleted with {SHARED}/guest1.qcow2.part.")


async def test_the_question_before_the_console_says_how_to_return_and_a_terminal_without_suspend_is_reported() -> None:
    room = room_of(WEB)
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "web running on destination")
        await pilot.press("down", "t")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "Ctrl+] returns" in read(app)
        await pilot.press("enter")
        await sees(pilot, app, "virsh can't be shown here: Textual can't suspend itself in this terminal.")


async def test_the_address_of_another_guest_is_entered_once() -> None:
    room = room_of(WEB)
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "web running on destination")
        await pilot.press("down")
        await sees(pilot, app, "The address of web is not known. a sets it.")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AddressDialog))
        await type_in(pilot, *"no way")
        await pilot.press("enter")
        await sees(pilot, app, '"root@no way" is neither an ssh address')
        await type_in(pilot, *(["backspace"] * 6), *"guest1")
        await pilot.press("enter")
        await sees(pilot, app, "guest ssh root@guest1", "idle: nothing runs in the guest")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AddressDialog))
        await type_in(pilot, *(["backspace"] * 11), *"agent")
        await pilot.press("enter")
        await sees(pilot, app, "guest through its guest agent, as root", "no guest agent is connected to its channel")


async def test_a_stored_address_of_the_configured_guest_can_be_changed() -> None:
    room = room_of()
    addresses = GuestAddresses()
    addresses.keep("guest1", AGENT, "ada")
    launch = Launch(room.world.connections, room.world.changes.sudo, addresses)
    app = OnePage(LaunchPage(launch))
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "guest through its guest agent, as root")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AddressDialog))
        await type_in(pilot, *(["backspace"] * 5))
        await pilot.press("enter")
        await sees(pilot, app, f"guest ssh {launch.config.vm.ssh}")


async def test_a_found_ip_address_is_shown_and_a_key_uses_it() -> None:
    room = room_of(WEB)
    room.world.destination.found_addresses = ("192.0.2.7",)
    room.world.shells["root@192.0.2.7"] = FakeShell()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "web running on destination")
        await pilot.press("down")
        await sees(pilot, app, "its address is not known; a sets it; found at 192.0.2.7")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AddressDialog))
        await sees(pilot, app, "It was found at root@192.0.2.7; down uses that.")
        await pilot.press("x", "down", "enter")
        await sees(pilot, app, "guest ssh root@192.0.2.7", "idle: nothing runs in the guest")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("t", "guest1 does not run."),
        ("a", "The configuration defines how guest1 is reached: [vm] ssh. Change it there."),
    ],
)
async def test_a_disabled_key_says_why(key: str, words: str) -> None:
    app = app_of(room_of().world)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await sees(pilot, app, "nothing known blocks it")
        await pilot.press(key)
        await until(pilot, lambda: any(words in note.message for note in app._notifications))


async def test_the_key_says_why_a_running_vm_cannot_be_deleted() -> None:
    app = app_of(room_of(WEB).world)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await sees(pilot, app, "web running on destination")
        await pilot.press("down", "D")
        await until(pilot, lambda: any("x shuts it down" in note.message for note in app._notifications))


async def test_the_question_before_a_deletion_names_the_snapshots() -> None:
    room = room_of()
    room.world.source.facts["guest1"] = VmFacts(("before-upgrade", "clean"))
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "It has the snapshots before-upgrade, clean", "can't migrate")
        await pilot.press("D")
        await sees(pilot, app, "libvirt forgets its snapshots: before-upgrade, clean.")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("case", ["blocked", "form", "definition", "deletion"])
def test_vms_look_like_their_pictures(snap_compare: Any, size: tuple[int, int], case: str) -> None:
    room = room_of(WEB)
    blocked(room)
    app = app_of(room.world)

    async def prepare(pilot: Any) -> None:
        await sees(pilot, app, "nothing known blocks it", "can't migrate")
        if case == "blocked":
            await pilot.press("down")
            await sees(pilot, app, "source does not have it. Eject it", "a sets it")
        elif case == "deletion":
            await deletion_of(pilot, app)
        elif case == "definition":
            await editor_of(pilot, app)
        else:
            await pilot.press("n")
            await until(pilot, lambda: isinstance(app.screen, NewVmForm) and "bridge br0" in read(app))

    assert snap_compare(app, terminal_size=size, run_before=prepare)

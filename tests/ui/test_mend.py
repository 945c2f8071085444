"""What keeps a VM from migrating, mended by keys on the Launch page."""

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.fake_hosts import guest1
from tests.ui.one_page import OnePage, text_of, until
from tests.ui.vms_screen import app_of, read, room_of, sees
from tests.unit.launch.new_vm_room import Room
from tui.core.failure import Failure, PasswordNeeded
from tui.core.vm import VmFacts
from tui.launch.screens import view
from tui.ui.lines import Lines
from tui.vm.screens.mend import FixQuestion, MendDialog

CD = """<disk type="file" device="cdrom"><source file="/root/a.iso"/><target dev="sda" bus="sata"/><readonly/></disk>"""
TPM = "<tpm><backend type='passthrough'/></tpm>"
MISSING = "net br0 1500 bridge\nnet virbr0 1500 bridge\nfile missing 0 - - /root/a.iso\n"
CALL = "update_device guest1 live=True config=True force=False"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "POLL_EVERY_S", 0.2)


@pytest.fixture
def room() -> Room:
    """guest1 runs on the source with a CD-ROM that the destination does not have, and with a snapshot."""
    room = room_of()
    source = room.world.source
    source.known["guest1"] = guest1("running")
    plain = source.definition("guest1").replace('<domain type="', '<domain id="1" type="')
    source.definitions["guest1"] = plain.replace("<controller", f"{CD}<controller")
    source.mended["guest1"] = plain
    source.facts["guest1"] = VmFacts(("before",))
    room.world.shells["root@destination"].answers |= {"/sys/class/net": MISSING}
    return room


async def opened(app: OnePage, pilot: Pilot[Any]) -> MendDialog:
    """The list, opened once the page has read all."""
    await sees(pilot, app, "can't migrate", "b mends it.", "w starts")
    await pilot.press("b")
    await until(pilot, lambda: isinstance(app.screen, MendDialog) and "Reading" not in read(app))
    assert isinstance(app.screen, MendDialog)
    return app.screen


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_each_finding_is_mended_after_its_command_was_shown(room: Room, size: tuple[int, int]) -> None:
    app = app_of(room.world)
    async with app.run_test(size=size) as pilot:
        dialog = await opened(app, pilot)
        await sees(pilot, app, "> blocked CD-ROM sda is /root/a.iso", "enter: eject /root/a.iso")
        await sees(pilot, app, "enter: keep their definitions in files, then forget them")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FixQuestion))
        await sees(pilot, app, "virsh change-media guest1 sda --eject --live --config --force", "n change nothing")
        await pilot.press("n")
        await until(pilot, lambda: app.screen is dialog)
        assert room.world.source.changed == []
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FixQuestion))
        await pilot.press("y")
        await sees(pilot, app, "Done: eject /root/a.iso.", "> blocked It has the snapshot before")
        assert CALL in room.world.source.calls
        assert "CD-ROM" not in dialog.query_one("#list", Lines).text
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FixQuestion))
        await sees(pilot, app, "virsh snapshot-delete guest1 before --metadata")
        await pilot.press("f")
        await sees(pilot, app, "libvirt has forgotten before", "Nothing known blocks the migration of guest1 now.")
        await pilot.press("escape")
        await sees(pilot, app, "nothing known blocks it")


async def test_a_failure_is_shown_and_the_finding_stays(room: Room) -> None:
    room.world.source.refusals[CALL] = Failure("The device could not be changed", "the tray is locked")
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FixQuestion))
        await pilot.press("y")
        await sees(pilot, app, "The device could not be changed: the tray is locked", "> blocked CD-ROM sda")
        await pilot.press("down", "down", "enter")  # back at the first one
        await until(pilot, lambda: isinstance(app.screen, FixQuestion))


async def test_the_chosen_finding_stays_chosen_when_another_comes_before_it(room: Room) -> None:
    app = app_of(room.world)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press("down")
        await sees(pilot, app, "> blocked It has the snapshot before")
        room.world.source.facts["guest1"] = VmFacts(("before",), (("vda", "copy"),))
        await pilot.press("r")
        await sees(pilot, app, "blocked Disk vda has an active block job", "> blocked It has the snapshot before")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("look", ["list", "question"])
def test_the_findings_look_like_their_picture(snap_compare: Any, room: Room, look: str, size: tuple[int, int]) -> None:
    app = app_of(room.world)

    async def arrange(pilot: Pilot[Any]) -> None:
        await opened(app, pilot)
        if look == "question":
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, FixQuestion) and "change nothing" in read(app))
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=arrange)


async def test_the_list_can_be_left_while_its_question_is_prepared(room: Room) -> None:
    app = app_of(room.world)
    source = room.world.source
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        source.released.clear()
        await pilot.press("enter")
        await until(pilot, lambda: "next_definition guest1" in source.calls)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.page)
        source.released.set()


async def test_the_list_stays_open_until_a_change_is_done(room: Room) -> None:
    app = app_of(room.world)
    source = room.world.source
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = await opened(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FixQuestion))
        source.released.clear()
        await pilot.press("y")
        await until(pilot, lambda: app.screen is dialog and CALL in source.calls)
        await pilot.press("r", "escape")
        await sees(pilot, app, "Please wait until the change is done.")
        assert app.screen is dialog
        source.released.set()
        await until(pilot, lambda: "Done: eject" in read(app) and "Reading" not in read(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.page)


async def test_a_password_is_asked_for_on_the_page_that_can(room: Room) -> None:
    source, there = room.world.source, room.world.shells["root@destination"]
    source.facts.clear()
    source.definitions["guest1"] = source.mended["guest1"].replace("<os>", "<os><loader>/own/CODE.fd</loader>")
    there.answers |= {"/sys/class/net": f"{MISSING}file missing 0 - - /own/CODE.fd\n"}
    there.answers |= {"base64 -d": PasswordNeeded("destination", "sudo on destination requires a password", "")}
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("enter")
        await sees(pilot, app, "scp -3p /own/CODE.fd root@destination:/own/CODE.fd", "No package owns it")
        await pilot.press("y")
        await sees(pilot, app, "sudo on destination requires a password.", "The Hosts page asks for it.")


async def test_a_finding_without_a_change_says_so(room: Room) -> None:
    source = room.world.source
    source.facts.clear()
    source.definitions["guest1"] = source.mended["guest1"].replace("<controller", f"{TPM}<controller")
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "It uses the TPM of the host")
        assert "b mends it" not in read(app)
        await pilot.press("b")
        await sees(pilot, app, "no key mends it")
        await pilot.press("enter")
        await sees(pilot, app, "No key mends this one; its sentence names what does.")


async def test_the_key_explains_itself_if_nothing_blocks(room: Room) -> None:
    source = room.world.source
    source.facts.clear()
    source.definitions["guest1"] = source.mended["guest1"]
    app = app_of(room.world)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await sees(pilot, app, "nothing known blocks it")
        await pilot.press("b")
        await until(pilot, lambda: "Nothing known blocks the" in text_of(app))

"""The VMs on the Launch page, driven by keys: chosen, created, deleted, their console and address."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tests.fake_hosts import SHARED, FakeHosts, FakeShell
from tests.ui.one_page import OnePage, at_once, text_of, until
from tests.unit.launch.test_new_vms import FREE, GIB, Room, info
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.guest.backend.addresses import GuestAddresses
from tui.guest.model.agent import AGENT
from tui.launch.backend.launch import Launch
from tui.launch.screens import view
from tui.launch.screens.address import AddressDialog
from tui.launch.screens.definition import DefinitionEditor
from tui.launch.screens.deletion import DeletionQuestion
from tui.launch.screens.new_vm import NewVmForm
from tui.launch.screens.page import LaunchPage
from tui.ui.question import Question
from tui.vm.backend.images import COPY, STOP
from tui.vm.model.domain_mark import MAKING


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "POLL_EVERY_S", 0.05)
    monkeypatch.setattr(view, "ADDRESSES_EVERY_S", 0.05)
    monkeypatch.setattr(view, "OFFER_RETRY_S", 0.05)


def room_of(*vms: Vm) -> Room:
    """guest1 on the source, `vms` on the destination, and images for new VMs."""
    room = Room()
    room.world.destination.known |= {vm.name: vm for vm in vms}
    images = {**room.images, **{f"{SHARED}/{vm.name}.qcow2": info() for vm in vms}}
    room.answer("find", "".join(f"{path}\0{facts}\0" for path, facts in images.items()))
    return room


def app_of(world: FakeHosts) -> OnePage:
    return OnePage(LaunchPage(Launch(world.connections, world.changes.sudo)))


def read(app: OnePage) -> str:
    """The text of the screen, without line breaks and frames."""
    return " ".join(text_of(app).replace("│", " ").split())


async def sees(pilot: Pilot[Any], app: OnePage, *texts: str) -> None:
    await until(pilot, lambda: all(text in read(app) for text in texts) and "has not replied" not in read(app))


WEB = Vm("web", "uuid-2", "running", "", 4, 2 * GIB)


def blocked(room: Room) -> None:
    """Gives web a local disk and a CD-ROM."""
    good = room.world.destination.definition("web")
    local = good.replace(f"{SHARED}/web.qcow2", "/var/lib/libvirt/web.qcow2").replace(' cache="none"', "")
    cd = '<disk type="file" device="cdrom"><source file="/root/a.iso"/><target dev="sda"/><readonly/></disk>'
    room.world.destination.definitions["web"] = local.replace("<controller", f"{cd}<controller")


async def test_the_vms_of_both_hosts_are_listed_and_the_arrow_keys_choose_one() -> None:
    room = room_of(WEB)
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "> guest1 shut off on source", "web running on destination")
        await pilot.press("down")
        await sees(pilot, app, "> web running on destination", "4 CPUs 2.0 GiB can migrate")
        await sees(pilot, app, "vda: web.qcow2 (qcow2, cache none), on the shared folder", "network default (virtio)")
        await pilot.press("x")
        await sees(pilot, app, "web is shut off.")
        assert "shut_down web" in room.world.destination.calls
        await pilot.press("down", "s")
        await until(pilot, lambda: "start guest1" in room.world.source.calls)


async def test_each_vm_shows_what_blocks_its_migration() -> None:
    room = room_of(WEB)
    blocked(room)
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "1.0 GiB can migrate", "2.0 GiB can't migrate", "nothing known blocks it")
        await pilot.press("down")
        await sees(pilot, app, "CD-ROM sda is /root/a.iso, which is not on the shared folder", "Eject it.")
        await sees(pilot, app, "Disk vda is /var/lib/libvirt/web.qcow2, which is not")


async def test_an_unreachable_host_makes_a_migration_doubtful() -> None:
    room = room_of()
    room.world.unreachable[room.world.destination.uri] = Failure("libvirt cannot be reached", "it is down")
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "may not migrate", "destination can't be reached, so its features are unknown.")


async def test_a_host_that_fails_and_recovers_is_shown_at_once() -> None:
    """Although its offer is reread only every 30 s."""
    room = room_of()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "1.0 GiB can migrate")
        room.world.destination.failure = Failure("libvirt cannot be reached", "it is down")
        await sees(pilot, app, "may not migrate", "destination can't be reached, so its features are unknown.")
        room.world.destination.failure = None
        await sees(pilot, app, "1.0 GiB can migrate", "nothing known blocks it")


async def test_more_vms_than_lines_are_scrolled_with_the_chosen_one() -> None:
    room = room_of(*(Vm(f"vm{number:02}", f"u{number}", "shut off", "", 1, GIB) for number in range(30)))
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "> guest1", "26 more")
        await pilot.press("up")
        await sees(pilot, app, "> vm29")


# -- creating one --


async def form_of(pilot: Pilot[Any], app: OnePage) -> None:
    """Opens the form for a new VM, and waits for its choices."""
    await sees(pilot, app, "nothing known blocks it")
    await pilot.press("n")
    await until(pilot, lambda: isinstance(app.screen, NewVmForm) and "bridge br0" in read(app))


async def editor_of(pilot: Pilot[Any], app: OnePage, *keys: str) -> DefinitionEditor:
    """Opens the definition of a VM named two."""
    await form_of(pilot, app)
    await pilot.press("t", "w", "o", *keys, "enter")
    await until(pilot, lambda: isinstance(app.screen, DefinitionEditor))
    assert isinstance(app.screen, DefinitionEditor)
    return app.screen


async def test_a_vm_is_created_by_keys_and_chosen() -> None:
    room = room_of()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await editor_of(pilot, app)
        assert "! The VM is emulated, and slow: KVM on source is missing." in read(app)
        assert "define" not in room.world.source.calls
        await pilot.press("ctrl+s")
        await sees(pilot, app, "two was created on source; s starts it.", "> two shut off on source")
        assert FREE in room.world.source.definition("two")


async def test_two_keys_copy_a_vm() -> None:
    room = room_of()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await editor_of(pilot, app, "down", "left")
        await pilot.press("f2")
        await sees(pilot, app, "> two shut off on source")
        assert room.ran("qemu-img convert")


class Copying(FakeShell):
    """A host where the copy of a disk ends only by `end_well` or a stop."""

    def __init__(self, like: FakeShell) -> None:
        super().__init__(like.answers)
        self.copying, self.stopped = asyncio.Event(), asyncio.Event()
        self.well = False

    def end_well(self) -> None:
        self.well = True
        self.stopped.set()

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str | bytes = "",
        timeout: float = 30.0,
        on_output: Callable[[str], None] | None = None,
    ) -> Completed:
        done = await super().run(argv, stdin=stdin, timeout=timeout, on_output=on_output)
        if COPY in argv:
            self.copying.set()
            await self.stopped.wait()
            return done if self.well else Completed(143, "", "")
        if STOP in argv:
            self.stopped.set()
        return done


async def test_the_name_of_a_missing_configured_vm_is_proposed_and_typing_replaces_it() -> None:
    room = room_of()
    del room.world.source.known["guest1"]
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "no host has a VM of this name")
        await pilot.press("n")
        await sees(pilot, app, "name guest1", "bridge br0")
        at_once(app, *"two", "enter")
        await sees(pilot, app, "Definition of two")


async def test_the_form_says_how_to_start_a_network_on_hosts_without_one() -> None:
    room = room_of()
    for host in (room.world.source, room.world.destination):
        host.offered_networks = ()
    for shell in room.world.shells.values():
        shell.answers["/sys/class/net"] = "virbr0\n"
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "> guest1")
        await pilot.press("n")
        await sees(pilot, app, "network none", "net-start default` on both starts libvirt's own")


async def test_esc_stops_a_copy_and_nothing_remains_of_the_vm() -> None:
    room = room_of()
    shell = room.world.shells[""] = Copying(room.world.shells[""])
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await editor_of(pilot, app, "down", "left")
        await pilot.press("f2")
        await until(pilot, shell.copying.is_set)
        await sees(pilot, app, "copying", "esc stops it")
        await pilot.press("escape")
        await sees(pilot, app, "Copying was stopped.", "was removed")
        assert "undefine two" in room.world.source.calls
        assert "two" not in room.world.source.known
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, NewVmForm))


async def test_an_edited_definition_is_kept_when_the_editor_is_left() -> None:
    room = room_of()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        editor = await editor_of(pilot, app)
        editor.query_one(TextArea).insert("<!-- mine -->", (1, 0))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, NewVmForm))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DefinitionEditor) and "<!-- mine -->" in read(app))


async def test_keys_sent_at_once_to_the_definition_all_reach_libvirt() -> None:
    room = room_of()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await editor_of(pilot, app)
        at_once(app, *"<!--xx", "backspace", "backspace", *"mine-->", "home", "delete", "<", "ctrl+s")
        await sees(pilot, app, "two was created on source")
    assert room.world.source.definitions["two"].startswith("<!--mine--><domain")


@pytest.mark.parametrize("keys", [("down", "left", "enter"), ("enter", "enter")], ids=["a choice", "twice"])
async def test_enter_sent_at_once_with_other_keys_opens_one_definition(keys: tuple[str, ...]) -> None:
    room = room_of()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await form_of(pilot, app)
        at_once(app, *"two", *keys)
        await until(pilot, lambda: isinstance(app.screen, DefinitionEditor))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, NewVmForm))
        assert [type(each) for each in app.screen_stack].count(DefinitionEditor) == 0


async def test_a_copied_vm_gets_the_size_of_the_original() -> None:
    room = room_of(WEB)
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "web")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NewVmForm) and "bridge br0" in read(app))
        await pilot.press("down", "left", "down")
        await sees(pilot, app, "guest1, ", "vCPUs 2", "memory 1 GiB")
        await pilot.press("right")
        await sees(pilot, app, "web, ", "vCPUs 4", "memory 2 GiB")


async def test_escape_sent_at_once_with_an_edit_keeps_the_edit() -> None:
    room = room_of()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await editor_of(pilot, app)
        at_once(app, *"<!--mine-->", "escape")
        await until(pilot, lambda: isinstance(app.screen, NewVmForm))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DefinitionEditor) and "<!--mine-->" in read(app))


async def test_escape_sent_at_once_with_ctrl_s_is_handled_after_it() -> None:
    room = room_of()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await editor_of(pilot, app)
        at_once(app, "ctrl+s", "escape")
        await sees(pilot, app, "two was created on source")


async def test_a_question_in_front_stays_open_when_the_vm_is_created_and_the_editor_closes_after_it() -> None:
    room = room_of()
    shell = room.world.shells[""] = Copying(room.world.shells[""])
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await editor_of(pilot, app, "down", "left")
        await pilot.press("f2")
        await until(pilot, shell.copying.is_set)
        app.push_screen(Question("Another question?", "It is in front.", []))
        await sees(pilot, app, "Another question?")
        creating = next(each for each in app.workers if each.name == "define")
        shell.end_well()
        await app.workers.wait_for_complete([creating])
        await sees(pilot, app, "Another question?")
        await pilot.press("escape")
        await sees(pilot, app, "two was created on source")
        assert app.screen is app.page


async def test_an_error_of_libvirt_moves_the_cursor_to_its_line() -> None:
    room = room_of()
    detail = "XML document failed to validate against schema:\nExtra element devices in interleave"
    room.world.source.refusals["define"] = Failure("libvirt rejected the definition", "see", detail=detail)
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        editor = await editor_of(pilot, app)
        await pilot.press("ctrl+s")
        await sees(pilot, app, "libvirt rejected the definition: line", "<devices> or an element in it")
        area = editor.query_one(TextArea)
        assert "<devices>" in area.document.get_line(area.cursor_location[0])
        del room.world.source.refusals["define"]
        await pilot.press("ctrl+s")
        await sees(pilot, app, "two was created on source")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "guest1", "The name guest1 is taken: source has a VM of that name, shut off."),
        ("name", "", "The VM has no name."),
        ("vcpus", "many", '"many" is not a number of vCPUs.'),
        ("vcpus", "64", "64 vCPUs are too many for source: it has 2 CPUs."),
        ("name", "../x", '"../x" can\'t be the name of a VM: it becomes a file name'),
        ("name", "n" * 300, "The name is too long: it has 300 bytes, and 100 are allowed."),
        ("name", "web", "The name web is taken: destination has a VM of that name, running."),
        ("vcpus", "0", "0 vCPUs are not possible: 1 to 4096 are allowed."),
        ("memory", "8", '"8" is not an amount of memory. Expected: a size'),
        ("memory", "4 KiB", "A VM needs at least 16 MiB of memory."),
        ("memory", "99 GiB", "99.0 GiB of memory is too much for source"),
    ],
)
async def test_a_mistake_is_reported_in_the_form(field: str, value: str, words: str) -> None:
    app = app_of(room_of(WEB).world)
    async with app.run_test(size=(80, 24)) as pilot:
        await form_of(pilot, app)
        app.screen.query_one("#name", Input).value = "two"
        app.screen.query_one(f"#{field}", Input).value = value
        await pilot.press("enter")
        await sees(pilot, app, words)
        assert isinstance(app.screen, NewVmForm)


async def test_enter_focuses_the_first_invalid_field() -> None:
    app = app_of(room_of(WEB).world)
    async with app.run_test(size=(80, 24)) as pilot:
        await form_of(pilot, app)
        vcpus, memory = app.screen.query_one("#vcpus", Input), app.screen.query_one("#memory", Input)
        vcpus.value = memory.value = "9" * 400
        await pilot.press("enter")
        await until(pilot, lambda: vcpus.has_focus)
        vcpus.value = "2"
        await pilot.press("enter")
        await until(pilot, lambda: memory.has_focus)
        await sees(pilot, app, '9..." is not an amount of memory.')


async def test_the_form_reports_a_missing_shared_folder() -> None:
    room = room_of()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "nothing known blocks it")
        room.source.answers["test\n-d"] = replace(room.source.answers["test\n-e"])  # type: ignore[type-var]
        await pilot.press("n")
        await sees(pilot, app, f"There is no folder {SHARED} on source: the shared folder is not mounted.")


# -- deleting, console, address --


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
        await sees(pilot, app, "The console can't be shown here: Textual can't suspend itself in this terminal.")


async def test_the_address_of_another_guest_is_entered_once() -> None:
    room = room_of(WEB)
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "web running on destination")
        await pilot.press("down")
        await sees(pilot, app, "The address of web is not known. a sets it.")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AddressDialog))
        await pilot.press(*"no way", "enter")
        await sees(pilot, app, '"root@no way" is neither an ssh address')
        await pilot.press(*(["backspace"] * 6), *"guest1", "enter")
        await sees(pilot, app, "guest ssh root@guest1", "idle: nothing runs in the guest")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AddressDialog))
        await pilot.press(*(["backspace"] * 11), *"agent", "enter")
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
        await pilot.press(*(["backspace"] * 5), "enter")
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
            await sees(pilot, app, "Eject it", "a sets it")
        elif case == "deletion":
            await deletion_of(pilot, app)
        elif case == "definition":
            await editor_of(pilot, app)
        else:
            await pilot.press("n")
            await until(pilot, lambda: isinstance(app.screen, NewVmForm) and "bridge br0" in read(app))

    assert snap_compare(app, terminal_size=size, run_before=prepare)

"""Creating a VM by keys."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from textual.widgets import Input, TextArea

from tests.fake_hosts import SHARED, FakeShell
from tests.ui.one_page import at_once, text_of, type_in, until
from tests.ui.vms_screen import WEB, app_of, editor_of, form_of, read, room_of, sees
from tests.unit.launch.new_vm_room import FREE
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.launch.screens import view
from tui.launch.screens.definition import DefinitionEditor
from tui.launch.screens.new_vm import NewVmForm
from tui.ui.question import Question
from tui.vm.backend.images import COPY, STOP


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "POLL_EVERY_S", 0.2)
    monkeypatch.setattr(view, "ADDRESSES_EVERY_S", 0.2)
    monkeypatch.setattr(view, "OFFER_RETRY_S", 0.2)


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


async def test_a_copy_asks_for_the_address_on_its_kernel_command_line() -> None:
    room = room_of()
    xml = room.world.source.definition("guest1")
    kernel = f"<cmdline>{'quiet ' * 20}vmlm.address=10.77.0.10/24</cmdline>"
    room.world.source.definitions["guest1"] = xml.replace("</type>", f"</type>{kernel}", 1)
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        editor = await editor_of(pilot, app, "down", "left")
        assert "change vmlm.address=10.77.0.10/24, because guest1 has this address." in read(app)
        area = editor.query_one(TextArea)
        assert area.selected_text == "10.77.0.10/24"
        await until(pilot, lambda: "vmlm.address=10.77.0.10/24</cmdline>" in read(app))  # although its line is long
        await type_in(pilot, *"10.77.0.11/24")
        await pilot.press("ctrl+s")
        await sees(pilot, app, "> two shut off on source")
        assert "vmlm.address=10.77.0.11/24</cmdline>" in room.world.source.definition("two")


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


async def test_the_cpu_of_a_group_is_chosen_in_the_form() -> None:
    room = room_of()
    known = room.world.connections.config
    named = {name: replace(host, groups=("rack1",)) for name, host in known.hosts.named.items()}
    room.world.connections.config = replace(known, hosts=replace(known.hosts, named=named))
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await form_of(pilot, app)
        await sees(pilot, app, "CPU < baseline of all hosts >")
        await pilot.press("t", "w", "o")
        app.screen.query_one("#cpu").focus()
        await pilot.press("right")
        await sees(pilot, app, "CPU < host-model >")
        await pilot.press("right")
        await sees(pilot, app, "CPU < baseline of rack1 >")
        await pilot.press("enter")
        await sees(pilot, app, "Definition of")
        assert "baseline_cpu qemu" in [*room.world.source.calls, *room.world.destination.calls]


async def test_the_form_says_how_to_start_a_network_on_hosts_without_one() -> None:
    room = room_of()
    for host in (room.world.source, room.world.destination):
        host.offered_networks = ()
    for shell in room.world.shells.values():
        shell.answers["/sys/class/net"] = "net virbr0 1500 bridge\n"
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "> guest1")
        await pilot.press("n")
        await sees(pilot, app, "network none", "the key a on Hosts starts libvirt's own")


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


def in_box(app: Any) -> str:
    """The words in the form, without the lines that break them."""
    lines = [line.split("│") for line in text_of(app).splitlines() if line.count("│") == 2]
    return " ".join(" ".join(within for _, within, _ in lines).split())


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
async def test_a_mistake_is_reported_in_the_form_and_its_field_is_focused(field: str, value: str, words: str) -> None:
    app = app_of(room_of(WEB).world)
    async with app.run_test(size=(80, 24)) as pilot:
        await form_of(pilot, app)
        app.screen.query_one("#name", Input).value = "two"
        wrong = app.screen.query_one(f"#{field}", Input)
        wrong.value = value
        app.screen.query_one("#way").focus()
        await pilot.press("enter")
        await until(pilot, lambda: words in in_box(app))
        assert isinstance(app.screen, NewVmForm)
        assert wrong.has_focus


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
        await until(pilot, lambda: '9..." is not an amount of memory.' in in_box(app))


async def test_the_form_reports_a_missing_shared_folder() -> None:
    room = room_of()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "nothing known blocks it")
        room.source.answers["test\n-d"] = replace(room.source.answers["test\n-e"])  # type: ignore[type-var]
        await pilot.press("n")
        await sees(pilot, app, f"There is no folder {SHARED} on source: the shared folder is not mounted.")

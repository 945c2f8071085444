"""The VMs on the Launch page, driven by keys: chosen, created, deleted, their console and address."""

import pytest

from tests.fake_hosts import guest1
from tests.ui.one_page import until
from tests.ui.vms_screen import WEB, app_of, blocked, read, room_of, sees
from tests.unit.launch.new_vm_room import GIB
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.launch.screens import view


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "POLL_EVERY_S", 0.2)
    monkeypatch.setattr(view, "ADDRESSES_EVERY_S", 0.2)
    monkeypatch.setattr(view, "OFFER_RETRY_S", 0.2)


async def test_the_vms_of_both_hosts_are_listed_and_the_arrow_keys_choose_one() -> None:
    room = room_of(WEB)
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "> guest1 shut off on source", "web running on destination")
        await pilot.press("down")
        await sees(pilot, app, "> web running on destination", "4 CPUs 2.0 GiB can migrate")
        await sees(pilot, app, "vda: web.qcow2 (qcow2, cache none), on the shared folder", "network default (virtio)")
        await pilot.press("x")
        await until(pilot, lambda: "Shut web down?" in read(app))
        await pilot.press("y")
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
        await sees(
            pilot, app, "CD-ROM sda is /root/a.iso, which is not", "Eject it: virsh change-media web sda --eject."
        )
        await sees(pilot, app, "Disk vda is /var/lib/libvirt/web.qcow2, which is not")


async def test_a_vm_that_arrives_is_listed_with_where_it_comes_from() -> None:
    room = room_of(Vm("guest1", "uuid-1", "paused", "migrating", 2, GIB))
    room.world.source.known["guest1"] = guest1("running")
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "> guest1 arriving from source 2 CPUs", "running on source, arriving on destination")
        await sees(pilot, app, "destination arriving from source", "vda: guest1.qcow2")
        assert "can migrate" not in read(app)
        assert "definition guest1" not in room.world.destination.calls


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


async def test_vms_that_are_listed_while_an_offer_is_read_are_in_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "OFFERS_EVERY_S", 1e9)
    room = room_of(WEB)
    blocked(room)
    shell = room.world.shells[""]
    shell.released.clear()
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(
            pilot, lambda: "web running" in read(app) and any("/sys/class/net" in each[2] for each in shell.commands)
        )
        shell.released.set()
        await until(pilot, lambda: any("/root/a.iso" in each for each in shell.commands))


async def test_more_vms_than_lines_are_scrolled_with_the_chosen_one() -> None:
    room = room_of(*(Vm(f"vm{number:02}", f"u{number}", "shut off", "", 1, GIB) for number in range(30)))
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "> guest1", "26 more")
        await pilot.press("up")
        await sees(pilot, app, "> vm29")


async def test_the_keys_of_vim_move_as_the_arrow_keys_do() -> None:
    room = room_of(*(Vm(f"vm{number:02}", f"u{number}", "shut off", "", 1, GIB) for number in range(30)))
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "> guest1", "26 more")
        await pilot.press("j")
        await sees(pilot, app, "> vm00")
        await pilot.press("k")
        await sees(pilot, app, "> guest1")
        await pilot.press("G")
        await sees(pilot, app, "> vm29")
        await pilot.press("g")
        await sees(pilot, app, "> guest1")


async def test_a_filter_lists_the_vms_with_its_words_and_the_chosen_one() -> None:
    room = room_of(*(Vm(f"vm{number:02}", f"u{number}", "shut off", "", 1, GIB) for number in range(30)))
    app = app_of(room.world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "> guest1", "26 more")
        await pilot.press("slash", *"VM2 off", "enter")
        await sees(pilot, app, 'only with "VM2 off"', "> guest1", "vm20", "vm21", "6 more")
        assert "vm00" not in read(app)
        await pilot.press("down")
        await sees(pilot, app, "> vm20")
        assert "guest1" not in read(app)
        await pilot.press("escape")
        await sees(pilot, app, "> vm20", "26 more")
        assert "only with" not in read(app)

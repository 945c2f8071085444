"""Several VMs on the Launch page: marked, sorted, and acted on together."""

from typing import Any

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tests.ui.launch_screen import app_of, read, sees
from tests.ui.one_page import OnePage, text_of, until
from tui.core.failure import Failure
from tui.core.vm import Vm, VmCounters
from tui.launch.screens import view
from tui.launch.screens.workload import WorkloadForm
from tui.ui.question import Question

GIB = 1 << 30
WEB = Vm("web", "uuid-2", "running", "", 4, 2 * GIB)
DATABASE = Vm("db", "uuid-3", "shut off", "", 8, 16 * GIB)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "POLL_EVERY_S", 0.1)
    monkeypatch.setattr(view, "OFFERS_EVERY_S", 0.4)


def rack() -> FakeHosts:
    """guest1 and db are off, web runs on host3."""
    world = FakeHosts(more=("host3",))
    world.source.known["db"] = DATABASE
    world.further["host3"].known["web"] = WEB
    return world


def names(app: OnePage) -> list[str]:
    """The VMs in the order of the list."""
    lines = [line.lstrip(" *>").split(" ")[0] for line in text_of(app).splitlines() if " on " in line]
    return [name for name in lines if name in ("guest1", "db", "web")]


async def ready(pilot: Any, app: OnePage) -> None:
    await sees(pilot, app, "guest1 shut off on source", "db shut off on source", "web running on host3")


async def mark_all(pilot: Any, app: OnePage) -> None:
    await ready(pilot, app)
    await pilot.press("home", "space", "space", "space")
    await sees(pilot, app, "3 marked", "* db", "* guest1", "*> web")


async def test_a_mark_is_kept_when_the_list_is_read_again_and_space_takes_it_back() -> None:
    world = rack()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await mark_all(pilot, app)
        read_before = world.source.calls.count("vms")
        await until(pilot, lambda: world.source.calls.count("vms") > read_before + 2)
        await pilot.press("home", "space")
        await sees(pilot, app, "2 marked", "*> guest1", "* web")
        assert "* db" not in read(app)


async def test_a_vm_that_is_gone_loses_its_mark_but_not_while_its_host_is_silent() -> None:
    world = rack()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await mark_all(pilot, app)
        world.further["host3"].failure = Failure("libvirt can't be reached")
        await sees(pilot, app, "libvirt can't be reached")
        assert app.page._marked == {"db", "guest1", "web"}  # type: ignore[attr-defined]
        world.further["host3"].failure = None
        del world.further["host3"].known["web"]
        await sees(pilot, app, "2 marked")


async def test_marked_vms_are_booted_after_one_question_and_each_has_a_line() -> None:
    world = rack()
    app = app_of(world)
    async with app.run_test(size=(120, 40)) as pilot:
        await mark_all(pilot, app)
        await pilot.press("s")
        await sees(pilot, app, "Boot 2 VMs?", "db, guest1", "Not: web is already running on host3.")
        assert not [call for call in world.source.calls if call.startswith("start")]
        await pilot.press("y")
        await sees(
            pilot,
            app,
            "db: was started; without the guest's address its boot can't be monitored.",
            "guest1: is up: its guest replied",
            "web: nothing was done. web is already running on host3.",
        )
        assert {"start db", "start guest1"} <= set(world.source.calls)
        assert "start web" not in world.further["host3"].calls


async def test_a_failure_of_one_is_in_its_line_and_does_not_keep_the_others() -> None:
    world = rack()
    world.source.known["guest1"], world.source.known["db"] = guest1("running"), WEB.__class__("db", "3", "running")
    world.source.refusals["force_off guest1"] = Failure("guest1 can't be forced off", "its monitor hangs")
    app = app_of(world)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, app, "guest1 running", "db running", "web running")
        await pilot.press("home", "space", "space", "space", "X")
        await sees(pilot, app, "Force 3 VMs off?", "db, guest1, web", "as in a power cut")
        await pilot.press("y")
        await sees(pilot, app, "db: was forced off.", "guest1: guest1 can't be forced off: its monitor hangs.")
        await sees(pilot, app, "web: was forced off.")


async def test_no_is_the_end_of_it() -> None:
    world = rack()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await mark_all(pilot, app)
        await pilot.press("x")
        await sees(pilot, app, "Shut web down?", "Not: db does not run.")
        await pilot.press("n")
        await until(pilot, lambda: not isinstance(app.screen, Question))
        assert "shut_down web" not in world.further["host3"].calls


async def test_a_key_that_can_act_on_none_of_them_says_why() -> None:
    app = app_of(rack())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, app)
        await pilot.press("home", "space", "space", "x")
        await until(pilot, lambda: "None of the 2 marked VMs can" in read(app))


async def test_marked_vms_are_deleted_after_a_question_that_names_them() -> None:
    world = rack()
    app = app_of(world)
    async with app.run_test(size=(120, 40)) as pilot:
        await mark_all(pilot, app)
        await pilot.press("D")
        await sees(pilot, app, "Delete 2 VMs?", "db on source", "guest1 on source", "Not: web is running on host3")
        await pilot.press("y")
        await sees(pilot, app, "db: was deleted", "guest1: was deleted", "web: nothing was done.", "1 marked")
        assert {"undefine db", "undefine guest1"} <= set(world.source.calls)


async def test_the_question_on_one_of_the_marked_vms_names_it() -> None:
    world = rack()
    app = app_of(world)
    async with app.run_test(size=(120, 40)) as pilot:
        await mark_all(pilot, app)
        world.source.known["guest1"] = guest1("running")
        await sees(pilot, app, "guest1 running on source")
        await pilot.press("D")
        await sees(pilot, app, "Delete db?", "Its definition can't be restored:", "delete the VM, and keep the disks")


async def test_a_workload_starts_in_the_marked_vms_that_run() -> None:
    world = rack()
    world.source.known["guest1"] = guest1("running")
    app = app_of(world)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, app, "guest1 running on source", "db shut off", "web running on host3")
        await pilot.press("home", "space", "space", "w")
        await until(pilot, lambda: isinstance(app.screen, WorkloadForm))
        await pilot.press("enter")
        await sees(pilot, app, "db: nothing was done. db does not run.", "guest1: ")


async def test_a_key_sorts_by_the_next_column_and_another_reverses() -> None:
    app = app_of(rack())
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        assert names(app) == ["db", "guest1", "web"]
        await pilot.press("o", "o", "o", "o")
        await sees(pilot, app, "by memory, most first")
        assert names(app) == ["db", "web", "guest1"]
        await pilot.press("O")
        await until(pilot, lambda: names(app) == ["guest1", "web", "db"])


async def test_esc_ends_the_filter_then_unmarks_all() -> None:
    app = app_of(rack())
    async with app.run_test(size=(120, 40)) as pilot:
        await mark_all(pilot, app)
        await pilot.press("slash", *"web", "enter")
        await sees(pilot, app, "1 marked; 2 marked but hidden")
        await pilot.press("escape")
        await sees(pilot, app, "3 marked")
        assert "hidden" not in read(app)
        await pilot.press("escape")
        await until(pilot, lambda: "marked" not in read(app))
        assert "escape" not in app.page.active_bindings


async def test_marks_that_the_filter_hides_are_not_acted_on() -> None:
    app = app_of(rack())
    async with app.run_test(size=(120, 40)) as pilot:
        await mark_all(pilot, app)
        await pilot.press("slash", *"web", "enter")
        await sees(pilot, app, "1 marked; 2 marked but hidden: not acted on")
        await pilot.press("x")
        await sees(pilot, app, "Shut web down?")
        assert "db does not run" not in read(app)


async def test_the_hosts_that_a_vm_can_go_to_are_named() -> None:
    app = app_of(rack())
    async with app.run_test(size=(200, 60)) as pilot:
        await sees(pilot, app, "can go to destination and host3", "can go to source and destination", "shared")
        await pilot.resize_terminal(80, 24)
        await sees(pilot, app, "can go to 2 hosts")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_marked_vms_look_like_their_pictures(snap_compare: Any, size: tuple[int, int]) -> None:
    world = rack()
    world.further["host3"].counters = {"web": VmCounters(0, GIB, 120 << 20)}
    app = app_of(world)

    async def look(pilot: Any) -> None:
        await ready(pilot, app)
        await pilot.press("home", "space", "down", "space", "o", "o", "o", "o")
        texts = ("0 % CPU", "dirty 120 MiB/s") if size[0] > 80 else ()
        await sees(pilot, app, "2 marked", "by memory, most first", "can go to", *texts)

    assert snap_compare(app, terminal_size=size, run_before=look)

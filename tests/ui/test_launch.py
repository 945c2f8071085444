"""The Launch page, driven by keys: booting, workloads and their form."""

import re

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tests.ui.launch_screen import HEAD, LINE, RUNNING, WRONG, app_of, custom_world, form, read, sees, world_with
from tests.ui.one_page import OnePage, until
from tui.core import aged
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.launch.backend import launch as launch_backend
from tui.launch.screens import view
from tui.launch.screens.page import LaunchPage
from tui.launch.screens.workload import WorkloadForm
from tui.launch.widgets import vm_lines
from tui.ui.question import Question

ENDED = f"{HEAD}ended 0\n{LINE.format(state='done', wrong=0)}"


REFUSED = Failure("root@guest1 refused the login", "it accepts no key of ssh's folder or agent", "`ssh` must work.")


AWAY = Failure("libvirt cannot be reached", "the network does not reach it", "Check the cable.")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "POLL_EVERY_S", 0.2)


async def test_s_boots_the_vm_and_w_enter_starts_the_memory_workload() -> None:
    world = world_with("shut off")
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "shut off on source")
        await pilot.press("s")
        await sees(pilot, app, "guest1 is up: its guest replied")
        await sees(pilot, app, "idle: nothing runs in the guest")
        world.guest.answers = {"detach=setsid": "", "cat what": ""}
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WorkloadForm))
        await pilot.press("enter")
        await until(
            pilot, lambda: any("./memory_intensive" in argv and "--rate" in argv for argv in world.guest.commands)
        )
        world.guest.answers = {"cat what": RUNNING}
        await sees(
            pilot, app, "memory, dirtying for 00:12, 2296 MiB/s of 300 MiB; 3.5 million pages checked, none wrong"
        )


async def test_progress_is_shown_with_its_time_while_the_guest_boots() -> None:
    world = world_with("shut off")
    world.guest.answers = {"true": Failure("can't be reached", "there is no route to it")}
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "shut off on source")
        await pilot.press("s")
        await sees(pilot, app, "booting: there is no route to it ...")
        await until(pilot, lambda: re.search(r"\.\.\. [1-9]\d* s", read(app)) is not None)
        await sees(pilot, app, "the guest is booting")
        world.guest.answers = {}
        await sees(pilot, app, "guest1 is up")


async def test_a_long_boot_mentions_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_backend, "LONG_BOOT_S", 0.0)
    world = world_with("shut off")
    world.guest.answers = {"true": Failure("can't be reached", "there is no route to it")}
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "shut off on source")
        await pilot.press("s")
        await sees(pilot, app, "booting: there is no route to it; t opens its console ...")


async def test_the_progress_is_scrolled_into_view_below_many_workloads() -> None:
    world = custom_world(many=20)
    world.guest.answers = {"cat what": ""}
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "idle: nothing runs in the guest")
        await form(pilot, app)
        world.guest.released.clear()
        await pilot.press("enter")
        await sees(pilot, app, "starting memory, 2 threads x 384 MiB, as fast as it can ...")
        world.guest.released.set()


async def test_the_last_workload_of_an_unreachable_guest_is_still_shown() -> None:
    world = world_with("running", RUNNING)
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "memory, dirtying for 00:12")
        world.guest.answers = {"cat what": REFUSED}
        await sees(pilot, app, "root@guest1 refused the login")
        await sees(pilot, app, "last seen memory, dirtying for 00:12")
        await sees(pilot, app, "it may still run")
        world.source.known["guest1"] = guest1("shut off")
        await sees(pilot, app, "the VM does not run")
        world.source.known["guest1"] = guest1("running")
        await sees(pilot, app, "root@guest1 refused the login")
        assert "last seen" not in read(app)  # the VM was restarted since


async def test_a_guest_that_does_not_reply_is_said_to_be_slow_and_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "SLOW_S", 1.0)
    monkeypatch.setattr(vm_lines, "SLOW_S", 1.0)
    world = world_with("running", RUNNING)
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "memory, dirtying for 00:12")
        world.guest.released.clear()
        await sees(pilot, app, "memory, dirtying for 00:12", "no reply of the guest for")
        asked, waited_s = len(world.guest.commands), _waited_s(app)
        await until(pilot, lambda: _waited_s(app) > waited_s)
        assert len(world.guest.commands) == asked
        world.guest.released.set()
        await until(pilot, lambda: "no reply of the guest" not in read(app))


def _waited_s(app: OnePage) -> int:
    """How long the guest has not replied, as the page shows it; 0 if it does not."""
    found = re.search(r"no reply of the guest for (\d+) s", read(app))
    return int(found[1]) if found else 0


async def test_the_workload_is_stopped_after_a_question() -> None:
    world = world_with("running", RUNNING)
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "dirtying")
        await pilot.press("W")
        await until(pilot, lambda: "Stop the workload memory?" in read(app))
        await pilot.press("n")
        await sees(pilot, app, "dirtying")
        await pilot.press("W", "y")
        await sees(pilot, app, "stopping memory: it checks every page once more")
        world.guest.answers = {"cat what": ENDED}
        await sees(pilot, app, "The workload memory was stopped.")
        await sees(pilot, app, "idle: nothing runs in the guest")
        assert "TERM" in {argv[-1] for argv in world.guest.commands}


async def test_a_wrong_page_is_shown_as_an_error() -> None:
    app = app_of(world_with("running", WRONG))
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "ERROR Memory was corrupted: 1 page did not", "looks_like=zeros")


@pytest.mark.parametrize(
    ("state", "status", "key", "words"),
    [
        ("running", "", "s", "guest1 is already running on source."),
        ("shut off", "", "x", "guest1 does not run."),
        ("shut off", "", "X", "guest1 does not run."),
        ("shut off", "", "w", "guest1 does not run; s starts it."),
        ("shut off", "", "W", "guest1 does not run; s starts it."),
        ("running", RUNNING, "w", "The workload memory is already running; W stops it."),
        ("running", "", "W", "No workload runs; w starts one."),
        ("running", REFUSED, "w", "it accepts no key of ssh's folder or agent"),
    ],
)
async def test_a_disabled_key_says_why(state: str, status: str | Failure, key: str, words: str) -> None:
    world = world_with(state, status)
    app = app_of(world)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await sees(pilot, app, f"{state} on source")
        if state == "running":
            await sees(pilot, app, "idle" if status == "" else "dirtying" if status == RUNNING else "refused")
        actions = ("start guest1", "shut_down guest1", "force_off guest1")
        await pilot.press(key)
        await until(pilot, lambda: any(words in note.message for note in app._notifications))
        assert not [call for call in world.source.calls if call in actions]


async def test_shutting_down_asks_first_and_names_the_workload_that_ends() -> None:
    world = world_with("running", RUNNING)
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "dirtying")
        await pilot.press("x")
        await until(pilot, lambda: "Shut guest1 down?" in read(app))
        assert "memory ends with it." in read(app)
        await pilot.press("n")
        await sees(pilot, app, "dirtying")
        assert "shut_down guest1" not in world.source.calls


async def test_forcing_off_asks_first() -> None:
    world = world_with("running")
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "running on source")
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("n")
        await until(pilot, lambda: not isinstance(app.screen, Question))
        assert "force_off guest1" not in world.source.calls
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        await sees(pilot, app, "guest1 was forced off.")


async def test_the_keys_that_a_result_makes_possible_act_as_soon_as_it_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = app_of(world_with("running"))
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "running on source")
        page, refusals = app.screen, list[str]()
        assert isinstance(page, LaunchPage)
        end = page._report.end
        monkeypatch.setattr(page._report, "end", lambda *shown: (refusals.append(page.why_not("delete")), end(*shown)))
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        await sees(pilot, app, "guest1 was forced off.")
        assert refusals == [""]


async def test_the_same_key_again_offers_to_force_off_a_guest_that_ignores_the_shutdown() -> None:
    world = world_with("running")
    world.source.deaf = True
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "running on source")
        await pilot.press("x")
        await until(pilot, lambda: "Shut guest1 down?" in read(app))
        await pilot.press("y")
        await sees(pilot, app, "shutting down")
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        await sees(pilot, app, "guest1 was forced off.")
        await sees(pilot, app, "shut off on source")


async def test_a_vm_can_be_forced_off_while_its_workload_does_not_end() -> None:
    world = world_with("running", RUNNING)
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "dirtying")
        await pilot.press("W", "y")
        await sees(pilot, app, "stopping memory")
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        await sees(pilot, app, "guest1 was forced off.")


async def test_booting_asks_first_while_the_other_host_is_unreachable() -> None:
    world = world_with("shut off")
    world.unreachable[world.destination.uri] = AWAY
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "shut off on source")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "damages its disk" in read(app)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, Question))
        assert "start guest1" not in world.source.calls


async def test_a_host_that_does_not_reply_does_not_delay_the_other() -> None:
    world = world_with("running", RUNNING)
    world.destination.released.clear()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "running on source" in read(app) and "memory, dirtying" in read(app))
        assert "destination has not replied yet" in read(app)
        world.destination.released.set()
        await sees(pilot, app, "migration nothing known blocks it")


async def test_a_vm_is_last_seen_where_it_was_while_its_host_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aged, "SILENT_AFTER_S", 0.5)
    world = world_with("shut off")
    world.source.known, world.destination.known = {}, {"guest1": guest1("running")}
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "guest1 running on destination")
        world.destination.released.clear()
        await until(pilot, lambda: "state last seen running on destination" in read(app))
        assert "destination does not answer: last answer" in read(app)
        assert "no host has" not in read(app)
        assert not app.page._where.active  # type: ignore[attr-defined]
        world.destination.released.set()
        await until(pilot, lambda: "state running on destination" in read(app))


async def test_a_vm_on_the_other_host_is_shown_there() -> None:
    world = world_with("shut off")
    world.source.known, world.destination.known = {}, {"guest1": guest1("running")}
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "running on destination")


async def test_compiler_errors_are_quoted() -> None:
    world = world_with("running")
    world.guest.answers = {"for cc in": Completed(1, "", "cpu.c:3:1: error: no memory left\nsecond line\nthird line")}
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "idle")
        await pilot.press("w", "enter")
        await sees(pilot, app, "could not be installed in guest1: cpu.c:3:1: error: no memory left.")
        assert "second line third line" in read(app)


async def test_unreachable_hosts_are_reported_on_the_page() -> None:
    world = FakeHosts()
    world.unreachable = {world.source.uri: AWAY, world.destination.uri: AWAY}
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "unknown because source and destination can't be reached")
        assert "the network does not reach it. Check the cable." in read(app)

"""The Launch page, driven by keys: booting, workloads and their form."""

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tests.ui.launch_screen import HEAD, LINE, RUNNING, WRONG, app_of, custom_world, form, read, sees, world_with
from tests.ui.one_page import until
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.launch.backend import launch as launch_backend
from tui.launch.screens import view
from tui.launch.screens.workload import WorkloadForm
from tui.ui.question import Question

ENDED = f"{HEAD}ended 0\n{LINE.format(state='done', wrong=0)}"


REFUSED = Failure("root@guest1 refused the login", "it accepts no key of ssh's folder or agent", "`ssh` must work.")


AWAY = Failure("libvirt cannot be reached", "the network does not reach it", "Check the cable.")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "POLL_EVERY_S", 0.05)


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
        await sees(pilot, app, "... 1 s")
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


async def test_k_stops_the_workload() -> None:
    world = world_with("running", RUNNING)
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "dirtying")
        await pilot.press("k")
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
        ("shut off", "", "k", "guest1 does not run; s starts it."),
        ("running", RUNNING, "w", "The workload memory is already running; k stops it."),
        ("running", "", "k", "No workload runs; w starts one."),
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


async def test_the_same_key_again_offers_to_force_off_a_guest_that_ignores_the_shutdown() -> None:
    world = world_with("running")
    world.source.deaf = True
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "running on source")
        await pilot.press("x")
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
        await pilot.press("k")
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
<<<<<<< HEAD
=======


# -- the form --


async def form(pilot: Pilot[Any], app: OnePage) -> WorkloadForm:
    await sees(pilot, app, "idle")
    await pilot.press("w")
    await until(pilot, lambda: isinstance(app.screen, WorkloadForm) and "Working set" in text_of(app))
    assert isinstance(app.screen, WorkloadForm)
    return app.screen


def started(world: FakeHosts) -> list[tuple[str, ...]]:
    """The workloads started in the guest, with their options."""
    return [(argv[5], *argv[8:]) for argv in world.guest.commands if "detach=setsid" in argv[2] and argv[4] == WORKLOAD]


async def test_the_workload_and_its_numbers_are_chosen_by_keys() -> None:
    world = world_with("running")
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await form(pilot, app)
        await pilot.press("down", "3", "down", "1", "0", "0", "down", "5", "0")
        words = "Working set 300 MiB, dirtied at 50 MiB/s: each page every 6.0 s."
        await until(pilot, lambda: words in in_box(app))
        await pilot.press("enter")
        await until(pilot, lambda: bool(started(world)))
        options = ("--threads", "3", "--size", "100", "--rate", "50")
        assert started(world) == [("memory", "./memory_intensive", *options)]


async def test_one_key_chooses_the_cpu_workload() -> None:
    world = world_with("running")
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = await form(pilot, app)
        await pilot.press("right")
        await until(pilot, lambda: dialog.query_one("#size", Input).disabled)
        await pilot.press("enter")
        await until(pilot, lambda: started(world) == [("cpu", "./cpu_util", "--threads", "2")])


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (("down", "x"), '"x" is not a number of threads'),
        (("down", "0"), "0 threads are not possible"),
        (("down", "backspace"), "Nothing was entered for a number of threads."),
        (("down", "down", "9", "9", "9"), "Scaled down from 2 x 999 MiB: the VM has 2 vCPUs and 1.0 GiB."),
        (("down", "down", "minus", "1"), '"-1" is not a size in MiB'),
        (("down", "down", "down", "f", "a", "s", "t"), '"fast" is not a rate in MiB/s'),
    ],
)
async def test_invalid_numbers_are_reported_in_the_form(keys: tuple[str, ...], words: str) -> None:
    world = world_with("running")
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await form(pilot, app)
        await pilot.press(*keys, "enter")
        await until(pilot, lambda: words in " ".join(text_of(app).replace("│", " ").split()))
        assert isinstance(app.screen, WorkloadForm)
        assert started(world) == []


async def test_a_choice_and_enter_sent_at_once_start_the_chosen_workload() -> None:
    world = world_with("running")
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await form(pilot, app)
        at_once(app, "right", "down", "3", "enter")
        await until(pilot, lambda: bool(started(world)))
        assert started(world) == [("cpu", "./cpu_util", "--threads", "3")]


async def test_escape_starts_nothing() -> None:
    world = world_with("running")
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await form(pilot, app)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, WorkloadForm))
        assert started(world) == []


ODD = "-odd [b]name; 'ü"


def custom_world(status: str = "", many: int = 0) -> FakeHosts:
    """A running VM, and a configuration with custom workloads and the numbers of the original experiment."""
    world = world_with("running", status)
    workloads = {ODD: {"command": ["stress-ng", "--vm", "[2]"]}}
    workloads |= {f"own{number}": {"command": ["sleep", "9"]} for number in range(many)}
    read, problems = config.check(TABLES | {"workload": workloads})
    assert read, problems
    world.config = read
    world.connections = Connections(read, world.open_hypervisor, world.shells.__getitem__)
    return world


async def test_a_custom_workload_is_offered_by_name_and_started() -> None:
    world = custom_world()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = await form(pilot, app)
        await pilot.press("left")
        await until(pilot, lambda: not dialog.query_one("#row-threads").display)
        assert ODD in read(app)
        assert "stress-ng --vm '[2]'" in read(app)
        status = f"name {ODD}\noptions stress-ng --vm [2]\nrunning 231\nline ops=12 rate=2.5\n"
        world.guest.then = {"stress-ng": {"cat what": status}}
        await pilot.press("enter")
        await until(pilot, lambda: started(world) == [(ODD, "stress-ng", "--vm", "[2]")])
        await sees(pilot, app, f"{ODD}, running: ops=12 rate=2.5")
        await sees(pilot, app, f"Started: {ODD}: stress-ng --vm '[2]'.")


async def test_the_original_numbers_are_scaled_down_to_a_small_vm_with_a_note() -> None:
    world = custom_world()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, "memory, 2 threads x 384 MiB, as fast as it can")
        assert "Scaled down from 14 x 512 MiB: the VM has 2 vCPUs and 1.0 GiB." in read(app)
        assert "Scaled down from 16 threads: the VM has 2 vCPUs." in read(app)
        dialog = await form(pilot, app)
        assert [dialog.query_one(f"#{field}", Input).value for field in ("threads", "size")] == ["2", "384"]
        await sees(pilot, app, "Scaled down from 14 x 512 MiB")


async def test_more_threads_than_vcpus_are_started_with_a_warning() -> None:
    world = world_with("running")
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await form(pilot, app)
        await pilot.press("down", "5")
        await sees(pilot, app, "5 threads share the VM's 2 vCPUs.")
        await pilot.press("enter")
        await until(pilot, lambda: bool(started(world)))
        assert started(world)[0][:4] == ("memory", "./memory_intensive", "--threads", "5")


async def test_more_memory_than_the_vm_has_is_scaled_down_and_started_by_a_second_enter() -> None:
    world = world_with("running")
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await form(pilot, app)
        await pilot.press("down", "down", "9", "9", "9", "enter")
        await sees(pilot, app, "Scaled down from 2 x 999 MiB")
        assert started(world) == []
        await pilot.press("enter")
        await until(pilot, lambda: bool(started(world)))
        assert started(world)[0][2:6] == ("--threads", "2", "--size", "384")


async def test_the_error_of_a_program_that_ends_at_once_is_quoted() -> None:
    world = custom_world()
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await form(pilot, app)
        await pilot.press("left")
        world.guest.answers = {"detach=setsid": "", "cat what": f"name {ODD}\nended 1\nline first\nline [b]no[/b]\n"}
        await pilot.press("enter")
        await sees(pilot, app, f"The workload {ODD} ended at once with status 1: [b]no[/b].")
        await sees(pilot, app, "ERROR The workload exited with status 1: [b]no[/b]")
        assert "first" in read(app)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("absent", "no guest agent is connected to its channel"),
        ("forbidden", "the guest's agent may not run commands"),
    ],
)
async def test_an_unusable_guest_agent_is_reported_on_the_page(fault: str, words: str) -> None:
    world, agent = agent_world(), FakeAgent()
    if fault == "forbidden":
        world.source.agents["guest1"] = agent
        agent.forbidden = {"guest-exec"}
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, app, words)
        await sees(pilot, app, "guest through its guest agent, as root")


def agent_world() -> FakeHosts:
    """A running VM whose guest is reached by its agent, which is not connected yet."""
    world = world_with("running")
    found, problems = config.check(TABLES | {"vm": TABLES["vm"] | {"reach": "agent"}})
    assert found, problems
    world.config = found
    world.connections = Connections(found, world.open_hypervisor, world.shells.__getitem__)
    return world


async def test_compiler_errors_are_quoted_through_the_guest_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "memory_intensive.c").write_text("int main(void) { return nothing; }\n")
    monkeypatch.setattr(guest_backend, "sources", lambda: tmp_path)
    world = agent_world()
    environment = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(tmp_path / "cache")}
    world.source.agents["guest1"] = FakeAgent(environment)
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await form(pilot, app)
        await pilot.press("enter")
        await sees(pilot, app, "memory_intensive could not be installed in guest1")
        assert "error:" in read(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("case", ["off", "running", "wrong", "form"])
def test_launch_looks_like_its_picture(snap_compare: Any, size: tuple[int, int], case: str) -> None:
    status = {"running": RUNNING, "wrong": WRONG}.get(case, "")
    app = app_of(world_with("shut off" if case == "off" else "running", status))
    awaited = {"off": "nothing known blocks it", "running": "dirtying", "wrong": "corrupted", "form": "idle"}[case]

    async def prepare(pilot: Any) -> None:
        await sees(pilot, app, "nothing known blocks it")
        await sees(pilot, app, awaited)
        if case == "form":
            await form(pilot, app)

    assert snap_compare(app, terminal_size=size, run_before=prepare)
>>>>>>> lang-migration

"""The form that starts a workload, and custom workloads."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from tests.fake_agent import FakeAgent
from tests.fake_hosts import TABLES, FakeHosts
from tests.ui.launch_screen import ODD, RUNNING, WRONG, app_of, custom_world, form, read, sees, world_with
from tests.ui.one_page import OnePage, at_once, text_of, type_in, until
from tui.app import config
from tui.core.connections import Connections
from tui.guest.backend import guest as guest_backend
from tui.guest.backend.guest import WORKLOAD
from tui.launch.screens import view
from tui.launch.screens.workload import WorkloadForm


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "POLL_EVERY_S", 0.2)


def in_box(app: OnePage) -> str:
    """The text of a dialog, without its frame."""
    return " ".join(text_of(app).replace("│", " ").split())


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


async def test_what_is_wrong_is_below_its_field_and_letters_are_no_number_of_threads() -> None:
    app = app_of(world_with("running"))
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = await form(pilot, app)
        await pilot.press("down", "3", "x")
        assert dialog.query_one("#threads", Input).value == "3"
        await pilot.press("backspace", "enter")
        await until(pilot, lambda: "Nothing was entered" in text_of(app))
        lines = text_of(app).splitlines()
        wrong = next(number for number, line in enumerate(lines) if "Nothing was entered" in line)
        assert "threads  " in lines[wrong - 1]
        await pilot.press("2", "enter")
        await until(pilot, lambda: "Nothing was entered" not in text_of(app))


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
    ("downs", "keys", "words"),
    [
        (1, "0", "0 threads are not possible"),
        (1, "9" * 20, f'"{"9" * 20}" is not a number of threads'),
        (2, "9" * 20, f'"{"9" * 20}" is not a size in MiB'),
        (3, "9" * 9, f'"{"9" * 9}" is not a rate in MiB/s.'),
        (1, ("backspace",), "Nothing was entered for a number of threads."),
        (2, "999", "Scaled down from 2 x 999 MiB: the VM has 2 vCPUs and 1.0 GiB."),
        (2, "-1", '"-1" is not a size in MiB'),
        (3, "fast", '"fast" is not a rate in MiB/s'),
    ],
)
async def test_invalid_numbers_are_reported_in_the_form(downs: int, keys: Sequence[str], words: str) -> None:
    world = world_with("running")
    app = app_of(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await form(pilot, app)
        await pilot.press(*["down"] * downs)
        await type_in(pilot, *keys)
        await pilot.press("enter")
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

"""A queue after its runner was killed: nothing is started twice, and nothing that was under way is lost."""

import json
import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.queue.rack import CONFIG, Room
from tests.unit.until import until
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.migration.backend.recording.progress_log import PROGRESS
from tui.queue.backend import store
from tui.queue.backend.requests import Wish
from tui.queue.backend.service import GOES_ON_S
from tui.queue.model.limits import Limits
from tui.queue.model.whereabouts import (
    AT_ORIGIN,
    AT_TARGET,
    ELSEWHERE,
    GONE,
    MOVING,
    STUCK,
    TWICE,
    UNKNOWN,
    whereabouts,
)
from tui.queue.model.words import state_sentence
from tui.vm.model.location import Inventory, VmOnHost

Make = Callable[..., Room]


async def killed_during_vm1(room: Room, meanwhile: Callable[[], None] = lambda: None, *, preset: str = "") -> None:
    """The runner is killed while vm1 is under way, and another one begins after what happens `meanwhile`."""
    room.rack["vm1"].held = True
    plan = await room.queues.plan(Wish(host="a", limits=Limits(at_once=1), preset=preset), CONFIG)
    await room.queues.start(plan, CONFIG)
    await until(lambda: "migrate" in room.rack["vm1"].calls)
    await room.reaches(lambda found: found["entries"][0]["run"])
    await room.end_runner()
    meanwhile()
    room.start_runner()


async def test_the_next_runner_goes_on_by_itself_and_follows_what_is_under_way(make: Make) -> None:
    room = make(2)
    await killed_during_vm1(room)
    status = await room.reaches(lambda found: found["entries"][0]["migration"])
    assert (status["state"], status["entries"][1]["state"]) == ("running", "queued")
    room.rack.let_go()
    status = await room.over()
    assert (status["state"], status["counts"]["moved"]) == ("finished", 2)
    assert room.rack["vm1"].migrations == [("a", "c")]
    assert len(room.all_runs()) == 2
    assert len(status["entries"][0]["attempts"]) == 1


async def test_what_has_arrived_meanwhile_counts_as_moved(make: Make) -> None:
    room = make(2)
    await killed_during_vm1(room, room.rack["vm1"].arrive)
    status = await room.over()
    assert (status["state"], status["counts"]["moved"]) == ("finished", 2)
    assert room.rack["vm1"].migrations == [("a", "c")]


async def test_what_was_begun_but_not_started_is_started_once(make: Make) -> None:
    room = make(1)
    await killed_before(room, "starting")
    status = await room.over()
    assert (status["state"], await room.states()) == ("finished", {"vm1": "moved"})
    assert room.rack["vm1"].migrations == [("a", "b")]
    assert [each["do"] for each in room.log()].count("not-started") == 1


async def killed_before(room: Room, entry: str) -> None:
    """A runner was killed just after it wrote this entry of the log for vm1, before libvirt was asked for anything."""
    opened, queue = store.Store.create(room.folder / "queues", await room.plan(), CONFIG)
    opened.append("begun")
    opened.append(entry, number=1, target=queue.plan.entry(1).target)
    opened.close()


async def test_a_run_that_the_log_does_not_name_is_found_by_its_record(make: Make) -> None:
    room = make(1)

    def forget_run() -> None:
        room.rack["vm1"].arrive()
        (log,) = (room.folder / "queues").glob(f"*/{PROGRESS}")
        kept = [line for line in log.read_text().splitlines() if json.loads(line)["do"] != "started"]
        log.write_text("\n".join(kept) + "\n")

    await killed_during_vm1(room, forget_run)
    status = await room.over()
    assert (status["entries"][0]["state"], len(room.all_runs())) == ("moved", 1)
    assert (room.runs / status["entries"][0]["run"] / "run.toml").exists()


async def test_a_vm_whose_host_does_not_reply_is_not_touched_until_it_does(make: Make) -> None:
    room = make(1)
    await killed_during_vm1(room, lambda: room.rack.down.add("a"))
    status = await room.reaches(lambda found: "it is unknown where vm1 is" in found["doing"])
    assert status["entries"][0]["state"] == "running"
    room.rack.let_go()
    room.rack.down.clear()
    status = await room.over()
    assert status["entries"][0]["state"] == "moved"
    assert room.rack["vm1"].migrations == [("a", "b")]


async def test_a_paused_queue_stays_paused(make: Make) -> None:
    room = make(2)
    room.rack["vm1"].held = True
    await room.evacuate(at_once=1)
    await until(lambda: "migrate" in room.rack["vm1"].calls)
    await room.queues.pause(CONFIG)
    await room.end_runner()
    room.start_runner()
    room.rack.let_go()
    status = await room.reaches(lambda found: found["counts"]["moved"] == 1 and not found["counts"]["running"])
    assert (status["state"], room.rack["vm2"].migrations) == ("paused", [])
    await room.queues.resume("", CONFIG)
    assert (await room.over())["counts"]["moved"] == 2


async def test_a_queue_that_was_left_long_ago_waits_for_a_person(make: Make) -> None:
    room = make(1)
    await killed_before(room, "begun")
    (log,) = (room.folder / "queues").glob(f"*/{PROGRESS}")
    os.utime(log, (log.stat().st_mtime - 2 * GOES_ON_S,) * 2)
    assert (await room.status())["state"] == "interrupted"
    await room.queues.resume("", CONFIG)
    assert (await room.over())["counts"]["moved"] == 1


async def test_a_queue_whose_vm_a_study_has_taken_meanwhile_waits_for_a_person_and_says_why(make: Make) -> None:
    room = make(2)
    await killed_during_vm1(room, room.rack["vm1"].arrive)
    room.planner.reserved = lambda: {"uuid-vm2": "in the study x, which is under way"}
    status = await room.status()
    assert status["state"] == "interrupted"
    ended = "was interrupted: the background process ended, and the next one did not go on"
    assert f"{ended}: vm2 is in the study x, which is under way." in state_sentence(status)
    with pytest.raises(Failure, match="vm2 is in the study x"):
        await room.queues.resume("", CONFIG)
    room.planner.reserved = dict
    await room.queues.resume("", CONFIG)
    assert (await room.over())["counts"]["moved"] == 2


async def test_a_queue_of_another_configuration_is_left_to_it(make: Make) -> None:
    room = make(1)
    await killed_before(room, "begun")
    assert await room.queues.status("", "/other.toml") is None
    assert room.rack["vm1"].migrations == []


async def test_two_processes_never_work_on_one_queue(make: Make) -> None:
    room = make(1)
    room.rack["vm1"].held = True
    status = await room.evacuate()
    folder = room.folder / "queues" / status["id"]
    assert store.in_use(folder)
    with pytest.raises(Failure, match="another process works on it"):
        store.Store.open(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"config": 1, "began": "", "plan": {}}'])
async def test_a_damaged_queue_is_a_sentence(make: Make, text: str) -> None:
    room = make(1)
    await room.evacuate()
    await room.over()
    (path,) = (room.folder / "queues").glob("*/plan.json")
    path.write_text(text)
    with pytest.raises(Failure, match=r"is damaged|is malformed"):
        store.load(path.parent)


VM = Vm("vm1", "u", "running")
OFF, PAUSED, ARRIVING = (
    replace(VM, state="shut off"),
    replace(VM, state="paused"),
    replace(VM, state="paused", reason="migrating"),
)
HERE, THERE = VmOnHost(VM, "a"), VmOnHost(VM, "b")
SILENT = Failure("it does not reply")


@pytest.mark.parametrize(
    ("found", "silent", "kind"),
    [
        ((HERE,), (), AT_ORIGIN),
        ((THERE,), (), AT_TARGET),
        ((THERE, VmOnHost(OFF, "a")), (), AT_TARGET),
        ((VmOnHost(VM, "c"),), (), ELSEWHERE),
        ((HERE, THERE), (), TWICE),
        ((HERE, VmOnHost(ARRIVING, "b")), (), MOVING),
        ((VmOnHost(PAUSED, "a"),), (), STUCK),
        ((VmOnHost(OFF, "a"),), (), GONE),
        ((), (), GONE),
        ((), ("a",), UNKNOWN),
        ((), ("c",), UNKNOWN),
        ((VmOnHost(OFF, "a"),), ("b",), UNKNOWN),
        ((THERE,), ("a",), AT_TARGET),
        ((HERE,), ("b",), AT_ORIGIN),
        ((VmOnHost(replace(VM, uuid="other"), "b"),), (), GONE),
    ],
)
def test_where_a_vm_is(found: tuple[VmOnHost, ...], silent: tuple[str, ...], kind: str) -> None:
    inventory = Inventory(found, dict.fromkeys(silent, SILENT), ("a", "b", "c"))
    assert whereabouts(inventory, "u", "a", "b").kind == kind

"""A queue in the runner: an evacuation, what disturbs it, and what is recorded."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.queue.rack import BLOCKED, CONFIG, Room
from tests.unit.until import until
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import ITERATION

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Make = Callable[..., Room]
REFUSED = Failure("The migration failed", "it was refused")


async def test_a_host_is_emptied(make: Make) -> None:
    room = make(4)
    await room.evacuate()
    status = await room.over()
    assert (status["state"], status["done"], status["total"], status["counts"]["moved"]) == ("finished", 4, 4, 4)
    assert "a" not in room.rack.where().values()
    assert sorted(room.rack.where().values()) == ["b", "b", "c", "d"]
    runs = room.all_runs()
    assert [each["queue"]["number"] for each in runs] == [1, 2, 3, 4]
    assert {each["queue"]["id"] for each in runs} == {status["id"]}
    assert [each["total_s"] for each in status["entries"]] == [4.405] * 4


async def test_the_folder_of_a_queue_has_a_summary_of_its_runs(make: Make) -> None:
    room = make(2)
    room.rack["vm2"].devices = BLOCKED
    await room.evacuate()
    status = await room.over()
    found = tomllib.loads((Path(status["folder"]) / "queue.toml").read_text("utf-8"))
    assert (found["outcome"], found["counts"]) == ("finished", {"moved": 1, "cannot_move": 1})
    assert found["figures"]["moved_bytes"] == 128 << 20
    moved, stuck = found["vm"]
    assert (moved["name"], moved["state"], moved["total_time_ms"]) == ("vm1", "moved", 4405.0)
    assert (room.runs / moved["runs"][0]).is_dir()
    assert (stuck["name"], stuck["state"], stuck["runs"]) == ("vm2", "cannot move", [])
    assert stuck["why"].startswith("It has a vhost-scsi device")


async def test_no_more_than_two_leave_a_host_at_once(make: Make) -> None:
    room = make(3)
    for each in room.rack.vms.values():
        each.held = True
    await room.evacuate()
    status = await room.reaches(lambda found: all(each["migration"] for each in found["entries"][:2]))
    assert [each["state"] for each in status["entries"]] == ["running", "running", "queued"]
    assert status["doing"] == "2 migrations are under way"
    room.rack.let_go()
    assert (await room.over())["counts"]["moved"] == 3


async def test_the_bandwidth_of_one_that_has_ended_goes_to_those_that_run(make: Make) -> None:
    room = make(2)
    room.rack["vm2"].held = True
    await room.evacuate(bandwidth=100 << 20)
    await until(lambda: "migrate" in room.rack["vm2"].calls)  # its events are listened for by then
    room.rack["vm2"].play(lambda each: getattr(each, "kind", "") == ITERATION)  # QEMU takes a limit from then on
    await until(lambda: "limit 100" in room.rack["vm2"].calls)
    assert [each for each in room.rack["vm2"].calls if each.startswith("limit")] == ["limit 50", "limit 100"]
    (actor,) = [each for each in room.owner.all if each.vm.name == "vm2"]
    await until(lambda: actor.timeline.bandwidth_mib_s == 100)
    assert [each.text for each in actor.timeline.marks if each.sign == "q"] == ["bandwidth 100 MiB/s, by the queue"]
    assert actor.controls.by_person == set()
    room.rack["vm2"].held = False
    await room.over()


async def test_other_limits_hold_at_once_and_in_the_next_runner(make: Make) -> None:
    room = make(3)
    for each in room.rack.vms.values():
        each.held = True
    await room.evacuate(at_once=1)
    await room.reaches(lambda found: found["entries"][0]["migration"])
    await room.queues.limit({"at_once": 3, "per_host": 3, "bandwidth": 90 << 20}, CONFIG)
    status = await room.reaches(lambda found: all(each["migration"] for each in found["entries"]))
    assert [each["limits"] for each in room.log() if each["do"] == "limits"] == [status["limits"]]
    await until(lambda: "limit 30" in room.rack["vm3"].calls)
    with pytest.raises(Failure, match="malformed"):
        await room.queues.limit({"at_once": 0}, CONFIG)
    await room.end_runner()
    room.start_runner()
    status = await room.status()
    assert (status["limits"]["at_once"], status["limits"]["bandwidth"]) == (3, 90 << 20)
    room.rack.let_go()
    assert (await room.over())["counts"]["moved"] == 3


async def test_limits_that_were_lowered_keep_later_ones_waiting(make: Make) -> None:
    room = make(3)
    room.rack["vm1"].held = True
    await room.evacuate(at_once=1)
    await room.reaches(lambda found: found["entries"][0]["migration"])
    await room.queues.limit({"stop_after": 1, "elsewhere": False}, CONFIG)
    for each in ("vm2", "vm3"):
        room.rack[each].refusals["migrate"] = [REFUSED]
    room.rack["vm1"].held = False
    status = await room.over()
    assert (status["state"], status["counts"]["failed"], status["counts"]["queued"]) == ("stopped", 1, 1)
    with pytest.raises(Failure, match="No queue is under way"):
        await room.queues.limit({"at_once": 1}, CONFIG)


async def test_a_vm_that_one_host_refuses_goes_to_the_next(make: Make) -> None:
    room = make(1)
    room.rack["vm1"].refusals["migrate"].append(REFUSED)
    await room.evacuate()
    status = await room.over()
    (entry,) = status["entries"]
    assert (entry["state"], entry["target"], status["counts"]["failed"]) == ("moved", "c", 0)
    assert [(each["target"], each["why"]) for each in entry["attempts"]] == [
        ("b", "The migration failed: it was refused"), ("c", ""),
    ]  # fmt: skip
    assert [each["queue"]["attempt"] for each in room.all_runs()] == [1, 2]


async def test_a_dead_host_takes_nothing_and_the_others_take_all(make: Make) -> None:
    room = make(3)
    plan = await room.plan()
    room.rack.down.add("b")
    await room.queues.start(plan, CONFIG)
    status = await room.over()
    assert (status["state"], status["counts"]["moved"]) == ("finished", 3)
    assert set(room.rack.where().values()) <= {"c", "d"}


async def test_it_stops_at_the_failure_that_is_one_too_many(make: Make) -> None:
    room = make(3)
    for each in room.rack.vms.values():
        each.refusals["migrate"] = [REFUSED] * 9
    await room.evacuate(stop_after=1, elsewhere=False, at_once=1)
    status = await room.over()
    assert (status["state"], status["counts"]["failed"], status["counts"]["queued"]) == ("stopped", 1, 2)
    assert status["why"] == "a migration has failed; the last one: The migration failed: it was refused"
    assert set(room.rack.where().values()) == {"a"}


async def test_a_stopped_queue_goes_on_when_it_is_resumed(make: Make) -> None:
    room = make(2)
    room.rack["vm1"].refusals["migrate"] = [REFUSED]
    await room.evacuate(stop_after=1, elsewhere=False, at_once=1)
    assert (await room.over())["state"] == "stopped"
    await room.queues.resume("", CONFIG)
    status = await room.over()
    assert (status["state"], await room.states()) == ("finished", {"vm1": "failed", "vm2": "moved"})


async def test_pause_starts_no_more_and_resume_goes_on(make: Make) -> None:
    room = make(3)
    room.rack["vm1"].held = True
    await room.evacuate(at_once=1)
    await room.reaches(lambda found: found["entries"][0]["migration"])
    assert (await room.queues.pause(CONFIG))["state"] == "paused"
    room.rack["vm1"].held = False
    status = await room.reaches(lambda found: found["counts"]["moved"] == 1 and not found["counts"]["running"])
    assert (status["state"], status["counts"]["queued"], room.queues.busy) == ("paused", 2, False)
    await room.queues.resume("", CONFIG)
    assert (await room.over())["counts"]["moved"] == 3


async def test_a_vm_that_waits_can_be_taken_out_and_one_under_way_cannot(make: Make) -> None:
    room = make(2)
    room.rack["vm1"].held = True
    await room.evacuate(at_once=1)
    await room.reaches(lambda found: found["entries"][0]["migration"])
    with pytest.raises(
        Failure, match=r"vm1 cannot be taken out: it does not wait: it is running\. `vmlm-tui cancel vm1`"
    ):
        await room.queues.take_out("vm1", CONFIG)
    with pytest.raises(Failure, match="vm9 cannot be taken out: it is not in the queue"):
        await room.queues.take_out("vm9", CONFIG)
    await room.queues.take_out("vm2", CONFIG)
    room.rack["vm1"].held = False
    assert (await room.over())["state"] == "finished"
    assert await room.states() == {"vm1": "moved", "vm2": "taken out"}
    assert room.rack.where() == {"vm1": "c", "vm2": "a"}


async def test_a_stop_waits_for_what_is_under_way(make: Make) -> None:
    room = make(2)
    room.rack["vm1"].held = True
    await room.evacuate(at_once=1)
    await room.reaches(lambda found: found["entries"][0]["migration"])
    assert (await room.queues.stop(CONFIG, cancel=False))["state"] == "stopping"
    room.rack["vm1"].held = False
    status = await room.over()
    assert (status["state"], status["why"]) == ("stopped", "a client requested it")
    assert await room.states() == {"vm1": "moved", "vm2": "queued"}


async def test_a_stop_cancels_what_is_under_way_if_that_is_requested(make: Make) -> None:
    room = make(2)
    room.rack["vm1"].held = True
    await room.evacuate(at_once=1)
    await room.reaches(lambda found: found["entries"][0]["migration"])
    await until(lambda: room.rack["vm1"].under_way)  # before, libvirt has no job to cancel
    await room.queues.stop(CONFIG, cancel=True)
    assert (await room.over())["state"] == "stopped"
    assert await room.states() == {"vm1": "taken out", "vm2": "queued"}
    assert room.rack.where() == {"vm1": "a", "vm2": "a"}


async def test_a_migration_that_a_person_cancels_is_not_tried_again(make: Make) -> None:
    room = make(1)
    room.rack["vm1"].held = True
    await room.evacuate()
    await room.reaches(lambda found: found["entries"][0]["migration"])
    await until(lambda: room.rack["vm1"].under_way)  # before, libvirt has no job to cancel
    room.owner.all[-1].controls.cancel()
    status = await room.over()
    (entry,) = status["entries"]
    assert (entry["state"], entry["why"]) == ("taken out", "its migration was cancelled")
    assert room.rack["vm1"].migrations == [("a", "b")]


async def test_a_vm_that_somebody_migrates_is_left_to_them(make: Make) -> None:
    room = make(2)
    plan = await room.plan()
    room.rack["vm1"].held = True
    theirs = await room.owner.start(Plan("vm1", to="d"))
    await room.queues.start(plan, CONFIG)
    status = await room.reaches(lambda found: found["counts"]["moved"] == 1)
    assert status["entries"][0]["state"] == "queued"
    room.rack["vm1"].held = False
    await theirs.ended()
    status = await room.over()
    assert (status["entries"][0]["state"], status["entries"][0]["why"]) == ("kept", "vm1 is on d")
    assert room.rack["vm1"].migrations == [("a", "d")]


async def test_a_second_queue_waits_for_the_end_of_the_first(make: Make) -> None:
    room = make(1)
    room.rack["vm1"].held = True
    status = await room.evacuate()
    with pytest.raises(Failure, match=f"The queue {status['id']} is under way"):
        await room.evacuate()


async def test_a_log_that_cannot_be_written_ends_the_queue_with_the_reason(make: Make) -> None:
    room = make(2)
    room.rack["vm1"].held = True
    await room.evacuate(at_once=1)
    await room.reaches(lambda found: found["entries"][0]["migration"])
    engine = room.queues._engine
    assert engine
    engine._store.append.__self__._file = Path("/dev/full").open("ab")  # noqa: SIM115, ASYNC230
    room.rack["vm1"].held = False
    status = await room.over()
    assert status["state"] == "stopped"
    assert status["why"] == "The progress of the queue cannot be written: No space left on device"
    assert room.rack["vm2"].migrations == []

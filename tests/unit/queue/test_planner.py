"""The plan of an evacuation and of its opposite, and the mark of the host."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.queue.rack import BLOCKED, CONFIG, GIB, Room
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.queue.backend.costs import Journey, costs
from tui.queue.backend.requests import Wish
from tui.queue.model.estimate import Estimate, estimate
from tui.queue.model.limits import Limits
from tui.queue.model.plan import BACK, MOVE, plan_of
from tui.queue.model.progress import Progress

Make = Callable[..., Room]


async def test_what_cannot_move_has_its_reason_and_what_is_off_stays(make: Make) -> None:
    room = make(4)
    room.rack["vm1"].devices = BLOCKED
    for name, state in (("vm2", "paused"), ("vm3", "shut off")):
        room.rack[name].vms["a"][name] = replace(room.rack[name].vm, state=state)
    plan = await room.plan()
    assert [(each.vm, each.cannot) for each in plan.entries] == [
        ("vm4", ""),
        ("vm1", "It has a vhost-scsi device, which QEMU can't migrate."),
        ("vm2", "it is paused on a"),
    ]
    assert plan.stays == ("Off, so not moved: vm3.",)


async def test_only_the_hosts_that_were_named_take_vms(make: Make) -> None:
    plan = await make(3).plan("d")
    assert {each.targets for each in plan.entries} == {("d",)}


async def test_a_host_that_does_not_reply_takes_nothing(make: Make) -> None:
    room = make(1)
    room.rack.down.add("b")
    assert (await room.plan()).entries[0].targets == ("c", "d")
    room.rack.down.add("a")
    with pytest.raises(Failure, match="test:///a"):
        await room.plan()


async def test_a_host_without_the_memory_takes_nothing(make: Make) -> None:
    room = make(1)
    room.rack.free |= {"b": GIB >> 4, "c": GIB >> 4}
    assert (await room.plan()).entries[0].targets == ("d",)
    (entry,) = (await room.plan("b")).entries
    assert entry.cannot == "it needs 128 MiB of memory, and b has 64 MiB free"


async def test_a_new_installation_knows_how_long_a_migration_takes_by_a_limit_only(make: Make) -> None:
    room = make(1)
    (cost,) = await costs(room.planner._connections, room.runs, [_journey(room, limit_mib_s=0)])
    assert (cost.rate, cost.limit, cost.sent.likely, cost.alone_s()) == (None, 0, 128 << 20, None)
    by_queue = cost.alone_s(64 << 20)
    assert by_queue is not None
    assert by_queue.low < by_queue.likely < by_queue.high
    (configured,) = await costs(room.planner._connections, room.runs, [_journey(room, limit_mib_s=64)])
    assert configured.alone_s() == by_queue
    assert configured.alone_s(32 << 20) == cost.alone_s(32 << 20)  # the queue's limit takes its place


def _journey(room: Room, limit_mib_s: int) -> Journey:
    plan = replace(Plan("vm1"), bandwidth_mib_s=limit_mib_s)
    return Journey(room.rack["vm1"].vm, "a", ("a", "b"), plan, emulated=False)


async def test_the_time_in_all_is_known_by_the_bandwidth_of_the_queue_and_as_it_is_changed(make: Make) -> None:
    room = make(3)  # 128, 256 and 384 MiB
    assert estimate(await room.plan(), Progress()) == Estimate(None, 3)
    plan = await room.plan(bandwidth=64 << 20)
    slow, fast = (estimate(plan.with_limits(Limits(bandwidth=mib << 20)), Progress()) for mib in (64, 128))
    assert slow == estimate(plan_of(plan.fields), Progress())  # as the journal has it
    assert slow.by_limit
    assert slow.seconds is not None
    assert fast.seconds is not None
    assert 768 / 64 < slow.seconds.likely < 768 / 64 + 10  # the memory by the limit, and connecting
    assert slow.seconds.likely - fast.seconds.likely == pytest.approx(768 / 128, abs=1)
    assert estimate(plan.with_limits(Limits()), Progress()).text.startswith("unknown")


async def test_each_host_that_can_take_a_vm_has_its_cost(make: Make) -> None:
    room = make(1)
    (entry,) = (await room.plan()).entries
    assert list(entry.costs) == list(entry.targets) == ["b", "c", "d"]
    assert entry.cost == entry.costs["b"]
    assert room.rack["vm1"].calls.count("memory_use") <= 1


async def test_a_vm_that_is_reserved_stays(make: Make) -> None:
    room = make(1)
    plan = await room.plan()
    room.planner.reserved = lambda: {"uuid-vm1": "in the study x, which is under way"}
    assert (await room.plan()).entries[0].cannot == "it is in the study x, which is under way"
    with pytest.raises(Failure, match="The queue cannot start: vm1 is in the study x, which is under way"):
        await room.queues.start(plan, CONFIG)
    assert not (room.folder / "queues").exists()


async def test_a_queue_holds_the_vms_that_it_has_still_to_move(make: Make) -> None:
    room = make(2)
    room.rack["vm1"].held = True
    status = await room.evacuate(at_once=1)
    held = f"in the queue {status['id']}, which is under way"
    assert room.queues.holds() == {"uuid-vm1": held, "uuid-vm2": held}
    room.rack["vm2"].held, room.rack["vm1"].held = True, False
    await room.reaches(lambda found: found["entries"][1]["migration"])
    assert room.queues.holds() == {"uuid-vm2": held}
    room.rack.let_go()
    await room.over()
    assert room.queues.holds() == {}


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (Wish(host="x"), "There is no host 'x' that runs VMs"),
        (Wish(host="a", to=("y",)), "There is no host 'y' that runs VMs"),
        (Wish(host="a", to=("a",)), "a cannot take its own VMs"),
        (Wish(MOVE, vms=("vm9",)), "There is no VM 'vm9'"),
        (Wish(BACK, "a"), "Nothing was moved away from a"),
    ],
)
async def test_an_impossible_wish_is_a_sentence(make: Make, wish: Wish, sentence: str) -> None:
    with pytest.raises(Failure) as raised:
        await make(1).queues.plan(wish, CONFIG)
    assert str(raised.value).startswith(sentence)


async def test_marked_vms_move_from_wherever_they_are(make: Make) -> None:
    room = make(3)
    room.rack["vm1"].vms["a"].clear()
    room.rack["vm1"].vms["b"]["vm1"] = room.rack["vm1"].vm
    plan = await room.queues.plan(Wish(MOVE, vms=("vm1", "vm2"), to=("c",)), CONFIG)
    assert [(each.vm, each.origin, each.target) for each in plan.entries] == [("vm1", "b", "c"), ("vm2", "a", "c")]


# -- maintenance --


async def test_a_host_that_was_emptied_is_in_maintenance_until_its_vms_are_brought_back(make: Make) -> None:
    room = make(2)
    await room.evacuate()
    assert (await room.over())["counts"]["moved"] == 2
    assert set(room.maintenance.marks()) == {"a"}
    assert set(await room.queues.maintenance("", None)) == {"a"}
    plan = await room.queues.plan(Wish(host="b"), CONFIG)
    assert all("a" not in each.targets for each in plan.entries)
    (entry,) = (await room.queues.plan(Wish(host="b", to=("a",)), CONFIG)).entries
    assert entry.cannot.startswith("a is in maintenance since 20")

    back = await room.queues.plan(Wish(BACK, "a"), CONFIG)
    assert [(each.vm, each.origin, each.target) for each in back.entries] == [("vm1", "c", "a"), ("vm2", "b", "a")]
    await room.queues.start(back, CONFIG)
    status = await room.over()
    assert (status["state"], status["counts"]["moved"]) == ("finished", 2)
    assert room.rack.where() == {"vm1": "a", "vm2": "a"}
    assert room.maintenance.marks() == {}


async def test_what_somebody_moved_on_is_not_brought_back(make: Make) -> None:
    room = make(2)
    await room.evacuate()
    await room.over()
    vm1 = room.rack["vm1"]
    vm1.vms["c"].clear()
    vm1.vms["d"]["vm1"] = vm1.vm
    room.rack["vm2"].vms["b"].clear()
    back = await room.queues.plan(Wish(BACK, "a"), CONFIG)
    assert back.entries == ()
    assert back.stays == (
        "vm1 stays: it is not where it went, c, but on d.",
        "vm2 stays: it does not run on b any more, as far as the hosts reply.",
    )


async def test_the_vms_of_two_evacuations_come_back_together(make: Make) -> None:
    room = make(2)
    plan = await room.plan()
    await room.queues.start(plan.without(2), CONFIG)
    await room.over()
    await room.queues.start(await room.plan(), CONFIG)
    await room.over()
    back = await room.queues.plan(Wish(BACK, "a"), CONFIG)
    assert sorted(each.vm for each in back.entries) == ["vm1", "vm2"]


async def test_the_mark_can_be_set_and_taken_off_by_hand(make: Make) -> None:
    room = make(1)
    assert set(await room.queues.maintenance("b", True)) == {"b"}
    assert "b" not in (await room.plan()).entries[0].targets
    assert await room.queues.maintenance("b", False) == {}
    with pytest.raises(Failure, match="There is no host 'x'"):
        await room.queues.maintenance("x", True)


def test_a_damaged_file_of_marks_is_a_sentence(make: Make) -> None:
    room = make(1)
    path = room.folder / "maintenance.json"
    path.write_text("{")
    with pytest.raises(Failure, match="Which hosts are in maintenance cannot be read"):
        room.maintenance.marks()
    path.write_text('{"test:///a": 3, "x": {}}')
    assert room.maintenance.marks() == {}

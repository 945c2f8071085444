"""A queue whose migrations have the options of a preset of the configuration."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.queue.rack import CONFIG, Room
from tests.unit.queue.test_restart import killed_during_vm1
from tui.core.failure import Failure
from tui.core.plan import AUTOMATIC, NOT_ALLOWED, POST_COPY_TIMEOUT, Plan, with_technique
from tui.queue.backend.requests import Wish
from tui.queue.model.estimate import estimate
from tui.queue.model.limits import Limits
from tui.queue.model.plan import BACK, QueuePlan
from tui.queue.model.progress import Progress
from tui.queue.model.words import plan_sentences

Make = Callable[..., Room]
FAST, LOCAL = "fast lan", "local disks"
PRESETS: dict[str, dict[str, Any]] = {
    FAST: {"technique": "post-copy-manual", "parallel": 4, "tls": True, "bandwidth": "64 MiB/s"},
    LOCAL: {"technique": "pre-copy", "copy_storage_all": True},
    "one disk": {"copy_storage_all": True, "migrate_disks": "vdb"},
    "clone": {"dname": "other"},
    "address": {"migrateuri": "tcp://192.0.2.10"},
}
LOCAL_DISK = "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/of-a.qcow2'/><target dev='vdb'/></disk>"  # noqa: E501


def with_presets(room: Room, presets: dict[str, dict[str, Any]] = PRESETS) -> Room:
    room.tables = {"technique": presets}
    room.start_runner()
    return room


async def planned(room: Room, preset: str, **limits: Any) -> QueuePlan:
    return await room.queues.plan(Wish(host="a", limits=Limits(**limits), preset=preset), CONFIG)


def options(run: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(run["options"].get(name) for name in names)


async def test_each_migration_starts_with_the_options_of_the_preset(make: Make) -> None:
    room = with_presets(make(2))
    plan = await planned(room, FAST)
    assert [each.technique for each in plan.entries] == [AUTOMATIC] * 2  # nobody is there to press the key
    assert {each.limit for entry in plan.entries for each in entry.costs.values()} == {64 << 20}
    assert "Each starts with the options of the preset fast lan." in plan_sentences(plan)
    await room.queues.start(plan.with_technique(2, "pre-copy"), CONFIG)
    status = await room.over()
    assert 'preset = "fast lan"' in (Path(status["folder"]) / "queue.toml").read_text("utf-8")
    assert (status["preset"], status["counts"]["moved"]) == (FAST, 2)
    found = [options(run, "technique", "parallel", "tls", "bandwidth_mib_s") for run in room.all_runs()]
    assert found == [(AUTOMATIC, 4, True, 64), ("pre-copy", 4, True, 64)]

    back = await room.queues.plan(Wish(BACK, "a", technique="pre-copy", preset=FAST), CONFIG)
    await room.queues.start(back, CONFIG)
    assert (await room.over())["counts"]["moved"] == 2
    assert options(room.all_runs()[-1], "technique", "parallel", "tls") == ("pre-copy", 4, True)


async def test_a_local_disk_is_a_doubt_unless_all_disks_are_copied(make: Make) -> None:
    room = with_presets(make(1))
    room.rack["vm1"].devices = LOCAL_DISK
    for preset in ("", "one disk"):
        assert "only a migration that copies it succeeds" in (await planned(room, preset)).entries[0].doubt
    plan = await planned(room, LOCAL, bandwidth=64 << 20)
    assert [each.doubt for each in plan.entries] == [""]
    assert plan.copies_disks
    assert estimate(plan, Progress()).text == "unknown: no forecast counts the disks that are copied"
    await room.queues.start(plan, CONFIG)
    assert (await room.over())["counts"]["moved"] == 1
    assert options(room.all_runs()[0], "copy_storage_all", "bandwidth_mib_s") == (True, 64)


async def test_the_next_runner_goes_on_with_the_preset(make: Make) -> None:
    room = with_presets(make(2))
    await killed_during_vm1(room, preset=FAST)
    room.rack.let_go()
    assert (await room.over())["counts"]["moved"] == 2
    assert [options(run, "parallel", "tls") for run in room.all_runs()] == [(4, True)] * 2


async def test_a_queue_does_not_go_on_without_its_preset(make: Make) -> None:
    room = with_presets(make(2))
    await killed_during_vm1(room, lambda: room.tables.update(technique={LOCAL: PRESETS[LOCAL]}), preset=FAST)
    status = await room.status()
    assert status["state"] == "interrupted"
    with pytest.raises(Failure) as refused:
        await room.queues.resume("", CONFIG)
    assert str(refused.value) == (f"There is no preset '{FAST}' in the configuration. The presets are {LOCAL}.")
    with_presets(room)
    await room.queues.resume("", CONFIG)
    room.rack.let_go()
    assert (await room.over())["counts"]["moved"] == 2


@pytest.mark.parametrize(
    ("preset", "why"),
    [
        ("none", "There is no preset 'none' in the configuration"),
        ("clone", "A queue cannot use the preset 'clone': dname is for one migration. Take a preset without it."),
        ("address", "A queue cannot use the preset 'address': migrateuri is for one migration"),
    ],
)
async def test_a_preset_that_is_not_there_or_for_one_migration_is_refused(make: Make, preset: str, why: str) -> None:
    room = with_presets(make(1))
    for attempt in (planned(room, preset), _started(room, preset)):
        with pytest.raises(Failure) as refused:
            await attempt
        assert str(refused.value).startswith(why)
    assert not (room.folder / "queues").exists()


async def _started(room: Room, preset: str) -> None:
    await room.queues.start(replace(await room.plan(), preset=preset), CONFIG)


def test_what_automatic_may_not_do_holds_for_no_other_technique() -> None:
    plan = Plan("vm1", AUTOMATIC, post_copy_refused=NOT_ALLOWED)
    assert with_technique(plan, AUTOMATIC) == plan
    assert with_technique(plan, POST_COPY_TIMEOUT).post_copy

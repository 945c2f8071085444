"""The service of the runner and its clients over a real socket: what two of them see and do."""

import asyncio
import math
import shutil
from typing import Any

import pytest

from tests.unit.fakes import PATIENCE_S
from tests.unit.migration.logs import HangingRecorder, lines_of
from tests.unit.migration.runners import BY_HAND, Make, begun, passes, requests, switch
from tests.unit.migration.stages import stage_of
from tests.unit.migration.test_recorder import full_disk
from tests.unit.until import until
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.ssh_agent import AGENTS
from tui.core.vm import Vm
from tui.migration.backend import migrations as migrations_module
from tui.migration.backend.before.preflight import Moved, Refused
from tui.migration.backend.messages import REQUEST, from_fields
from tui.migration.backend.recording import run_log as run_log_module
from tui.migration.backend.recording.recorder import RAW
from tui.migration.model.keys import why_not


@pytest.fixture(autouse=True)
def try_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations_module, "AGAIN_S", 0.01)


# -- the wait for the checks --


async def test_a_client_ends_the_checks_of_its_start_and_nothing_is_started(make: Make) -> None:
    runner = make(stage_of("post-copy-by-hand"))
    await runner.start()
    client = runner.client()
    await runner.owner._lock.acquire()  # another request has the hosts, and none of them answers
    starting = asyncio.ensure_future(client.start(BY_HAND))
    await until(lambda: runner.owner._lock._waiters)
    assert await client.stop_start()
    with pytest.raises(Failure, match="The wait was ended"):
        await starting
    runner.owner._lock.release()
    assert runner.owner.all == []
    assert not await client.stop_start()


async def test_a_start_that_is_checked_cannot_be_ended(make: Make) -> None:
    runner = make(stage_of("post-copy-by-hand"))
    await runner.start()
    client = runner.client()
    started = await client.start(BY_HAND)
    assert not await client.stop_start()
    assert client.all[started.run] is started


# -- two clients --


async def test_a_second_client_is_given_the_same_records(make: Make) -> None:
    runner, _ = await begun(make)
    first = await runner.follower()
    await passes(runner.actor, 3)
    second = await runner.follower()
    await switch(runner)
    await asyncio.gather(first.ended(), second.ended())
    assert first.lines == second.lines == lines_of(runner.actor.folder)


async def test_a_client_that_follows_twice_gets_nothing_twice(make: Make) -> None:
    runner, _ = await begun(make)
    first = await runner.follower()
    await first.client.call("follow", run=runner.actor.folder.name)
    await switch(runner)
    await first.ended()
    assert first.lines == lines_of(runner.actor.folder)


async def test_a_second_client_is_given_the_same_records_while_the_disk_is_full(make: Make) -> None:
    runner, _ = await begun(make)
    first = await runner.follower()
    runner.stage.standing = True
    with full_disk((runner.actor.folder / RAW).stat().st_size + 100):
        await until(first.log_actions)
        second = await runner.follower()
        assert second.log_actions()
    await until(lambda: any("seconds" in each.data for each in first.log_actions()))
    third = await runner.follower()
    runner.stage.standing = False
    await switch(runner)
    await asyncio.gather(first.ended(), second.ended(), third.ended())
    assert first.logged == second.logged == third.lines == lines_of(runner.actor.folder)


async def test_a_second_client_is_given_the_same_records_while_the_folder_hangs(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.migration.backend.owner.Recorder", HangingRecorder)
    monkeypatch.setattr(run_log_module, "STUCK_S", 0.0)
    runner, _ = await begun(make)
    recorder = runner.actor.run_log._recorder
    assert isinstance(recorder, HangingRecorder)
    first = await runner.follower()
    runner.stage.standing = True
    recorder.free.clear()
    await until(recorder.hangs.is_set)
    second = await runner.follower()
    await until(first.log_actions)
    third = await runner.follower()
    monkeypatch.setattr(run_log_module, "STUCK_S", PATIENCE_S)  # else what holds up the end is reported after it
    recorder.free.set()
    await until(lambda: any("seconds" in each.data for each in first.log_actions()))
    runner.stage.standing = False
    await switch(runner)
    await asyncio.gather(first.ended(), second.ended(), third.ended())
    assert first.logged == second.logged == third.logged == lines_of(runner.actor.folder)


async def test_a_second_client_is_given_the_same_records_after_the_folder_was_deleted(make: Make) -> None:
    runner, _ = await begun(make)
    first = await runner.follower()
    runner.stage.standing = True
    shutil.rmtree(runner.actor.folder.rename(runner.actor.folder.parent / "deleted"))  # else it grows meanwhile
    second = await runner.follower()
    await until(lambda: any("restored" in each.data for each in first.log_actions()))
    third = await runner.follower()
    runner.stage.standing = False
    await switch(runner)
    await asyncio.gather(first.ended(), second.ended(), third.ended())
    assert first.lines == second.lines == third.lines == lines_of(runner.actor.folder)


async def test_post_copy_requested_by_two_clients_is_one_call(make: Make) -> None:
    runner, client = await begun(make)
    other = runner.client()
    assert await other.attach() is not None
    for each in (client, other):
        assert each.current is not None
        each.current.controls.switch_to_post_copy()
    for each in (client, other):
        assert each.current is not None
        await asyncio.wait_for(each.current.ended(), PATIENCE_S)
        assert each.current.timeline.phase == "completed"
    assert runner.stage.calls.count("start_post_copy") == 1
    assert requests(runner) == ["post-copy"]


async def test_a_migration_that_one_client_starts_is_shown_by_the_other(make: Make) -> None:
    runner = make(stage_of("post-copy-by-hand"))
    await runner.start()
    other = runner.client()
    assert await other.attach() is None
    started = await runner.client().start(BY_HAND)
    await until(lambda: other.current is not None)
    assert other.current is not None
    assert (other.current.run, other.current.plan) == (started.run, BY_HAND)
    await passes(other.current)
    await until(lambda: other.current is not None and other.current.timeline.passes)
    await switch(runner)
    await asyncio.wait_for(other.current.ended(), PATIENCE_S)


async def test_a_client_need_not_wait_for_a_host_to_follow_a_migration(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.migration.backend.service.FIND_LIMIT_S", 0.1)
    runner, _ = await begun(make)
    runner.stage.silent.clear()  # no daemon replies
    migration = await asyncio.wait_for(runner.client().attach(), PATIENCE_S / 2)
    assert migration is not None
    assert migration.timeline.iteration >= 2


async def test_other_migrations_are_looked_for_while_one_is_under_way(make: Make) -> None:
    runner, _ = await begun(make)
    before = runner.stage.calls.count("vms")
    await runner.follower()
    assert runner.stage.calls.count("vms") == before + 2  # on both hosts


async def test_only_an_end_that_no_client_has_seen_is_shown_to_the_next(make: Make) -> None:
    runner = make(stage_of("pre-copy-idle"))
    await runner.start()
    await asyncio.wait_for((await runner.owner.start(Plan("guest1"))).ended(), PATIENCE_S)
    assert runner.service.busy is False  # the service does not know that owner before its first client
    found = await runner.client().attach()
    assert found is not None
    assert found.timeline.phase == "completed"
    assert not runner.service.busy
    assert await runner.client().attach() is None


async def test_an_end_that_no_client_has_seen_keeps_the_runner(make: Make) -> None:
    runner, client = await begun(make)
    assert runner.service.busy
    await client.close()
    await switch(runner)
    await until(lambda: runner.actor.run_log.done)
    assert runner.service.busy
    assert await runner.client().attach() is not None
    await until(lambda: not runner.service.busy)


# -- requests --


async def test_a_plan_that_is_refused_gives_all_reasons(make: Make) -> None:
    runner = make(stage_of())
    await runner.start()
    runner.stage.vms[runner.stage.origin]["guest1"] = Vm("guest1", runner.stage.vm.uuid, "paused")
    runner.stage.uuids = dict.fromkeys(runner.stage.uuids, "same")
    with pytest.raises(Refused) as raised:
        await runner.client().start(Plan("guest1"))
    assert [each.what for each in raised.value.failures] == [
        "guest1 cannot be migrated live",
        "Source and destination are the same host",
    ]


async def test_a_vm_that_has_moved_is_reported_with_its_host(make: Make) -> None:
    runner = make(stage_of())
    await runner.start()
    with pytest.raises(Moved) as raised:
        await runner.client().start(Plan("guest1"), "nowhere")
    assert raised.value.inventory.origin("guest1") is not None


async def test_a_request_that_is_not_possible_is_refused_with_the_reason_of_the_page(make: Make) -> None:
    runner, _ = await begun(make, Plan("guest1"))
    client = (await runner.follower()).client
    with pytest.raises(Failure) as raised:
        await client.call(REQUEST, run=runner.actor.folder.name, action="post-copy")
    assert raised.value.why == why_not("post-copy", runner.actor.timeline) != ""
    assert requests(runner) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "start"},
        {"action": None},
        {"action": ["cancel"]},
        {"action": "downtime", "value": -1},
        {"action": "downtime", "value": True},
        {"action": "bandwidth", "value": "7"},
        {"action": "bandwidth", "value": 1.5},
        {"run": "another"},
        {"run": None},
    ],
)
async def test_a_request_with_wrong_parameters_is_a_failure(make: Make, wrong: dict[str, Any]) -> None:
    runner, _ = await begun(make)
    client = (await runner.follower()).client
    with pytest.raises(Failure) as raised:
        await client.call(REQUEST, **({"run": runner.actor.folder.name, "action": "cancel"} | wrong))
    assert raised.value.what != "The runner failed"
    assert requests(runner) == []


async def test_an_unknown_request_is_a_failure(make: Make) -> None:
    runner, _ = await begun(make)
    with pytest.raises(Failure, match="The runner knows no request 'dance'"):
        await (await runner.follower()).client.call("dance")


async def test_the_configuration_that_cannot_be_read_is_the_reason(make: Make) -> None:
    runner = make(stage_of())
    await runner.start()
    with pytest.raises(Failure, match="No such configuration"):
        await runner.client("/other.toml").attach()


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        "guest1",
        {},
        {"vm": 1},
        {"vm": None},
        {"vm": "guest1", "timeout_s": "25"},
        {"vm": "guest1", "timeout_s": True},
        {"vm": "guest1", "downtime_ms": 1.5},
        {"vm": "guest1", "downtime_ms": True},
        {"vm": "guest1", "auto_converge": 1},
        {"vm": "guest1", "parallel": None},
        {"vm": "guest1", "unknown": 1},
        {"vm": "guest1", "tls": 1},
        {"vm": "guest1", "comp_zlib_level": "9"},
        {"vm": "guest1", "comp_zlib_level": True},
        {"vm": "guest1", "dname": None},
    ],
)
def test_a_plan_of_other_types_is_refused(values: object) -> None:
    with pytest.raises(Failure, match="A Plan of the runner's protocol is malformed"):
        from_fields(Plan, values)


def test_a_plan_of_the_right_types_is_read() -> None:
    plan = Plan("guest1", timeout_s=math.pi, auto_converge=True, comp_zlib_level=0, undefinesource=False)
    assert from_fields(Plan, vars(plan)) == plan
    assert from_fields(Plan, {"vm": "guest1", "timeout_s": 7}) == Plan("guest1", timeout_s=7)


async def test_a_client_offers_its_ssh_agent_to_the_runner(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AGENTS, "_paths", [])
    monkeypatch.setenv("SSH_AUTH_SOCK", "/of/the/first/login")
    runner = make(stage_of("post-copy-by-hand"))
    await runner.start()
    first = runner.client()
    monkeypatch.setenv("SSH_AUTH_SOCK", "/of/the/next/login")
    for client in (first, runner.client(), first):
        await client.attach()
    assert AGENTS._paths == ["/of/the/first/login", "/of/the/next/login"]

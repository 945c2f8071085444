"""A runner that ends: what its clients show meanwhile, and that they follow the next one."""

import asyncio
import io
from argparse import Namespace
from pathlib import Path

import pytest

from tests.unit.fakes import PATIENCE_S
from tests.unit.migration.logs import lines_of
from tests.unit.migration.runners import BY_HAND, Make, Runner, begun, passes, requests, switch
from tests.unit.migration.stages import stage_of
from tests.unit.until import until
from tui.app.commands.control import accepted
from tui.app.commands.follow import Following
from tui.app.commands.migrate import migrate
from tui.app.commands.output import Output
from tui.app.commands.session import Session, Signals
from tui.app.wiring import studies_of
from tui.core.failure import Failure
from tui.migration.backend import migrations as migrations_module
from tui.migration.backend.migrations import Migration, Migrations
from tui.migration.backend.recording.recorder import RAW
from tui.migration.backend.recording.run_files import read_records
from tui.migration.model.keys import DOWNTIME, POST_COPY_NOW, START, why_not
from tui.migration.model.timeline import Timeline
from tui.migration.model.verdict import sentence


@pytest.fixture(autouse=True)
def try_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations_module, "AGAIN_S", 0.01)
    monkeypatch.setattr(migrations_module, "IDLE_AGAIN_S", 0.01)


async def test_a_client_follows_the_next_runner_with_the_gap_marked(make: Make) -> None:
    runner, client = await begun(make)
    migration = client.current
    assert migration is not None
    await runner.end()
    await until(migration.waiting_s)
    assert migration.timeline.unanswered is not None
    assert migration.timeline.unanswered[1] == "the process in the background has ended"
    await runner.start()
    await until(lambda: migration.timeline.gaps and migration.timeline.iteration and not migration.waiting_s())
    assert client.current is migration
    await switch(runner)
    await asyncio.wait_for(migration.ended(), PATIENCE_S)
    read = Timeline(read_records(migration.folder / RAW))
    assert [(each.sign, each.text) for each in migration.timeline.marks] == [
        (each.sign, each.text) for each in read.marks
    ]
    assert (migration.timeline.phase, len(migration.timeline.points)) == (read.phase, len(read.points))
    assert len(read.gaps) == 1


@pytest.mark.parametrize("gone", [False, True])
async def test_keys_that_are_pressed_while_there_is_no_runner_are_sent_to_the_next(make: Make, gone: bool) -> None:
    runner, client = await begun(make)
    migration = client.current
    assert migration is not None
    await runner.end()
    if gone:  # else the client does not know yet that the runner has ended
        await until(lambda: not client._client.connected)
    migration.controls.set_max_downtime(700)
    migration.controls.switch_to_post_copy()
    await runner.start()
    await asyncio.wait_for(migration.ended(), PATIENCE_S)
    assert migration.timeline.phase == "completed"
    assert requests(runner) == ["downtime", "post-copy"]
    assert runner.stage.calls.count("start_post_copy") == 1


async def test_an_end_while_there_was_no_runner_is_found_by_the_next(make: Make) -> None:
    runner, client = await begun(make)
    migration = client.current
    assert migration is not None
    await runner.end()
    runner.stage.finish("completed")
    runner.stage.completed[runner.stage.target] = {"operation": 5, "time_elapsed": 1}
    runner.stage.down.add(runner.stage.target)
    await runner.start()
    await until(lambda: client._client.connected)
    runner.stage.down.clear()
    await asyncio.wait_for(migration.ended(), PATIENCE_S)
    assert migration.timeline.ended_between is not None


async def test_the_end_of_a_migration_is_not_shown_again_by_the_next_runner(make: Make) -> None:
    runner, client = await begun(make)
    migration = client.current
    assert migration is not None
    await switch(runner)
    await asyncio.wait_for(migration.ended(), PATIENCE_S)
    records: list[object] = []
    migration.listen(records.append)
    await client.attach()
    await runner.end()
    await until(lambda: not client._client.connected)
    await runner.start()
    assert await client.attach() is migration
    assert records == []


async def test_a_client_without_a_migration_follows_what_others_start_with_the_next_runner(make: Make) -> None:
    runner = make(stage_of("post-copy-by-hand"))
    await runner.start()
    watcher = runner.client()
    assert await watcher.attach() is None
    await runner.end()
    await until(lambda: not watcher._client.connected)
    await runner.start()
    await until(lambda: watcher._client.connected)
    started = await runner.client().start(BY_HAND)
    await until(lambda: watcher.current is not None and watcher.current.run == started.run)
    await switch(runner)


async def test_an_end_that_no_runner_lists_is_read_from_disk(make: Make) -> None:
    runner, client = await begun(make)
    migration = client.current
    assert migration is not None
    await runner.end()
    await until(lambda: not client._client.connected)
    ended = Runner(runner.stage, runner.runs.parent)  # one that ends before the client finds it
    ended.path = ended.path.with_name("other")
    await ended.start()
    await ended.owner.attach()
    await switch(ended)
    await ended.end()
    await runner.start()
    await asyncio.wait_for(migration.ended(), PATIENCE_S)
    assert migration.timeline.phase == "completed"


async def lost(make: Make) -> tuple[Runner, Migrations, Migration]:
    """A migration whose runner was killed, while the next runner cannot reach the host of its job."""
    runner, client = await begun(make)
    migration = client.current
    assert migration is not None
    await runner.end()
    await until(lambda: not client._client.connected)
    runner.stage.down.add(runner.stage.origin)
    await runner.start()
    await until(lambda: migration.timeline.unfollowed)
    return runner, client, migration


async def test_a_migration_that_no_runner_finds_is_shown_as_unknown_and_its_clock_stops(make: Make) -> None:
    _runner, client, migration = await lost(make)
    last = migration.elapsed()
    await client.attach()  # nothing has changed
    assert migration.elapsed() == last == migration.timeline.now
    assert migration.waiting_s() == 0.0
    text = sentence(migration.timeline, last, migration.origin, migration.target).text
    assert text.startswith("It is unknown whether the migration continues: the process in the background does not find")
    assert f"Check that {migration.origin} and {migration.target} respond" in text
    assert "nothing can be changed" in why_not(POST_COPY_NOW, migration.timeline)
    assert why_not(START, migration.timeline) == ""


async def test_a_migration_that_no_runner_found_is_followed_once_its_host_responds(make: Make) -> None:
    runner, _client, migration = await lost(make)
    runner.stage.down.clear()
    await until(lambda: migration.timeline.gaps and migration.timeline.iteration)
    assert not migration.timeline.unfollowed
    await switch(runner)
    await asyncio.wait_for(migration.ended(), PATIENCE_S)
    assert migration.timeline.phase == "completed"


async def test_a_command_reports_once_that_no_runner_finds_its_migration(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.app.commands.follow.PROGRESS_EVERY_S", 0.01)
    runner = make(stage_of("post-copy-by-hand"))
    await runner.start()
    client, out, err = runner.client(), io.StringIO(), io.StringIO()
    studies = studies_of(Path("unused"))
    session = Session(client, studies, Output("migrate", out, err), Signals())
    following = Following(session, json=True, asks=False)
    migration = await client.start(BY_HAND)
    await passes(migration)
    status = asyncio.ensure_future(following.until_over(migration))
    await runner.end()
    runner.stage.down.add(runner.stage.origin)
    await until(lambda: not client._client.connected)
    await runner.start()
    await until(err.getvalue)
    runner.stage.down.clear()
    await until(lambda: migration.timeline.gaps)
    await switch(runner)
    assert await asyncio.wait_for(status, PATIENCE_S) == 0
    (report,) = err.getvalue().splitlines()
    assert report.startswith("vmlm-tui migrate: It is unknown whether the migration continues")
    *records, _result = out.getvalue().splitlines()
    assert records == lines_of(migration.folder)


async def test_a_request_that_no_runner_can_confirm_is_reported_as_unknown(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.app.commands.control.LOOK_EVERY_S", 0.01)
    runner, client = await begun(make)
    migration = client.current
    assert migration is not None
    runner.stage.silent.clear()
    request = asyncio.ensure_future(accepted(migration, DOWNTIME, 700))
    await until(lambda: any(mark.text == "downtime <= 700 ms" for mark in migration.timeline.marks))
    await runner.end()
    runner.stage.down.add(runner.stage.origin)
    runner.stage.silent.set()
    await until(lambda: not client._client.connected)
    await runner.start()
    with pytest.raises(Failure, match="It is unknown whether guest1 was changed"):
        await asyncio.wait_for(request, PATIENCE_S)


async def test_a_command_that_started_a_migration_reports_that_a_logout_ends_its_record(make: Make) -> None:
    runner = make(stage_of("post-copy-by-hand"))
    await runner.start()
    studies, err = studies_of(Path("unused")), io.StringIO()
    output = Output("migrate", io.StringIO(), err)
    session = Session(runner.client(), studies, output, Signals(), lambda: Failure("A logout ends it"))
    assert await migrate(session, BY_HAND, Namespace(to=None, detach=True, json=False)) == 0
    assert err.getvalue() == "vmlm-tui migrate: A logout ends it.\n"

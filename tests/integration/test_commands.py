"""The commands as real processes, with a real socket and a runner that replays recorded migrations."""

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.integration.runner_room import Command, RunnerRoom, runner_room
from tests.unit.fakes import PATIENCE_S, Stage, connections, recording
from tests.unit.migration.stages import stage_of
from tests.unit.until import until
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.migration.backend.migrations import Migrations
from tui.migration.backend.recording.recorder import RAW
from tui.runner.process import connect_to, folder

Open = Callable[..., Any]
BY_HAND = "post-copy-by-hand"


@pytest.fixture
async def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    """Opens the runner with a recording."""
    async with AsyncExitStack() as stack:
        runtime = stack.enter_context(tempfile.TemporaryDirectory(prefix="vmlm-"))  # short, for the socket
        monkeypatch.setenv("VMLM_RUNTIME_DIR", runtime)

        async def open_room(stage: Stage) -> RunnerRoom:
            return await stack.enter_async_context(runner_room(stage, tmp_path))

        yield open_room


async def waits(room: RunnerRoom, command: Command) -> None:
    """Return when the command follows, and the recording waits for its key."""
    await command.until("recorded in")
    await until(lambda: room.migration.timeline.iteration >= 6)


async def test_migrate_as_json_prints_the_records_and_the_result_last(opened: Open) -> None:
    room = await opened(stage_of("pre-copy-idle", waits_for_keys=False))
    done = await room.run("migrate", "guest1", "--to", "destination", "--json")
    assert (done.status, done.err) == (0, "")
    *records, last = done.lines
    assert records == (room.migration.folder / RAW).read_text().splitlines()
    result = json.loads(last)
    assert (result["kind"], result["outcome"], result["error"]) == ("result", "completed", None)
    assert result["run"] == str(room.migration.folder)
    assert result["verified"] == "guest1 runs on destination and is gone from source."
    assert result["figures"]["downtime_ms"] == room.migration.timeline.final["downtime"]


async def test_migrate_prints_the_switch_to_post_copy_and_the_result_of_the_page(opened: Open) -> None:
    room = await opened(stage_of("post-copy-timeout", waits_for_keys=False))
    done = await room.run("migrate", "guest1", "--technique", "post-copy-timeout", "--timeout", "2s")
    assert (done.status, done.err) == (0, "")
    assert done.lines[0].startswith("guest1  destination -> source  post-copy after 2 s  recorded in ")
    switch = done.lines[1].partition("  ")[2]
    assert switch.startswith("post-copy  ")
    assert "Post-copy: the VM runs on source" in switch
    end = done.lines.index("Completed by post-copy")
    assert end == 2
    assert done.lines[end + 1] == "the VM       guest1 runs on source and is gone from destination."
    assert done.lines[end + 2] == "time         11.8 s in total, downtime 13 ms by libvirt"
    assert "\x1b" not in done.out


async def test_a_failed_migration_has_status_1_and_its_reason(opened: Open) -> None:
    room = await opened(stage_of("failed", waits_for_keys=False))
    done = await room.run("migrate", "guest1")
    assert done.status == 1
    assert "Failed" in done.lines
    assert "what         The migration of guest1 failed" in done.lines


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
async def test_without_a_terminal_a_signal_leaves_the_migration_running(opened: Open, number: int, status: int) -> None:
    room = await opened(stage_of(BY_HAND))
    command = await room.start("migrate", "guest1", "--technique", "post-copy-manual")
    await waits(room, command)
    command.signal(number)
    done = await command.done()
    assert done.status == status
    assert done.err == (
        "vmlm-tui migrate: The migration of guest1 continues in the background; "
        f"`vmlm-tui watch {room.migration.folder.name}` follows it.\n"
    )
    assert not room.migration.timeline.over


async def test_a_closed_pipe_ends_the_command_and_not_the_migration(opened: Open) -> None:
    room = await opened(stage_of(BY_HAND))
    pipe = "vmlm-tui migrate guest1 --technique post-copy-manual --json | head -n 1"
    argv = ("bash", "-o", "pipefail", "-c", pipe.replace("vmlm-tui", '"$0" -m tui'))
    process = await asyncio.create_subprocess_exec(
        *argv, sys.executable, env=room.environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == 128 + signal.SIGPIPE
    assert json.loads(out)["kind"] == "start"
    assert "continues in the background" in err.decode()
    assert not room.migration.timeline.over


async def test_a_detached_migration_is_watched_changed_and_switched_by_other_commands(opened: Open) -> None:
    room = await opened(stage_of(BY_HAND))
    detached = await room.run("migrate", "guest1", "--technique", "post-copy-manual", "--detach")
    assert (detached.status, detached.out) == (0, f"{room.migration.folder}\n")

    watching = await room.start("watch")
    await waits(room, watching)
    status = await room.run("status", "--json")
    (migration,) = json.loads(status.out)["migrations"]
    assert (migration["vm"], migration["phase"], migration["over"]) == ("guest1", "pass", False)

    limits = await room.run("set", "guest1", "--downtime", "500ms", "--bandwidth", "1 Gbit/s")
    assert (limits.status, limits.err) == (0, "")
    assert limits.lines == ["guest1 may be paused for 500 ms.", "guest1 is sent with at most 119 MiB/s."]

    switched = await room.run("post-copy", "guest1")
    assert (switched.status, switched.out) == (
        0,
        "guest1 is switched to post-copy: it continues on source.\n",
    )
    watched = await watching.done()
    assert watched.status == 0
    assert "Completed by post-copy" in watched.lines
    assert any(line.endswith("downtime <= 500 ms") for line in watched.lines)


async def test_cancel_is_accepted_and_ends_the_other_command_with_status_3(opened: Open) -> None:
    room = await opened(stage_of(BY_HAND))
    command = await room.start("migrate", "guest1", "--technique", "post-copy-manual", "--json")
    await command.until('"iteration", ')
    cancelled = await room.run("cancel", "guest1")
    assert (cancelled.status, cancelled.err) == (0, "")
    assert cancelled.out == "The migration of guest1 is cancelled: it stays on destination.\n"
    done = await command.done()
    assert done.status == 3
    assert json.loads(done.lines[-1])["outcome"] == "cancelled"


async def test_a_refusal_of_libvirt_is_reported_with_status_1(opened: Open) -> None:
    room = await opened(stage_of(BY_HAND))
    await room.run("migrate", "guest1", "--technique", "post-copy-manual", "--detach")
    watching = await room.start("watch")
    await waits(room, watching)
    room.stage.refusals["set_bandwidth"].append(Failure("The bandwidth was not changed", "QEMU is busy", "Try again."))
    refused = await room.run("set", "guest1", "--bandwidth", "10")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err == "vmlm-tui set: The bandwidth was not changed: QEMU is busy. Try again.\n"


async def test_a_request_that_the_key_would_refuse_is_refused_with_its_sentence(opened: Open) -> None:
    stage = stage_of("cancelled")
    room = await opened(stage)
    await room.run("migrate", "guest1", "--technique", "pre-copy", "--detach")
    refused = await room.run("post-copy", "guest1")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("vmlm-tui post-copy: It was started as pre-copy; post-copy must be allowed")
    assert "`vmlm-tui cancel guest1` cancels it" in refused.err


async def test_what_cannot_start_has_status_2_and_a_sentence_for_each_reason(opened: Open) -> None:
    room = await opened(Stage(recording("pre-copy-idle")))
    there = await room.run("migrate", "guest1", "--to", "source")
    assert (there.status, there.out) == (2, "")
    assert there.err == "vmlm-tui migrate: guest1 is on source already. Nothing was started.\n"
    room.stage.uuids["destination"] = room.stage.uuids["source"]
    refused = await room.run("migrate", "guest1", "--technique", "post-copy-timeout", "--timeout", "5s")
    assert refused.status == 2
    assert refused.err.startswith("vmlm-tui migrate: Source and destination are the same host")


async def test_without_a_migration_watch_and_the_requests_fail_with_a_sentence(opened: Open) -> None:
    room = await opened(stage_of())
    watched = await room.run("watch")
    assert (watched.status, watched.err) == (
        1,
        "vmlm-tui watch: No migration is under way. `vmlm-tui migrate VM` starts one.\n",
    )
    cancelled = await room.run("cancel", "guest1")
    assert (cancelled.status, cancelled.err) == (
        1,
        "vmlm-tui cancel: No migration is under way; `vmlm-tui migrate guest1` starts one.\n",
    )


async def test_status_lists_the_vms_and_their_hosts(opened: Open) -> None:
    room = await opened(stage_of())
    done = await room.run("status")
    assert (done.status, done.err) == (0, "")
    assert done.out == "test  running on source\n"  # of libvirt's test driver, which this process reads itself


async def test_a_runner_that_cannot_be_reached_is_tried_again(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    room = await opened(stage_of(BY_HAND))
    monkeypatch.setattr("tui.migration.backend.migrations.AGAIN_S", 0.0)
    attempts: list[asyncio.StreamWriter | None] = []

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if len(attempts) == 1:
            attempts.append(None)
            raise Failure("The runner in the background could not be started")
        found = await connect_to(folder() / "runner.sock")
        assert found is not None
        attempts.append(found[1])
        return found

    migrations = Migrations(connections(room.stage), connect, Path("config.toml"))
    migration = await migrations.start(Plan("guest1", "post-copy-manual"))
    assert attempts[0] is not None
    attempts[0].close()
    room.migration.controls.switch_to_post_copy()
    await asyncio.wait_for(migration.ended(), PATIENCE_S)
    assert migration.timeline.phase == "completed"
    assert len(attempts) == 3
    await migrations.close()

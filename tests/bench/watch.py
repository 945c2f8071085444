"""A migration of a day, through the runner and its socket to a client, as fast as they take it: their memory.

tests.bench runs the runner as `python -m tests.bench.watch FOLDER HOURS`; this process is the client. The runner
records one more hour for each line that it reads.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from tests.bench.terminal import resident_mib
from tests.long_run import DAY_S, long_run
from tests.unit.migration.runners import BY_HAND, Runner
from tests.unit.migration.stages import stage_of
from tests.unit.until import until
from tui.core.threads import on_thread
from tui.migration.model.record import Record

HOUR_S = DAY_S // 24
MEASURED = (0, 2, 24)  # hours
AT_ONCE = 500  # records between two looks at the disk and the client
NEVER_S = 1e6
HOUR_LIMIT_S = 300


def watched_day(hours: tuple[int, ...] = MEASURED) -> Iterator[tuple[str, float, str]]:
    """The private memory of the runner and of the client after these hours, as figures with their unit."""
    with tempfile.TemporaryDirectory() as folder:
        for hour, runner, client in asyncio.run(_watch(Path(folder), hours)):
            yield f"watch_{hour}h_runner_memory", runner, "MiB"
            yield f"watch_{hour}h_client_memory", client, "MiB"


async def _watch(folder: Path, hours: tuple[int, ...]) -> list[tuple[int, float, float]]:
    command = [sys.executable, "-m", "tests.bench.watch", str(folder), str(hours[-1])]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    found = []
    reached = Runner(stage_of("post-copy-by-hand"), folder)  # only for its socket
    client = reached.client()
    try:
        await process.stdout.readline()
        await client.attach()
        for hour in range(hours[-1] + 1):
            if hour:
                process.stdin.write(b"\n")
                await asyncio.wait_for(process.stdout.readline(), HOUR_LIMIT_S)
                watched = client.current
                assert watched is not None
                await until(lambda watched=watched, hour=hour: watched.timeline.now >= hour * HOUR_S)  # type: ignore[misc]
            if hour in hours:
                found.append((hour, resident_mib(process.pid), resident_mib(os.getpid())))
    finally:
        await client.close()
        process.stdin.close()
        await process.wait()
    return found


async def _run(folder: Path, hours: int) -> None:
    """The runner: it starts a migration, and records an hour of another one for each line of its input."""
    runner = Runner(stage_of("post-copy-by-hand"), folder, NEVER_S)
    await runner.start()
    await runner.owner.start(BY_HAND)
    records = takewhile(lambda each: each.t <= hours * HOUR_S + 0.5, long_run())
    until_s = 0
    print("ready", flush=True)
    while await on_thread(sys.stdin.readline):
        until_s += HOUR_S
        await _publish(runner, records, until_s)
        print(until_s, flush=True)
    await runner.close()


async def _publish(runner: Runner, records: Iterator[Record], until_s: float) -> None:
    log = runner.actor.run_log
    for number, each in enumerate(records):
        log.publish(each)
        if number % AT_ONCE == 0:
            await until(lambda: not log._waiting)
        if each.t >= until_s:
            break
    await until(lambda: not log._waiting)


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), int(sys.argv[2])))

"""Recorded runs of a size that a person meets after a year: many of them, and one of a day."""

import asyncio
import gc
import tempfile
import time
import tracemalloc
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from tests.long_run import DAY_S, long_run
from tui.migration.backend.recording.recorder import RAW, SUMMARY
from tui.migration.model.record import Record, to_line
from tui.migration.model.timeline import Timeline
from tui.runs.backend.runs import Runs
from tui.runs.model.run import Run
from tui.runs.model.table import ordered
from tui.runs.model.view import BY_NAME
from tui.runs.widgets.table import RunTable

LISTED = (500, 1000)
TABLE_WIDTH = 199
RAW_BYTES = 100 * 10**6  # at least
HOUR_S = DAY_S // 24
SUMMARY_OF_RUN = {
    "outcome": "completed",
    "began": "2026-11-23T04:00:13.932Z",
    "vm": {"name": "guest1", "uuid": "0054f024", "vcpus": 2, "memory_bytes": 1 << 30},
    "options": {"technique": "post-copy-timeout", "timeout_s": 9.0},
    "hosts": {"origin": "source", "target": "destination"},
    "workload": {"name": "memory"},
    "figures": {"total_time_ms": 11810, "downtime_ms": 13, "memory_sent_bytes": 1262485504, "passes": 4},
}


def figures() -> Iterator[tuple[str, float, str]]:
    """The figures, each with its unit."""
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        for number in range(max(LISTED)):
            _write(runs / f"20261123T{number:06}Z-guest1-memory-post-copy-timeout")
            if number + 1 in LISTED:
                found, seconds, _ = asyncio.run(_measured(Runs(runs).list()))
                yield f"runs_{number + 1}_list", seconds, "s"
                yield f"runs_{number + 1}_table_cpu", 1000 * _table_cpu_s(found), "ms"
        _write(runs / "day", long_run())
        run = next(each for each in asyncio.run(Runs(runs).list()) if each.folder.name == "day")
        spent = time.process_time()
        opened, seconds, longest = asyncio.run(_measured(Runs(runs).open(run)))
        yield "raw_100mb_open_cpu", time.process_time() - spent, "s"
        assert opened.raw.stat().st_size > RAW_BYTES
        assert opened.timeline.points.added > DAY_S
        yield "raw_100mb_open", seconds, "s"
        yield "raw_100mb_loop_wait", longest * 1000, "ms"
    yield "watch_24h_growth", _growth() / 1e6, "MB"


def _write(run: Path, records: Iterable[Record] = ()) -> None:
    """The folder of a run."""
    run.mkdir()
    (run / SUMMARY).write_text(tomli_w.dumps(SUMMARY_OF_RUN))
    with (run / RAW).open("w", encoding="utf-8") as raw:
        raw.writelines(f"{to_line(each)}\n" for each in records)


def _table_cpu_s(runs: Sequence[Run]) -> float:
    """The CPU time that the Runs page needs before it can show these runs sorted anew, on a wide terminal."""
    before = time.process_time()
    table = RunTable(ordered(runs, BY_NAME["total"]), TABLE_WIDTH)
    lines = [table.line(number) for number in range(len(runs))]
    assert len(lines) == len(runs)
    return time.process_time() - before


async def _measured(call: Coroutine[Any, Any, Any]) -> tuple[Any, float, float]:
    """The result, the seconds that it took, and the longest for which the loop did not answer."""
    began, longest, task = time.monotonic(), 0.0, asyncio.ensure_future(call)
    while not task.done():
        before = time.monotonic()
        await asyncio.wait({task}, timeout=0.005)
        longest = max(longest, time.monotonic() - before - 0.005)
    return await task, time.monotonic() - began, longest


def _growth() -> int:
    """The bytes by which the timeline of a watched migration grows from the second hour to the end of the day."""
    timeline, records = Timeline(), long_run()
    tracemalloc.start()
    for each in records:
        timeline.add(each)
        if each.t > 2 * HOUR_S:
            break
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for each in records:
        timeline.add(each)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return after - before

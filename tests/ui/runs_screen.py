"""An opened run, made from a recording, for the tests of its pages."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w
from textual.pilot import Pilot

from tests.ui.one_page import OnePage, text_of, until
from tui.runs.backend.runs import Runs
from tui.runs.screens.page import RunsPage
from tui.runs.screens.run import RunPage

RECORDINGS = Path(__file__).parent.parent / "recordings"
NAME = "20261123T034938Z-guest1-memory"


def summary(technique: str) -> dict[str, Any]:
    """What run.toml has of a completed run."""
    return {
        "version": "0.2.0",
        "outcome": "completed",
        "began": "2026-11-23T03:49:38.561Z",
        "vm": {"name": "guest1"},
        "options": {"technique": technique, "timeout_s": 25.0},
        "hosts": {"origin": "destination", "target": "source"},
        "workload": {"name": "memory"},
        "figures": {"total_time_ms": 17700, "downtime_ms": 10, "memory_sent_bytes": 1932735283},
    }


@contextmanager
def utc() -> Iterator[None]:
    """Local times are in UTC meanwhile."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


def make_run(runs: Path, recording: str, technique: str = "post-copy-manual") -> None:
    """Write the folder of a run."""
    (runs / NAME).mkdir(parents=True)
    (runs / NAME / "run.toml").write_text(tomli_w.dumps(summary(technique)))
    shutil.copy(RECORDINGS / f"{recording}.jsonl", runs / NAME / "raw.jsonl")


def app_of(runs: Path) -> OnePage:
    """The Runs page of this folder."""
    return OnePage(RunsPage(Runs(runs)))


async def open_run(pilot: Pilot[Any]) -> None:
    """Open the only run."""
    await until(pilot, lambda: "completed" in text_of(pilot.app))
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, RunPage) and "raw log" in text_of(pilot.app))

"""Draws the pictures of the README: `python -m tests.pictures [FOLDER]`, by default docs/pictures.

The migrations, the study and the measured rates were recorded in the lab. The hosts, and the order and times of the
queue, are those of the tests.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from tests.ui.one_page import OnePage, text_of, until
from tests.ui.queue_screen import half_way, table_app
from tests.ui.replay import ReplayedMigrations
from tests.ui.runs_screen import RECORDINGS, utc
from tests.ui.study_screen import CONFIG, VM, FakeRunner
from tests.ui.study_screen import Opened as OpenedStudy
from tests.ui.test_hosts_of_a_rack import LOGIN, all_read, app_of, twelve
from tests.unit.forecast.fake_forecaster import FakeForecaster, measured
from tui.app.screens.demo import RECORDING
from tui.app.screens.shot import ShotApp
from tui.app.svg import svg_of
from tui.core.plan import POST_COPY_MANUAL, Plan
from tui.migration.screens.page import MigratePage
from tui.runs.backend.reading import RunReader, open_run
from tui.runs.backend.replay import ReplayLog
from tui.runs.backend.runs import Runs
from tui.runs.screens.page import RunsPage
from tui.runs.screens.still import StillPage
from tui.study.backend import store
from tui.study.backend.access import StudyAccess
from tui.study.model import status
from tui.study.screens.page import StudyPage

FOLDER = Path(__file__).parents[1] / "docs/pictures"
LIVE_S = 12.0  # since the start: the fifth pass

Look = Callable[[Pilot[Any]], Awaitable[None]]


@dataclass(frozen=True)
class Picture:
    """The app, its columns and rows, and what is done before it is drawn."""

    app: App[Any]
    size: tuple[int, int]
    look: Look


class RecordedStudy(FakeRunner):
    """A runner that has only the recorded study, which is over."""

    async def status(self, study: str = "", after: int | None = None) -> dict[str, Any] | None:
        found = store.load(RECORDINGS / "study")
        steps, progress = found.steps, found.progress
        fields = {"id": "20261129T205255Z-workloads", "folder": str(found.folder), "name": found.name, "why": ""}
        fields |= {"state": status.FINISHED, "left_s": 0, "left_unknown_runs": 0, "left": "", "step": None, "doing": ""}
        fields |= {**status.counts(steps, progress), "newest": status.newest_fields(steps, progress), "migration": None}
        fields |= {"cells": status.cell_fields(steps, progress, found.plan.limit_s)}
        return {**fields, "runs": status.run_fields(steps, progress, after or 0)}


def pictures() -> dict[str, Callable[[], Picture]]:
    """What makes each picture, by its name."""
    return {
        "hosts": hosts,
        "forecast": forecast,
        "live": live,
        "result": result,
        "queue": queue,
        "study": study,
    }


def hosts() -> Picture:
    """Twelve hosts, one of which does not answer, with the checks of the login."""
    app = app_of(twelve(), LOGIN)

    async def look(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: all_read(app))
        await pilot.press("e")
        await until(pilot, lambda: "host12" in text_of(app))

    return Picture(app, (120, 30), look)


def forecast() -> Picture:
    """The form that starts a migration, with the forecast for a workload whose rates were measured."""
    forecaster = FakeForecaster()
    app = OnePage(MigratePage(ReplayedMigrations(), Plan("guest1", POST_COPY_MANUAL), forecaster))  # type: ignore[arg-type]

    async def look(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "guest1" in text_of(app))
        await pilot.press("m")
        forecaster.give(measured(1000))
        await until(pilot, lambda: "* advised" in text_of(app) and "Measuring" not in text_of(app))

    return Picture(app, (110, 36), look)


def live() -> Picture:
    """The recorded migration while it runs."""
    opened, log = open_run(RunReader(RECORDING.parent).read(RECORDING)), ReplayLog(RECORDING)
    page = StillPage(opened, log.timeline(log.count_at(LIVE_S)), LIVE_S)
    return Picture(ShotApp(page), (110, 36), page.drawn)


def result() -> Picture:
    """The recorded run, opened on the page of the runs: its forecast beside the outcome."""
    folder = Path("runs", "20261129T144142Z-guest1-memory-post-copy-manual")
    shutil.copytree(RECORDING, folder, dirs_exist_ok=True)
    app = OnePage(RunsPage(Runs(folder.parent)))

    async def look(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "completed" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: "within" in text_of(app) and "\u2588" in text_of(app))

    return Picture(app, (110, 44), look)


def queue() -> Picture:
    """A host that is being emptied."""
    app = table_app(*half_way())

    async def look(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "guest5" in text_of(app))

    return Picture(app, (110, 24), look)


def study() -> Picture:
    """The recorded study."""
    access = StudyAccess(RecordedStudy(), Path(tempfile.gettempdir()), CONFIG, VM, ())  # type: ignore[arg-type]
    app = OpenedStudy(StudyPage(access))

    async def look(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "memory 300" in text_of(app))

    return Picture(app, (110, 28), look)


def draw(picture: Picture) -> str:
    """The picture as SVG."""
    drawn: list[str] = []

    async def take(pilot: Pilot[Any]) -> None:
        await picture.look(pilot)
        await pilot.pause()
        drawn.append(svg_of(picture.app, "vmlm-tui"))
        picture.app.exit()

    asyncio.run(picture.app.run_async(headless=True, size=picture.size, auto_pilot=take))
    return drawn[0]


def main(folder: Path) -> None:
    """Write all pictures."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with utc(), tempfile.TemporaryDirectory() as elsewhere:
        os.chdir(elsewhere)  # the paths of runs in the pictures are relative
        for name, make in pictures().items():
            path = folder / f"{name}.svg"
            path.write_text(draw(make()), encoding="utf-8")
            print(path)
        os.chdir(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)

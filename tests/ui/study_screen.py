"""The Study page with a runner that replies from a plan and a list of ended runs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.ui.one_page import OnePage, text_of, until
from tui.core.failure import Failure
from tui.core.settings import VmConfig
from tui.study.backend.access import StudyAccess
from tui.study.backend.plan_file import read
from tui.study.backend.store import Store
from tui.study.model import status as words
from tui.study.model.cell import Cell
from tui.study.model.plan import StudyPlan
from tui.study.model.progress import DONE_CENSORED, DONE_FAILED, DONE_OK, ENDED, STOPPED, Done, Progress
from tui.study.model.schedule import Step, schedule
from tui.study.screens.page import StudyPage
from tui.ui.dialog import Box

CONFIG = Path("/config.toml")
ID = "20261129T040000Z-lab"
VM = VmConfig("guest1", memory_bytes=256 << 20)


PLAN = (Path(__file__).parent / "study.toml").read_text()


def plan_of(**changes: str) -> tuple[StudyPlan, tuple[Cell, ...]]:
    """The plan of these tests, with other words."""
    text = PLAN
    for old, new in changes.items():
        text = text.replace(old, new)
    return read(text, VM.name, "lab")


def runs(steps: Sequence[Step], count: int) -> list[Done]:
    """The first runs of a study: the fourth took too long, the sixth has failed."""
    found = []
    for step in steps[:count]:
        way, folder = ("back", "out")[step.number % 2], f"/runs/20261129T0400{step.number:02}Z-guest1"
        result = {4: DONE_CENSORED, 6: DONE_FAILED}.get(step.number, DONE_OK)
        if result == DONE_FAILED:
            why = "The guest of guest1 does not reply: no route to host"
            found.append(Done(step.number, result, way, "", why, None, 9.0))
        else:
            total_s = 45.0 if result == DONE_CENSORED else 4.2 + step.number
            downtime_s = None if result == DONE_CENSORED else 0.02 * step.number
            found.append(Done(step.number, result, way, folder, "", total_s, 30.0 + step.number, downtime_s))
    return found


def migrating(**fields: Any) -> dict[str, Any]:
    """The migration under way in a status; `fields` replace some."""
    found: dict[str, Any] = {"run": "20261129T040008Z-guest1", "direction": "out", "phase": "post-copy", "pass": 2}
    return found | {"remaining_bytes": 12 << 20, "elapsed_s": 9.0} | fields


@dataclass
class FakeRunner:
    """Replies to a StudiesClient's requests; `calls` has those that change something."""

    state: str | None = words.RUNNING  # None: there is no study
    ended: int = 7
    doing: str = "letting the guest settle"
    migration: dict[str, Any] | None = None
    obstacle: Failure | None = None  # why a start would be refused now
    is_earlier: bool = False  # of a version that sends no runs, and cannot check a plan
    refusal: Failure | None = None  # of a change
    failures: list[Failure] = field(default_factory=list)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, int | None]] = field(default_factory=list)
    replying: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.replying.set()
        self.use(*plan_of())

    def use(self, plan: StudyPlan, cells: Sequence[Cell]) -> None:
        """Work on another plan."""
        self._plan, self.steps = plan, schedule(plan, cells, 7)

    async def status(self, study: str = "", after: int | None = None) -> dict[str, Any] | None:
        self.asked.append((study, after))
        await self.replying.wait()
        if self.failures:
            raise self.failures.pop(0)
        if self.state is None:
            return None
        done = {each.number: each for each in runs(self.steps, self.ended)}
        progress, over = Progress(done), self.state in words.OVER
        left = len(self.steps) - len(done)
        fields: dict[str, Any] = {"id": study or ID, "folder": f"/studies/{study or ID}", "name": self._plan.name}
        fields |= {"state": self.state, "why": "a client requested it" if self.state == words.STOPPED else ""}
        fields |= {"left_s": left * 40, "left_unknown_runs": 0, "left": f"about {left * 40 // 60} min" if left else ""}
        fields |= words.counts(self.steps, progress)
        step = None if over or not left else words.step_fields(self.steps[len(done)], self._plan)
        fields |= {"newest": words.newest_fields(self.steps, progress), "step": step}
        fields |= {
            "cells": words.cell_fields(self.steps, progress, self._plan.limit_s),
            "doing": "" if over else self.doing,
        }
        newer = {"migration": self.migration, "runs": words.run_fields(self.steps, progress, after or 0)}
        return fields if self.is_earlier else fields | newer

    async def check(self, _plan: str) -> dict[str, int] | None:
        if self.is_earlier:
            return None
        if self.obstacle is not None:
            raise self.obstacle
        return {"guest1": 1 << 30}

    async def start(self, plan: str, seed: int | None = None) -> dict[str, Any]:
        return await self._change("start", (plan, seed))

    async def stop(self) -> dict[str, Any]:
        return await self._change("stop", None, words.STOPPING)

    async def resume(self, study: str = "") -> dict[str, Any]:
        return await self._change("resume", study)

    async def close(self) -> None:
        """Nothing is open."""

    async def _change(self, call: str, value: Any, state: str = words.RUNNING) -> dict[str, Any]:
        self.calls.append((call, value))
        await self.replying.wait()
        if self.refusal is not None:
            raise self.refusal
        if self.failures:
            raise self.failures.pop(0)
        self.state = state
        return {}


def write_study(folder: Path, name: str, ended: int, *, stopped: str = "") -> None:
    """A study on disk that no process works on."""
    plan, cells = plan_of()
    steps = schedule(plan, cells, 7)
    head = {"seed": 7, "config": str(CONFIG)}
    store = Store.create(folder, "lab", PLAN, steps, head)
    for each in runs(steps, ended):
        store.append(ENDED, **asdict(each))
    if stopped:
        store.append(STOPPED, why=stopped)
    store.close()
    store.folder.rename(folder / name)


class Opened(OnePage):
    """The page alone; `messages` has what it asked the app for."""

    def __init__(self, page: StudyPage) -> None:
        super().__init__(page)
        self.messages: list[Any] = []

    def on_study_page_run_opened(self, message: StudyPage.RunOpened) -> None:
        self.messages.append(message.folder)

    def on_study_page_runs_requested(self, message: StudyPage.RunsRequested) -> None:
        self.messages.append(message.study)

    def on_study_page_migration_requested(self, message: StudyPage.MigrationRequested) -> None:
        self.messages.append(message.run)


def studies_of(runner: FakeRunner, folder: Path, *places: Path) -> StudyAccess:
    return StudyAccess(runner, folder, CONFIG, VM, places)  # type: ignore[arg-type]


def app_of(runner: FakeRunner, folder: Path, *places: Path) -> Opened:
    return Opened(StudyPage(studies_of(runner, folder, *places)))


@dataclass
class OpenedStudy:
    """The page, its text, and the runner."""

    app: Opened
    pilot: Pilot[Any]
    runner: FakeRunner

    @property
    def words(self) -> str:
        """The text of the dialog in front, else of the page, without frames and line ends."""
        lines = text_of(self.app).splitlines()
        for box in self.app.screen.query(Box):
            lines = [line[box.region.x : box.region.right] for line in lines[box.region.y : box.region.bottom]]
        return " ".join(" ".join(lines).replace("│", " ").split())

    @property
    def keys(self) -> str:
        return text_of(self.app).splitlines()[-1]

    async def is_notified(self, sentence: str) -> None:
        await until(self.pilot, lambda: sentence in self.note)

    @property
    def note(self) -> str:
        """The text of the notifications on the screen."""
        lines = text_of(self.app).splitlines()
        toasts = [each.region for each in self.app.screen.query("Toast")]
        parts = [line[at.x : at.right].strip(" │▌") for at in toasts for line in lines[at.y : at.bottom]]
        return " ".join(" ".join(parts).split())

    async def sees(self, *sentences: str) -> None:
        await until(self.pilot, lambda: all(each in self.words for each in sentences))

    async def reads(self) -> None:
        """Read again now."""
        count = len(self.runner.asked)
        self.app.page._again.set()  # type: ignore[attr-defined]
        await until(self.pilot, lambda: len(self.runner.asked) > count)
        await self.pilot.pause()


@asynccontextmanager
async def opened(
    runner: FakeRunner, folder: Path, *places: Path, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[OpenedStudy]:
    app = app_of(runner, folder, *places)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield OpenedStudy(app, pilot, runner)
